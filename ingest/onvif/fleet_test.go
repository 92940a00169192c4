package onvif

import (
	"context"
	"sync"
	"testing"
	"time"

	"sightline/internal/fault"
	"sightline/internal/secret"
	"sightline/internal/testcam"
)

// heard collects what a fleet reports.
type heard struct {
	mu   sync.Mutex
	list []Report
}

func (h *heard) report(_ context.Context, r Report) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, r)
}

// has reports whether a kind was told with that state: "begins", "ends" or "moment".
func (h *heard) count(kind, state string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, r := range h.list {
		is := "moment"
		if r.Active != nil && *r.Active {
			is = "begins"
		} else if r.Active != nil {
			is = "ends"
		}
		if r.Kind == kind && is == state {
			n++
		}
	}
	return n
}

func fleetOf(t *testing.T, o *testcam.ONVIF) (*Fleet, *heard) {
	t.Helper()
	h := &heard{}
	f := NewFleet(Config{Dial: dial, Report: h.report})
	t.Cleanup(f.Close)
	f.Set(Device{Camera: "c", Target: target(o), On: true})
	return f, h
}

const motion = "tns1:RuleEngine/CellMotionDetector/Motion"

func TestEventsAreHeard(t *testing.T) {
	t.Parallel()
	o := camera1(t, testcam.ONVIFConfig{User: user, Password: password, Profiles: twoStreams("127.0.0.1:1"), Skew: time.Hour, Says: "10.9.8.7"})
	f, h := fleetOf(t, o)
	eventually(t, "a listener", func() bool { return o.Listeners() == 1 })
	o.Emit(testcam.ONVIFEvent{Topic: motion, Source: "a", Name: "IsMotion", Value: "true"})
	o.Emit(testcam.ONVIFEvent{Topic: motion, Source: "b", Name: "IsMotion", Value: "true"})
	o.Emit(testcam.ONVIFEvent{Topic: motion, Source: "a", Name: "IsMotion", Value: "false"})
	o.Emit(testcam.ONVIFEvent{Topic: "tns1:Device/Trigger/tns1:DigitalInput", Source: "1", Name: "LogicalState", Value: "1"})
	o.Emit(testcam.ONVIFEvent{Topic: "tns1:RuleEngine/LineDetector/Crossed", Source: "l", Name: "ObjectId", Value: "77"})
	o.Emit(testcam.ONVIFEvent{Topic: "tns1:Monitoring/ProcessorUsage", Name: "Value", Value: "1"})
	eventually(t, "the reports", func() bool {
		return h.count(Motion, "begins") == 2 && h.count(Input, "begins") == 1 && h.count(Motion, "moment") == 1
	})
	if h.count(Motion, "ends") != 0 {
		t.Fatal("motion ended while another region still sees it")
	}
	o.Emit(testcam.ONVIFEvent{Topic: motion, Source: "b", Name: "IsMotion", Value: "0"})
	eventually(t, "the end", func() bool { return h.count(Motion, "ends") == 1 })

	o.Forget() // as after a restart: the next pull fails, and a new subscription follows
	o.Emit(testcam.ONVIFEvent{Topic: motion, Source: "a", Name: "IsMotion", Value: "true"})
	eventually(t, "another listener", func() bool { return o.Listeners() == 1 })
	pulls := o.Asked("PullMessages")
	o.Emit(testcam.ONVIFEvent{Topic: "tns1:AudioAnalytics/Audio/DetectedSound", Source: "m", Name: "IsSoundDetected", Value: "true"})
	eventually(t, "that it listens", func() bool { return o.Asked("PullMessages") > pulls && h.count(Sound, "begins") == 1 })

	f.Close() // gives the subscription back, and ends what goes on
	if o.Listeners() != 0 {
		t.Fatal("the subscription was left behind")
	}
	if h.count(Input, "ends") == 0 || h.count(Sound, "ends") != 1 {
		t.Fatal("what nobody listens to any more goes on")
	}
}

func TestFloodOfEventsIsBounded(t *testing.T) {
	t.Parallel()
	o := camera1(t, testcam.ONVIFConfig{User: user, Password: password})
	_, h := fleetOf(t, o)
	eventually(t, "a listener", func() bool { return o.Listeners() == 1 })
	for range 300 {
		o.Emit(testcam.ONVIFEvent{Topic: "tns1:RuleEngine/LineDetector/Crossed"})
	}
	o.Emit(testcam.ONVIFEvent{Topic: motion, Name: "IsMotion", Value: "false"})
	eventually(t, "most of it", func() bool { return o.Asked("PullMessages") > 300/pullLimit })
	if n := h.count(Motion, "moment"); n < burst || n > burst+20*perSecond {
		t.Fatalf("%d reports", n)
	}
}

func TestSteering(t *testing.T) {
	t.Parallel()
	o := camera1(t, testcam.ONVIFConfig{User: user, Password: password, Profiles: twoStreams("127.0.0.1:1"), Range: 100})
	f, _ := fleetOf(t, o)
	st, err := f.Steering(t.Context(), "c", true)
	if err != nil || !st.PanTilt || !st.Zoom || !st.Home || len(st.Presets) != 2 || st.Presets[0] != (Preset{"1", "Entrance"}) {
		t.Fatalf("%+v %v", st, err)
	}
	if err := f.Move(t.Context(), "c", Velocity{Pan: 1, Tilt: -0.5}, time.Minute); err != nil { // longer than anybody looks
		t.Fatal(err)
	}
	eventually(t, "a movement", func() bool { p, moving := o.Position(); return moving && p.Pan > 0.05 && p.Tilt < 0 })
	if err := f.Stop(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	if _, moving := o.Position(); moving {
		t.Fatal("it did not stop")
	}
	if err := f.Goto(t.Context(), "c", "2"); err != nil {
		t.Fatal(err)
	}
	if p, _ := o.Position(); p != (testcam.Position{Pan: 0.75, Tilt: -0.5}) {
		t.Fatalf("at %+v", p)
	}
	if err := f.Goto(t.Context(), "c", "9"); err == nil {
		t.Fatal("went to a preset that is not there")
	}
	// The second net: nobody says stop, and it stops by itself.
	if err := f.Move(t.Context(), "c", Velocity{Zoom: 1}, time.Second); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	eventually(t, "an end by itself", func() bool { _, moving := o.Position(); return !moving })
	if d := time.Since(began); d > 20*time.Second {
		t.Fatalf("after %v", d)
	}
}

func TestFixedCameraCannotBeSteered(t *testing.T) {
	o := camera1(t, testcam.ONVIFConfig{User: user, Password: password, Profiles: twoStreams("127.0.0.1:1"), NoPTZ: true})
	f, _ := fleetOf(t, o)
	if !f.MaySteer("c") || f.MaySteer("other") {
		t.Fatal("nobody has asked yet")
	}
	if _, err := f.Steering(t.Context(), "c", false); fault.Code(err) != CodeNoPTZ {
		t.Fatalf("%v", err)
	}
	if f.MaySteer("c") {
		t.Fatal("it said that it cannot")
	}
}

func TestWrongPasswordIsNotRepeated(t *testing.T) {
	t.Parallel()
	o := camera1(t, testcam.ONVIFConfig{User: user, Password: password})
	h := &heard{}
	f := NewFleet(Config{Dial: dial, Report: h.report})
	defer f.Close()
	tg := target(o)
	tg.Password = secret.New("old")
	f.Set(Device{Camera: "c", Target: tg, On: true})
	eventually(t, "a refusal", func() bool { return o.Refused() > 0 })
	if d := wait(classLogin, 0); d < 45*time.Second || d > 75*time.Second {
		t.Fatalf("asked again after %v", d)
	}
	f.Set(Device{Camera: "c", Target: target(o), On: true}) // a new password is tried at once
	eventually(t, "a listener", func() bool { return o.Listeners() == 1 })
}
