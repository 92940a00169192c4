package controlroom

import (
	"context"
	"maps"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/authz"
	"sightline/internal/clock"
	"sightline/internal/fault"
	"sightline/ratelimit"
	"sightline/sfu"
)

// fakeSlots answers as it is told to and counts who asks.
type fakeSlots struct {
	mu     sync.Mutex
	answer ratelimit.Admission
	err    error
	asked  []ratelimit.SlotRequest
}

func (f *fakeSlots) Admit(_ context.Context, r ratelimit.SlotRequest) (ratelimit.Admission, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, r)
	return f.answer, f.err
}

func (f *fakeSlots) Close() error { return nil }

func (f *fakeSlots) say(a ratelimit.Admission, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer, f.err = a, err
}

func (f *fakeSlots) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.asked)
}

// fakeHours answers as it is told to and keeps the totals.
type fakeHours struct {
	mu     sync.Mutex
	answer ratelimit.HoursAnswer
	err    error
	totals map[string]time.Duration
}

func (f *fakeHours) Report(_ context.Context, links []ratelimit.HoursReport) ([]ratelimit.HoursAnswer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return nil, f.err
	}
	var out []ratelimit.HoursAnswer
	for _, l := range links {
		for _, s := range l.Sessions {
			f.totals[s.ID] = max(f.totals[s.ID], s.Total)
		}
		out = append(out, f.answer)
	}
	return out, nil
}

func (f *fakeHours) Usage(context.Context, string) (ratelimit.HoursUsage, error) {
	return ratelimit.HoursUsage{}, nil
}
func (f *fakeHours) Close() error { return nil }

func (f *fakeHours) say(a ratelimit.HoursAnswer, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer, f.err = a, err
}

func (f *fakeHours) total(id string) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.totals[id]
}

func budgetRoom(t *testing.T) (*testRoom, *fakeSlots, *fakeHours) {
	t.Helper()
	tr := fakeRoom(t, "c0", "c1")
	slots, hours := &fakeSlots{answer: ratelimit.Admission{Admitted: true}}, &fakeHours{totals: map[string]time.Duration{}}
	tr.deps.budgets = Budgets{Slots: slots, Hours: hours}
	return tr, slots, hours
}

var fromOne = Client{IP: netip.MustParseAddr("192.0.2.1"), Budgeted: true}

func (tr *testRoom) openFrom(t *testing.T, sub authz.Subject, c Client, tiles ...TileWant) (*session, *fakePeer) {
	t.Helper()
	o, err := tr.Open(t.Context(), sub, OpenRequest{SDP: "offer", Version: 1, Tiles: tiles, Client: c})
	if err != nil {
		t.Fatal(err)
	}
	return tr.sessions.find(o.ID, sub), tr.peers[len(tr.peers)-1]
}

// again makes the next question be due, as if time had passed.
func (s *session) again() {
	s.allow.mu.Lock()
	s.allow.asked = clock.Mono() - int64(time.Minute)
	s.allow.mu.Unlock()
}

// TestR81_StateIsAPureFunctionOfTheCounters.
func TestR81_StateIsAPureFunctionOfTheCounters(t *testing.T) {
	at, later := time.Unix(1000, 0), time.Unix(2000, 0)
	for name, c := range map[string]struct {
		slot  slotVerdict
		hours hoursVerdict
		want  throttle
	}{
		"admitted":            {slotVerdict{known: true, admitted: true}, hoursVerdict{known: true}, throttle{}},
		"admitted, was asked": {slotVerdict{known: true, admitted: true, failed: true}, hoursVerdict{}, throttle{}},
		"no slot":             {slotVerdict{known: true, free: at}, hoursVerdict{}, throttle{"throttled_users", at}},
		"no answer yet":       {slotVerdict{failed: true}, hoursVerdict{}, throttle{"authz_unavailable", time.Time{}}},
		"hours over":          {slotVerdict{known: true, admitted: true}, hoursVerdict{known: true, over: true, free: later}, throttle{"throttled_hours", later}},
		"both":                {slotVerdict{known: true, free: at}, hoursVerdict{over: true, free: later}, throttle{"throttled_hours", later}},
	} {
		if got := throttleOf(c.slot, c.hours); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// TestR82_WithoutASlotTilesAreStillsAndComeBackByThemselves, with no new attach.
func TestR82_WithoutASlotTilesAreStillsAndComeBackByThemselves(t *testing.T) {
	tr, slots, _ := budgetRoom(t)
	free := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	slots.say(ratelimit.Admission{Free: free, Waiting: 1}, nil)
	s, p := tr.openFrom(t, guest("a"), fromOne, cameraTiles("c0", "c1")...)
	st := s.at(0)
	if st.State != StateThrottled || st.Reason != string(authz.ReasonThrottledUsers) || st.Until == nil || !st.Until.Equal(free) || st.Name == "" {
		t.Fatalf("%+v", st)
	}
	if b := p.subscription("0").Budget; b == nil || b.Mode() != sfu.ModeStill {
		t.Fatal("the tile is not served as stills")
	}
	begun := clock.Mono()
	p.subscription("0").OnEvent(sfu.Event{Kind: sfu.EventStill, FirstTS: 77, At: begun - int64(10*time.Second)})
	took := time.Duration(clock.Mono() - begun)
	eventually(t, "the picture is told", func() bool { return s.at(0).LastFrameAt != nil && s.at(0).FirstTS != nil })
	if age := tr.clock.Now().Sub(*s.at(0).LastFrameAt); age < 10*time.Second || age > 10*time.Second+took+time.Millisecond {
		t.Errorf("a picture of 10 s ago is told to be %v old", age)
	}
	if n := slots.count(); n != 1 {
		t.Fatalf("asked %d times to begin", n)
	}
	_, attached := p.count()
	// Nobody looks: the place in the queue is not kept.
	s.again()
	tr.renewSlots(t.Context())
	if n := slots.count(); n != 1 {
		t.Errorf("a guest without a page waits")
	}
	sock := tr.connect(t, guest("a"))
	sock.say(t, `{"type":"hello","viewing":"`+s.id+`"}`)
	slots.say(ratelimit.Admission{Admitted: true}, nil)
	tr.renewSlots(t.Context())
	eventually(t, "live again", func() bool { return s.at(0).State == StateLive && s.at(1).State == StateLive })
	if _, n := p.count(); n != attached || p.subscription("0").Budget.Mode() != sfu.ModeLive {
		t.Error("the tiles were attached anew")
	}
}

// TestR82_ASilentStoreKeepsWhatWas, and who never had an answer sees stills.
func TestR82_ASilentStoreKeepsWhatWas(t *testing.T) {
	tr, slots, hours := budgetRoom(t)
	s, p := tr.openFrom(t, guest("a"), fromOne, cameraTiles("c0")...)
	if s.at(0).State != StateLive {
		t.Fatalf("%+v", s.at(0))
	}
	away := fault.New(fault.Unavailable, "authz_unavailable", "away")
	slots.say(ratelimit.Admission{}, away)
	hours.say(ratelimit.HoursAnswer{}, away)
	p.flow()
	s.again()
	n := slots.count()
	tr.renewSlots(t.Context())
	tr.reportHours(t.Context())
	if slots.count() != n+1 || p.subscription("0").Budget.Mode() != sfu.ModeLive {
		t.Error("who was live is not any more")
	}
	late, _ := tr.openFrom(t, guest("b"), fromOne, cameraTiles("c0")...)
	if st := late.at(0); st.State != StateThrottled || st.Reason != string(authz.ReasonUnavailable) {
		t.Errorf("%+v", st)
	}
}

// TestRuling3_RenewedOnlyWhileLive: a guest who sees stills or nothing lets his slot run out.
func TestRuling3_RenewedOnlyWhileLive(t *testing.T) {
	tr, slots, _ := budgetRoom(t)
	s, p := tr.openFrom(t, guest("a"), fromOne, cameraTiles("c0")...)
	begun := slots.count()
	s.again()
	tr.renewSlots(t.Context())
	if slots.count() != begun {
		t.Error("renewed without a frame")
	}
	p.flow()
	since := clock.Mono()
	tr.renewSlots(t.Context())
	if slots.count() != begun+1 {
		t.Error("not renewed while frames flow")
	}
	tr.renewSlots(t.Context())
	if took := clock.Mono() - since; slots.count() > begun+1 && took < int64(slotRenew) {
		t.Errorf("asked %d times in %v, want once in 5 s", slots.count()-begun, time.Duration(took))
	}
}

// TestR86_OwnersAccountsAndTemporaryLinksAreFree.
func TestR86_OwnersAccountsAndTemporaryLinksAreFree(t *testing.T) {
	tr, slots, hours := budgetRoom(t)
	slots.say(ratelimit.Admission{}, nil)
	hours.say(ratelimit.HoursAnswer{Over: true}, nil)
	for sub, c := range map[authz.Subject]Client{
		olena:      {IP: fromOne.IP, Budgeted: true},
		guest("a"): {IP: fromOne.IP},
	} {
		s, p := tr.openFrom(t, sub, c, cameraTiles("c0")...)
		if s.at(0).State != StateLive || p.subscription("0").Budget != nil {
			t.Errorf("%+v: %+v", sub, s.at(0))
		}
	}
	tr.UseGallery(t.Context(), guest("a"), Client{IP: fromOne.IP}, true)
	if slots.count() != 0 {
		t.Error("they take slots")
	}
	tr.UseGallery(t.Context(), guest("b"), fromOne, true)
	if slots.count() != 1 {
		t.Error("a gallery update takes none")
	}
}

// TestR82_HoursOverThrottleEveryGuestOfTheLinkAndLiftByThemselves.
func TestR82_HoursOverThrottleEveryGuestOfTheLinkAndLiftByThemselves(t *testing.T) {
	tr, _, hours := budgetRoom(t)
	s, p := tr.openFrom(t, guest("a"), fromOne, cameraTiles("c0")...)
	p.flow()
	tr.tick(90 * time.Second)
	tr.reportHours(t.Context())
	if got := hours.total(s.id); got != 90*time.Second {
		t.Errorf("told %v", got)
	}
	free := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	hours.say(ratelimit.HoursAnswer{Over: true, Free: free}, nil)
	tr.reportHours(t.Context())
	eventually(t, "stills", func() bool {
		st := s.at(0)
		return st.State == StateThrottled && st.Reason == string(authz.ReasonThrottledHours) && st.Until != nil && st.Until.Equal(free)
	})
	late, _ := tr.openFrom(t, guest("b"), Client{IP: netip.MustParseAddr("192.0.2.2"), Budgeted: true}, cameraTiles("c1")...)
	if st := late.at(0); st.State != StateThrottled || st.Reason != string(authz.ReasonThrottledHours) {
		t.Errorf("a newcomer: %+v", st)
	}
	hours.say(ratelimit.HoursAnswer{}, nil)
	tr.reportHours(t.Context())
	eventually(t, "live", func() bool { return s.at(0).State == StateLive && late.at(0).State == StateLive })
}

// TestR79_WhatAnEndedSessionWatchedIsTold, also when the ledger was silent at its end.
func TestR79_WhatAnEndedSessionWatchedIsTold(t *testing.T) {
	tr, _, hours := budgetRoom(t)
	s, p := tr.openFrom(t, guest("a"), fromOne, cameraTiles("c0")...)
	p.flow()
	tr.tick(30 * time.Second)
	hours.say(ratelimit.HoursAnswer{}, fault.New(fault.Unavailable, "authz_unavailable", "away"))
	if err := tr.CloseViewing(t.Context(), guest("a"), s.id); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is gone", func() bool { return len(tr.sessions.all()) == 0 })
	tr.reportHours(t.Context())
	hours.say(ratelimit.HoursAnswer{}, nil)
	eventually(t, "it is kept", func() bool { return len(tr.hours.take()) == 1 })
	tr.reportHours(t.Context())
	if got := hours.total(s.id); got != 30*time.Second || len(tr.hours.take()) != 0 {
		t.Errorf("told %v, %d left", got, len(tr.hours.take()))
	}
}

// TestR88_ThrottledGuestsAreCountedByReason, and nobody is named.
func TestR88_ThrottledGuestsAreCountedByReason(t *testing.T) {
	tr, slots, _ := budgetRoom(t)
	reg := prometheus.NewRegistry()
	tr.deps.guests = newGuestMetrics(reg)
	tr.openFrom(t, guest("a"), fromOne, cameraTiles("c0")...)
	slots.say(ratelimit.Admission{}, nil)
	tr.openFrom(t, guest("b"), Client{IP: netip.MustParseAddr("2001:db8::1"), Budgeted: true}, cameraTiles("c0")...)
	tr.openFrom(t, guest("c"), Client{IP: netip.MustParseAddr("2001:db8::2"), Budgeted: true}, cameraTiles("c0")...)
	tr.UseGallery(t.Context(), guest("a"), fromOne, true)
	tr.countGuests()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetValue()
			}
			got[name] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	if want := map[string]float64{"sightline_guests_throttled throttled_users": 2, "sightline_guests_throttled throttled_hours": 0,
		"sightline_guests_throttled authz_unavailable": 0, "sightline_guest_addresses": 2, "sightline_guest_slots": 1, "sightline_gallery_updates_total": 1, "sightline_link_viewing_seconds_total": 0}; !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
