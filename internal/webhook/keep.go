package webhook

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/secret"
)

const (
	nameMost   = 80             // runes
	oldSecret  = 24 * time.Hour // deliveries carry the former secret's signature too for so long
	tries      = 5              // of a change that somebody else's came before
	secretHead = "whsec_"       // for secret scanners
)

// Patch is what its owner changes of a webhook; nil stays as it is.
type Patch struct {
	Name *string
	URL  *string
	On   *bool
}

// List lists an account's webhooks, oldest first, and how many it may have.
func (w *Webhooks) List(ctx context.Context, account string) ([]Hook, int, error) {
	snap, err := w.cfg.Store.Read(ctx, kv.Bulk(account), nil, []kv.Scan{{Prefix: Prefix}, {Prefix: pState}})
	if err != nil {
		return nil, 0, kv.Away(err)
	}
	states := map[string]state{}
	for _, v := range snap.Scans[1] {
		states[strings.TrimPrefix(v.Key, pState)] = parseState(v)
	}
	out := []Hook{}
	for _, v := range snap.Scans[0] {
		if h, ok := parse(v); ok {
			out = append(out, w.public(account, idOf(v), h, states[idOf(v)]))
		}
	}
	slices.SortFunc(out, func(a, b Hook) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return out, w.cfg.Most, nil
}

// Create makes a webhook; the secret is shown this once. fault.Invalid by field,
// fault.Conflict webhook_cap.
func (w *Webhooks) Create(ctx context.Context, account, name, url string) (Hook, secret.String, error) {
	name, err := checkName(name)
	if err == nil {
		err = w.cfg.Guard.CheckURL(url, "url")
	}
	if err != nil {
		return Hook{}, secret.String{}, err
	}
	id, key := w.cfg.NewID(), newSecret()
	h := hook{V: recordVersion, Name: name, On: true, Made: w.cfg.Clock.Now().UnixMilli(),
		URL: w.cfg.Seal.Seal(secret.New(url), hookPlace(account, id, "url")), Secret: w.cfg.Seal.Seal(key, hookPlace(account, id, "secret"))}
	for range tries {
		snap, err := w.cfg.Store.Read(ctx, kv.Bulk(account), []string{guardKey}, []kv.Scan{{Prefix: Prefix}})
		if err != nil {
			return Hook{}, secret.String{}, kv.Away(err)
		}
		if len(snap.Scans[0]) >= w.cfg.Most {
			return Hook{}, secret.String{}, fault.Newf(fault.Conflict, fault.CodeWebhookCap, "There are %d webhooks already. Remove one first.", w.cfg.Most)
		}
		err = w.commit(ctx, account, []kv.Condition{{Key: guardKey, Version: snap.Values[0].Version}},
			kv.Write{Key: Prefix + id, Data: kv.Encode(h)}, kv.Write{Key: guardKey, Data: []byte("1")})
		if err == nil {
			return w.public(account, id, h, state{}), key, nil
		}
		if !errors.Is(err, kv.ErrConflict) {
			return Hook{}, secret.String{}, kv.Away(err)
		}
	}
	return Hook{}, secret.String{}, errStale
}

var errStale = fault.New(fault.Conflict, fault.CodeConflict, "It was changed at the same time. Try again.")

func newSecret() secret.String { return secret.New(secretHead + secret.Random().Reveal()) }

func checkName(s string) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return s, fault.Field("name", fault.CodeRequired, "Give it a name.")
	case utf8.RuneCountInString(s) > nameMost:
		return s, fault.Field("name", fault.CodeTooLong, "The name is longer than 80 characters.")
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unsafe) || !strings.ContainsFunc(s, seen):
		return s, fault.Field("name", fault.CodeBadValue, "The name holds characters that cannot be shown.")
	}
	return s, nil
}

// unsafe is what no name may hold, as of cameras: controls, separators of lines and
// paragraphs, and marks that turn text around.
func unsafe(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\ufeff' || r == unicode.ReplacementChar ||
		r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// seen is what leaves something on a screen: joiners inside of a name do not, alone.
func seen(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.IsMark(r) }

// Update changes a webhook. Switching it on again forgets that it was failing.
func (w *Webhooks) Update(ctx context.Context, account, id string, p Patch) (Hook, error) {
	var name string
	var err error
	if p.Name != nil {
		if name, err = checkName(*p.Name); err != nil {
			return Hook{}, err
		}
	}
	if p.URL != nil {
		if err := w.cfg.Guard.CheckURL(*p.URL, "url"); err != nil {
			return Hook{}, err
		}
	}
	h, err := w.change(ctx, account, id, func(h *hook) {
		if p.Name != nil {
			h.Name = name
		}
		if p.URL != nil {
			h.URL = w.cfg.Seal.Seal(secret.New(*p.URL), hookPlace(account, id, "url"))
		}
		if p.On != nil {
			h.On, h.Off = *p.On, ""
		}
	})
	if err != nil {
		return Hook{}, err
	}
	if p.On != nil && *p.On || p.URL != nil {
		if _, err := w.note(ctx, account, id, func(s *state) { s.Failing, s.Hold, s.Silent = 0, 0, 0 }); err != nil {
			return Hook{}, kv.Away(err)
		}
	}
	return w.one(ctx, account, id, h)
}

// Rotate gives a webhook a new secret, shown this once. For 24 hours deliveries
// are signed with the former one too, so that its receiver can be changed.
func (w *Webhooks) Rotate(ctx context.Context, account, id string) (Hook, secret.String, error) {
	key := newSecret()
	h, err := w.change(ctx, account, id, func(h *hook) {
		h.Old, h.OldEnd = "", w.cfg.Clock.Now().Add(oldSecret).UnixMilli()
		if old, err := w.cfg.Seal.Unseal(h.Secret, hookPlace(account, id, "secret")); err == nil {
			h.Old = w.cfg.Seal.Seal(old, hookPlace(account, id, "old"))
		}
		h.Secret = w.cfg.Seal.Seal(key, hookPlace(account, id, "secret"))
	})
	if err != nil {
		return Hook{}, secret.String{}, err
	}
	out, err := w.one(ctx, account, id, h)
	return out, key, err
}

// Delete removes a webhook; what waits for it is not sent any more. fault.NotFound.
func (w *Webhooks) Delete(ctx context.Context, account, id string) error {
	snap, err := w.cfg.Store.Read(ctx, kv.Bulk(account), []string{Prefix + id}, nil)
	if err != nil {
		return kv.Away(err)
	}
	if !snap.Values[0].Exists() {
		return errGone
	}
	if err := w.commit(ctx, account, nil, kv.Write{Key: Prefix + id, Delete: true}, kv.Write{Key: pState + id, Delete: true}); err != nil {
		return kv.Away(err)
	}
	return nil
}

// Forget removes everything of an account. Idempotent.
func (w *Webhooks) Forget(ctx context.Context, account string) error {
	snap, err := w.cfg.Store.Read(ctx, kv.Bulk(account), nil, []kv.Scan{{Prefix: Prefix}, {Prefix: pState}})
	if err != nil {
		return err
	}
	writes := []kv.Write{{Key: guardKey, Delete: true}}
	for _, scan := range snap.Scans {
		for _, v := range scan {
			writes = append(writes, kv.Write{Key: v.Key, Delete: true})
		}
	}
	return w.commit(ctx, account, nil, writes...)
}

// Deliveries lists the last tries of a webhook, newest first, at most 20.
func (w *Webhooks) Deliveries(ctx context.Context, account, id string) ([]Delivery, error) {
	snap, err := w.cfg.Store.Read(ctx, kv.Bulk(account), []string{Prefix + id, pState + id}, nil)
	if err != nil {
		return nil, kv.Away(err)
	}
	if !snap.Values[0].Exists() {
		return nil, errGone
	}
	out := []Delivery{}
	for _, e := range parseState(snap.Values[1]).Log {
		out = append(out, e.public())
	}
	return out, nil
}

func (e entry) public() Delivery {
	return Delivery{ID: e.ID, Kind: e.Kind, At: time.UnixMilli(e.At).UTC(), Outcome: e.Outcome, Status: e.Status, Took: time.Duration(e.Took) * time.Millisecond}
}

// Targets lists the ids of an account's webhooks that are on.
func (w *Webhooks) Targets(ctx context.Context, account string) ([]string, error) {
	snap, err := w.cfg.Store.Read(ctx, kv.Bulk(account), nil, []kv.Scan{{Prefix: Prefix}})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, v := range snap.Scans[0] {
		if h, ok := parse(v); ok && h.On {
			ids = append(ids, idOf(v))
		}
	}
	return ids, nil
}

func (w *Webhooks) one(ctx context.Context, account, id string, h hook) (Hook, error) {
	snap, err := w.cfg.Store.Read(ctx, kv.Bulk(account), []string{pState + id}, nil)
	if err != nil {
		return Hook{}, kv.Away(err)
	}
	return w.public(account, id, h, parseState(snap.Values[0])), nil
}

// change applies fn to a hook, again when another change came before.
func (w *Webhooks) change(ctx context.Context, account, id string, fn func(*hook)) (hook, error) {
	for range tries {
		snap, err := w.cfg.Store.Read(ctx, kv.Bulk(account), []string{Prefix + id}, nil)
		if err != nil {
			return hook{}, kv.Away(err)
		}
		h, ok := parse(snap.Values[0])
		if !ok {
			return hook{}, errGone
		}
		fn(&h)
		err = w.commit(ctx, account, []kv.Condition{{Key: Prefix + id, Version: snap.Values[0].Version}}, kv.Write{Key: Prefix + id, Data: kv.Encode(h)})
		if err == nil {
			return h, nil
		}
		if !errors.Is(err, kv.ErrConflict) {
			return hook{}, kv.Away(err)
		}
	}
	return hook{}, errStale
}

// note applies fn to a hook's state; of a hook that is gone there is none.
func (w *Webhooks) note(ctx context.Context, account, id string, fn func(*state)) (state, error) {
	var last error
	for range tries {
		snap, err := w.cfg.Store.Read(ctx, kv.Bulk(account), []string{Prefix + id, pState + id}, nil)
		if err != nil {
			return state{}, err
		}
		s := parseState(snap.Values[1])
		if !snap.Values[0].Exists() {
			return s, nil
		}
		fn(&s)
		last = w.commit(ctx, account, []kv.Condition{{Key: pState + id, Version: snap.Values[1].Version}}, kv.Write{Key: pState + id, Data: kv.Encode(s)})
		if !errors.Is(last, kv.ErrConflict) {
			return s, last
		}
	}
	return state{}, last
}
