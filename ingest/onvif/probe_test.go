package onvif

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"sightline/internal/secret"
	"sightline/internal/testcam"
)

func TestProbeChoosesMainAndSub(t *testing.T) {
	for name, cfg := range map[string]testcam.ONVIFConfig{
		"media2":          {},
		"media only":      {NoMedia2: true},
		"no GetServices":  {NoServices: true, NoMedia2: true},
		"http digest":     {HTTPDigest: true},
		"clock of 2003":   {Skew: -23 * 365 * 24 * time.Hour},
		"clock ahead":     {Skew: 9 * time.Hour},
		"behind a router": {Says: "192.168.77.7:8899"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg.User, cfg.Password = user, password
			rtsp := listening(t)
			cfg.Profiles = twoStreams(rtsp)
			if cfg.Says != "" {
				cfg.Profiles = twoStreams(strings.Replace(rtsp, "127.0.0.1", "192.0.2.9", 1))
			}
			o := camera1(t, cfg)
			f, err := Probe(t.Context(), dial, target(o), true)
			if err != nil {
				t.Fatal(err)
			}
			if f.Main != "P1" || f.Sub != "P2" || len(f.Streams) != 3 || !f.PTZ || !f.Events || f.Name != "Testcam T-1000" {
				t.Fatalf("found %+v", f)
			}
			if want := "rtsp://" + rtsp + "/main"; f.Streams[0].URL != want || f.Moved != (cfg.Says != "") {
				t.Fatalf("main at %s, moved %v; want %s", f.Streams[0].URL, f.Moved, want)
			}
			if !strings.HasPrefix(f.Snapshot, "http://127.0.0.1:") {
				t.Fatalf("snapshot at %q", f.Snapshot)
			}
			codec := "h265"
			if cfg.NoMedia2 {
				codec = "h264" // the older service does not tell
			}
			if f.Streams[0].Codec != codec {
				t.Fatalf("codec %s", f.Streams[0].Codec)
			}
		})
	}
}

// listening is the host and port of something that listens like an RTSP server.
func listening(t *testing.T) string {
	t.Helper()
	clip, err := testcam.TestClip(2, 320, 180, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	c, err := testcam.New(testcam.Config{Main: clip})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c.Addr()
}

func TestProbeFailures(t *testing.T) {
	o := camera1(t, testcam.ONVIFConfig{User: user, Password: password, Profiles: twoStreams("127.0.0.1:1")})
	wrong := target(o)
	wrong.Password = secret.New("guess")
	_, err := Probe(t.Context(), dial, wrong, true)
	if f := Fault(err, true); f.Code != codeLogin {
		t.Fatalf("wrong password: %v", f)
	}
	if n := o.Refused(); n > 2 {
		t.Fatalf("%d tries with a wrong password: cameras lock who guesses", n)
	}
	unplug(t, o)
	_, err = Probe(t.Context(), dial, target(o), true)
	if f := Fault(err, true); f.Code != codeRefused {
		t.Fatalf("unplugged: %v", f)
	}
}

// T11, T13, and everything a hostile camera answers: refused at once, in little
// memory, and nothing goes to another host.
func TestT11_HostileCamera(t *testing.T) {
	away := camera1(t, testcam.ONVIFConfig{Profiles: twoStreams("127.0.0.1:1")})
	for name, f := range map[string]testcam.ONVIFFault{
		"garbage": testcam.ONVIFGarbage, "page": testcam.ONVIFPage, "bomb": testcam.ONVIFBomb, "deep": testcam.ONVIFDeep,
		"endless": testcam.ONVIFEndless, "redirect": testcam.ONVIFRedirect, "broken": testcam.ONVIFBroken,
	} {
		t.Run(name, func(t *testing.T) {
			o := camera1(t, testcam.ONVIFConfig{Away: away.URL()})
			o.SetFault(f)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			_, err := Probe(t.Context(), dial, target(o), true)
			took := time.Since(began)
			runtime.ReadMemStats(&after)
			if err == nil || Fault(err, true).Code != CodeNotONVIF {
				t.Fatalf("%v", err)
			}
			if took > 20*time.Second || after.TotalAlloc-before.TotalAlloc > 64<<20 {
				t.Fatalf("took %v and %d bytes", took, after.TotalAlloc-before.TotalAlloc)
			}
			for _, op := range []string{"GetSystemDateAndTime", "GetServices", "GetDeviceInformation"} {
				if away.Asked(op) > 0 {
					t.Fatalf("%s was asked of another host", op)
				}
			}
		})
	}
}

func TestSlowCameraIsGivenUp(t *testing.T) {
	t.Parallel()
	o := camera1(t, testcam.ONVIFConfig{})
	o.SetFault(testcam.ONVIFSlow)
	began := time.Now()
	_, err := Probe(t.Context(), dial, target(o), false)
	if f := Fault(err, false); f.Code != codeGone {
		t.Fatalf("%v", f)
	}
	if d := time.Since(began); d < coarseLimit-50*time.Millisecond || d > coarseLimit+20*time.Second { // of a busy machine; the request itself may take longer
		t.Fatalf("took %v", d)
	}
}

// T12: outside the listed networks a closed port takes as long, and reads the
// same, as one behind which nobody speaks.
func TestT12_FailuresAreAlike(t *testing.T) {
	t.Parallel()
	o := camera1(t, testcam.ONVIFConfig{})
	unplug(t, o)
	began := time.Now()
	_, err := Probe(t.Context(), dial, target(o), false)
	if f := Fault(err, false); f.Code != codeGone || time.Since(began) < coarseLimit-50*time.Millisecond {
		t.Fatalf("%v after %v", f, time.Since(began))
	}
}

func TestChoose(t *testing.T) {
	p := func(token, codec string, w, h int) Profile {
		return Profile{Token: token, Codec: codec, Width: w, Height: h}
	}
	for _, c := range []struct {
		name, main, sub string
		list            []Profile
	}{
		{"nothing", "", "", nil},
		{"one", "a", "", []Profile{p("a", "h264", 1920, 1080)}},
		{"same size twice", "b", "", []Profile{p("a", "h265", 1920, 1080), p("b", "h264", 1920, 1080)}},
		{"sub in H.264 before one nearer", "a", "c", []Profile{p("a", "h265", 3840, 2160), p("b", "h265", 640, 360), p("c", "h264", 704, 576)}},
		{"nearest to 640", "a", "c", []Profile{p("a", "h264", 2560, 1440), p("b", "h264", 1280, 720), p("c", "h264", 640, 480), p("d", "h264", 320, 180)}},
		{"pictures only", "a", "b", []Profile{p("a", "mjpeg", 640, 480), p("b", "mjpeg", 320, 240)}},
		{"JPEG is left alone", "b", "", []Profile{p("a", "mjpeg", 1920, 1080), p("b", "h264", 640, 480)}},
		{"metadata", "b", "", []Profile{p("m", "", 0, 0), p("b", "h264", 640, 480)}},
	} {
		m, s := Choose(c.list)
		name := func(p *Profile) string {
			if p == nil {
				return ""
			}
			return p.Token
		}
		if name(m) != c.main || name(s) != c.sub {
			t.Errorf("%s: main %q sub %q, want %q %q", c.name, name(m), name(s), c.main, c.sub)
		}
	}
}

func TestCheckURL(t *testing.T) {
	for in, want := range map[string]string{
		"192.168.1.20":                   "http://192.168.1.20/onvif/device_service",
		" cam.local:8000 ":               "http://cam.local:8000/onvif/device_service",
		"HTTPS://Cam.local/onvif/Device": "https://cam.local/onvif/Device",
		"http://[fd00::1]:80":            "http://[fd00::1]:80/onvif/device_service",
	} {
		if got, err := CheckURL(in); err != nil || got != want {
			t.Errorf("%q: %q %v", in, got, err)
		}
	}
	for _, in := range []string{"", "rtsp://a/", "http://u:p@a/", "http://a/#x", "http://a b/", "file:///etc/passwd", "http://a:0/", "http:///x", "http://[fe80::1%25eth0]/", "http://a\r\nb/", "http://" + strings.Repeat("a", 2048)} {
		if got, err := CheckURL(in); err == nil {
			t.Errorf("%q: %q", in, got)
		}
	}
}
