package ratelimit

import (
	"context"
	"errors"
	"time"

	"sightline/internal/kv"
)

// Updates counts gallery updates of share links in a sliding window (R78,
// ruling 3): never more than the link's budget in any 24 hours, however many ask
// at once, on every node. Safe for concurrent use.
type Updates interface {
	// Update judges one load or refresh of a link's gallery now, and counts it
	// when there is room. An error is fault.Unavailable: the store is silent.
	Update(ctx context.Context, r UpdateRequest) (UpdateAnswer, error)
	Close() error
}

// UpdateRequest is one wish to load or refresh a gallery.
type UpdateRequest struct {
	Link  string
	Visit string // a repeat of one visit within Rules.Repeat is free
	Peek  bool   // only look: count nothing
}

// UpdateAnswer is the answer.
type UpdateAnswer struct {
	Allowed bool      // counted, or a free repeat; with Peek: the next one would be
	Counted bool      // it is one more of Used
	Used    int       // updates in the window now
	Budget  int       // of the link
	Free    time.Time // when the next update frees; zero when none is used
	Now     time.Time // store time
}

// Check refuses what no store of updates can keep. It is our own mistake.
func (r UpdateRequest) Check() error {
	if r.Visit == "" || len(r.Visit) > 64 {
		return errors.New("ratelimit: an update needs a visit")
	}
	return kv.Space("updates:" + r.Link).Check()
}

// UpdateRules are the numbers of a link's gallery updates.
type UpdateRules struct {
	Budget int           // updates in Window; 0 = 40
	Window time.Duration // 0 = 24 h
	Repeat time.Duration // repeats of a visit within it are one update; 0 = 5 s
}

// WithDefaults fills in what is not set.
func (r UpdateRules) WithDefaults() UpdateRules {
	if r.Budget <= 0 {
		r.Budget = 40
	}
	if r.Window <= 0 {
		r.Window = 24 * time.Hour
	}
	if r.Repeat <= 0 {
		r.Repeat = 5 * time.Second
	}
	return r
}

// UpdateState is what is known of one link's updates: the arithmetic that
// redislimit's script does in Redis. Not safe for concurrent use. Times are Unix
// milliseconds of store time.
type UpdateState struct {
	Log    []int64          `json:"log"`    // updates that count, oldest first
	Visits map[string]int64 `json:"visits"` // last counted update of visits, as long as repeats are free
}

// Judge answers r and changes the state. counted says that it must be durable
// before the answer.
func (s *UpdateState) Judge(rules UpdateRules, now time.Time, r UpdateRequest) (a UpdateAnswer, counted bool) {
	at := now.UnixMilli()
	keep := s.Log[:0:0]
	for _, t := range s.Log {
		if at-t < rules.Window.Milliseconds() {
			keep = append(keep, t)
		}
	}
	s.Log = keep
	visits := make(map[string]int64, len(s.Visits))
	for v, t := range s.Visits {
		if d := at - t; d >= 0 && d < rules.Repeat.Milliseconds() {
			visits[v] = t
		}
	}
	s.Visits = visits
	_, repeat := visits[r.Visit]
	a = UpdateAnswer{Budget: rules.Budget, Now: now}
	switch {
	case repeat:
		a.Allowed = true
	case len(s.Log) < rules.Budget:
		a.Allowed = true
		if !r.Peek {
			s.Log, counted, a.Counted = append(s.Log, at), true, true
			s.Visits[r.Visit] = at
		}
	}
	if a.Used = len(s.Log); a.Used > 0 {
		a.Free = time.UnixMilli(s.Log[0]).Add(rules.Window)
	}
	return a, counted
}
