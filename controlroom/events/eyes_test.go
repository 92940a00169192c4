package events

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sightline/internal/clock"
	"sightline/internal/ffmpeg"
	"sightline/sfu"
)

// keys are key frames of a camera; of sizes that are not the markers'.
func keys(t testing.TB, coder int) (f sfu.Format, out []*sfu.Frame) {
	t.Helper()
	scene := clipScenes[0]
	scene.seconds = 20
	f = sfu.Format{Codec: codecOf(clipCoders[coder].args), Width: 640, Height: 360}
	for _, fr := range framesOf(encodeClip(t, scene, 5, clipCoders[coder].args), f.Codec, 5) {
		if fr.Key {
			out = append(out, fr)
		}
	}
	if len(out) < 8 {
		t.Fatalf("%d key frames", len(out))
	}
	return f, out
}

func one(f sfu.Format, fr *sfu.Frame) *look {
	return &look{format: f, frames: []*sfu.Frame{fr}, judge: []bool{true}}
}

// placeOf is a camera whose looks are judged by fn.
func placeOf(t testing.TB, s *sights, name string, fn func()) *watcher {
	t.Helper()
	w, remove := s.motion.eyes.add(name, func(*look, [][]byte) { fn() })
	t.Cleanup(remove)
	return w
}

// await asks for looks until one ends so.
func await(t testing.TB, s *sights, w *watcher, l *look, outcome string) {
	t.Helper()
	before := s.looks(t, outcome)
	pollFor(t, 3*time.Minute, outcome, func() bool {
		s.motion.eyes.ask(w, l)
		return s.looks(t, outcome) > before
	})
}

// keep sends a process a signal, and again all the time until it is released or
// gone: nobody else's going on may let it go on.
func keep(t testing.TB, pid int, sig syscall.Signal) (release func()) {
	t.Helper()
	p, err := os.FindProcess(pid) // by handle: never another one of the same number
	if err == nil {
		err = p.Signal(sig)
	}
	if err != nil {
		t.Fatal(err)
	}
	done, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for p.Signal(sig) == nil {
			select {
			case <-tick.C:
			case <-done:
				return
			}
		}
	}()
	release = sync.OnceFunc(func() { close(done); <-over; _ = p.Release() })
	t.Cleanup(release)
	return release
}

// What is damaged has no answer, and the next picture has its own; of B-frames,
// too, for which decoders hold pictures back.
func TestEyeTellsPicturesApart(t *testing.T) {
	t.Parallel()
	found := tool(t)
	for _, coder := range []int{0, 5, 6} {
		f, frames := keys(t, coder)
		dark, err := openEye(t.Context(), found, f.Codec, 2*time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		defer dark.close()
		alone, err := dark.decode(f, frames[:1], time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		cut := *frames[1] // of a stream with B-frames what is left may be shown
		cut.Payloads = cut.Payloads[:len(cut.Payloads)*2/3]
		for range 2 {
			if pics, err := dark.decode(f, []*sfu.Frame{&cut}, time.Minute); err == nil && coder != 5 {
				t.Errorf("%s: %d pictures of a damaged one", clipCoders[coder].name, len(pics))
			}
			pics, err := dark.decode(f, frames[:1], time.Minute)
			if err != nil || !bytes.Equal(pics[0], alone[0]) {
				t.Errorf("%s: another picture, %v", clipCoders[coder].name, err)
			}
		}
	}
}

// A child that is killed, or hangs, costs its camera a while and others nothing.
func TestChildThatEnds(t *testing.T) {
	t.Parallel()
	found := tool(t)
	f, frames := keys(t, 0)
	for name, sig := range map[string]syscall.Signal{"killed": syscall.SIGKILL, "hanging": syscall.SIGSTOP} {
		s := startEyesWith(t, found, 2*time.Minute, 5*time.Second)
		eyes := s.motion.eyes
		pids := make(chan int, 100)
		good := placeOf(t, s, "good", func() { pids <- eyes.open[f.Codec].child.Pid() })
		await(t, s, good, one(f, frames[0]), "looked")
		child := <-pids
		release := keep(t, child, sig)
		bad := placeOf(t, s, "bad", func() {})
		await(t, s, bad, one(f, frames[1]), "failed")
		release()
		eyes.mu.Lock()
		waits := bad.after > clock.Mono() || good.after > clock.Mono() // of whom the picture was
		eyes.mu.Unlock()
		if !waits {
			t.Errorf("%s: the camera that ended it is not made to wait", name)
		}
		pollFor(t, 3*time.Minute, name+": a look by another child", func() bool { // the first one may have had two
			eyes.ask(good, one(f, frames[2]))
			select {
			case pid := <-pids:
				return pid != child
			default:
				return false
			}
		})
	}
}

// A mistake in judging ends neither the service nor other cameras' turns.
func TestJudgeThatPanics(t *testing.T) {
	t.Parallel()
	s := startEyes(t, tool(t))
	f, frames := keys(t, 0)
	w := placeOf(t, s, "bad", func() { panic("on purpose") })
	await(t, s, w, one(f, frames[0]), "failed")
	await(t, s, placeOf(t, s, "good", func() {}), one(f, frames[1]), "looked")
}

// Whoever had least is next, and who cannot be served has its newest looked at.
func TestTurnsAreFair(t *testing.T) {
	t.Parallel()
	e := &Events{}
	e.metrics = newMetrics(nil, e)
	eyes := newEyes(nil, 10, e.metrics, slog.New(slog.DiscardHandler))
	f := sfu.Format{Codec: sfu.H264}
	dear, _ := eyes.add("dear", nil)
	var cheap []*watcher
	for range 4 {
		w, _ := eyes.add("cheap", nil)
		cheap = append(cheap, w)
	}
	served := map[*watcher]int{}
	for i := range 400 {
		for _, w := range append(cheap, dear) {
			eyes.ask(w, one(f, &sfu.Frame{Mono: int64(i)}))
		}
		w, l, _ := eyes.turn(clock.Mono())
		if l == nil || l.frames[0].Mono != int64(i) {
			t.Fatalf("turn %d: %+v", i, l)
		}
		took := int64(time.Millisecond)
		if w == dear {
			took *= 20
		}
		eyes.account(w, took)
		served[w]++
	}
	for _, w := range cheap {
		if served[w] < 85 {
			t.Errorf("a cheap one had %d of 400 turns", served[w])
		}
	}
	if n := served[dear]; n < 3 || n > 10 {
		t.Errorf("the dear one had %d turns", n)
	}
	late, _ := eyes.add("late", nil) // who comes later has not saved anything up
	first := 0
	for range 50 {
		for _, w := range append(cheap, dear, late) {
			eyes.ask(w, one(f, &sfu.Frame{}))
		}
		if w, _, _ := eyes.turn(clock.Mono()); w == late {
			first++
			eyes.account(w, int64(time.Millisecond))
		} else {
			eyes.account(w, int64(time.Millisecond))
		}
	}
	if first < 5 || first > 20 {
		t.Errorf("who came late had %d of 50 turns", first)
	}
}

// An ffmpeg that answers nothing, or ends at once, leaves streams and the data
// rate alone: asking never waits, and after a while the sink is blind.
func TestToolThatIsNone(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{"silent": "#!/bin/sh\nexec sleep 600\n", "gone": "#!/bin/sh\nexit 1\n"} {
		path := filepath.Join(t.TempDir(), "ffmpeg")
		if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
		s := startEyesWith(t, &ffmpeg.Tool{Path: path}, 200*time.Millisecond, time.Second)
		f := sfu.Format{Codec: sfu.H264}
		m := newMotionSink(t.Context(), s.Events, name, MotionMedium)
		told := 0
		m.tell = func(int64) { told++ }
		at := int64(time.Hour)
		for i := range 40 * clipFPS { // the data rate grows after 35 s
			size := 300
			if i > 36*clipFPS {
				size = 1100
			}
			at += int64(time.Second) / clipFPS
			m.Frame(f, &sfu.Frame{Key: i%30 == 0, Mono: at, Payloads: [][]byte{make([]byte, size)}})
		}
		if told == 0 {
			t.Errorf("%s: the data rate tells nothing", name)
		}
		pollFor(t, time.Minute, "a failure", func() bool { return s.looks(t, "failed") > 0 })
		m.leave()
	}
}

// The share is kept: it rests as long as it must.
func TestShareIsKept(t *testing.T) {
	t.Parallel()
	e := &Events{}
	e.metrics = newMetrics(nil, e)
	eyes := newEyes(tool(t), 50, e.metrics, slog.New(slog.DiscardHandler))
	f, frames := keys(t, 0)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	w, _ := eyes.add("one", nil)
	n, began := 0, clock.Mono()
	var had, whole int64 // of the looks before the last, each of which was rested after
	w.look = func(*look, [][]byte) {
		if n++; n == 40 {
			eyes.mu.Lock()
			had, whole = w.had, clock.Mono()-began
			eyes.mu.Unlock()
			cancel()
			return
		}
		eyes.ask(w, one(f, frames[n%len(frames)]))
	}
	eyes.start, eyes.limit = 2*time.Minute, time.Minute
	eyes.ask(w, one(f, frames[0]))
	wg.Go(func() { eyes.run(ctx) })
	wg.Wait()
	if n != 40 || had == 0 || had > whole/2 {
		t.Errorf("%d looks took %v of %v", n, time.Duration(had), time.Duration(whole))
	}
}

// BenchmarkLook is what a look costs: one camera with a key frame every 2 s makes
// one of these every 2 s.
func BenchmarkLook(b *testing.B) {
	for _, coder := range []int{0, 6} {
		b.Run(clipCoders[coder].name, func(b *testing.B) {
			f, frames := keys(b, coder)
			e, err := openEye(b.Context(), tool(b), f.Codec, 2*time.Minute)
			if err != nil {
				b.Fatal(err)
			}
			defer e.close()
			c, n := newScene(MotionMedium, newCanvas()), 0
			child, own := spent(b, e.child.Pid()), spent(b, os.Getpid())
			for b.Loop() {
				pics, err := e.decode(f, frames[n%len(frames):n%len(frames)+1], time.Minute)
				if err != nil {
					b.Fatal(err)
				}
				c.look(pics[0])
				n++
			}
			b.ReportMetric(float64(spent(b, e.child.Pid())-child)/float64(n)/1e6, "ffmpeg-cpu-ms/op")
			b.ReportMetric(float64(spent(b, os.Getpid())-own)/float64(n)/1e6, "own-cpu-ms/op")
		})
	}
}

// spent is a process's CPU time.
func spent(b *testing.B, pid int) time.Duration {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	f := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}
