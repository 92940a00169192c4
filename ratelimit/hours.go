package ratelimit

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"sightline/internal/kv"
)

// Hours is the ledger of viewing time by share links (R79, rulings 3 and 14): a
// running sum over a sliding window. A session's total is absolute and only grows,
// so that telling it again, or late, does no harm: the store adds what it has not
// heard of to the minute of its own clock. Safe for concurrent use.
type Hours interface {
	// Report tells the totals of one node's sessions, of several links at once,
	// and answers for each link in the order asked. A link without sessions is
	// only asked for. An error is fault.Unavailable: the store is silent, and
	// the same totals are to be told again.
	Report(ctx context.Context, links []HoursReport) ([]HoursAnswer, error)
	// Usage is all that is known of one link's window, for its owner.
	Usage(ctx context.Context, link string) (HoursUsage, error)
	Close() error
}

// HoursReport is what one node knows of a link.
type HoursReport struct {
	Link     string
	Sessions []HoursSession
}

// HoursSession is one viewing session.
type HoursSession struct {
	ID    string        // unlike any other, for ever; "" only notes the address
	Total time.Duration // viewing time since it began, by a clock that never steps
	From  netip.Addr    // client address, noted as seen now; invalid: not noted
}

// HoursAnswer is what all nodes together know of a link.
type HoursAnswer struct {
	Used   time.Duration // viewing time in the window
	Budget time.Duration
	Over   bool      // nothing is left
	Free   time.Time // when Used falls under Budget by itself; zero unless Over
	Now    time.Time // store time
}

// HoursUsage is a link's window in detail.
type HoursUsage struct {
	HoursAnswer
	Buckets   []HoursBucket // with viewing time, oldest first
	Addresses int           // client addresses (IPv6 by /64) seen in the window; MaxAddresses+1 = more than MaxAddresses
}

// HoursBucket is the viewing time of one stretch of the store's clock.
type HoursBucket struct {
	At   time.Time // its beginning; it leaves the window as soon as this does
	Used time.Duration
}

// MaxAddresses is how many client addresses of a link are told apart.
const MaxAddresses = 256

// HoursRules are the numbers of a link's viewing time.
type HoursRules struct {
	Budget time.Duration // in Window; 0 = 10 h
	Window time.Duration // 0 = 24 h
	Bucket time.Duration // how finely the window slides; 0 = a 1,440th of it, at least 1 s
}

// WithDefaults fills in what is not set.
func (r HoursRules) WithDefaults() HoursRules {
	if r.Budget <= 0 {
		r.Budget = 10 * time.Hour
	}
	if r.Window <= 0 {
		r.Window = 24 * time.Hour
	}
	if r.Bucket <= 0 {
		r.Bucket = max(r.Window/1440, time.Second)
	}
	return r
}

// Check refuses what no ledger can keep. It is our own mistake.
func (r HoursReport) Check() error {
	for _, s := range r.Sessions {
		if len(s.ID) > 64 || s.ID == "" && !s.From.IsValid() || s.Total < 0 {
			return errors.New("ratelimit: viewing time needs a session or an address")
		}
	}
	if r.Link == "" {
		return errors.New("ratelimit: viewing time needs a link")
	}
	return kv.Space("hours:" + r.Link).Check()
}

// HoursState is what is known of one link's viewing time: the arithmetic that
// redislimit's script does in Redis. Not safe for concurrent use. Times are Unix
// milliseconds of store time.
type HoursState struct {
	Buckets   map[int64]int64       `json:"buckets,omitempty"`   // beginning → ms of viewing
	Totals    map[string]HoursTotal `json:"totals,omitempty"`    // by session
	Addresses map[string]int64      `json:"addresses,omitempty"` // prefix → last seen
}

// HoursTotal is what a session has told, and when last.
type HoursTotal struct {
	MS   int64 `json:"ms"`
	Last int64 `json:"last"`
}

// Report takes a node's totals and answers. changed says that there is something new to keep.
func (s *HoursState) Report(rules HoursRules, now time.Time, sessions []HoursSession) (a HoursAnswer, changed bool) {
	if s.Buckets == nil {
		s.Buckets = map[int64]int64{}
	}
	if s.Totals == nil {
		s.Totals = map[string]HoursTotal{}
	}
	if s.Addresses == nil {
		s.Addresses = map[string]int64{}
	}
	s.Expire(rules, now)
	at, bucket := now.UnixMilli(), bucketOf(rules, now)
	for _, v := range sessions {
		if v.ID != "" {
			t := s.Totals[v.ID]
			if more := v.Total.Milliseconds() - t.MS; more > 0 {
				s.Buckets[bucket] += more
				t.MS += more
				changed = true
			}
			t.Last = at
			s.Totals[v.ID] = t
		}
		if v.From.IsValid() {
			p := Prefix(v.From)
			if _, known := s.Addresses[p]; known || len(s.Addresses) <= MaxAddresses {
				changed = changed || !known
				s.Addresses[p] = at
			}
		}
	}
	return s.answer(rules, now), changed
}

// Usage is the window in detail.
func (s *HoursState) Usage(rules HoursRules, now time.Time) HoursUsage {
	s.Expire(rules, now)
	return NewHoursUsage(rules, now, s.Buckets, len(s.Addresses))
}

// NewHoursUsage makes the detail of a window from its buckets.
func NewHoursUsage(rules HoursRules, now time.Time, buckets map[int64]int64, addresses int) HoursUsage {
	s := HoursState{Buckets: buckets}
	u := HoursUsage{HoursAnswer: s.answer(rules, now), Addresses: addresses}
	for _, b := range s.sorted() {
		u.Buckets = append(u.Buckets, HoursBucket{At: time.UnixMilli(b), Used: time.Duration(buckets[b]) * time.Millisecond})
	}
	return u
}

// Expire forgets what has left the window: a bucket with its beginning, which is
// in the guests' favour.
func (s *HoursState) Expire(rules HoursRules, now time.Time) {
	over := now.Add(-rules.Window).UnixMilli()
	for b := range s.Buckets {
		if b <= over {
			delete(s.Buckets, b)
		}
	}
	for id, t := range s.Totals {
		if t.Last <= over {
			delete(s.Totals, id)
		}
	}
	for p, last := range s.Addresses {
		if last <= over {
			delete(s.Addresses, p)
		}
	}
}

// Empty says that nothing is left to keep.
func (s *HoursState) Empty() bool { return len(s.Buckets)+len(s.Totals)+len(s.Addresses) == 0 }

func (s *HoursState) answer(rules HoursRules, now time.Time) HoursAnswer {
	sum := int64(0)
	for _, ms := range s.Buckets {
		sum += ms
	}
	a := HoursAnswer{Used: time.Duration(sum) * time.Millisecond, Budget: rules.Budget, Now: now}
	if a.Over = a.Used >= a.Budget; !a.Over {
		return a
	}
	for _, b := range s.sorted() {
		sum -= s.Buckets[b]
		if time.Duration(sum)*time.Millisecond < rules.Budget {
			a.Free = time.UnixMilli(b).Add(rules.Window)
			break
		}
	}
	return a
}

func (s *HoursState) sorted() []int64 {
	out := make([]int64, 0, len(s.Buckets))
	for b := range s.Buckets {
		out = append(out, b)
	}
	slices.Sort(out)
	return out
}

// bucketOf is the beginning of the bucket of an instant.
func bucketOf(rules HoursRules, now time.Time) int64 {
	at, w := now.UnixMilli(), rules.Bucket.Milliseconds()
	return at - at%w
}
