package ingest

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"sightline/internal/fault"
	"sightline/internal/testcam"
	"sightline/internal/testport"
)

func TestProbeTellsWhatACameraSends(t *testing.T) {
	t.Parallel()
	main := clip(t, testcam.Spec{Seconds: 4, Width: 640, Height: 360, GOP: 2 * time.Second, Sound: testcam.PCMU, Profile: "high"})
	cam := newCam(t, testcam.Config{Main: main, Sub: short(t), User: "u", Password: "p"})
	s := withLogin(Source{Main: cam.Main(), Sub: cam.Sub()}, "u", "p")
	r := probe(t.Context(), time.Minute, rtspDial, loopGuard(), nil, s) // a busy machine sees two key frames later
	m := r.Main
	if !m.OK || m.Err != nil || m.Codec != "h264" || m.Profile != "High" || m.Width != 640 || m.Height != 360 || m.Audio != "pcmu" || m.BFrames {
		t.Errorf("main %+v", m)
	}
	if m.FPS < 24 || m.FPS > 26 || m.KeyInterval < 1900*time.Millisecond || m.KeyInterval > 2100*time.Millisecond {
		t.Errorf("main has %.2f pictures a second, key interval %v", m.FPS, m.KeyInterval)
	}
	if r.Sub == nil || !r.Sub.OK || r.Sub.Width != 320 || r.Sub.KeyInterval < 450*time.Millisecond || r.Sub.KeyInterval > 550*time.Millisecond {
		t.Errorf("sub %+v", r.Sub)
	}
	eventually(t, 3*time.Second, "the test leaves no session", func() bool { return cam.Viewers() == 0 })
}

func TestProbeSaysPreciselyWhyNot(t *testing.T) {
	t.Parallel()
	port, free, err := testport.Hold()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(free)
	unused := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	good := short(t)
	cam := newCam(t, testcam.Config{Main: good, User: "u", Password: "p", TCPOnly: true})
	open := newCam(t, testcam.Config{Main: good, TCPOnly: true})
	hang := newCam(t, testcam.Config{Main: good})
	hang.Hang(true)
	secure := newCam(t, testcam.Config{Main: good, TLS: true})
	away := newCam(t, testcam.Config{Main: good, Redirect: "rtsp://127.0.0.1:1/main"})
	loop := newCam(t, testcam.Config{Main: good})
	round := newCam(t, testcam.Config{Main: good, Redirect: loop.Main()})
	for name, v := range map[string]struct {
		s    Source
		code string
		says string
	}{
		"refused":     {Source{Main: "rtsp://" + unused + "/x"}, CodeRefused, "nothing listens"},
		"no password": {Source{Main: cam.Main()}, CodeLogin, "asks for a user name"},
		"wrong":       {withLogin(Source{Main: cam.Main()}, "u", "wrong"), CodeLogin, "refuses this user name or password"},
		"path":        {Source{Main: strings.TrimSuffix(open.Main(), "main") + "other"}, CodeNotCamera, "404"},
		"udp refused": {Source{Main: open.Main(), Transport: "udp"}, CodeNotCamera, "transport"},
		"silent":      {Source{Main: newCam(t, testcam.Config{Fault: testcam.Silent}).Main()}, CodeTimeout, "in time"},
		"drip":        {Source{Main: newCam(t, testcam.Config{Fault: testcam.Drip}).Main()}, CodeNotCamera, "no RTSP camera"},
		"garbage":     {Source{Main: newCam(t, testcam.Config{Fault: testcam.Garbage}).Main()}, CodeNotCamera, "no RTSP camera"},
		"web":         {Source{Main: newCam(t, testcam.Config{Fault: testcam.Web}).Main()}, CodeNotCamera, "no RTSP camera"},
		"no picture":  {Source{Main: hang.Main()}, CodeTimeout, "no pictures"},
		"certificate": {Source{Main: secure.Main()}, CodeNotCamera, secure.Fingerprint()},
		"other pin":   {Source{Main: secure.Main(), Fingerprint: strings.Repeat("ab", 32)}, CodeNotCamera, secure.Fingerprint()},
		"redirect":    {Source{Main: away.Main()}, CodeNotCamera, "another address"},
		"redirect 2":  {Source{Main: round.Main()}, CodeNotCamera, "another address"},
		"bad url":     {Source{Main: "http://127.0.0.1/"}, fault.CodeBadURL, "rtsp://"},
		"denied":      {Source{Main: "rtsp://169.254.169.254/latest"}, fault.CodeAddressDenied, "no camera may be on"},
		"unlisted":    {Source{Main: "rtsp://10.1.2.3/x"}, fault.CodeAddressDenied, "not listed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			r := Probe(t.Context(), loopGuard(), v.s).Main
			if r.OK || r.Err == nil || r.Err.Code != v.code || !strings.Contains(r.Err.Msg, v.says) || r.Err.Field != "main" {
				t.Errorf("%+v: %v", r, r.Err)
			}
			if d := time.Since(began); d > 30*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
	t.Cleanup(func() {
		if loop.Connects() != 0 {
			t.Error("a redirect to another port was followed")
		}
	})
}

func TestTLSWithAPinnedCertificate(t *testing.T) {
	t.Parallel()
	cam := newCam(t, testcam.Config{Main: short(t), TLS: true, User: "u", Password: "p", Basic: true})
	f := newFleet(t, quick)
	s := withLogin(sourceOf("a", cam), "u", "p")
	s.Fingerprint = strings.ToUpper(cam.Fingerprint())
	f.Set(s)
	st, _ := f.Streams("a")
	frames := take(t, st.Video[Main]).wait(t, 30, 20*time.Second)
	checkFrames(t, "h264", frames)
	decodes(t, "h264", frames)
}

func TestUnsupportedVideoIsNamed(t *testing.T) {
	t.Parallel()
	src := &fakeSource{tracks: []track{{Kind: 0, Name: "M-JPEG", Rate: 90000}}, ended: make(chan struct{})}
	dial := func(context.Context, *Guard, target, limits) (source, bool, error) { return src, true, nil }
	r := probe(t.Context(), probeLimit, dial, loopGuard(), nil, Source{Main: "rtsp://127.0.0.1/x"}).Main
	if r.Err == nil || r.Err.Code != CodeCodec || !strings.Contains(r.Err.Msg, "M-JPEG") {
		t.Errorf("%+v", r)
	}
}

// Outside the listed networks an open, a closed and a silent port read the same
// and take the same time (threat T12).
func TestOutsideEveryFailureReadsTheSame(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]*attemptError{
		"refused": {class: classRefused}, "filtered": {class: classNoRoute}, "web": {class: classNotCamera}, "silent": {class: classTimeout}, "closes": {class: classLost},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dial := func(ctx context.Context, _ *Guard, _ target, _ limits) (source, bool, error) {
				if e.class == classTimeout || e.class == classNoRoute {
					<-ctx.Done()
				}
				return nil, false, e
			}
			g := NewGuard(GuardConfig{OwnAddrs: func() []netip.Addr { return nil }})
			began, still := time.Now(), pauses(t)
			r := probe(t.Context(), probeLimit, dial, g, nil, Source{Main: "rtsp://8.8.8.8/x"}).Main
			d := time.Since(began)
			if d < coarseLimit-10*time.Millisecond || d-still.In(began, began.Add(d)) > coarseLimit+2*time.Second {
				t.Errorf("took %v", d)
			}
			if r.Err == nil || r.Err.Code != CodeUnreachable {
				t.Fatalf("%+v", r)
			}
			if r.Err.Msg != coarseText {
				t.Errorf("says %q", r.Err.Msg)
			}
		})
	}
}

// fakeSource is a source that sends what a test tells it.
type fakeSource struct {
	tracks []track
	recv   func(int, packet)
	ended  chan struct{}
	closed bool
}

func (s *fakeSource) Tracks() []track { return s.tracks }
func (s *fakeSource) Play(_ []int, recv func(int, packet)) error {
	s.recv = recv
	return nil
}
func (s *fakeSource) Remote() netip.AddrPort { return netip.MustParseAddrPort("127.0.0.1:554") }
func (s *fakeSource) Wait() error {
	<-s.ended
	return &attemptError{class: classLost, play: true}
}
func (s *fakeSource) Close() {
	if !s.closed {
		s.closed = true
		close(s.ended)
	}
}
