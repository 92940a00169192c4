// Package ratelimit holds the server's limits: token buckets and windows of one
// node (never stored), and the slots of share links (exact across nodes, stores
// in redislimit and locallimit). It answers at once, with how long to wait;
// nothing in it sleeps.
package ratelimit

import (
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/internal/clock"
)

// Config is what New needs; the zero value works.
type Config struct {
	Rules      Rules
	Registerer prometheus.Registerer
	Now        func() int64 // monotonic nanoseconds; nil = clock.Mono
}

// Limits is every local limit of one node. All are safe for concurrent use and
// remember at most MaxKeys keys each: the longest unused are forgotten first.
type Limits struct {
	LinkPasswords *Growing // wrong passwords of a link, by link and Prefix (R41)

	Offers      *Offers  // SDP offers by subject and of the node
	Guesses     *Windows // unknown link secrets by Prefix; one too many shuts it for Rules.GuessBlock
	SetupCodes  *Windows // wrong set-up codes and one-time tokens by Prefix: as Guesses
	Logins      *Logins  // wrong passwords
	Requests    *Buckets // to the API by account or visit
	Addresses   *Buckets // to the API by Prefix
	CameraTests *Buckets // "Test" of a camera by account
	Mails       *Windows // mails asked for without a login, by e-mail and by Prefix
	People      *People  // looking for people, by account
	ShareCodes  *Windows // wrong share codes of groups, by account and by Prefix
}

// MaxKeys is how many keys one limit remembers.
const MaxKeys = 100_000

// New makes the limits of a node.
func New(cfg Config) *Limits {
	if cfg.Now == nil {
		cfg.Now = clock.Mono
	}
	m, rules := newMetrics(cfg.Registerer), cfg.Rules.withDefaults()
	guesses := func(kind string) *Windows {
		return newWindows(cfg.Now, m.of(kind), rules.Guesses, time.Minute, rules.GuessBlock)
	}
	return &Limits{
		LinkPasswords: newGrowing(cfg.Now, m.of("link_password"), 5, 10*time.Second, 15*time.Minute, 24*time.Hour),

		Offers: &Offers{
			subject: newDeepBuckets(cfg.Now, nil, rules.Offers, time.Second, rules.OffersAtOnce),
			node:    newBuckets(cfg.Now, nil, rules.OffersNode, time.Second),
			count:   m.of("offer"),
		},
		Guesses:    guesses("link_secret"),
		SetupCodes: guesses("setup_code"),
		Logins: &Logins{
			pair:    newWindows(cfg.Now, nil, rules.WrongPasswords, 15*time.Minute, 0),
			account: newWindows(cfg.Now, nil, rules.WrongPasswordsAccount, time.Hour, 0),
			prefix:  newWindows(cfg.Now, nil, rules.WrongPasswordsAddress, time.Hour, 0),
			count:   m.of("login"),
		},
		Requests:    newDeepBuckets(cfg.Now, m.of("request"), rules.Requests, time.Second, rules.RequestsAtOnce),
		Addresses:   newDeepBuckets(cfg.Now, m.of("request_address"), rules.RequestsAddress, time.Second, rules.RequestsAddressAtOnce),
		CameraTests: newBuckets(cfg.Now, m.of("camera_test"), rules.CameraTests, time.Minute),
		Mails:       newWindows(cfg.Now, m.of("mail"), rules.Mails, time.Hour, 0),
		People:      newPeople(cfg.Now, m.of("people"), rules.Lookups, rules.NewPrefixes),
		ShareCodes:  newWindows(cfg.Now, m.of("share_code"), rules.WrongShareCodes, time.Hour, 0),
	}
}

// Prefix is the key of a client address: IPv4 whole, IPv6 by /64, IPv4 in IPv6
// as IPv4.
func Prefix(ip netip.Addr) string {
	ip = ip.Unmap().WithZone("")
	if !ip.Is6() {
		return ip.String()
	}
	p, _ := ip.Prefix(64)
	return p.String()
}
