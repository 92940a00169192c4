package archive

import (
	"sync"
	"testing"
	"time"

	"sightline/authz"
	"sightline/ingest"
	"sightline/internal/clock"
	"sightline/internal/testcam"
	"sightline/sfu"
)

// fakeCamera plays a key frame and the picture after it again and again on a clock
// of its own that runs as fast as the disk takes it.
type fakeCamera struct {
	take   *take
	sink   *videoSink
	frames []sfu.Frame
	format sfu.Format
	mono   int64
}

func newFakeCamera(t testing.TB, a *Archive, id string, frames []sfu.Frame, format sfu.Format) *fakeCamera {
	t.Helper()
	if err := a.SetPolicy(id, Policy{}, nil); err != nil {
		t.Fatal(err)
	}
	k := &take{r: a.recorder(id), layer: Main, writes: true, release: func() {}}
	k.mux = mux{out: k, clock: a.cfg.Clock, segment: int64(a.cfg.Segment) * 9 / 1e5, fragment: int64(a.cfg.Fragment) * 9 / 1e5}
	return &fakeCamera{take: k, sink: &videoSink{t: k, s: sfu.NewStream(sfu.StreamConfig{})}, frames: frames[:2], format: format, mono: clock.Mono()}
}

// play records so long, two pictures a second.
func (c *fakeCamera) play(d time.Duration) {
	for end := c.mono + int64(d); c.mono < end; {
		for _, f := range c.frames {
			f.Mono, f.TS = c.mono, uint32(c.mono/1e6*90)
			c.sink.Frame(c.format, &f)
			c.mono += int64(time.Second) / 2
		}
	}
}

// kyivAt is an archive's clock so that it is now that time of Kyiv.
func kyivAt(t testing.TB, at string) (*shifted, time.Time, *time.Location) {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Kyiv")
	if err != nil {
		t.Fatal(err)
	}
	when, err := time.ParseInLocation("2006-01-02 15:04", at, zone)
	if err != nil {
		t.Fatal(err)
	}
	c := &shifted{}
	c.shift(time.Until(when))
	return c, when, zone
}

// A night of a camera, in the long run a day and a night of three, as fast as the disk takes it, over the hour
// that is not there in spring: nothing is missing, nothing torn, the days are
// those of the zone, and what lies there decodes.
func TestADayCompressed(t *testing.T) {
	t.Parallel()
	c := clip(t, testcam.Spec{Seconds: 4, Width: 160, Height: 90, GOP: 500 * time.Millisecond})
	frames, format := framesOf(t, c)
	const length = dayHours * time.Hour
	at := "2027-03-27 23:00"
	if dayHours == 24 {
		at = "2027-03-27 12:00"
	}
	clk, begin, zone := kyivAt(t, at)
	dir := t.TempDir()
	a, err := New(Config{Sources: nobody{}, Disks: []Disk{{Path: dir}}, Reserve: 1 << 20, Clock: clk})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	cams := []string{"gate", "yard", "hall"}[:dayCameras]
	var wg sync.WaitGroup
	began := time.Now()
	for _, id := range cams {
		cam := newFakeCamera(t, a, id, frames, format)
		wg.Go(func() {
			cam.play(length)
			cam.take.stop()
		})
	}
	wg.Wait()
	t.Logf("%d hours of %d cameras took %v", dayHours, len(cams), time.Since(began))
	all := Span{begin.Add(-time.Hour), begin.Add(length + time.Hour)}
	for _, id := range cams {
		spans, err := a.Coverage(t.Context(), id, Main, all)
		if err != nil || len(spans) != 1 || (spans[0].To.Sub(spans[0].From)-length).Abs() > 3*time.Second {
			t.Fatalf("%s: %v %v", id, spans, err)
		}
		list, err := a.Segments(t.Context(), id, Main, all, 0, "")
		if err != nil || len(list) < dayHours*60 || len(list) > dayHours*60+5 {
			t.Fatalf("%s: %d segments, %v", id, len(list), err)
		}
		consistent(t, list)
		for i, s := range list[1:] {
			if !s.Continues {
				t.Errorf("%s: segment %d does not go on", id, i+1)
			}
		}
		if st := a.Status(id); st.Gaps != 0 {
			t.Errorf("%s: %+v", id, st)
		}
	}
	days, err := a.Days(t.Context(), "gate", zone)
	if err != nil || len(days) != 2 || days[0].Date != "2027-03-27" || days[1].Date != "2027-03-28" {
		t.Errorf("%+v %v", days, err)
	} else if r := float64(days[1].Bytes) / float64(days[0].Bytes); dayHours == 24 && (r < 0.97 || r > 1.03) { // twelve hours each: 0:00 to 13:00 of the second is twelve
		t.Errorf("the days hold %.3f", r)
	}
	list := files(t, dir)
	for i := 0; i < len(list); i += len(list) / 12 {
		decode(t, list[i])
	}
}

// A schedule is kept by the camera's wall clock over both changes of it: hours that
// are not there are not waited for, and those that are there twice are recorded twice.
func TestAScheduleOverTheChangesOfTheClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	w.camera("gate", short(t))
	_, _, zone := kyivAt(t, "2027-03-28 00:00")
	err := w.a.SetPolicy("gate", Policy{Mode: ModeSchedule, Hours: &authz.Schedule{Intervals: []authz.Interval{
		{Day: time.Sunday, From: 120, To: 240}, // in spring it ends at 3:00, which is 4:00; in autumn 3:00 to 4:00 is there twice
	}}}, zone)
	if err != nil {
		t.Fatal(err)
	}
	late := time.Second // so long it took to see a step of this test's clock
	for _, c := range []struct {
		at string // UTC
		on bool
	}{
		{"2027-03-27T23:59:30Z", false}, // 1:59 EET
		{"2027-03-28T00:00:30Z", true},  // 2:00
		{"2027-03-28T00:59:00Z", true},  // 2:59
		{"2027-03-28T01:00:30Z", false}, // 4:00 EEST
		{"2027-10-30T22:59:30Z", false}, // 1:59 EEST
		{"2027-10-30T23:00:30Z", true},  // 2:00
		{"2027-10-31T00:30:00Z", true},  // 3:30 EEST
		{"2027-10-31T01:30:00Z", true},  // 3:30 EET
		{"2027-10-31T02:00:30Z", false}, // 4:00 EET
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		w.clock.shift(at.Sub(w.clock.Now()))
		began := time.Now()
		poll(t, 10*time.Second, c.at, func() bool {
			spans, err := w.a.Coverage(t.Context(), "gate", Main, Span{at.Add(-time.Second), at.Add(time.Minute)})
			return err == nil && w.a.Status("gate").Recording == c.on && (len(spans) > 0 || !c.on)
		})
		if !c.on {
			late = max(late, time.Since(began))
		}
	}
	list, err := w.a.Segments(t.Context(), "gate", Main, Span{time.Date(2027, 3, 1, 0, 0, 0, 0, zone), time.Date(2027, 11, 30, 0, 0, 0, 0, zone)}, 0, "")
	if err != nil || len(list) < 4 {
		t.Fatalf("%d segments, %v", len(list), err)
	}
	consistent(t, list)
	for _, s := range list {
		if local := s.From.In(zone); (local.Hour() < 2 || local.Hour() > 3) && s.To.Sub(s.From) > late+time.Second {
			t.Errorf("it recorded at %v", local)
		}
	}
	w.end()
	for _, f := range files(t, w.disk()) {
		decode(t, f)
	}
}

// A camera that is set to another codec goes on in segments of the other, and what
// came before stays readable.
func TestAnotherCodecIsAnotherSegment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	var cams [2]*testcam.Camera
	for i, codec := range []string{testcam.H264, testcam.H265} {
		c, err := testcam.New(testcam.Config{Main: clip(t, testcam.Spec{Seconds: 4, Width: 320, Height: 180, GOP: 500 * time.Millisecond, Codec: codec})})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		cams[i] = c
	}
	w.fleet.Set(ingest.Source{ID: "gate", Main: cams[0].Main(), Enabled: true})
	w.record("gate", Policy{})
	for i, c := range []*testcam.Camera{cams[1], cams[0]} {
		poll(t, 20*time.Second, "a segment more", func() bool {
			list := w.segments("gate")
			return len(heads(list)) == i+1 && len(list[len(list)-1].Fragments) > 1
		})
		w.fleet.Set(ingest.Source{ID: "gate", Main: c.Main(), Enabled: true})
	}
	poll(t, 20*time.Second, "the first codec again", func() bool { return len(heads(w.segments("gate"))) == 3 })
	list := w.segments("gate")
	consistent(t, list)
	if h := heads(list); h[0].Init != h[2].Init || h[1].Continues || h[2].Continues {
		t.Errorf("%+v", list)
	}
	w.end()
	for _, f := range files(t, w.disk()) {
		decode(t, f)
	}
}
