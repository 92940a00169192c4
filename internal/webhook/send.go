package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"sightline/internal/clock"
	"sightline/internal/event"
	"sightline/internal/kv"
	"sightline/internal/outbound"
	"sightline/internal/secret"
)

// Message is one notice as it goes to a webhook, in its person's language. It
// has no picture.
type Message struct {
	ID         string
	Kind       string
	At         time.Time
	Title      string
	Body       string
	Text       string // what a camera's own hook said
	CameraID   string // "" of notices about none
	CameraName string
	URL        string // where to look; "" where no public address is configured
	Language   string // BCP 47
}

// document is the body of a delivery. Its form has a version; fields are only added.
type document struct {
	Version  int     `json:"version"`
	ID       string  `json:"id"`
	Kind     string  `json:"kind"`
	At       string  `json:"at"` // RFC 3339, UTC, milliseconds
	Title    string  `json:"title"`
	Body     string  `json:"body"`
	Text     string  `json:"text,omitempty"`
	Camera   *camera `json:"camera,omitempty"`
	URL      string  `json:"url,omitempty"`
	Language string  `json:"language"`
}

type camera struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// KindTest is the kind of what Test sends.
const KindTest = "test"

// ErrFinal marks errors of Send after which trying again cannot help.
var ErrFinal = errors.New("webhook: for good")

const (
	// Life is how long a delivery is repeated, and how long a webhook may fail
	// before it is switched off.
	Life     = 24 * time.Hour
	giveUp   = Life - 2*time.Hour // a message that was tried for Life saw at least so much of the failing
	holdMost = time.Hour

	silentHold = 5 * time.Second // a receiver that does not answer is left alone, twice as long each time
	silentMost = 5 * time.Minute
	agent      = "Sightline-Webhook/1"
)

// Waits are the waits after the first, second … failed try; the last repeats.
// Each call spreads them by a fifth either way, so that many deliveries to a
// receiver that comes back do not arrive at once.
func Waits() []time.Duration {
	out := []time.Duration{10 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour}
	for i, d := range out {
		out[i] = d*4/5 + rand.N(d*2/5)
	}
	return out
}

// Send delivers a message to one webhook. Errors carry no address. An error that
// wraps ErrFinal: the webhook is gone or off; after any other it may be tried again.
func (w *Webhooks) Send(ctx context.Context, account, id string, m Message) error {
	snap, err := w.cfg.Store.Read(ctx, kv.Bulk(account), []string{Prefix + id, pState + id}, nil)
	if err != nil {
		return err
	}
	h, ok := parse(snap.Values[0])
	if !ok || !h.On {
		return fmt.Errorf("%w: it was removed or switched off", ErrFinal)
	}
	if wait := time.UnixMilli(parseState(snap.Values[1]).Hold).Sub(w.cfg.Clock.Now()); wait > 0 {
		return fmt.Errorf("webhook: the receiver is asked again in %s", wait.Round(time.Second))
	}
	e, hold, err := w.post(ctx, account, id, h, m)
	if err != nil {
		return err
	}
	s, err := w.after(ctx, account, id, e, hold)
	if err != nil {
		w.cfg.Log.Warn("it could not be noted what became of a delivery", "webhook", id, "err", err)
	}
	switch {
	case e.Outcome == outbound.OutcomeOK:
		return nil // also when that could not be noted: it arrived
	case e.Status == http.StatusGone:
		if err := w.switchOff(ctx, account, id, OffGone, e.At); err != nil {
			return err
		}
		return fmt.Errorf("%w: the receiver answered that it is gone", ErrFinal)
	case s.Failing > 0 && e.At-s.Failing >= Life.Milliseconds():
		if err := w.switchOff(ctx, account, id, OffFailing, s.Failing); err != nil {
			return err
		}
		return fmt.Errorf("%w: it has failed for 24 hours", ErrFinal)
	}
	return fmt.Errorf("webhook: %s", e.why())
}

func (e entry) why() string {
	if e.Status > 0 {
		return "the receiver answered " + strconv.Itoa(e.Status)
	}
	return "the receiver is " + e.Outcome
}

// GaveUp is called when a message was tried for Life in vain. A webhook that has
// had no success meanwhile is switched off.
func (w *Webhooks) GaveUp(ctx context.Context, account, id string) error {
	snap, err := w.cfg.Store.Read(ctx, kv.Bulk(account), []string{pState + id}, nil)
	if err != nil {
		return err
	}
	s := parseState(snap.Values[0])
	if s.Failing == 0 || w.cfg.Clock.Now().UnixMilli()-s.Failing < giveUp.Milliseconds() {
		return nil
	}
	return w.switchOff(ctx, account, id, OffFailing, s.Failing)
}

// Test delivers a message of kind test at once, also to a webhook that is off,
// and says how it went. fault.NotFound.
func (w *Webhooks) Test(ctx context.Context, account, id, language string) (Delivery, error) {
	snap, err := w.cfg.Store.Read(ctx, kv.Bulk(account), []string{Prefix + id}, nil)
	if err != nil {
		return Delivery{}, kv.Away(err)
	}
	h, ok := parse(snap.Values[0])
	if !ok {
		return Delivery{}, errGone
	}
	m := Message{ID: w.cfg.NewID(), Kind: KindTest, At: w.cfg.Clock.Now(), Language: language}
	m.Title, m.Body = w.cfg.Test(language)
	e, _, err := w.post(ctx, account, id, h, m)
	if err != nil {
		return Delivery{}, err
	}
	_, err = w.note(ctx, account, id, func(s *state) { // a failed test is no failure of a delivery
		s.add(e)
		if e.Outcome == outbound.OutcomeOK {
			s.Failing, s.Hold = 0, 0
		}
	})
	if err != nil {
		return Delivery{}, kv.Away(err)
	}
	return e.public(), nil
}

// post makes the request. err is of our own making only; hold is how long the
// receiver wants to be left alone.
func (w *Webhooks) post(ctx context.Context, account, id string, h hook, m Message) (e entry, hold time.Duration, err error) {
	now := w.cfg.Clock.Now()
	e = entry{ID: m.ID, Kind: m.Kind, At: now.UnixMilli()}
	url, err := w.cfg.Seal.Unseal(h.URL, hookPlace(account, id, "url"))
	if err != nil {
		return e, 0, fmt.Errorf("%w: its address cannot be opened", ErrFinal)
	}
	keys, err := w.secrets(account, id, h, now)
	if err != nil {
		return e, 0, err
	}
	body := m.document()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url.Reveal(), bytes.NewReader(body))
	if err != nil {
		return e, 0, fmt.Errorf("%w: its address cannot be read", ErrFinal)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", agent)
	r.Header.Set(HeaderID, m.ID)
	r.Header.Set(HeaderWebhook, id)
	r.Header.Set(HeaderSignature, signature(now, body, keys...))
	begun := clock.Mono()
	res, failed := w.cfg.Client.Do(r)
	took := time.Duration(clock.Mono() - begun)
	if failed != nil && ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled) {
		return e, 0, ctx.Err() // we are stopping: nobody's failure
	}
	e.Outcome, e.Took = outbound.Outcome(res, failed), took.Milliseconds()
	if failed == nil {
		_ = res.Body.Close() // read already
		e.Status = res.StatusCode
		if e.Status == http.StatusTooManyRequests || e.Status == http.StatusServiceUnavailable {
			hold = outbound.RetryAfter(res, now)
		}
	}
	w.sent.WithLabelValues(e.Outcome).Inc()
	w.took.Observe(took.Seconds())
	return e, hold, nil
}

func (w *Webhooks) secrets(account, id string, h hook, now time.Time) ([]secret.String, error) {
	key, err := w.cfg.Seal.Unseal(h.Secret, hookPlace(account, id, "secret"))
	if err != nil {
		return nil, fmt.Errorf("%w: its secret cannot be opened", ErrFinal)
	}
	keys := []secret.String{key}
	if h.Old != "" && now.UnixMilli() < h.OldEnd {
		if old, err := w.cfg.Seal.Unseal(h.Old, hookPlace(account, id, "old")); err == nil {
			keys = append(keys, old)
		}
	}
	return keys, nil
}

func (m Message) document() []byte {
	d := document{Version: 1, ID: m.ID, Kind: m.Kind, At: m.At.UTC().Format("2006-01-02T15:04:05.000Z07:00"),
		Title: m.Title, Body: m.Body, Text: m.Text, URL: m.URL, Language: m.Language}
	if m.CameraID != "" {
		d.Camera = &camera{ID: m.CameraID, Name: m.CameraName}
	}
	return kv.Encode(d)
}

func (s *state) add(e entry) {
	s.Log = append([]entry{e}, s.Log[:min(len(s.Log), logMost-1)]...)
}

// after notes a try, also when the program is about to end.
func (w *Webhooks) after(ctx context.Context, account, id string, e entry, hold time.Duration) (state, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	return w.note(ctx, account, id, func(s *state) {
		s.add(e)
		s.Hold = 0
		switch {
		case e.Outcome == outbound.OutcomeOK:
			s.Failing = 0
		case s.Failing == 0:
			s.Failing = e.At
		}
		if e.Outcome != outbound.OutcomeUnreachable {
			s.Silent = 0
		} else { // others of the same person wait while one hangs: it is asked less and less often
			s.Silent++
			hold = min(silentHold<<min(s.Silent-1, 10), silentMost)
		}
		if hold > 0 {
			s.Hold = e.At + min(hold, holdMost).Milliseconds()
		}
	})
}

// switchOff switches a webhook off and has its owner told, once: the event's id
// is made of what it is about.
func (w *Webhooks) switchOff(ctx context.Context, account, id, why string, since int64) error {
	snap, err := w.cfg.Store.Read(ctx, kv.Bulk(account), []string{Prefix + id}, nil)
	if err != nil {
		return err
	}
	h, ok := parse(snap.Values[0])
	if !ok || !h.On {
		return nil
	}
	told := event.WriteAs("webhook_off/"+id+"/"+strconv.FormatInt(since, 10), event.WebhookOff{Account: account, Webhook: id, Name: h.Name})
	if _, err := w.cfg.Store.Commit(ctx, kv.Txn{ID: kv.NewID(w.cfg.Clock.Now()), Space: kv.Control, Writes: []kv.Write{told}}); err != nil {
		return err
	}
	h.On, h.Off = false, why
	err = w.commit(ctx, account, []kv.Condition{{Key: Prefix + id, Version: snap.Values[0].Version}}, kv.Write{Key: Prefix + id, Data: kv.Encode(h)})
	if errors.Is(err, kv.ErrConflict) {
		return nil // its owner, or another node, was there at the same time
	}
	if err == nil {
		w.off.WithLabelValues(why).Inc()
		w.cfg.Log.Info("a webhook was switched off", "webhook", id, "reason", why)
	}
	return err
}
