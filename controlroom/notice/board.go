package notice

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/authz"
	"sightline/internal/clock"
	"sightline/internal/event"
	"sightline/internal/i18n"
	"sightline/internal/kv"
)

// authority is what a Board asks: every name and every letter is decided anew
// for its one receiver.
type authority interface {
	Check(ctx context.Context, s authz.Subject, act authz.Action, o authz.Object) (authz.Decision, error)
	Recipient(ctx context.Context, account string, act authz.Action, camera string) (authz.Recipient, error)
	AccountNames(ctx context.Context, ids []string) (map[string]string, error)
	SpendMail(ctx context.Context, account string) (ok bool, err error)
	PlanPause(ctx context.Context, account string) (paused bool, links int, ends time.Time, err error)
	Told(ctx context.Context, camera string) ([]string, error)
	AccountIDs(ctx context.Context, after string) ([]string, error)
	AccountsByID(ctx context.Context, ids []string) (map[string]authz.Account, error)
}

// BoardConfig of a Board. Store and Authority are required.
type BoardConfig struct {
	Store     kv.Store
	Authority authority
	Mail      bool             // a Notices sends mail: offers go by mail too
	Keep      time.Duration    // how long a notice stays, 7 to 30 days; default 30
	Most      int              // notices of one account; older ones go first. Default 500
	Every     time.Duration    // a camera makes at most one notice of a kind in it; default 5 min
	Steady    time.Duration    // how long a lost camera is back before that is told; default 1 min
	LetterGap time.Duration    // the least time between two letters to a person; default 1 min
	Letters   Sender           // notices by mail; nil: none
	Channels  []Channel        // further ways out
	Texts     *i18n.Catalogues // of what leaves; required with Letters or Channels
	PublicURL string           // where messages lead; "" = they name no address
	// Noticed takes an image of a camera before a notice about it goes out, where
	// its owner asked for that (controlroom.Room); nil: none is taken.
	Noticed    func(ctx context.Context, camera, cause string) error
	Retry      []time.Duration // waits between tries of a letter; the last repeats. Default 15 s, 1, 5, 15 min
	Log        *slog.Logger
	Registerer prometheus.Registerer // nil: no metrics
	Clock      clock.Clock           // nil: the machine's
}

// Board holds everybody's notices: it writes them as events come, lists them and
// keeps what is read. Safe for concurrent use, and on several nodes of one store.
type Board struct {
	cfg    BoardConfig
	count  *prometheus.CounterVec
	sends  *prometheus.CounterVec
	drops  *prometheus.CounterVec
	sender sender
	recent recent
	images chan image
}

// boardConsumer is the name of the feed's cursor; mail has its own, so that a
// slow mail server holds back no notice.
const boardConsumer = "board"

// NewBoard wires a board. Notices are written only while Run runs, on any node.
func NewBoard(cfg BoardConfig) (*Board, error) {
	if cfg.Store == nil || cfg.Authority == nil {
		return nil, errors.New("notice: store and authority are required")
	}
	const day = 24 * time.Hour
	if cfg.Keep == 0 {
		cfg.Keep = 30 * day
	}
	if cfg.Keep < 7*day || cfg.Keep > 30*day {
		return nil, errors.New("notice: notices are kept for 7 to 30 days")
	}
	if cfg.Most <= 0 {
		cfg.Most = 500
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	b := &Board{cfg: cfg, images: make(chan image, imagesWait)}
	b.sender.init()
	b.metrics(cfg.Registerer)
	return b, nil
}

// complete sets what was left out and checks the ways out.
func (c *BoardConfig) complete() error {
	if c.Every <= 0 {
		c.Every = 5 * time.Minute
	}
	if c.Steady <= 0 {
		c.Steady = time.Minute
	}
	if c.LetterGap <= 0 {
		c.LetterGap = time.Minute
	}
	if len(c.Retry) == 0 {
		c.Retry = []time.Duration{15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}
	}
	if c.Texts == nil && (c.Letters != nil || len(c.Channels) > 0) {
		return errors.New("notice: texts are required where notices leave")
	}
	for _, ch := range c.Channels {
		if n := ch.Name(); n != ByPush && n != ByWebhook {
			return errors.New("notice: no channel is called " + n)
		}
	}
	return nil
}

// Run follows the feed until ctx ends, and returns its error.
func (b *Board) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { b.trials(ctx) })
	wg.Go(func() { b.followCameras(ctx) })
	wg.Go(func() { b.watchLost(ctx) })
	wg.Go(func() { b.takeImages(ctx) })
	wg.Go(func() { b.sendAll(ctx) })
	c := &event.Consumer{Store: b.cfg.Store, Space: kv.Control, Name: boardConsumer, Handle: b.handle, Log: b.cfg.Log}
	return c.Run(ctx)
}

// handle takes one event of the feed. A repeat of it changes nothing.
func (b *Board) handle(ctx context.Context, e event.Entry) error {
	switch ev := e.Event.(type) {
	case event.OfferChanged:
		return b.offer(ctx, e, ev)
	case event.AccessRequested:
		return b.asked(ctx, e, ev)
	case event.GroupChanged:
		return b.group(ctx, e, ev)
	case event.LinkUse:
		return b.linkUse(ctx, e, ev)
	case event.GalleryFull:
		if !authz.ValidID(ev.Account) {
			return nil
		}
		if r, err := b.cfg.Authority.Recipient(ctx, ev.Account, authz.ActSelf, ""); err != nil || r.Account.ID == "" {
			return err // closed meanwhile
		}
		return b.add(ctx, e.ID, ev.Account, record{Kind: GalleryFull, At: e.At.UnixMilli()},
			func(old record) bool { return old.Kind == GalleryFull })
	case event.CameraChanged:
		return b.cameraChanged(ctx, ev)
	case event.StorageTrouble:
		return b.storage(ctx, e, ev)
	case event.EgressUsed:
		return b.egress(ctx, e, ev)
	case event.WebhookOff:
		return b.webhookOff(ctx, e, ev)
	case event.LinkChanged:
		return b.plan(ctx, e.ID, e.At, ev.Owner)
	case event.AccountChanged:
		r, err := b.cfg.Authority.Recipient(ctx, ev.Account, authz.ActSelf, "")
		if err != nil {
			return err
		}
		if r.Account.ID == "" && authz.ValidID(ev.Account) {
			return b.forget(ctx, ev.Account)
		}
		return b.plan(ctx, e.ID, e.At, ev.Account)
	}
	return nil
}

// drop takes notices off an account's board.
func (b *Board) drop(ctx context.Context, account string, which func(record) bool) error {
	snap, err := b.cfg.Store.Read(ctx, kv.Bulk(account), nil, []kv.Scan{{Prefix: pNotice}})
	if err != nil {
		return err
	}
	var writes []kv.Write
	for _, v := range snap.Scans[0] {
		if r, err := parse(v); err == nil && which(r) {
			writes = append(writes, kv.Write{Key: v.Key, Delete: true},
				kv.Write{Key: pUnread + strings.TrimPrefix(v.Key, pNotice), Delete: true})
		}
	}
	return b.write(ctx, account, writes)
}

// commit writes what was decided just now.
func (b *Board) commit(ctx context.Context, space kv.Space, conditions []kv.Condition, writes ...kv.Write) (kv.Commit, error) {
	return b.cfg.Store.Commit(ctx, kv.Txn{ID: kv.NewID(b.cfg.Clock.Now()), Space: space, Conditions: conditions, Writes: writes})
}

// commitAll writes any number without conditions.
func (b *Board) commitAll(ctx context.Context, space kv.Space, writes []kv.Write) error {
	for some := range slices.Chunk(writes, kv.MaxWrites) {
		if _, err := b.commit(ctx, space, nil, some...); err != nil {
			return err
		}
	}
	return nil
}

// write commits to an account's board without conditions and rings.
func (b *Board) write(ctx context.Context, account string, writes []kv.Write) error {
	if len(writes) == 0 {
		return nil
	}
	if err := b.commitAll(ctx, kv.Bulk(account), writes); err != nil {
		return err
	}
	return b.ring(ctx, account)
}

// ring makes the account's open pages look again, on every node: they follow the
// control space. At dues something of it is to be sent.
func (b *Board) ring(ctx context.Context, account string, dues ...time.Time) error {
	now := b.cfg.Clock.Now()
	writes := []kv.Write{{Key: pBell + account, Data: kv.Encode(struct {
		V  int   `json:"v"`
		At int64 `json:"at"`
	}{recordVersion, now.UnixMilli()})}}
	for _, due := range dues {
		if w := (kv.Write{Key: outKey(due, account)}); !slices.ContainsFunc(writes, func(o kv.Write) bool { return o.Key == w.Key }) {
			writes = append(writes, w)
		}
	}
	_, err := b.commit(ctx, kv.Control, nil, writes...)
	if len(dues) > 0 {
		b.sender.poke()
	}
	return err
}

// forget removes everything of a closed account.
func (b *Board) forget(ctx context.Context, account string) error {
	space := kv.Bulk(account)
	for _, p := range []string{pNotice, pUnread, pMute, pTold, kPlan, pJob, kChoices, kLetter, kLease} {
		snap, err := b.cfg.Store.Read(ctx, space, nil, []kv.Scan{{Prefix: p, Limit: kv.MaxWrites}})
		if err != nil {
			return err
		}
		var writes []kv.Write
		for _, v := range snap.Scans[0] {
			writes = append(writes, kv.Write{Key: v.Key, Delete: true})
		}
		if err := b.commitAll(ctx, space, writes); err != nil {
			return err
		}
	}
	if err := b.forgetLast(ctx, account); err != nil {
		return err
	}
	_, err := b.commit(ctx, kv.Control, nil, kv.Write{Key: pBell + account, Delete: true}, kv.Write{Key: pDue + account, Delete: true})
	return err
}
