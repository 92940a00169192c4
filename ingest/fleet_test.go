package ingest

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/internal/testcam"
	"sightline/sfu"
)

func TestPullsOverTCPAndUDPWithEveryLogin(t *testing.T) {
	t.Parallel()
	c := short(t)
	for name, v := range map[string]struct {
		cfg testcam.Config
		udp bool
	}{
		"tcp":        {cfg: testcam.Config{}},
		"udp":        {udp: true},
		"digest":     {cfg: testcam.Config{User: "admin", Password: "p@ss:w/rd"}},
		"basic":      {cfg: testcam.Config{User: "admin", Password: "p@ss", Basic: true}},
		"digest udp": {cfg: testcam.Config{User: "admin", Password: "p@ss"}, udp: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v.cfg.Main = c
			cam := newCam(t, v.cfg)
			f := newFleet(t, quick)
			s := withLogin(sourceOf("a", cam), v.cfg.User, v.cfg.Password)
			if v.udp {
				s.Transport = "udp"
			}
			f.Set(s)
			st, _ := f.Streams("a")
			k := take(t, st.Video[Main])
			frames := k.wait(t, 60, 20*time.Second)
			checkFrames(t, sfu.H264, frames)
			ls := waitStatus(t, f, "a", Main, Live, 5*time.Second)
			decodes(t, sfu.H264, onlyWholeGroups(frames, v.udp && ls.Lost > 0)) // a busy machine loses some
			if ls.Format.Width != 320 || ls.Format.Height != 180 || !strings.HasPrefix(ls.Format.Profile, "4d") || ls.Format.BFrames {
				t.Errorf("format %+v", ls.Format)
			}
			if ls.Reason != "" || ls.Attempt != 0 || ls.LastFrame.IsZero() {
				t.Errorf("state %+v", ls)
			}
			eventually(t, 5*time.Second, "the key interval", func() bool {
				every := f.layer("a", Main).KeyInterval
				return every > 100*time.Millisecond && every < 1500*time.Millisecond
			})
		})
	}
}

func TestOnePullALayerIsSharedAndMainLingers(t *testing.T) {
	t.Parallel()
	c := short(t)
	cam := newCam(t, testcam.Config{Main: c, Sub: c})
	f := New(Config{Guard: loopGuard(), Timing: quick, MainLinger: 3 * time.Second})
	t.Cleanup(f.Close)
	f.Set(Source{ID: "a", Main: cam.Main(), Sub: cam.Sub(), Enabled: true})
	waitStatus(t, f, "a", Sub, Live, 15*time.Second)
	if s := f.status("a", Main); s != Idle {
		t.Fatalf("main is %s although nobody wants it", s)
	}
	var release []func()
	for range 5 {
		release = append(release, f.Hold("a", Main))
	}
	waitStatus(t, f, "a", Main, Live, 15*time.Second)
	if n := cam.Viewers(); n != 2 {
		t.Fatalf("camera has %d sessions, want 2", n)
	}
	k := follow(t, f, "a", Main)
	began := time.Now()
	for _, r := range release {
		r()
		r() // idempotent
	}
	k.next(t, Idle, 20*time.Second)
	if d := time.Since(began); d < 3*time.Second {
		t.Fatalf("main was left %v after the last release", d)
	}
	eventually(t, 10*time.Second, "main closed at the camera", func() bool { return cam.Viewers() == 1 })
	if s := f.status("a", Sub); s != Live {
		t.Fatalf("sub is %s", s)
	}
}

func TestParameterSetsStandBeforeEachKeyFrame(t *testing.T) {
	t.Parallel()
	c := short(t)
	for name, cfg := range map[string]testcam.Config{
		"only in the SDP": {SDPOnly: true}, "only in band": {InBand: true}, "both": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg.Main = c
			cam := newCam(t, cfg)
			f := newFleet(t, quick)
			f.Set(sourceOf("a", cam))
			st, _ := f.Streams("a")
			frames := take(t, st.Video[Main]).wait(t, 40, 20*time.Second)
			checkFrames(t, sfu.H264, frames)
			decodes(t, sfu.H264, frames)
		})
	}
}

func TestLoopEndAndTimestampsRunOn(t *testing.T) {
	t.Parallel()
	c := clip(t, testcam.Spec{Seconds: 1, Width: 320, Height: 180, GOP: 500 * time.Millisecond})
	cam := newCam(t, testcam.Config{Main: c})
	f := newFleet(t, quick)
	f.Set(sourceOf("a", cam))
	st, _ := f.Streams("a")
	frames := take(t, st.Video[Main]).wait(t, 80, 20*time.Second) // three loops
	for i := 1; i < len(frames); i++ {
		if d := int32(frames[i].TS - frames[i-1].TS); d < 3600-1200 || d > 3600+1200 {
			t.Errorf("frame %d: timestamp steps by %d, want about 3600", i, d)
		}
	}
}

func TestKilledAndRestartedCameraKeepsItsStream(t *testing.T) {
	t.Parallel()
	cam := newCam(t, testcam.Config{Main: short(t)})
	f := newFleet(t, quick)
	f.Set(sourceOf("a", cam))
	st, _ := f.Streams("a")
	k, is, still := take(t, st.Video[Main]), follow(t, f, "a", Main), pauses(t)
	k.wait(t, 10, 15*time.Second)

	cam.Kill()
	is.next(t, Reconnecting, 5*time.Second)
	is.next(t, Live, 15*time.Second)

	cam.Stop()
	is.next(t, Reconnecting, 5*time.Second)
	is.next(t, Offline, 15*time.Second)
	if off := waitOffline(t, f, "a", Main, "nothing listens", 15*time.Second); off.Reason != sfu.ReasonCameraUnreachable || off.Attempt == 0 {
		t.Errorf("offline says %+v", off)
	}
	n := k.count()
	if err := cam.Restart(); err != nil {
		t.Fatal(err)
	}
	is.next(t, Live, 15*time.Second)
	frames := k.wait(t, n+20, 15*time.Second)
	checkFrames(t, sfu.H264, frames)
	if st2, _ := f.Streams("a"); st2 != st {
		t.Error("streams are other objects after an outage")
	}
	if !frames[n].Key {
		t.Error("the first frame after the outage is no key frame")
	}
	gap := time.Duration(int32(frames[n].TS-frames[n-1].TS)) * time.Second / 90000
	real := time.Duration(frames[n].Mono - frames[n-1].Mono)
	slack := 200 * time.Millisecond // and what the frames on either side were late
	slack += still.In(when(frames[n-1].Mono).Add(-2*time.Second), when(frames[n].Mono).Add(time.Millisecond))
	if gap < real-slack || gap > real+slack {
		t.Errorf("timestamps step by %v over an outage of %v", gap, real)
	}
}

func TestHangingCameraIsLeftAndTakenBack(t *testing.T) {
	t.Parallel()
	cam := newCam(t, testcam.Config{Main: short(t)})
	tm := quick
	tm.MediaSilence = 2 * time.Second
	f := newFleet(t, tm)
	f.Set(sourceOf("a", cam))
	waitStatus(t, f, "a", Main, Live, 15*time.Second)
	is := follow(t, f, "a", Main)
	cam.Hang(true)
	s := is.next(t, Reconnecting, 8*time.Second)
	if s.Reason != sfu.ReasonStalled {
		t.Errorf("reason %q", s.Reason)
	}
	cam.Hang(false)
	waitStatus(t, f, "a", Main, Live, 15*time.Second)
}

func TestHostileCameras(t *testing.T) {
	t.Parallel()
	tm := quick
	tm.Handshake = time.Second
	for name, v := range map[string]struct {
		fault  testcam.Fault
		detail string
	}{
		"silent":  {testcam.Silent, "does not answer in time"},
		"drip":    {testcam.Drip, "no RTSP camera"},
		"garbage": {testcam.Garbage, "no RTSP camera"},
		"web":     {testcam.Web, "no RTSP camera"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cam := newCam(t, testcam.Config{Fault: v.fault, Main: short(t)})
			f := newFleet(t, tm)
			f.Set(sourceOf("a", cam))
			s := waitOffline(t, f, "a", Main, v.detail, 15*time.Second)
			if s.Reason != sfu.ReasonCameraUnreachable {
				t.Errorf("state %+v", s)
			}
			if err := cam.SetFault(testcam.Good); err != nil {
				t.Fatal(err)
			}
			waitStatus(t, f, "a", Main, Live, 15*time.Second)
		})
	}
}

func TestWrongPasswordIsTriedSlowlyAndTold(t *testing.T) {
	t.Parallel()
	cam := newCam(t, testcam.Config{Main: short(t), User: "admin", Password: "right"})
	f := newFleet(t, quick)
	began := time.Now()
	f.Set(withLogin(sourceOf("a", cam), "admin", "wrong"))
	s := waitOffline(t, f, "a", Main, "password", 15*time.Second)
	if s.Reason != sfu.ReasonCameraLogin || s.Next.Sub(began) < 30*time.Second {
		t.Fatalf("state %+v, next in %v", s, time.Until(s.Next))
	}
	n := cam.Connects()
	f.TryNow("a") // once is allowed
	eventually(t, 10*time.Second, "a try", func() bool { return cam.Connects() == n+1 })
	waitStatus(t, f, "a", Main, Offline, 15*time.Second)
	f.TryNow("a") // not again so soon
	f.Set(withLogin(sourceOf("a", cam), "admin", "right"))
	waitStatus(t, f, "a", Main, Live, 15*time.Second)
	if got := cam.Connects(); got != n+2 {
		t.Errorf("%d connections, want %d", got-n, 2)
	}
}

func TestTryNowEndsAWait(t *testing.T) {
	t.Parallel()
	tm := quick
	tm.RetryFirst, tm.RetryMax = time.Hour, time.Hour
	cam := newCam(t, testcam.Config{Main: short(t)})
	cam.Stop()
	f := newFleet(t, tm)
	f.Set(sourceOf("a", cam))
	eventually(t, 15*time.Second, "a wait", func() bool { s, _ := f.State("a"); return !s.Layers[Main].Next.IsZero() })
	if err := cam.Restart(); err != nil {
		t.Fatal(err)
	}
	f.TryNow("a")
	waitStatus(t, f, "a", Main, Live, 15*time.Second)
}

func TestChangeOfAddressKeepsStreamsAndUnchangedLayers(t *testing.T) {
	t.Parallel()
	c := short(t)
	one, two := newCam(t, testcam.Config{Main: c, Sub: c}), newCam(t, testcam.Config{Main: c})
	f := newFleet(t, quick)
	s := Source{ID: "a", Main: one.Main(), Sub: one.Sub(), Enabled: true}
	f.Set(s)
	defer f.Hold("a", Main)()
	waitStatus(t, f, "a", Sub, Live, 15*time.Second)
	waitStatus(t, f, "a", Main, Live, 15*time.Second)
	st, _ := f.Streams("a")
	k := take(t, st.Video[Main])
	s.Main = two.Main()
	f.Set(s)
	eventually(t, 15*time.Second, "the other camera is pulled", func() bool { return two.Viewers() == 1 && one.Viewers() == 1 })
	waitStatus(t, f, "a", Main, Live, 15*time.Second)
	checkFrames(t, sfu.H264, dropUntilKey(k.wait(t, k.count()+20, 15*time.Second)))
	if st2, _ := f.Streams("a"); st2 != st {
		t.Error("streams are other objects")
	}
	if one.Connects() != 2 { // sub and main, each once
		t.Errorf("the unchanged layer was disturbed: %d connections", one.Connects())
	}
	s.Sub = ""
	f.Set(s)
	if st, _ := f.Streams("a"); st.Video[Sub] != nil || st.Video[Main] == nil {
		t.Error("streams after the sub layer went")
	}
	s.Enabled = false
	f.Set(s)
	waitStatus(t, f, "a", Main, Idle, 20*time.Second)
	f.Remove("a")
	if _, ok := f.Streams("a"); ok || !k.ended() {
		t.Error("removed camera still has streams")
	}
}

func dropUntilKey(f []sfu.Frame) []sfu.Frame {
	for len(f) > 0 && !f[0].Key {
		f = f[1:]
	}
	return f
}

func TestSoundPassesAndOtherCodecsAreNamed(t *testing.T) {
	t.Parallel()
	video := testcam.Spec{Seconds: 4, Width: 320, Height: 180, GOP: 500 * time.Millisecond}
	pcm, aac := video, video
	pcm.Sound, aac.Sound = testcam.PCMU, testcam.AAC
	a, b := newCam(t, testcam.Config{Main: clip(t, pcm)}), newCam(t, testcam.Config{Main: clip(t, aac)})
	f := newFleet(t, quick)
	f.Set(sourceOf("a", a))
	f.Set(sourceOf("b", b))
	st, _ := f.Streams("a")
	frames := take(t, st.Audio).wait(t, 100, 20*time.Second)
	for i := 1; i < len(frames); i++ {
		if d := frames[i].TS - frames[i-1].TS; d != 160 {
			t.Fatalf("sound packet %d: timestamp steps by %d", i, d)
		}
	}
	if s, _ := f.State("a"); !s.Audio {
		t.Error("sound is not told")
	}
	if got, _ := st.Audio.Format(); got.Codec != sfu.PCMU || got.ClockRate != 8000 {
		t.Errorf("format %+v", got)
	}
	waitStatus(t, f, "b", Main, Live, 15*time.Second)
	if s, _ := f.State("b"); s.Audio || !strings.Contains(s.AudioNote, "MPEG-4 Audio") {
		t.Errorf("AAC is told as %+v", s)
	}
}

func TestBFramesAreToldAndH265Passes(t *testing.T) {
	t.Parallel()
	base := testcam.Spec{Seconds: 4, Width: 320, Height: 180, GOP: time.Second}
	bf, hevc := base, base
	bf.BFrames = 2
	hevc.Codec = testcam.H265
	a, b := newCam(t, testcam.Config{Main: clip(t, bf)}), newCam(t, testcam.Config{Main: clip(t, hevc), SDPOnly: true})
	f := newFleet(t, quick)
	f.Set(sourceOf("a", a))
	f.Set(sourceOf("b", b))
	eventually(t, 15*time.Second, "b_frames", func() bool {
		s, _ := f.State("a")
		return s.Layers[Main].Status == Live && s.Layers[Main].Reason == sfu.ReasonBFrames
	})
	eventually(t, 15*time.Second, "BFrames in the format", func() bool {
		s, _ := f.State("a")
		return s.Layers[Main].Format.BFrames
	})
	st, _ := f.Streams("b")
	frames := take(t, st.Video[Main]).wait(t, 60, 20*time.Second)
	checkFrames(t, sfu.H265, frames)
	decodes(t, sfu.H265, frames)
	if got, _ := st.Video[Main].Format(); got.Codec != sfu.H265 || got.Width != 320 || got.Height != 180 || got.BFrames {
		t.Errorf("format %+v", got)
	}
}

func TestSizeAndCodecMayChange(t *testing.T) {
	t.Parallel()
	small := short(t)
	big := clip(t, testcam.Spec{Seconds: 2, Width: 640, Height: 360, GOP: 500 * time.Millisecond})
	hevc := clip(t, testcam.Spec{Seconds: 4, Width: 320, Height: 180, GOP: time.Second, Codec: testcam.H265})
	cam := newCam(t, testcam.Config{Main: small})
	f := newFleet(t, quick)
	f.Set(sourceOf("a", cam))
	waitStatus(t, f, "a", Main, Live, 15*time.Second)
	for _, c := range []*testcam.Clip{big, hevc, small} {
		if err := cam.Play(c, nil); err != nil {
			t.Fatal(err)
		}
		eventually(t, 15*time.Second, "the new format", func() bool {
			s, _ := f.State("a")
			l := s.Layers[Main]
			return l.Status == Live && l.Format.Width == c.Width && string(l.Format.Codec) == c.Codec
		})
	}
}

func TestTenSecondsBetweenKeyFrames(t *testing.T) {
	t.Parallel()
	c := clip(t, testcam.Spec{Seconds: 20, Width: 320, Height: 180, GOP: 10 * time.Second, Kbits: 100})
	cam := newCam(t, testcam.Config{Main: c})
	tm := quick
	tm.KeySilence, tm.MediaSilence = 30*time.Second, 15*time.Second
	f := newFleet(t, tm)
	f.Set(sourceOf("a", cam))
	waitStatus(t, f, "a", Main, Live, 20*time.Second)
	eventually(t, 115*time.Second, "the measured interval", func() bool {
		s, _ := f.State("a")
		l := s.Layers[Main]
		return l.KeyInterval > 9500*time.Millisecond && l.KeyInterval < 10500*time.Millisecond
	})
	if s, _ := f.State("a"); s.Layers[Main].Status != Live {
		t.Fatalf("state %+v", s.Layers[Main])
	}
}

func TestWatchTellsEveryStep(t *testing.T) {
	t.Parallel()
	cam := newCam(t, testcam.Config{Main: short(t)})
	f := newFleet(t, quick)
	seen := make(chan Status, 1000)
	stop := f.Watch(func(id string, s CameraState) {
		if id == "a" {
			seen <- s.Layers[Main].Status
		}
	})
	f.Set(sourceOf("a", cam))
	next := func(want Status) {
		t.Helper()
		limit := time.After(time.Minute)
		for {
			select {
			case s := <-seen:
				if s == want {
					return
				}
			case <-limit:
				t.Fatalf("%s was not told", want)
			}
		}
	}
	next(Connecting)
	next(Live)
	cam.Kill()
	next(Reconnecting)
	next(Live)
	cam.Stop()
	next(Reconnecting)
	next(Offline)
	stop()
	for len(seen) > 0 {
		<-seen
	}
	f.Remove("a")
	if len(seen) != 0 {
		t.Error("told after stop")
	}
}

func TestPanicEndsOneSessionOnly(t *testing.T) {
	t.Parallel()
	c := short(t)
	a, b := newCam(t, testcam.Config{Main: c}), newCam(t, testcam.Config{Main: c})
	f := newFleet(t, quick)
	f.Set(sourceOf("a", a))
	f.Set(sourceOf("b", b))
	waitStatus(t, f, "a", Main, Live, 15*time.Second)
	waitStatus(t, f, "b", Main, Live, 15*time.Second)
	p := f.camera("a").layers()[Main]
	boom := false
	remove := p.stream.AddSink(sinkFunc(func() { // on the goroutine of the session that is under way
		p.mu.Lock()
		s := p.sess
		p.mu.Unlock()
		if s != nil && !boom {
			boom = true
			s.norm.emit = nil // the next picture of this session panics
		}
	}))
	defer remove()
	eventually(t, 10*time.Second, "the panic is counted", func() bool { return f.failures.snapshot()[classPanic] == 1 })
	waitStatus(t, f, "a", Main, Live, 20*time.Second)
	if b.Connects() != 1 || f.status("b", Main) != Live {
		t.Error("the other camera was disturbed")
	}
}

func TestMetricsStayFew(t *testing.T) {
	t.Parallel()
	c := short(t)
	cam := newCam(t, testcam.Config{Main: c, Sub: c})
	reg := prometheus.NewRegistry()
	f := New(Config{Guard: loopGuard(), Timing: quick, Registerer: reg})
	defer f.Close()
	f.Set(Source{ID: "a", Main: cam.Main(), Sub: cam.Sub(), Enabled: true})
	waitStatus(t, f, "a", Sub, Live, 15*time.Second)
	count := func() (n int) {
		fam, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range fam {
			for _, x := range m.Metric {
				for _, l := range x.Label {
					if l.GetName() == "camera" {
						n++
					}
				}
			}
		}
		return n
	}
	if n := count(); n == 0 || n > 20 {
		t.Errorf("%d series for one camera", n)
	}
	f.Remove("a")
	if n := count(); n != 0 {
		t.Errorf("%d series left", n)
	}
}

type sinkFunc func()

func (f sinkFunc) Frame(sfu.Format, *sfu.Frame) { f() }
func (f sinkFunc) Closed()                      {}
