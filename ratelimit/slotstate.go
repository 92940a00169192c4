package ratelimit

import (
	"maps"
	"slices"
	"time"
)

// SlotState is what is known of one link's slots: the arithmetic that
// redislimit's script does in Redis. Not safe for concurrent use. Times are Unix
// milliseconds of store time. All but the queue is stored.
type SlotState struct {
	Taken  map[string]int64     `json:"taken"`          // address prefix → last use
	Uses   map[string][]int64   `json:"uses,omitempty"` // address prefix → last use in each part of the window, oldest first
	Visits map[string]SlotVisit `json:"visits"`         // visits admitted, and where
	queue  []waiter             // by time of arrival
}

// SlotVisit binds a visit to the slot it was admitted on.
type SlotVisit struct {
	Slot string `json:"slot"`
	Last int64  `json:"last"`
}

type waiter struct {
	visit, ip string
	heard     int64
}

// Clone copies the state.
func (s *SlotState) Clone() *SlotState {
	return &SlotState{Taken: maps.Clone(s.Taken), Uses: maps.Clone(s.Uses), Visits: maps.Clone(s.Visits), queue: slices.Clone(s.queue)}
}

// Waiters is how many visits wait.
func (s *SlotState) Waiters() int { return len(s.queue) }

// Admit judges r and changes the state. taken says that a slot was taken, a visit
// bound to one, or a slot used for the first time in a part of the window: what
// must be durable before the answer.
func (s *SlotState) Admit(rules SlotRules, now time.Time, r SlotRequest) (a Admission, taken bool) {
	if s.Taken == nil {
		s.Taken, s.Visits = map[string]int64{}, map[string]SlotVisit{}
	}
	at, ip := now.UnixMilli(), Prefix(r.IP)
	s.Expire(rules, now)

	a = Admission{Slots: rules.Slots, Now: now}
	slot := ""
	if v, ok := s.Visits[r.Visit]; ok && s.has(v.Slot) {
		slot = v.Slot
	} else if s.has(ip) {
		slot = ip
	}
	if slot == "" && !r.Peek {
		place := s.hear(at, r.Visit, ip)
		if s.ahead(r.Visit, ip) < rules.Slots-len(s.Taken) {
			slot = ip
		} else {
			a.Waiting = place
		}
	}
	if slot != "" {
		a.Admitted = true
		if !r.Peek {
			_, bound := s.Visits[r.Visit]
			taken = !bound || !s.has(slot)
			s.Taken[slot] = at
			taken = s.use(rules, slot, at) || taken
			s.bind(r.Visit, SlotVisit{slot, at})
			s.queue = slices.DeleteFunc(s.queue, func(w waiter) bool { return w.visit == r.Visit })
		}
	}
	if a.Taken = len(s.Taken); a.Taken >= rules.Slots {
		first := slices.Min(slices.Collect(maps.Values(s.Taken)))
		a.Free = time.UnixMilli(first).Add(rules.Keep)
	}
	return a, taken
}

// Expire frees slots that were not used for Keep, and forgets waiters that were
// not heard for Present.
func (s *SlotState) Expire(rules SlotRules, now time.Time) {
	over := now.Add(-rules.Keep).UnixMilli()
	maps.DeleteFunc(s.Taken, func(_ string, last int64) bool { return last <= over })
	maps.DeleteFunc(s.Visits, func(_ string, v SlotVisit) bool { return v.Last <= over })
	for slot, uses := range s.Uses {
		if uses[0] > over {
			continue
		}
		if uses = slices.DeleteFunc(slices.Clone(uses), func(at int64) bool { return at <= over }); len(uses) > 0 {
			s.Uses[slot] = uses
		} else {
			delete(s.Uses, slot)
		}
	}
	gone := now.Add(-rules.Present).UnixMilli()
	s.queue = slices.DeleteFunc(s.queue, func(w waiter) bool { return w.heard < gone })
}

// use notes that a slot is used, and reports whether it is the first time in this
// part of the window. What others may hold of the state is not written to.
func (s *SlotState) use(rules SlotRules, slot string, at int64) (first bool) {
	if s.Uses == nil {
		s.Uses = map[string][]int64{}
	}
	part := Part(rules.Keep).Milliseconds()
	uses := slices.DeleteFunc(slices.Clone(s.Uses[slot]), func(was int64) bool { return was/part == at/part })
	first = len(uses) == len(s.Uses[slot])
	uses = append(uses, at)
	slices.Sort(uses)
	s.Uses[slot] = uses
	return first
}

// Usage is what is used of the slots now.
func (s *SlotState) Usage(rules SlotRules, now time.Time) Window {
	s.Expire(rules, now)
	w := Window{Budget: rules.Slots, Now: now}
	part := Part(rules.Keep).Milliseconds()
	for slot, last := range s.Taken {
		w.Frees = append(w.Frees, time.UnixMilli(last).Add(rules.Keep))
		uses := s.Uses[slot]
		for _, at := range uses {
			w.Uses = append(w.Uses, time.UnixMilli(at))
		}
		if !slices.ContainsFunc(uses, func(at int64) bool { return at/part == last/part }) { // written before uses were
			w.Uses = append(w.Uses, time.UnixMilli(last))
		}
	}
	slices.SortFunc(w.Frees, time.Time.Compare)
	slices.SortFunc(w.Uses, time.Time.Compare)
	return w
}

func (s *SlotState) has(slot string) bool {
	_, ok := s.Taken[slot]
	return ok
}

// hear notes that a waiter is present, a new one at the end, and returns its
// place from 1.
func (s *SlotState) hear(at int64, visit, ip string) int {
	for i := range s.queue {
		if w := &s.queue[i]; w.visit == visit {
			w.heard, w.ip = at, ip
			return i + 1
		}
	}
	place := len(s.queue) + 1
	if place <= MaxVisits {
		s.queue = append(s.queue, waiter{visit, ip, at})
	}
	return place
}

// ahead counts the other addresses without a slot that wait before visit: those
// have a right to what is free. An address stands where its first visit does.
func (s *SlotState) ahead(visit, ip string) int {
	before := map[string]bool{}
	for _, w := range s.queue {
		if w.visit == visit || w.ip == ip {
			break
		}
		if !s.has(w.ip) {
			before[w.ip] = true
		}
	}
	return len(before)
}

// bind remembers a visit; of too many the longest unused is forgotten.
func (s *SlotState) bind(visit string, v SlotVisit) {
	s.Visits[visit] = v
	if len(s.Visits) <= MaxVisits {
		return
	}
	oldest := visit
	for id, o := range s.Visits {
		if b := s.Visits[oldest]; o.Last < b.Last || o.Last == b.Last && id < oldest {
			oldest = id
		}
	}
	delete(s.Visits, oldest)
}
