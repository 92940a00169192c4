package push

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/SherClockHolmes/webpush-go"

	"sightline/internal/kv"
	"sightline/internal/outbound"
)

// Message is what a device shows: in its person's language, with a place on this
// server to open. It has no picture.
type Message struct {
	ID       string
	Kind     string
	At       time.Time
	Title    string
	Body     string
	Page     string // path on this server
	Tag      string // a newer message of the same tag takes the place of the older
	Language string // BCP 47
	Right    bool   // the language is written from right to left
	High     bool   // wakes a sleeping phone
}

// payload is the decrypted message as the service worker reads it.
type payload struct {
	V     int    `json:"v"`
	ID    string `json:"id"`
	Kind  string `json:"kind"`
	At    int64  `json:"at"` // Unix ms
	Title string `json:"title"`
	Body  string `json:"body"`
	Page  string `json:"page"`
	Tag   string `json:"tag"`
	Lang  string `json:"lang"`
	Dir   string `json:"dir"`
}

// ErrFinal marks errors of Send after which trying again cannot help.
var ErrFinal = errors.New("push: for good")

const (
	// Life is how long a push service keeps a message for a device that is away,
	// from the moment it happened.
	Life = 24 * time.Hour

	bodyMax  = 1500 // bytes of title and of body: with the rest below the 3,993 that a record holds
	holdMost = time.Hour

	silentHold = 15 * time.Second // a push service that does not answer is left alone
)

// Send delivers a message to one device. Errors carry no address. An error that
// wraps ErrFinal: the device is gone, or its service refuses this message for
// good; after any other it may be tried again.
func (p *Push) Send(ctx context.Context, account, id string, m Message) error {
	sub, d, version, err := p.ready(ctx, account, id)
	if err != nil {
		return err
	}
	life := Life - p.cfg.Clock.Now().Sub(m.At)
	if life <= 0 {
		return fmt.Errorf("%w: the message is too old", ErrFinal)
	}
	keys, err := p.pair(ctx)
	if err != nil {
		return err
	}
	urgency := webpush.UrgencyNormal
	if m.High {
		urgency = webpush.UrgencyHigh
	}
	res, err := webpush.SendNotificationWithContext(ctx, m.payload(), sub, &webpush.Options{
		HTTPClient: p.cfg.Client, Subscriber: p.cfg.Contact, Topic: topic(m.Tag), TTL: int(min(life, Life).Seconds()) + 1, Urgency: urgency,
		VAPIDPublicKey: keys.Public, VAPIDPrivateKey: keys.Private.Reveal(),
	})
	if err == nil {
		_ = res.Body.Close()
	}
	return p.answered(ctx, account, id, d, version, res, err)
}

// ready reads a device and says whether it may be told anything now.
func (p *Push) ready(ctx context.Context, account, id string) (*webpush.Subscription, device, uint64, error) {
	var d device
	snap, err := p.cfg.Store.Read(ctx, kv.Bulk(account), []string{deviceKey(id)}, nil)
	if err != nil {
		return nil, d, 0, err
	}
	at, err := p.cfg.Store.Read(ctx, kv.Control, []string{pPlace + id}, nil)
	if err != nil {
		return nil, d, 0, err
	}
	d, ok := parse(snap.Values[0])
	if !ok {
		return nil, d, 0, p.final("gone", "the device was removed")
	}
	stands := whose(at.Values[0]) == account
	if stands {
		if stands, err = p.cfg.Stands(ctx, account, d.Login); err != nil {
			return nil, d, 0, err
		}
	}
	if !stands {
		if err := p.drop(ctx, account, id); err != nil {
			return nil, d, 0, err
		}
		return nil, d, 0, p.final("ended", "its login is over")
	}
	if wait := time.UnixMilli(d.Hold).Sub(p.cfg.Clock.Now()); wait > 0 {
		p.sent.WithLabelValues("retry").Inc()
		return nil, d, 0, fmt.Errorf("push: the push service is asked again in %s", wait.Round(time.Second))
	}
	text, err := p.cfg.Seal.Unseal(d.Sealed, sealPlace(account, id))
	var s Subscription
	if err == nil {
		err = json.Unmarshal([]byte(text.Reveal()), &s)
	}
	if err != nil { // other keys than those that sealed it
		if err := p.drop(ctx, account, id); err != nil {
			return nil, d, 0, err
		}
		return nil, d, 0, p.final("gone", "its subscription cannot be opened")
	}
	return &webpush.Subscription{Endpoint: s.Endpoint, Keys: webpush.Keys{P256dh: s.P256dh, Auth: s.Auth}}, d, snap.Values[0].Version, nil
}

func (p *Push) final(outcome, why string) error {
	p.sent.WithLabelValues(outcome).Inc()
	return fmt.Errorf("%w: %s", ErrFinal, why)
}

// answered turns the push service's answer into what becomes of message and device.
func (p *Push) answered(ctx context.Context, account, id string, d device, version uint64, res *http.Response, failed error) error {
	log := p.cfg.Log.With("service", d.Service)
	outcome := outbound.Outcome(res, failed)
	switch {
	case outcome == outbound.OutcomeOK:
		p.sent.WithLabelValues("sent").Inc()
		if now := p.cfg.Clock.Now().UnixMilli(); d.Refused > 0 || d.Hold > 0 || now-d.Used > time.Hour.Milliseconds() {
			d.Refused, d.Hold, d.Used = 0, 0, now
			p.keep(ctx, account, id, d, version)
		}
		return nil
	case outcome == outbound.OutcomeDenied:
		return p.final("refused", "its address may not be reached")
	case failed != nil:
		p.sent.WithLabelValues("retry").Inc()
		if ctx.Err() == nil { // others of the same person wait while one hangs
			d.Hold = p.cfg.Clock.Now().Add(silentHold).UnixMilli()
			p.keep(ctx, account, id, d, version)
		}
		return fmt.Errorf("push: the push service is %s", outcome)
	}
	switch code := res.StatusCode; {
	case code == http.StatusNotFound, code == http.StatusGone:
		if err := p.drop(ctx, account, id); err != nil {
			return err
		}
		return p.final("gone", "the browser has unsubscribed")
	case code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code >= 500:
		p.sent.WithLabelValues("retry").Inc()
		if wait := outbound.RetryAfter(res, p.cfg.Clock.Now()); wait > 0 {
			d.Hold = p.cfg.Clock.Now().Add(min(wait, holdMost)).UnixMilli()
			p.keep(ctx, account, id, d, version)
		}
		return fmt.Errorf("push: the push service answered %d", code)
	default:
		log.Warn("a push service refused a message for good", "status", code)
		d.Refused++
		if d.Refused >= refusedMax {
			if err := p.drop(ctx, account, id); err != nil {
				return err
			}
		} else {
			p.keep(ctx, account, id, d, version)
		}
		return p.final("refused", "the push service answered "+strconv.Itoa(code))
	}
}

// keep notes what became of a device; somebody else's newer note stays.
func (p *Push) keep(ctx context.Context, account, id string, d device, version uint64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	err := p.commit(ctx, kv.Bulk(account), []kv.Condition{{Key: deviceKey(id), Version: version}}, kv.Write{Key: deviceKey(id), Data: kv.Encode(d)})
	if err != nil && !errors.Is(err, kv.ErrConflict) {
		p.cfg.Log.Warn("it could not be noted what became of a message", "err", err)
	}
}

func (m Message) payload() []byte {
	dir := "ltr"
	if m.Right {
		dir = "rtl"
	}
	return kv.Encode(payload{V: 1, ID: m.ID, Kind: m.Kind, At: m.At.UnixMilli(), Title: short(m.Title), Body: short(m.Body),
		Page: m.Page, Tag: m.Tag, Lang: m.Language, Dir: dir})
}

// short cuts a text so that the message fits, whatever JSON makes of its letters.
func short(s string) string {
	for len(kv.Encode(s)) > bodyMax {
		r := []rune(s)
		s = string(r[:len(r)*3/4]) + "…"
	}
	return s
}

// topic is the tag as RFC 8030 wants it: 32 letters of the base64url alphabet.
func topic(tag string) string {
	if tag == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(tag))
	return base64.RawURLEncoding.EncodeToString(sum[:24])
}
