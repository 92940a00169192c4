package archive

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/internal/ffmpeg"
	"sightline/internal/seal"
	"sightline/internal/testcam"
)

// taped records a camera for some segments and returns them.
func taped(t *testing.T, s testcam.Spec, sound bool) (*world, []Segment) {
	t.Helper()
	w := newWorld(t, Config{Segment: 2 * time.Second})
	w.camera("gate", clip(t, s))
	w.record("gate", Policy{Sound: sound})
	var list []Segment
	poll(t, 30*time.Second, "three segments", func() bool {
		list = w.segments("gate")
		return len(list) >= 4 && list[len(list)-2].Sound == sound && unbroken(list, 2, time.Second) >= 0
	})
	return w, list[:len(list)-1]
}

// A head says what its tracks are; of H.265 the same as its own hvcC box does, and
// the pictures are marked as hvc1, which is what Safari plays.
func TestCodecsOfAHead(t *testing.T) {
	for _, c := range []struct {
		spec  testcam.Spec
		video string
		sound string
	}{
		{testcam.Spec{Seconds: 2, Width: 320, Height: 180, GOP: time.Second, Sound: testcam.PCMU}, "avc1.4d", "fLaC"},
		{testcam.Spec{Seconds: 2, Width: 640, Height: 360, GOP: time.Second, Profile: "high", Sound: testcam.AAC}, "avc1.64", "opus"},
		{testcam.Spec{Seconds: 2, Width: 320, Height: 180, GOP: time.Second, Codec: testcam.H265}, "hvc1.1.6.L", ""},
	} {
		t.Run(c.video, func(t *testing.T) {
			w, list := taped(t, c.spec, c.sound != "")
			init, err := w.a.Init(t.Context(), "gate", list[len(list)-1].Init)
			if err != nil {
				t.Fatal(err)
			}
			m, err := MediaOf(init)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(m.Codecs[0], c.video) || m.Width != c.spec.Width || m.Height != c.spec.Height {
				t.Errorf("%+v", m)
			}
			if c.sound != "" && (len(m.Codecs) != 2 || m.Codecs[1] != c.sound) {
				t.Errorf("%+v, want %s", m, c.sound)
			}
			if at := bytes.Index(init, []byte("hvcC")); at > 0 {
				want := hvcText(init[at+4:])
				if !strings.HasPrefix(m.Codecs[0]+".", want+".") {
					t.Errorf("%s, the box says %s", m.Codecs[0], want)
				}
				if !bytes.Contains(init, []byte("hvc1")) {
					t.Error("Safari plays hvc1 and not hev1")
				}
			}
		})
	}
}

// hvcText is the codec string of an hvcC box (ISO/IEC 14496-15, 8.3.3.1, E.3) up to
// its level: the bytes of limits behind it are not as in the parameter set in every
// box that is written.
func hvcText(b []byte) string {
	compat, turned := binary.BigEndian.Uint32(b[2:]), uint32(0)
	for i := range 32 {
		turned |= compat >> i & 1 << (31 - i)
	}
	s := fmt.Sprintf("hvc1.%s%d.%X.%s%d", strings.Trim(string("\x00ABC"[b[1]>>6]), "\x00"), b[1]&31, turned, string("LH"[b[1]>>5&1]), b[12])
	return s
}

// Stills of recordings: the key frame at or before a moment; who asks for the same
// one shares a run; what is made is kept, within bounds; and bounds of a right hold.
func TestStillsOfRecordings(t *testing.T) {
	w, list := taped(t, testcam.Spec{Seconds: 4, Width: 1280, Height: 720, GOP: 500 * time.Millisecond, Kbits: 3000}, false)
	tool := find(t)
	reg := prometheus.NewRegistry()
	s := NewStills(StillsConfig{Archive: w.a, Tool: tool, CacheBytes: 100 << 10, Limit: 2 * time.Minute, Registerer: reg})
	whole := list[unbroken(list, 1, time.Second)]
	at := whole.From.Add(700 * time.Millisecond)
	var key time.Time // of the key frame at or before it
	for _, f := range whole.Fragments {
		if f.Key && !f.At.After(at) {
			key = f.At
		}
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			still, err := s.At(t.Context(), "gate", Main, at, 300, nil)
			if err != nil || !still.At.Equal(key) || !bytes.HasPrefix(still.JPEG, []byte{0xff, 0xd8}) {
				t.Errorf("%v of %v: %v", still.At, at, err)
			}
		})
	}
	wg.Wait()
	count := func(result string) (n int) {
		all, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range all {
			for _, m := range f.GetMetric() {
				if f.GetName() == "sightline_archive_stills_total" && m.GetLabel()[0].GetValue() == result {
					n = int(m.GetCounter().GetValue())
				}
			}
		}
		return n
	}
	if count("cut") != 1 || count("shared")+count("cached") != 19 {
		t.Errorf("%d cuts, %d shared, %d cached", count("cut"), count("shared"), count("cached"))
	}
	var took []time.Duration
	for _, seg := range list {
		for _, f := range seg.Fragments {
			began := time.Now()
			if _, err := s.At(t.Context(), "gate", Main, f.At.Add(f.Duration/2), 160, nil); err != nil {
				t.Fatal(err)
			}
			took = append(took, time.Since(began))
		}
	}
	slices.Sort(took)
	t.Logf("a still of 720p takes %v, p95 %v of %d", took[len(took)/2], took[len(took)*95/100], len(took))
	if s.bytes > 100<<10 || s.order.Len() != len(s.kept) || len(s.kept) == 0 || len(s.flights) != 0 {
		t.Errorf("%d bytes in %d stills, %d under way", s.bytes, len(s.kept), len(s.flights))
	}
	for _, bad := range []struct {
		at    time.Time
		allow func(Span) bool
	}{{list[0].From.Add(-time.Second), nil}, {list[len(list)-1].To.Add(time.Hour), nil}, {at, func(s Span) bool { return Covered(authz.Footage{From: at}, s) }}} {
		if _, err := s.At(t.Context(), "gate", Main, bad.at, 160, bad.allow); !fault.Is(err, fault.NotFound) {
			t.Errorf("%v: %v", bad.at, err)
		}
	}
	if _, err := NewStills(StillsConfig{Archive: w.a}).At(t.Context(), "gate", Main, at, 0, nil); fault.Code(err) != "no_still_source" {
		t.Errorf("without ffmpeg: %v", err)
	}
}

// Where no core is free in time the server is busy, and nothing is said of the picture.
func TestStillsWithoutAFreeCore(t *testing.T) {
	w, list := taped(t, testcam.Spec{Seconds: 2, Width: 320, Height: 180, GOP: 500 * time.Millisecond}, false)
	tool := find(t)
	var log bytes.Buffer
	s := NewStills(StillsConfig{Archive: w.a, Tool: tool, Limit: 100 * time.Millisecond, Log: slog.New(slog.NewTextHandler(&log, nil))})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	for range runtime.NumCPU() { // each has a core until the end
		in, out := io.Pipe()
		defer out.Close()
		wg.Go(func() {
			_ = tool.Run(ctx, ffmpeg.Job{Args: []string{"-f", "rawvideo", "-pix_fmt", "gray", "-s", "16x16", "-i", "pipe:0", "-f", "null", "-"}, In: in})
			_ = in.Close()
		})
		if _, err := out.Write([]byte{0}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.At(t.Context(), "gate", Main, list[0].From.Add(time.Millisecond), 160, nil)
	var f *fault.Error
	if !fault.Is(err, fault.Unavailable) || fault.Code(err) != fault.CodeBusy || !errors.As(err, &f) || f.RetryAfter <= 0 {
		t.Errorf("%v", err)
	}
	if log.Len() > 0 {
		t.Errorf("it says\n%s", log.String())
	}
}

// One segment is found by its id, growing or not, and by nothing that looks like it.
func TestSegmentByID(t *testing.T) {
	w, _ := taped(t, testcam.Spec{Seconds: 2, Width: 320, Height: 180, GOP: 500 * time.Millisecond}, false)
	for i, s := range w.segments("gate") {
		got, err := w.a.Segment(t.Context(), "gate", s.ID)
		if err != nil || got.ID != s.ID || !got.From.Equal(s.From) || len(got.Fragments) < len(s.Fragments) || got.Init != s.Init || got.Continues != s.Continues {
			t.Errorf("%d: %+v, want %+v: %v", i, got, s, err)
			continue
		}
		for _, id := range []string{s.ID + "0", strings.Replace(s.ID, "main", "sub", 1), strings.Replace(s.ID, "main.", "main.0", 1), strings.Replace(s.ID, "main.", "main.+", 1),
			"main.1.00000000", "../" + s.ID, strings.ToUpper(s.ID), ""} {
			if _, err := w.a.Segment(t.Context(), "gate", id); !fault.Is(err, fault.NotFound) {
				t.Errorf("%q: %v", id, err)
			}
		}
		if _, err := w.a.Segment(t.Context(), "yard", s.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("of another camera: %v", err)
		}
	}
}

// A ticket opens for its camera, for its time, with its keys; whatever is changed in
// it, and what was made for another place, does not open.
func FuzzTicket(f *testing.F) {
	box, err := seal.Open(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	tk := NewTickets(box, time.Minute)
	made := Ticket{Subject: authz.Subject{Kind: authz.AccountSubject, Account: "a", Login: "l"}, Generation: 7, Camera: "gate", Layer: Main, From: noon, To: noon.Add(time.Hour), Issued: noon}
	text := tk.Make(made)
	key := tk.Key("gate", text, noon)
	if got, fresh, ok := tk.Open("gate", text, noon.Add(59*time.Second)); !ok || !fresh || got != made {
		f.Fatalf("%+v %v %v", got, fresh, ok)
	}
	if _, fresh, ok := tk.Open("gate", text, noon.Add(time.Minute)); fresh || !ok {
		f.Fatal("it works for longer than it says")
	}
	if _, _, ok := tk.Open("gate", text, noon.Add(readingMost)); ok {
		f.Fatal("a reading goes on for ever")
	}
	if left, ok := tk.Goes("gate", text, key, noon.Add(30*time.Second)); !ok || left != 30*time.Second {
		f.Fatal(left, ok)
	}
	if _, ok := tk.Goes("gate", text, key, noon.Add(time.Minute)); ok {
		f.Fatal("a key works for longer than it says")
	}
	if long := NewTickets(box, time.Hour); long.Life() != TicketLife {
		f.Fatal(long.Life())
	}
	f.Add(text)
	f.Add(key)
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		if _, _, ok := tk.Open("gate", s, noon); ok && s != text {
			t.Errorf("%q opens", s)
		}
		if _, _, ok := tk.Open("yard", s, noon); ok {
			t.Errorf("%q opens for another camera", s)
		}
		if _, ok := tk.Goes("gate", text, s, noon); ok && s != key {
			t.Errorf("%q goes on", s)
		}
		if _, ok := tk.Goes("gate", s, key, noon); ok && s != text {
			t.Errorf("the key goes on for %q", s)
		}
	})
}
