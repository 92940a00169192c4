package notice

import (
	"context"
	"errors"
	"time"

	"sightline/authz"
)

// Names of channels. The feed is the list on the pages and its badge; mail is
// this package's own; push and webhook are given to the board.
const (
	ByFeed    = "feed"
	ByMail    = "mail"
	ByPush    = "push"
	ByWebhook = "webhook"
)

// Message is one notice as it leaves for one person: in his language, and made
// from what he may be told at the moment it is sent. Whoever may not be told of a
// camera any more gets no Message about it. It carries no picture.
type Message struct {
	ID       string    // of the notice; the same at every try and for every target
	Kind     string    // one of Kinds
	At       time.Time // when it happened, UTC
	Title    string    // the camera's name, or the product's where there is none; one line
	Body     string    // the notice's sentence in the person's language; one line
	Text     string    // what a hook said, at most 120 runes, or the disk of a storage notice; one line; mostly ""
	Camera   *Named    // the camera it is about; nil for notices about none
	Page     string    // where to look: a path on this server, "/archive/<camera>?at=…" only when he may see that moment, else "/notices"
	URL      string    // Page with the public address in front; "" where none is configured
	Tag      string    // the same for notices of one kind and camera: on a screen a newer one replaces the older
	Language string    // BCP 47, of Title and Body
}

// Channel is a way out for messages besides the mail: Web Push, webhooks. The
// board decides who gets which notice when (levels, mutes, per-kind choices,
// quiet hours), keeps what is still to be sent in the store, and calls Send on
// one node at a time for an account. Methods are called concurrently for
// different accounts.
type Channel interface {
	// Name is ByPush or ByWebhook.
	Name() string
	// Prefix begins the keys of an account's targets in its own space
	// (kv.Bulk): where there is none, nothing is queued for the account. "" means
	// that only Targets knows.
	Prefix() string
	// Targets lists the ids of where the account's messages go now, for a kind.
	// It is asked at the first try of a message.
	Targets(ctx context.Context, account, kind string) ([]string, error)
	// Send delivers a message to one target. An error for which Never is true is
	// final: the target is gone, or refuses this message for good. After any
	// other it is tried again by Retry. ctx ends after SendMost.
	Send(ctx context.Context, to authz.Account, target string, m Message) error
	// Retry is how long to wait after the first, second … failed try of a
	// message (the last one repeats), and how old it may become.
	Retry() (waits []time.Duration, most time.Duration)
	// GaveUp says that a message became too old for a target; why is the last
	// error. It may be called again after a crash.
	GaveUp(ctx context.Context, account, target string, why error) error
}

// SendMost is how long one Send may take.
const SendMost = 20 * time.Second

// never wraps an error after which trying again cannot help.
type never struct{ error }

func (n never) Unwrap() error { return n.error }

// NeverAgain marks an error of Channel.Send as final.
func NeverAgain(err error) error { return never{err} }

// Never reports whether an error of Channel.Send is final.
func Never(err error) bool {
	var n never
	return errors.As(err, &n)
}
