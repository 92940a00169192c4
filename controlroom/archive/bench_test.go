package archive

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sightline/ingest"
	"sightline/internal/clock"
	"sightline/internal/testcam"
	"sightline/sfu"
)

// year writes the index of a camera that was recorded for so many days in
// segments of a minute.
func year(b *testing.B, dir string, days int) {
	b.Helper()
	today := dayOf(time.Now().UnixMicro())
	for n := today - days; n < today; n++ {
		var index, frags []byte
		for m := range 1440 {
			from := int64(n)*wholeDay + int64(m)*60e6
			r := row{kind: rowSegment, name: from, from: from, span: 60e6, head: 1000, bytes: 15 << 20, first: uint32(m * 60), frags: 60}
			index = r.append(index)
			for f := range 60 {
				frags = fragRow{offset: uint32(f << 18), bytes: 1 << 18, at: uint32(f * 1e6), span: 1e6, flags: flagKey}.append(frags)
			}
		}
		at := filepath.Join(dir, layerDir("gate", Main), dayName(n))
		if err := os.MkdirAll(at, 0o700); err != nil {
			b.Fatal(err)
		}
		for name, data := range map[string][]byte{fileIndex: index, fileFrags: frags} {
			if err := os.WriteFile(filepath.Join(at, name), data, 0o600); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// nobody has no cameras.
type nobody struct{}

func (nobody) Streams(string) (ingest.Streams, bool)   { return ingest.Streams{}, false }
func (nobody) Hold(string, ingest.Layer) (free func()) { return func() {} }

// BenchmarkYear: with a year of a camera on the disk (525,600 segments), what the
// timeline and playback ask for. The bar is 50 ms for a day.
func BenchmarkYear(b *testing.B) {
	dir := b.TempDir()
	year(b, dir, 365)
	a, err := New(Config{Sources: nobody{}, Disks: []Disk{{Path: dir}}})
	if err != nil {
		b.Fatal(err)
	}
	defer a.Close()
	kyiv, err := time.LoadLocation("Europe/Kyiv")
	if err != nil {
		b.Fatal(err)
	}
	began := clock.Mono()
	if _, err := a.Days(b.Context(), "gate", kyiv); err != nil {
		b.Fatal(err)
	}
	first := time.Duration(clock.Mono() - began)
	noon := time.Now().Add(-180 * 24 * time.Hour).Truncate(24 * time.Hour).Add(-2 * time.Hour) // a day of Kyiv lies in two of ours
	day := Span{noon, noon.Add(24 * time.Hour)}
	for _, c := range []struct {
		name string
		ask  func() (int, error)
	}{
		{"days", func() (int, error) { d, err := a.Days(b.Context(), "gate", kyiv); return len(d), err }},
		{"coverage of a day", func() (int, error) { s, err := a.Coverage(b.Context(), "gate", Main, day); return len(s), err }},
		{"segments of a day", func() (int, error) { s, err := a.Segments(b.Context(), "gate", Main, day, 0, ""); return len(s), err }},
		{"segments of ten minutes", func() (int, error) {
			s, err := a.Segments(b.Context(), "gate", Main, Span{noon.Add(time.Hour), noon.Add(70 * time.Minute)}, 0, "")
			return len(s), err
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			const asked = 200
			took := make([]time.Duration, 0, asked)
			for b.Loop() {
				took = took[:0]
				for range asked {
					began := clock.Mono()
					if n, err := c.ask(); err != nil || n == 0 {
						b.Fatal(n, err)
					}
					took = append(took, time.Duration(clock.Mono()-began))
				}
			}
			slices.Sort(took)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(took[asked/2].Seconds()*1e3, "ms-p50")
			b.ReportMetric(took[asked*95/100].Seconds()*1e3, "ms-p95")
			b.ReportMetric(float64(first.Milliseconds()), "ms-first-load")
		})
	}
}

// feed plays a clip into a stream at 2 Mbit/s, as ingest would.
func feed(ctx context.Context, s *sfu.Stream, frames []sfu.Frame) {
	tick := time.NewTicker(28 * time.Millisecond) // quicker than it was made: the clip is 1.4 Mbit/s at its own pace
	defer tick.Stop()
	for i := 0; ; i++ {
		f := frames[i%len(frames)]
		f.Mono = clock.Mono()
		f.TS = uint32(f.Mono / 1e6 * 90)
		s.Write(f)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// loops is a source of cameras that all play the same.
type loops map[string]*sfu.Stream

func (l loops) Streams(id string) (ingest.Streams, bool) {
	s, ok := l[id]
	return ingest.Streams{Video: [2]*sfu.Stream{nil, s}, Audio: sfu.NewStream(sfu.StreamConfig{Kind: sfu.Audio})}, ok
}
func (loops) Hold(string, ingest.Layer) func() { return func() {} }

// BenchmarkArchive records 32 cameras of 2 Mbit/s for ten seconds: what it costs
// beside the media itself, and how much more than it is written.
func BenchmarkArchive(b *testing.B) {
	const cameras, length = 32, 10 * time.Second
	c, err := testcam.Make(b.Context(), testcam.Spec{Seconds: 4, Width: 1280, Height: 720, GOP: 2 * time.Second, Kbits: 3000})
	if err != nil {
		b.Fatal(err)
	}
	frames, format := framesOf(b, c)
	for b.Loop() {
		src := loops{}
		for i := range cameras {
			s := sfu.NewStream(sfu.StreamConfig{Name: strconv.Itoa(i)})
			s.SetFormat(format)
			src[fmt.Sprintf("cam%d", i)] = s
		}
		ctx, stop := context.WithCancel(b.Context())
		var feeds sync.WaitGroup
		for _, s := range src {
			feeds.Go(func() { feed(ctx, s, frames) })
		}
		idle := cost(length / 2)
		dir := b.TempDir()
		a, err := New(Config{Sources: src, Disks: []Disk{{Path: dir}}, Reserve: 1 << 20, Segment: 4 * time.Second})
		if err != nil {
			b.Fatal(err)
		}
		for id := range src {
			if err := a.SetPolicy(id, Policy{Mode: ModeContinuous}, nil); err != nil {
				b.Fatal(err)
			}
		}
		var run sync.WaitGroup
		run.Go(func() { a.Run(ctx) })
		busy := cost(length)
		stop()
		run.Wait()
		feeds.Wait()
		media, all, wrote := int64(0), int64(0), busy.written
		for id := range src {
			media += a.Status(id).Bytes
		}
		filepath.Walk(dir, func(_ string, i os.FileInfo, err error) error {
			if err == nil && !i.IsDir() {
				all += i.Size()
			}
			return nil
		})
		a.Close()
		b.ReportMetric((busy.cpu/length.Seconds()-idle.cpu/(length/2).Seconds())*100, "%cpu")
		b.ReportMetric(float64(all-ballastSize)/float64(media), "kept/media")
		b.ReportMetric(float64(wrote)/float64(media), "written/media")
		b.ReportMetric(float64(media)*8/1e6/length.Seconds()/cameras, "Mbit/s-camera")
	}
}

// BenchmarkDay records a day of a camera as fast as the disk takes it.
func BenchmarkDay(b *testing.B) {
	c, err := testcam.Make(b.Context(), testcam.Spec{Seconds: 4, Width: 160, Height: 90, GOP: 500 * time.Millisecond})
	if err != nil {
		b.Fatal(err)
	}
	frames, format := framesOf(b, c)
	for b.Loop() {
		a, err := New(Config{Sources: nobody{}, Disks: []Disk{{Path: b.TempDir()}}, Reserve: 1 << 20})
		if err != nil {
			b.Fatal(err)
		}
		cam := newFakeCamera(b, a, "gate", frames, format)
		before, began := now(), clock.Mono()
		cam.play(24 * time.Hour)
		cam.take.stop()
		spans, err := a.Coverage(b.Context(), "gate", Main, Span{time.Now().Add(-time.Hour), time.Now().Add(30 * time.Hour)})
		if err != nil || len(spans) != 1 {
			b.Fatal(len(spans), err)
		}
		took := time.Duration(clock.Mono() - began).Seconds()
		b.ReportMetric((86400-spans[0].To.Sub(spans[0].From).Seconds())*1e3, "ms-lost")
		b.ReportMetric(86400/took, "x-real-time")
		b.ReportMetric((now().cpu-before.cpu)/86400*100, "%cpu-a-camera-at-real-time")
		a.Close()
	}
}

type spent struct {
	cpu     float64 // seconds
	written int64   // bytes given to the disk
}

// cost is what this process spends meanwhile.
func cost(d time.Duration) spent {
	before := now()
	timer := time.NewTimer(d)
	<-timer.C
	after := now()
	return spent{after.cpu - before.cpu, after.written - before.written}
}

func now() spent {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	s := spent{cpu: time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()}
	io, _ := os.ReadFile("/proc/self/io")
	for line := range strings.Lines(string(io)) {
		if v, ok := strings.CutPrefix(line, "write_bytes: "); ok {
			s.written, _ = strconv.ParseInt(strings.TrimSpace(v), 10, 64)
		}
	}
	return s
}

// framesOf takes the frames of a clip as ingest makes them, off a real camera.
func framesOf(b testing.TB, c *testcam.Clip) ([]sfu.Frame, sfu.Format) {
	b.Helper()
	cam, err := testcam.New(testcam.Config{Main: c})
	if err != nil {
		b.Fatal(err)
	}
	defer cam.Close()
	fleet := newFleet()
	defer fleet.Close()
	fleet.Set(ingest.Source{ID: "cam", Main: cam.Main(), Enabled: true})
	st, _ := fleet.Streams("cam")
	k := &keeper{full: make(chan struct{})}
	defer st.Video[ingest.Main].AddSink(k)()
	<-k.full
	return k.frames, k.format
}

// keeper keeps a hundred frames from a key frame on.
type keeper struct {
	frames []sfu.Frame
	format sfu.Format
	full   chan struct{}
}

func (k *keeper) Frame(f sfu.Format, fr *sfu.Frame) {
	if len(k.frames) == 100 || len(k.frames) == 0 && !fr.Key {
		return
	}
	k.format = f
	k.frames = append(k.frames, *fr)
	if len(k.frames) == 100 {
		close(k.full)
	}
}

func (k *keeper) Closed() {}
