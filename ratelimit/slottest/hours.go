package slottest

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"sightline/ratelimit"
)

// HoursInstance is one empty ledger whose time the test moves.
type HoursInstance struct {
	Hours   ratelimit.Hours
	Advance func(time.Duration)
	Again   func() ratelimit.Hours // the same data opened anew, as after a restart
}

// RunHours holds a ledger of viewing time to R79 and rulings 3 and 14.
func RunHours(t *testing.T, open func(*testing.T, ratelimit.HoursRules) *HoursInstance) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *HoursInstance)
	}{
		{"R79_TenHoursInADay", hoursTen},
		{"R79_RepeatsAndLateReportsAddNothing", hoursRepeat},
		{"R79_NodesTogether", hoursNodes},
		{"R80_WindowSlides", hoursSlides},
		{"R79_ClockJumpsChangeNothing", hoursJumps},
		{"R77_AddressesTo256", hoursAddresses},
		{"KeepsHoursOverRestart", hoursRestart},
		{"RefusesNonsense", hoursNonsense},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t, ratelimit.HoursRules{})) })
	}
}

func (in *HoursInstance) tell(t *testing.T, sessions ...ratelimit.HoursSession) ratelimit.HoursAnswer {
	t.Helper()
	a, err := in.Hours.Report(t.Context(), []ratelimit.HoursReport{{Link: "other"}, {Link: "l", Sessions: sessions}})
	if err != nil || len(a) != 2 || a[0].Used != 0 {
		t.Fatalf("%+v, %v", a, err)
	}
	return a[1]
}

func total(id string, d time.Duration) ratelimit.HoursSession {
	return ratelimit.HoursSession{ID: id, Total: d}
}

// Two guests for five hours each are ten viewer-hours, whatever else they show.
func hoursTen(t *testing.T, in *HoursInstance) {
	var a ratelimit.HoursAnswer
	var first time.Time
	for i := range 5*60 - 1 {
		d := time.Duration(i+1) * time.Minute
		if a = in.tell(t, total("a", d), total("b", d)); a.Over || a.Used != 2*d || a.Budget != 10*time.Hour || !a.Free.IsZero() {
			t.Fatalf("after %v: %+v", d, a)
		}
		if first.IsZero() {
			first = a.Now
		}
		in.Advance(time.Minute)
	}
	a = in.tell(t, total("a", 5*time.Hour), total("b", 5*time.Hour))
	if !a.Over || a.Used != 10*time.Hour {
		t.Fatalf("%+v", a)
	}
	if want := first.Truncate(time.Minute).Add(24 * time.Hour); !a.Free.Equal(want) { // as soon as the first minute is a day old
		t.Errorf("free at %v, want %v", a.Free, want)
	}
}

func hoursRepeat(t *testing.T, in *HoursInstance) {
	for range 3 {
		in.tell(t, total("a", time.Hour))
		in.Advance(2 * time.Second)
	}
	if a := in.tell(t, total("a", 59*time.Minute), total("a", time.Hour)); a.Used != time.Hour {
		t.Errorf("%+v", a)
	}
	if a := in.tell(t); a.Used != time.Hour {
		t.Errorf("asking: %+v", a)
	}
}

func hoursNodes(t *testing.T, in *HoursInstance) {
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			for n := range 10 {
				_, err := in.Hours.Report(t.Context(), []ratelimit.HoursReport{{Link: "l", Sessions: []ratelimit.HoursSession{
					total(fmt.Sprint("s", i%10), time.Duration(n+1)*time.Second), total(fmt.Sprint("t", i), time.Duration(n+1)*time.Second)}}})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if a := in.tell(t); a.Used != 300*time.Second {
		t.Errorf("%v, want 10 sessions told twice and 20 told once, of 10 s each", a.Used)
	}
}

func hoursSlides(t *testing.T, in *HoursInstance) {
	in.tell(t, total("a", 6*time.Hour))
	in.Advance(2 * time.Hour)
	a := in.tell(t, total("a", 6*time.Hour), total("b", 5*time.Hour))
	if !a.Over {
		t.Fatalf("%+v", a)
	}
	u, err := in.Hours.Usage(t.Context(), "l")
	if err != nil || len(u.Buckets) != 2 || u.Buckets[0].Used != 6*time.Hour || u.Buckets[1].Used != 5*time.Hour || !u.Over || !u.Free.Equal(a.Free) ||
		!u.Buckets[0].At.Before(u.Buckets[1].At) {
		t.Fatalf("%+v, %v", u, err)
	}
	in.Advance(a.Free.Sub(a.Now) + time.Second)
	if a = in.tell(t, total("b", 5*time.Hour)); a.Over || a.Used != 5*time.Hour {
		t.Errorf("after the first hours left: %+v", a)
	}
	in.Advance(24 * time.Hour)
	if a = in.tell(t); a.Used != 0 {
		t.Errorf("a day later: %+v", a)
	}
}

// The store's clock jumps an hour on and back while a session is watched: what is
// counted is what was watched, to the second.
func hoursJumps(t *testing.T, in *HoursInstance) {
	watched := time.Duration(0)
	for i := range 60 {
		watched += 2 * time.Second
		in.Advance(2 * time.Second)
		switch i % 20 {
		case 5:
			in.Advance(time.Hour)
		case 15:
			in.Advance(-2 * time.Hour)
		}
		if a := in.tell(t, total("a", watched)); (a.Used - watched).Abs() > time.Second {
			t.Fatalf("after %v the ledger says %v", watched, a.Used)
		}
	}
}

func hoursAddresses(t *testing.T, in *HoursInstance) {
	addresses := func() int {
		u, err := in.Hours.Usage(t.Context(), "l")
		if err != nil {
			t.Fatal(err)
		}
		return u.Addresses
	}
	for _, a := range []string{"192.0.2.1", "192.0.2.1", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"} {
		in.tell(t, ratelimit.HoursSession{From: netip.MustParseAddr(a)})
	}
	if n := addresses(); n != 3 {
		t.Errorf("%d addresses, want 3", n)
	}
	var many []ratelimit.HoursSession
	for i := range 300 {
		many = append(many, ratelimit.HoursSession{From: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})})
	}
	in.tell(t, many...)
	if n := addresses(); n != ratelimit.MaxAddresses+1 {
		t.Errorf("%d addresses of more than 256", n)
	}
	in.Advance(24*time.Hour + time.Second)
	if n := addresses(); n != 0 {
		t.Errorf("%d addresses a day later", n)
	}
}

func hoursRestart(t *testing.T, in *HoursInstance) {
	in.tell(t, total("a", time.Hour))
	in.Advance(6 * time.Second)
	in.tell(t, total("a", time.Hour+6*time.Second))
	in.Advance(time.Second)
	in.tell(t, total("a", time.Hour+7*time.Second)) // a crash may lose this
	in.Hours = in.Again()
	if a := in.tell(t); a.Used < time.Hour+2*time.Second || a.Used > time.Hour+7*time.Second {
		t.Errorf("after a restart: %v", a.Used)
	}
	if a := in.tell(t, total("a", time.Hour+7*time.Second)); a.Used != time.Hour+7*time.Second {
		t.Errorf("told again: %v", a.Used)
	}
}

func hoursNonsense(t *testing.T, in *HoursInstance) {
	for _, r := range []ratelimit.HoursReport{
		{Link: ""}, {Link: "l", Sessions: []ratelimit.HoursSession{{}}}, {Link: "l", Sessions: []ratelimit.HoursSession{total("a", -time.Second)}},
	} {
		if _, err := in.Hours.Report(t.Context(), []ratelimit.HoursReport{r}); err == nil {
			t.Errorf("%+v is taken", r)
		}
	}
}
