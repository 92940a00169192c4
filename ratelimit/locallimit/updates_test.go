package locallimit

import (
	"testing"
	"time"

	"sightline/internal/clock"
	"sightline/internal/kv"
	"sightline/ratelimit"
	"sightline/ratelimit/slottest"
)

func TestUpdates(t *testing.T) {
	slottest.RunUpdates(t, func(t *testing.T, rules ratelimit.UpdateRules) *slottest.UpdateInstance {
		fake, dir := clock.NewFake(time.Now().Truncate(time.Millisecond)), t.TempDir()
		s := store(t, dir, fake)
		return &slottest.UpdateInstance{Updates: NewUpdates(s, rules, fake), Advance: fake.Advance, Again: func() ratelimit.Updates {
			s.Close()
			return NewUpdates(store(t, dir, fake), rules, fake)
		}}
	})
}

func TestSweepOfUpdates(t *testing.T) {
	fake := clock.NewFake(time.Now())
	s := store(t, t.TempDir(), fake)
	u := NewUpdates(s, ratelimit.UpdateRules{}, fake)
	count := func(link string) {
		if _, err := u.Update(t.Context(), ratelimit.UpdateRequest{Link: link, Visit: "v"}); err != nil {
			t.Fatal(err)
		}
	}
	count("old")
	fake.Advance(23 * time.Hour)
	count("young")
	fake.Advance(2 * time.Hour)
	if err := u.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	snap, err := s.Read(t.Context(), space, nil, []kv.Scan{{Prefix: updatePrefix}})
	if err != nil || len(snap.Scans[0]) != 1 || snap.Scans[0][0].Key != updatePrefix+"young" {
		t.Errorf("%v %v", snap.Scans[0], err)
	}
}
