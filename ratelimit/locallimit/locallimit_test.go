package locallimit

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sightline/internal/clock"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/kv/boltkv"
	"sightline/ratelimit"
	"sightline/ratelimit/slottest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func store(t *testing.T, dir string, c clock.Clock) kv.Store {
	t.Helper()
	s, err := boltkv.Open(t.Context(), dir, boltkv.Config{Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestContract(t *testing.T) {
	slottest.Run(t, func(t *testing.T, rules ratelimit.SlotRules) *slottest.Instance {
		fake, dir := clock.NewFake(time.Now().Truncate(time.Millisecond)), t.TempDir()
		s := store(t, dir, fake)
		cfg := Config{SlotRules: rules, Clock: fake}
		return &slottest.Instance{Slots: New(s, cfg), Advance: fake.Advance, Again: func() ratelimit.Slots {
			s.Close()
			return New(store(t, dir, fake), cfg)
		}}
	})
}

func TestRenewalsSurviveARestartToTheMinute(t *testing.T) {
	fake, dir := clock.NewFake(time.Now()), t.TempDir()
	s := store(t, dir, fake)
	l := New(s, Config{Clock: fake})
	r := ratelimit.SlotRequest{Link: "l", Visit: "v", IP: netip.MustParseAddr("192.0.2.1")}
	for range 60 * 20 {
		if _, err := l.Admit(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		fake.Advance(10 * time.Second)
	}
	s.Close()
	l = New(store(t, dir, fake), Config{Clock: fake})
	fake.Advance(24*time.Hour - 2*time.Minute)
	r.Peek = true
	if a, err := l.Admit(t.Context(), r); err != nil || !a.Admitted {
		t.Errorf("22 h after the last use: %+v, %v", a, err)
	}
}

func TestAdmissionIsNotAnsweredBeforeItIsStored(t *testing.T) {
	s := store(t, t.TempDir(), clock.System)
	l := New(s, Config{})
	s.Close()
	r := ratelimit.SlotRequest{Link: "l", Visit: "v", IP: netip.MustParseAddr("192.0.2.1")}
	if a, err := l.Admit(t.Context(), r); !fault.Is(err, fault.Unavailable) || a.Admitted {
		t.Errorf("with a closed store: %+v, %v", a, err)
	}
}

func TestExpiredRecordsAreSwept(t *testing.T) {
	fake := clock.NewFake(time.Now())
	s := store(t, t.TempDir(), fake)
	r := ratelimit.SlotRequest{Link: "old", Visit: "v", IP: netip.MustParseAddr("192.0.2.1")}
	if _, err := New(s, Config{Clock: fake}).Admit(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	fake.Advance(25 * time.Hour)
	r.Link = "new"
	_, err := New(s, Config{Clock: fake}).Admit(t.Context(), r)
	snap, err2 := s.Read(t.Context(), space, nil, []kv.Scan{{Prefix: prefix}})
	if err := errors.Join(err, err2); err != nil || len(snap.Scans[0]) != 1 || snap.Scans[0][0].Key != prefix+"new" {
		t.Errorf("records = %+v, %v, want only the new one", snap.Scans, err)
	}
}
