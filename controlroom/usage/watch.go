package usage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"sightline/authz"
	"sightline/internal/clock"
	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

// Watch looks at links that are used and writes down when one of their budgets
// becomes normal, near or throttled (R81): its owner's open pages follow that
// record, and with it goes the event of the notice (R84). Every node may look;
// the record's version lets one of them tell.
type Watch struct {
	cfg WatchConfig

	mu      sync.Mutex
	touched map[string]bool
	wait    map[string]time.Time // links that are not normal → when to look again by themselves
}

// WatchConfig of a Watch. Store and Book are required.
type WatchConfig struct {
	Store kv.Store
	Book  *Book
	Every time.Duration // how often used links are looked at; 0 = 2 s
	Log   *slog.Logger
	Clock clock.Clock // nil: the machine's
}

// The budgets of a link by the names they have in its usage.
const (
	Users          = "users"
	GalleryUpdates = "gallery_updates"
	ViewerSeconds  = "viewer_seconds"
)

// linkUse is what was told of a link.
type linkUse struct {
	V       int                   `json:"v"`
	Owner   string                `json:"owner"`
	Budgets map[string]*budgetUse `json:"budgets"`
}

// budgetUse is the state of one budget, when its owner was told last, Unix ms, and
// when it was used up.
type budgetUse struct {
	State State  `json:"state"`
	Near  mark   `json:"near"`
	Full  mark   `json:"full"`
	Over  []span `json:"over,omitempty"`
}

// mark is a part of a budget that the owner is told of: once it is reached, and
// again only when it was not reached meanwhile and a window has passed.
type mark struct {
	Told int64 `json:"told,omitempty"`
	Over bool  `json:"over,omitempty"` // told, and reached ever since
}

const (
	watchEvery  = 2 * time.Second
	watchAgain  = time.Minute // a link that is not normal, if nothing frees before
	watchReload = 5 * time.Minute
)

// NewWatch makes a Watch; nothing is looked at before Run.
func NewWatch(cfg WatchConfig) (*Watch, error) {
	if cfg.Store == nil || cfg.Book == nil {
		return nil, errors.New("usage: the watch over budgets needs a store and a book")
	}
	if cfg.Every <= 0 {
		cfg.Every = watchEvery
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	return &Watch{cfg: cfg, touched: map[string]bool{}, wait: map[string]time.Time{}}, nil
}

// Touch says that guests use a link. It never blocks.
func (w *Watch) Touch(link string) {
	w.mu.Lock()
	w.touched[link] = true
	w.mu.Unlock()
}

// Run looks until ctx ends, and returns its error.
func (w *Watch) Run(ctx context.Context) error {
	t := time.NewTicker(w.cfg.Every)
	defer t.Stop()
	var loaded time.Time
	for {
		select {
		case <-t.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if now := w.cfg.Clock.Now(); loaded.IsZero() || now.Sub(loaded).Abs() >= watchReload {
			if err := w.load(ctx); err != nil {
				w.cfg.Log.Debug("links that are not normal are looked for again", "err", err)
				continue
			}
			loaded = now
		}
		w.look(ctx)
	}
}

// load finds the links that are not normal, whoever wrote that down: they recover
// without anybody using them.
func (w *Watch) load(ctx context.Context) error {
	snap, err := w.cfg.Store.Read(ctx, kv.Control, nil, []kv.Scan{{Prefix: authz.LinkUsePrefix}})
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, v := range snap.Scans[0] {
		link := strings.TrimPrefix(v.Key, authz.LinkUsePrefix)
		if _, known := w.wait[link]; known {
			continue
		}
		if u := decodeUse(v); u.abnormal() {
			w.wait[link] = time.Time{}
		}
	}
	return nil
}

// look looks at every link that was used, or may have recovered, since the last time.
func (w *Watch) look(ctx context.Context) {
	now := w.cfg.Clock.Now()
	w.mu.Lock()
	links := w.touched
	w.touched = map[string]bool{}
	for l, at := range w.wait {
		if !now.Before(at) {
			links[l] = true
		}
	}
	w.mu.Unlock()
	for l := range links {
		if err := w.lookAt(ctx, l); err != nil && ctx.Err() == nil {
			w.cfg.Log.Debug("a link's use is looked at again", "err", err)
			w.Touch(l)
		}
	}
}

func (w *Watch) lookAt(ctx context.Context, link string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	l, err := w.cfg.Book.Link(ctx, link)
	if err != nil {
		return err
	}
	for try := 0; ; try++ {
		err := w.write(ctx, link, l)
		if !errors.Is(err, kv.ErrConflict) || try == 5 {
			return err
		}
	}
}

// write brings the link's record up to date and tells what is to be told, in one commit.
func (w *Watch) write(ctx context.Context, link string, l Link) error {
	key, linkKey := authz.LinkUsePrefix+link, authz.LinkPrefix+link
	snap, err := w.cfg.Store.Read(ctx, kv.Control, []string{key, linkKey}, nil)
	if err != nil {
		return err
	}
	have, rec := snap.Values[0], snap.Values[1]
	if !rec.Exists() { // removed: nobody is to be told
		w.rest(link, time.Time{})
		return w.forget(ctx, have)
	}
	of, err := authz.DecodeLink(rec.Data)
	if err != nil || of.Kind != authz.LinkShare {
		return err
	}
	was := decodeUse(have)
	use := linkUse{V: rowVersion, Owner: of.Owner, Budgets: map[string]*budgetUse{}}
	var events []kv.Write
	changed := false
	for _, b := range l.bars() {
		is := &budgetUse{State: b.bar.State}
		if old := was.Budgets[b.name]; old != nil {
			is.Near, is.Full, is.Over = old.Near, old.Full, old.Over
			changed = changed || old.State != is.State
		} else {
			changed = changed || is.State != Normal
		}
		had := lasting(is.Over)
		is.Over = spans(is.Over, is.State == Throttled, l.Now, l.Window)
		changed = changed || had != lasting(is.Over)
		for _, m := range []struct {
			mark    *mark
			reached bool
			percent int
		}{{&is.Near, is.State != Normal, w.cfg.Book.cfg.Near}, {&is.Full, is.State == Throttled, 100}} {
			tell := m.mark.turn(m.reached, l.Now, l.Window)
			changed = changed || tell
			if !tell {
				continue
			}
			ev := event.LinkUse{Link: link, Name: of.Name, Owner: of.Owner, Budget: b.name, Percent: m.percent, At: m.mark.Told}
			if !b.bar.First.IsZero() {
				ev.Until = b.bar.First.UnixMilli()
			}
			events = append(events, event.WriteAs(fmt.Sprintf("link-use/%s/%s/%d/%d", link, b.name, m.percent, m.mark.Told), ev))
		}
		use.Budgets[b.name] = is
	}
	if changed {
		data, err := json.Marshal(use)
		if err != nil {
			return err
		}
		err = w.commit(ctx, kv.Condition{Key: key, Version: have.Version}, append(events, kv.Write{Key: key, Data: data})...)
		if err != nil {
			return err
		}
	}
	next := time.Time{}
	if use.abnormal() {
		next = l.next(w.cfg.Clock.Now())
	}
	w.rest(link, next)
	return nil
}

// turn notes whether the mark is reached now, and reports whether to tell.
func (m *mark) turn(reached bool, now time.Time, window time.Duration) (tell bool) {
	if !reached {
		m.Over = false
		return false
	}
	if m.Over || m.Told != 0 && now.Sub(time.UnixMilli(m.Told)) < window {
		return false
	}
	m.Over, m.Told = true, now.UnixMilli()
	return true
}

// rest notes when a link is to be looked at without being used; zero: it is normal.
func (w *Watch) rest(link string, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if at.IsZero() {
		delete(w.wait, link)
	} else {
		w.wait[link] = at
	}
}

func (w *Watch) forget(ctx context.Context, have kv.Value) error {
	if !have.Exists() {
		return nil
	}
	return w.commit(ctx, kv.Condition{Key: have.Key, Version: have.Version}, kv.Write{Key: have.Key, Delete: true})
}

func (w *Watch) commit(ctx context.Context, c kv.Condition, writes ...kv.Write) error {
	txn := kv.Txn{ID: kv.NewID(w.cfg.Clock.Now()), Space: kv.Control, Conditions: []kv.Condition{c}, Writes: writes}
	_, err := w.cfg.Store.Commit(ctx, txn)
	if fault.Is(err, fault.Unknown) && ctx.Err() == nil {
		_, err = w.cfg.Store.Commit(ctx, txn)
	}
	return err
}

func decodeUse(v kv.Value) linkUse {
	var u linkUse
	if !v.Exists() || json.Unmarshal(v.Data, &u) != nil || u.V != rowVersion {
		return linkUse{}
	}
	return u
}

func (u linkUse) abnormal() bool {
	for _, b := range u.Budgets {
		if b.State != Normal {
			return true
		}
	}
	return false
}

type namedBar struct {
	name string
	bar  Bar
}

func (l Link) bars() []namedBar {
	return []namedBar{{Users, l.Users}, {GalleryUpdates, l.Updates}, {ViewerSeconds, l.Viewing}}
}

// next is when something of a budget that is not normal frees, within watchAgain.
func (l Link) next(now time.Time) time.Time {
	wait := watchAgain
	for _, b := range l.bars() {
		if b.bar.State != Normal && !b.bar.First.IsZero() {
			wait = min(wait, max(b.bar.First.Sub(l.Now), time.Second))
		}
	}
	return now.Add(wait)
}
