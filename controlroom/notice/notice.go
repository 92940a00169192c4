// Package notice tells people things outside of the wall. A Board follows the
// event feed and keeps everybody's notices: who is told what is decided for each
// receiver when it is written, mailed and read. Notices sends mail: one-time
// links and offers, each once, retried while the mail server or the receiver's
// is away.
package notice

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/authz"
	"sightline/internal/clock"
	"sightline/internal/event"
	"sightline/internal/i18n"
	"sightline/internal/kv"
	"sightline/internal/mail"
	"sightline/internal/seal"
)

// Sender delivers one letter; a *mail.PermanentError means never again.
type Sender interface {
	Send(ctx context.Context, l mail.Letter) error
}

// Config of Notices. Store, Seal, Texts and Mail are required.
type Config struct {
	Store      kv.Store
	Seal       *seal.Box
	Mail       Sender
	Texts      *i18n.Catalogues
	PublicURL  string     // where links lead; "" = the address the request came to
	Recipients recipients // decides, when a mail about a camera goes, whether it may; nil: none go
	Log        *slog.Logger
	Registerer prometheus.Registerer
	Clock      clock.Clock     // nil: the machine's
	Retry      []time.Duration // waits between tries of one letter; the last repeats. Default 15 s, 1, 5, 15 min
}

// recipients says what an account may be told of a camera now.
type recipients interface {
	Recipient(ctx context.Context, account string, act authz.Action, camera string) (authz.Recipient, error)
}

// Notices sends what was asked for. Safe on several nodes of one store at once.
type Notices struct {
	cfg  Config
	sent *prometheus.CounterVec
}

// consumer is the name of the feed's cursor.
const consumer = "notice"

// New wires notices; nothing runs before Run.
func New(cfg Config) (*Notices, error) {
	if cfg.Store == nil || cfg.Seal == nil || cfg.Mail == nil || cfg.Texts == nil {
		return nil, errors.New("notice: store, seal, mail and texts are required")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if len(cfg.Retry) == 0 {
		cfg.Retry = []time.Duration{15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}
	}
	return &Notices{cfg: cfg, sent: NoMail(cfg.Registerer)}, nil
}

// NoMail registers the counts of letters, all 0: a server without a mail server
// calls it instead of New. reg may be nil.
func NoMail(reg prometheus.Registerer) *prometheus.CounterVec {
	sent := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "sightline_mails_total", Help: "Letters by outcome: sent, retry, refused (for good), expired (the link was over first), withdrawn (it may not be told any more)."}, []string{"outcome"})
	for _, o := range []string{"sent", "retry", "refused", "expired", "withdrawn"} {
		sent.WithLabelValues(o)
	}
	if reg != nil {
		reg.MustRegister(sent)
	}
	return sent
}

// Run sends until ctx ends, and returns its error.
func (n *Notices) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { n.again(ctx) })
	c := &event.Consumer{Store: n.cfg.Store, Space: kv.Control, Name: consumer, Handle: n.handle, Log: n.cfg.Log, Batch: 1}
	return c.Run(ctx)
}

// handle takes one event of the feed. A letter that cannot go now is queued, so
// that it holds back nobody else's.
func (n *Notices) handle(ctx context.Context, e event.Entry) error {
	m, ok := e.Event.(event.MailRequested)
	if !ok {
		return nil
	}
	// The event comes again when this node ended between queueing its letter and
	// moving the cursor: then the queue has it, or had it, and nothing is sent here.
	snap, err := n.cfg.Store.Read(ctx, kv.Control, []string{waitingKey(e.ID)}, nil)
	if err != nil {
		return err
	}
	if snap.Values[0].Exists() || n.try(ctx, e.ID, m) {
		return nil
	}
	q := waiting{Request: m, Tries: 1, Next: n.next(1).UnixMilli()}
	return q.queue(ctx, n.cfg.Store, n.cfg.Clock.Now(), waitingKey(e.ID))
}

// try sends one letter. True: it is done with, one way or the other.
func (n *Notices) try(ctx context.Context, id string, m event.MailRequested) bool {
	log := n.cfg.Log.With("mail", id, "kind", m.Kind)
	if m.Expires > 0 && n.cfg.Clock.Now().Unix() >= m.Expires {
		n.sent.WithLabelValues("expired").Inc()
		log.Warn("a mail was not sent before its link was over")
		return true
	}
	var l mail.Letter
	if m.Kind == event.MailOffer {
		letter, may, err := n.offerLetter(ctx, id, m)
		switch {
		case err != nil:
			n.sent.WithLabelValues("retry").Inc()
			log.Warn("it cannot be decided yet whether a mail may go", "err", err)
			return false
		case !may:
			n.sent.WithLabelValues("withdrawn").Inc()
			return true
		}
		return n.send(ctx, letter, nil, log)
	}
	if m.Kind == event.MailUsage {
		return n.send(ctx, n.usageLetter(id, m), nil, log)
	}
	oneTime, err := n.cfg.Seal.Unseal(string(m.Sealed), authz.MailPlace(m))
	if err != nil {
		n.sent.WithLabelValues("refused").Inc()
		log.Error("a mail's one-time link cannot be opened with this node's keys", "err", err)
		return true
	}
	base := n.cfg.PublicURL
	if base == "" {
		base = m.Base
	}
	l, err = compose(n.cfg.Texts, id, base, m, oneTime)
	return n.send(ctx, l, err, log)
}

// send sends a letter that could be written (err nil). True: it is done with.
func (n *Notices) send(ctx context.Context, l mail.Letter, err error, log *slog.Logger) bool {
	if err == nil {
		err = n.cfg.Mail.Send(ctx, l)
	} else {
		err = &mail.PermanentError{Err: err}
	}
	var never *mail.PermanentError
	switch {
	case err == nil:
		n.sent.WithLabelValues("sent").Inc()
		return true
	case errors.As(err, &never):
		n.sent.WithLabelValues("refused").Inc()
		log.Error("a mail cannot be sent", "err", err)
		return true
	}
	n.sent.WithLabelValues("retry").Inc()
	log.Warn("a mail could not be sent yet", "err", err)
	return false
}

// next is when a letter is tried again after so many tries.
func (n *Notices) next(tries int) time.Time {
	w := n.cfg.Retry[min(tries, len(n.cfg.Retry))-1]
	return n.cfg.Clock.Now().Add(w)
}
