package notice

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

// How often letters go.
const (
	DigestOff    = "off"    // a letter for each
	DigestHourly = "hourly" // one at the full hour
	DigestDaily  = "daily"  // one at 8 o'clock, or when the quiet hours end
)

// Quiet are the hours in which nothing but the feed tells anything: letters come
// together in one when they are over, pushes and webhooks are left out.
type Quiet struct {
	On   bool   `json:"on"`
	From string `json:"from"` // "22:00", wall clock
	To   string `json:"to"`   // "07:00"; at or before From: the next day
	Zone string `json:"zone"` // IANA name; "" in the input: the account's
}

// Preferences are how a person wants to be told.
type Preferences struct {
	Quiet   Quiet           `json:"quiet"`
	Digest  string          `json:"digest"`
	Kinds   map[string]Ways `json:"kinds"`   // every kind; a kind left out of the input keeps the default
	Version uint64          `json:"version"` // as it was read; 0: never changed
}

// choices is the stored form: only what differs from the defaults, so that these
// may change.
type choices struct {
	V      int             `json:"v"`
	Quiet  Quiet           `json:"quiet"`
	Digest string          `json:"digest,omitempty"`
	Kinds  map[string]Ways `json:"kinds,omitempty"`
}

func parseChoices(v kv.Value) choices {
	c, _ := kv.Decode[choices](v, recordVersion) // of a newer version: the defaults
	return c
}

// ways is what the person chose for a kind.
func (c choices) ways(k kind) Ways {
	if w, ok := c.Kinds[k.name]; ok {
		return w
	}
	return k.ways
}

func (c choices) view(zone string, version uint64) Preferences {
	p := Preferences{Quiet: c.Quiet, Digest: c.Digest, Kinds: make(map[string]Ways, len(kinds)), Version: version}
	if p.Quiet.From == "" {
		p.Quiet.From, p.Quiet.To = "22:00", "07:00"
	}
	if p.Quiet.Zone == "" {
		p.Quiet.Zone = zone
	}
	if p.Digest == "" {
		p.Digest = DigestOff
	}
	for _, k := range kinds {
		p.Kinds[k.name] = c.ways(k)
	}
	return p
}

// Preferences returns how the subject wants to be told.
func (b *Board) Preferences(ctx context.Context, s authz.Subject) (Preferences, error) {
	to, v, err := b.chooser(ctx, s)
	if err != nil {
		return Preferences{}, err
	}
	return parseChoices(v).view(to.Account.Zone, v.Version), nil
}

// SetPreferences replaces them: fault.Conflict stale when they are not those of
// in.Version any more.
func (b *Board) SetPreferences(ctx context.Context, s authz.Subject, in Preferences) (Preferences, error) {
	to, v, err := b.chooser(ctx, s)
	if err != nil {
		return Preferences{}, err
	}
	c, err := in.check(to.Account.Zone)
	if err != nil {
		return Preferences{}, err
	}
	stale := fault.New(fault.Conflict, string(authz.ReasonStale), "These settings were changed meanwhile. Look at them again.")
	if in.Version != v.Version {
		return Preferences{}, stale
	}
	done, err := b.commit(ctx, kv.Bulk(s.Account), []kv.Condition{v.Same()}, kv.Write{Key: kChoices, Data: kv.Encode(c)})
	if errors.Is(err, kv.ErrConflict) {
		return Preferences{}, stale
	}
	if err != nil {
		return Preferences{}, kv.Away(err)
	}
	return c.view(to.Account.Zone, done.Revision), nil
}

func (b *Board) chooser(ctx context.Context, s authz.Subject) (authz.Recipient, kv.Value, error) {
	if err := b.self(ctx, s); err != nil {
		return authz.Recipient{}, kv.Value{}, err
	}
	to, err := b.cfg.Authority.Recipient(ctx, s.Account, authz.ActSelf, "")
	if err != nil {
		return to, kv.Value{}, err
	}
	snap, err := b.cfg.Store.Read(ctx, kv.Bulk(s.Account), []string{kChoices}, nil)
	if err != nil {
		return to, kv.Value{}, kv.Away(err)
	}
	return to, snap.Values[0], nil
}

// check turns input into the stored form.
func (p Preferences) check(zone string) (choices, error) {
	c := choices{V: recordVersion, Quiet: p.Quiet, Digest: p.Digest, Kinds: map[string]Ways{}}
	if c.Quiet.Zone == zone {
		c.Quiet.Zone = "" // follows the account
	}
	if c.Quiet.On || c.Quiet.From != "" || c.Quiet.To != "" {
		from, ok := minutes(c.Quiet.From)
		if !ok {
			return c, fault.Field("quiet.from", fault.CodeBadValue, "Write a time of day such as 22:00.")
		}
		to, ok := minutes(c.Quiet.To)
		if !ok {
			return c, fault.Field("quiet.to", fault.CodeBadValue, "Write a time of day such as 07:00.")
		}
		if c.Quiet.On && from == to {
			return c, fault.Field("quiet.to", fault.CodeBadValue, "Quiet hours end at another time than they begin.")
		}
	}
	if c.Quiet.Zone != "" {
		if _, err := time.LoadLocation(c.Quiet.Zone); err != nil || c.Quiet.Zone == "Local" {
			return c, fault.Field("quiet.zone", fault.CodeBadValue, "There is no such time zone.")
		}
	}
	if c.Digest == "" {
		c.Digest = DigestOff
	}
	if !slices.Contains([]string{DigestOff, DigestHourly, DigestDaily}, c.Digest) {
		return c, fault.Field("digest", fault.CodeBadValue, "Letters go off, hourly or daily.")
	}
	for name, w := range p.Kinds {
		k, known := kindOf(name)
		switch {
		case !known:
			return c, fault.Field("kinds."+name, fault.CodeBadValue, "There are no notices of this kind.")
		case !w.Feed && !k.saw:
			return c, fault.Field("kinds."+name, fault.CodeBadValue, "Notices of this kind always stand in the list.")
		case w.Mail && !k.mails():
			return c, fault.Field("kinds."+name, fault.CodeBadValue, "Letters of this kind are not chosen here.")
		}
		if w != k.ways {
			c.Kinds[name] = w
		}
	}
	return c, nil
}

// minutes of the day of "HH:MM".
func minutes(s string) (int, bool) {
	if len(s) != 5 || s[2] != ':' {
		return 0, false
	}
	h, err1 := strconv.ParseUint(s[:2], 10, 8)
	m, err2 := strconv.ParseUint(s[3:], 10, 8)
	return int(h*60 + m), err1 == nil && err2 == nil && h < 24 && m < 60
}
