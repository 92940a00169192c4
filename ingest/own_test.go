package ingest

import (
	"testing"
	"time"

	"sightline/internal/testcam"
)

func ntpOf(t time.Time) uint64 {
	return uint64(t.Unix()+2208988800)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}

// What sender reports say counts only where their clock agrees with ours within a second.
func TestRuling15_ReportsAreBelievedWithinASecond(t *testing.T) {
	now := time.Date(2026, 6, 18, 19, 4, 7, 900_000_000, time.UTC)
	for name, tc := range map[string]struct {
		said  time.Time
		known bool
		delay time.Duration
	}{
		"400 ms ago":           {now.Add(-400 * time.Millisecond), true, 400 * time.Millisecond},
		"just agrees":          {now.Add(-990 * time.Millisecond), true, 990 * time.Millisecond},
		"a second behind":      {now.Add(-1010 * time.Millisecond), false, 0},
		"a little in front":    {now.Add(100 * time.Millisecond), true, 0},
		"a second in front":    {now.Add(1010 * time.Millisecond), false, 0},
		"since it was started": {time.Date(1970, 1, 1, 0, 3, 0, 900_000_000, time.UTC), false, 0},
		"no clock at all":      {time.Date(1900, 1, 1, 0, 0, 0, 900_000_000, time.UTC), false, 0},
	} {
		r := &reports{rate: 90000, unit: standard}
		r.report(ntpOf(tc.said), 1000, now)
		got := r.of(1000, now)
		if got.Known != tc.known || (got.Delay-tc.delay).Abs() > time.Microsecond {
			t.Errorf("%s: %+v", name, got)
		}
	}
	r := &reports{rate: 90000, unit: standard}
	r.report(ntpOf(now.Add(-300*time.Millisecond)), 0xffff_ff00, now)
	if got := r.of(89744, now.Add(1100*time.Millisecond)); !got.Known || (got.Delay-400*time.Millisecond).Abs() > time.Microsecond {
		t.Errorf("a second later, across the wrap: %+v", got)
	}
	if got := r.of(12345678, now); got.Known {
		t.Errorf("timestamps that do not run as the clock does: %+v", got)
	}
}

// What is built with the RTSP library writes nanoseconds where a fraction belongs.
func TestReportsOfNanosecondsAreFoundOut(t *testing.T) {
	start := time.Date(2026, 6, 18, 19, 4, 7, 50_000_000, time.UTC)
	nanos := func(t time.Time) uint64 { return uint64(t.Unix()+2208988800)<<32 | uint64(t.Nanosecond()) }
	for name, tc := range map[string]struct {
		write func(time.Time) uint64
		step  time.Duration
		want  fraction
	}{
		"nanoseconds":                  {nanos, 1040 * time.Millisecond, nanoseconds},
		"fractions":                    {ntpOf, 1040 * time.Millisecond, standard},
		"fractions, small ones":        {ntpOf, 5 * time.Second, unknown},
		"small ones that differ":       {ntpOf, 1005 * time.Millisecond, standard},
		"nanoseconds, never different": {nanos, 5 * time.Second, unknown},
	} {
		r := &reports{rate: 90000}
		for i := range 20 {
			at := start.Add(time.Duration(i) * tc.step)
			r.report(tc.write(at), uint32(0xffff_0000+uint64(i)*uint64(tc.step)*9/100000), at)
			if got := r.of(r.ts, at); got.Known && got.Delay > 10*time.Microsecond {
				t.Fatalf("%s: report %d reads as %v", name, i, got.Delay)
			}
		}
		if r.unit != tc.want {
			t.Errorf("%s: taken for %d", name, r.unit)
		}
	}
}

func TestRuling15_OwnDelayOfARealCamera(t *testing.T) {
	for name, tc := range map[string]struct {
		says  testcam.Reports
		known bool
		delay time.Duration
	}{
		"its clock agrees":       {testcam.Reports{Own: 400 * time.Millisecond}, true, 400 * time.Millisecond},
		"its clock is far off":   {testcam.Reports{Own: 400 * time.Millisecond, Off: time.Hour}, false, 0},
		"its clock is far back":  {testcam.Reports{Off: -30 * time.Second}, false, 0},
		"its clock is close by":  {testcam.Reports{Own: 200 * time.Millisecond, Off: -300 * time.Millisecond}, true, 500 * time.Millisecond},
		"its clock is in future": {testcam.Reports{Off: 500 * time.Millisecond}, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cam := newCam(t, testcam.Config{Main: short(t), Reports: &tc.says})
			f := newFleet(t, quick)
			f.Set(sourceOf("gate", cam))
			defer f.Hold("gate", Main)()
			state := func() LayerState { s, _ := f.State("gate"); return s.Layers[Main] }
			eventually(t, 15*time.Second, "live", func() bool { return state().Status == Live })
			if tc.known { // a camera that is late itself reports so for a second
				eventually(t, 15*time.Second, "known", func() bool { s := state(); return s.OwnKnown && (s.Own-tc.delay).Abs() <= 100*time.Millisecond })
			} else {
				at := state().Received
				eventually(t, 15*time.Second, "two seconds of pictures", func() bool { return state().Received > at+60 || state().OwnKnown })
				if s := state(); s.OwnKnown {
					t.Fatalf("believed: %v", s.Own)
				}
			}
		})
	}
}
