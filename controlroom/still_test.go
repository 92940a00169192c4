package controlroom_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/authz"
	"sightline/controlroom"
	"sightline/ingest"
	"sightline/internal/clock"
	"sightline/internal/fault"
	"sightline/internal/ffmpeg"
	"sightline/internal/testcam"
	"sightline/sfu"
)

// studio is a camera that is pulled, and a cutter beside it.
type studio struct {
	cam   *testcam.Camera
	fleet *ingest.Fleet
	tool  *ffmpeg.Tool
	reg   *prometheus.Registry
}

const studioCamera = "c"

func newStudio(t *testing.T, spec testcam.Spec) *studio {
	t.Helper()
	clip, err := testcam.Make(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	s := &studio{reg: prometheus.NewRegistry()}
	if s.cam, err = testcam.New(testcam.Config{Main: clip, Sub: clip}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.cam.Close)
	s.fleet = ingest.New(ingest.Config{Guard: ingest.NewGuard(ingest.GuardConfig{Loopback: true}), Timing: ingest.Timing{MediaSilence: 30 * time.Second}})
	t.Cleanup(s.fleet.Close)
	s.fleet.Set(ingest.Source{ID: studioCamera, Main: s.cam.Main(), Sub: s.cam.Sub(), Enabled: true})
	if s.tool, err = ffmpeg.Find(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// cutter makes stills of the camera; a poster serves for so long (0: as it is shipped).
func (s *studio) cutter(fresh time.Duration) *controlroom.Cutter {
	return controlroom.NewCutter(controlroom.CutterConfig{Streams: s.fleet.Streams, Tool: s.tool, Fresh: fresh, Slow: time.Hour, Limit: time.Minute, Registerer: s.reg})
}

// newest is when a layer's newest key frame arrived; ok is false without one.
func (s *studio) newest(l ingest.Layer) (at time.Time, ok bool) {
	st, ok := s.fleet.Streams(studioCamera)
	if !ok {
		return at, false
	}
	_, key := st.Video[l].NewestKey()
	if key == nil {
		return at, false
	}
	return clock.At(clock.System, key.Mono), true
}

// live waits for the first key frame of a layer that is pulled.
func (s *studio) live(t *testing.T) {
	t.Helper()
	poll(t, 20*time.Second, "a key frame", func() bool { _, ok := s.newest(ingest.Sub); return ok })
}

// counted is sightline_stills_total of a result.
func counted(t *testing.T, reg *prometheus.Registry, result string) float64 {
	t.Helper()
	all, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f.GetName() != "sightline_stills_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			if m.GetLabel()[0].GetValue() == result {
				return m.GetCounter().GetValue()
			}
		}
	}
	t.Fatalf("no counter for %s", result)
	return 0
}

// number reads the frame number that is painted into the picture.
func number(t *testing.T, b []byte) (n int, size image.Point) {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	y, ok := img.(*image.YCbCr)
	if !ok {
		t.Fatalf("a %T", img)
	}
	n, ok = testcam.ReadNumber(y.Y, y.YStride, y.Rect.Dx(), y.Rect.Dy())
	if !ok {
		t.Fatal("no frame number in the picture")
	}
	return n, y.Rect.Size()
}

func TestStillIsTheNewestKeyFrame(t *testing.T) {
	for _, c := range []struct {
		name string
		spec testcam.Spec
		wide int // of the poster
	}{
		{"h264", testcam.Spec{Seconds: 4, Width: 1280, Height: 720, GOP: time.Second}, 640},
		{"h264 small", testcam.Spec{Seconds: 4, Width: 320, Height: 180, GOP: time.Second}, 320},
		{"h265", testcam.Spec{Seconds: 4, Width: 640, Height: 360, GOP: time.Second, Codec: testcam.H265}, 640},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStudio(t, c.spec)
			s.live(t)
			cutter := s.cutter(0)
			for _, size := range []controlroom.StillSize{controlroom.StillPoster, controlroom.StillWhole} {
				before, _ := s.newest(ingest.Sub)
				still, err := cutter.Cut(t.Context(), studioCamera, size)
				if err != nil {
					t.Fatal(err)
				}
				after, _ := s.newest(ingest.Sub)
				n, is := number(t, still.JPEG)
				if n%25 != 0 {
					t.Errorf("picture %d is not a key frame", n)
				}
				want := c.wide
				if size == controlroom.StillWhole {
					want = c.spec.Width
				}
				if is.X != want || is.Y != want*9/16 {
					t.Errorf("size %v, want %d wide", is, want)
				}
				const step = 100 * time.Millisecond // of the machine's clock meanwhile
				if still.At.Before(before.Add(-step)) || still.At.After(after.Add(step)) {
					t.Errorf("taken at %v; the newest key frame was of %v before and of %v after", still.At, before, after)
				}
				noMetadata(t, still.JPEG)
			}
		})
	}
}

// noMetadata walks the JPEG's segments: no EXIF, no XMP, no comment.
func noMetadata(t *testing.T, b []byte) {
	t.Helper()
	for i := 2; i+4 <= len(b) && b[i] == 0xff && b[i+1] != 0xda; i += 2 + int(b[i+2])<<8 + int(b[i+3]) {
		if m := b[i+1]; m == 0xfe || m > 0xe0 && m <= 0xef {
			t.Errorf("segment %#x at %d", m, i)
		}
	}
}

// The last picture of a camera that is away stays, with its time.
func TestStillOfACameraThatIsAway(t *testing.T) {
	s := newStudio(t, testcam.Spec{Seconds: 4, Width: 320, Height: 180, GOP: time.Second})
	s.live(t)
	s.cam.Stop()
	poll(t, 10*time.Second, "the camera is missed", func() bool {
		st, _ := s.fleet.State(studioCamera)
		return st.Layers[ingest.Sub].Status != ingest.Live
	})
	gone := time.Now()
	still, err := s.cutter(0).Cut(t.Context(), studioCamera, controlroom.StillPoster)
	if err != nil {
		t.Fatal(err)
	}
	if still.At.After(gone) {
		t.Errorf("taken at %v, away at %v", still.At, gone)
	}
	number(t, still.JPEG)
}

// R82: who is throttled gets no newer poster before it is due, whoever asks.
func TestR82_ThePosterOfTheThrottledIsSlow(t *testing.T) {
	s := newStudio(t, testcam.Spec{Seconds: 4, Width: 320, Height: 180, GOP: time.Second})
	s.live(t)
	cutter := s.cutter(0)
	cut := func(size controlroom.StillSize) controlroom.Still {
		t.Helper()
		still, err := cutter.Cut(t.Context(), studioCamera, size)
		if err != nil {
			t.Fatal(err)
		}
		return still
	}
	slow, whole := cut(controlroom.StillSlow), cut(controlroom.StillWhole)
	poll(t, 10*time.Second, "a newer picture", func() bool { return cut(controlroom.StillWhole).At.After(whole.At) })
	if again := cut(controlroom.StillSlow); !again.At.Equal(slow.At) {
		t.Errorf("a poster of %v, then one of %v", slow.At, again.At)
	}
	number(t, slow.JPEG)
}

// Everybody who asks at once shares one run; who asks soon after gets the same.
func TestStillsAreSharedAndKept(t *testing.T) {
	s := newStudio(t, testcam.Spec{Seconds: 4, Width: 320, Height: 180, GOP: time.Second})
	s.live(t)
	cutter := s.cutter(time.Hour)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := cutter.Cut(context.Background(), studioCamera, controlroom.StillPoster); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if _, err := cutter.Cut(t.Context(), studioCamera, controlroom.StillPoster); err != nil {
		t.Fatal(err)
	}
	if n := counted(t, s.reg, "cut"); n != 1 {
		t.Errorf("%v runs for 51 requests", n)
	}
}

// written is a source whose one frame is what the test says.
func written(t *testing.T, payloads ...[]byte) func(string) (ingest.Streams, bool) {
	t.Helper()
	s := sfu.NewStream(sfu.StreamConfig{Kind: sfu.Video})
	t.Cleanup(s.Close)
	s.SetFormat(sfu.Format{Codec: sfu.H264, ClockRate: 90000})
	if len(payloads) > 0 {
		s.Write(sfu.Frame{Key: true, Mono: clock.Mono(), Payloads: payloads})
	}
	return func(id string) (ingest.Streams, bool) {
		return ingest.Streams{Video: [2]*sfu.Stream{ingest.Main: s}}, id == studioCamera
	}
}

func wantNoStill(t *testing.T, err error) {
	t.Helper()
	if !fault.Is(err, fault.Unavailable) || fault.Code(err) != string(sfu.ReasonNoStillSource) {
		t.Errorf("error %v", err)
	}
}

func TestStillSaysWhyThereIsNone(t *testing.T) {
	tool, err := ffmpeg.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	key := []byte{0x65, 0x88, 0x84, 1, 2, 3}
	cut := func(cfg controlroom.CutterConfig, camera string) error {
		_, err := controlroom.NewCutter(cfg).Cut(t.Context(), camera, controlroom.StillPoster)
		return err
	}
	wantNoStill(t, cut(controlroom.CutterConfig{Streams: written(t, key)}, studioCamera))             // no ffmpeg
	wantNoStill(t, cut(controlroom.CutterConfig{Streams: written(t), Tool: tool}, studioCamera))      // no frame yet
	wantNoStill(t, cut(controlroom.CutterConfig{Streams: written(t, key), Tool: tool}, "another"))    // no such camera here
	wantNoStill(t, cut(controlroom.CutterConfig{Streams: written(t, key), Tool: tool}, studioCamera)) // not decodable
}

// fakeTool is an ffmpeg that runs a line of shell in place of a job.
func fakeTool(t *testing.T, script string) *ffmpeg.Tool {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "ffmpeg")
	if err := os.WriteFile(bin, []byte("#!/bin/sh\ncase \"$*\" in *-version*) echo 'ffmpeg version 1.0 test'; exit 0;; esac\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SIGHTLINE_FFMPEG", bin)
	tool, err := ffmpeg.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return tool
}

// A child that hangs, or writes without end, costs its time and nothing else.
func TestStillBoundsItsChild(t *testing.T) {
	for name, script := range map[string]string{
		"hangs":    "exec sleep 600",
		"flows":    "exec cat /dev/zero",
		"says yes": "echo not a picture",
	} {
		t.Run(name, func(t *testing.T) {
			c := controlroom.NewCutter(controlroom.CutterConfig{Streams: written(t, []byte{0x65, 1, 2}), Tool: fakeTool(t, script), Limit: 500 * time.Millisecond})
			began := time.Now()
			_, err := c.Cut(t.Context(), studioCamera, controlroom.StillPoster)
			wantNoStill(t, err)
			if took := time.Since(began); took > time.Minute {
				t.Errorf("took %v", took)
			}
		})
	}
}

// Too many cuts at once are refused, not queued without end.
func TestStillsWaitingAreBounded(t *testing.T) {
	done := filepath.Join(t.TempDir(), "done")
	tool := fakeTool(t, "until [ -e '"+done+"' ]; do sleep 0.05; done")
	one := written(t, []byte{0x65, 1, 2})
	reg := prometheus.NewRegistry()
	c := controlroom.NewCutter(controlroom.CutterConfig{Tool: tool, Limit: 5 * time.Minute, Waiting: 2, Registerer: reg,
		Streams: func(string) (ingest.Streams, bool) { return one(studioCamera) }})
	codes := make(chan string, 6)
	for i := range 6 {
		go func() {
			_, err := c.Cut(context.Background(), fmt.Sprint(i), controlroom.StillPoster)
			codes <- fault.Code(err)
		}()
	}
	want := func(n int, code string) { // two have their places until it is done
		t.Helper()
		for range n {
			if got := <-codes; got != code {
				t.Errorf("answered %q, want %q", got, code)
			}
		}
	}
	want(4, fault.CodeBusy)
	if err := os.WriteFile(done, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	want(2, string(sfu.ReasonNoStillSource))
	if failed, refused := counted(t, reg, "failed"), counted(t, reg, "refused"); failed != 2 || refused != 4 {
		t.Errorf("counted %v failed, %v refused", failed, refused)
	}
}

// Rows R25 and R17, ruling 6: a poster is a live picture to the authority.
func TestR25_PosterIsDecidedLikeLive(t *testing.T) {
	n := newNode(t, bolt(t), "a")
	owner, friend := n.person(t, "owner@example.org"), n.person(t, "friend@example.org")
	cam := n.camera(t, owner, "Yard", rtsp(t))
	n.warm(t, cam)
	poster := func(sub authz.Subject) string {
		s, err := n.room.Poster(t.Context(), sub, controlroom.Client{}, cam.ID)
		if err == nil {
			number(t, s.JPEG)
		}
		return fault.Code(err)
	}
	want := func(who string, sub authz.Subject, code string) {
		t.Helper()
		if got := poster(sub); got != code {
			t.Errorf("%s: %q, want %q", who, got, code)
		}
	}
	want("the owner", owner, "")
	want("a stranger", friend, fault.CodeNotFound)
	table, err := n.auth.Access(t.Context(), owner, cam.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.auth.SaveAccess(t.Context(), owner, cam.ID, table.Version, []authz.GrantEdit{{Email: "friend@example.org", Levels: authz.LevelOnline}}); err != nil {
		t.Fatal(err)
	}
	want("who has not accepted", friend, string(authz.ReasonOfferPending))
	offers, err := n.auth.Offers(t.Context(), friend)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.auth.AcceptOffer(t.Context(), friend, offers[0].Grant.ID); err != nil {
		t.Fatal(err)
	}
	want("who has", friend, "")
	n.revoke(t, owner, cam.ID)
	if poster(friend) == "" {
		t.Error("a poster after the revocation")
	}
	l, guest := n.visit(t, owner, cam.ID)
	want("a guest", guest, "")
	if _, err := n.auth.RemoveLink(t.Context(), owner, l.Link.ID); err != nil {
		t.Fatal(err)
	}
	want("a guest of a removed link", guest, string(authz.ReasonLinkGone))
	off := false
	if _, err := n.room.UpdateCamera(t.Context(), owner, cam.ID, controlroom.CameraInput{Enabled: &off}); err != nil {
		t.Fatal(err)
	}
	want("of a camera switched off", owner, string(authz.ReasonCameraOff))
}
