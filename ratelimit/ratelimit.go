// Package ratelimit holds the server's limits: local token buckets and windows
// (never stored), and the slots of share links (exact across nodes). It answers
// at once; nothing in it sleeps.
package ratelimit

import (
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Config holds the numbers; zero values mean the defaults.
type Config struct {
	Registerer prometheus.Registerer
	Now        func() int64 // monotonic nanoseconds; nil = clock.Mono
}

// Limits is every local limit of one node.
type Limits struct {
	Offers      *Offers  // SDP offers: 5/s a subject, 50/s a node
	Guesses     *Windows // unknown link secrets by Prefix: 20 a minute, then refused for 15 min
	SetupCodes  *Windows // wrong set-up codes and one-time tokens by Prefix: as Guesses
	Logins      *Logins
	CameraTests *Buckets // "Test" of a camera by account: 10 a minute
	Mails       *Windows // mails asked for without a login, by e-mail and by Prefix: 5 an hour a key
}

// New makes the limits of a node.
func New(cfg Config) *Limits { panic("soon") }

// Buckets are token buckets by key.
type Buckets struct{}

// Allow takes a token of key; when there is none, retry says when there will be.
func (b *Buckets) Allow(key string) (ok bool, retry time.Duration) { panic("soon") }

// Offers limits SDP offers by subject and for the node.
type Offers struct{}

// Allow takes one offer of subject.
func (o *Offers) Allow(subject string) (ok bool, retry time.Duration) { panic("soon") }

// Windows count events by key in a sliding window.
type Windows struct{}

// Check says whether key may try now, and counts nothing.
func (w *Windows) Check(key string) (ok bool, retry time.Duration) { panic("soon") }

// Add counts one event (a wrong guess) of key; ok is false when it was one too many.
func (w *Windows) Add(key string) (ok bool, retry time.Duration) { panic("soon") }

// Logins limits password tries.
type Logins struct{}

// Begin counts a try before the password is looked at, so that parallel tries
// cannot pass together. device is the id of a known-device cookie for this
// account ("" for none). When ok, call done once; done(true) takes the try back.
func (l *Logins) Begin(account string, ip netip.Addr, device string) (done func(success bool), retry time.Duration, ok bool) {
	panic("soon")
}

// Prefix is the key of a client address: IPv4 whole, IPv6 by /64.
func Prefix(ip netip.Addr) string { panic("soon") }
