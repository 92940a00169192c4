package events

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/internal/ffmpeg"
	"sightline/internal/testcam"
	"sightline/sfu"
)

func tool(t testing.TB) *ffmpeg.Tool {
	t.Helper()
	found, err := ffmpeg.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// framesOf cuts an Annex B stream into what cameras of fps send from now on.
func framesOf(stream []byte, codec sfu.Codec, fps int) (out []*sfu.Frame) {
	name := testcam.H264
	if codec == sfu.H265 {
		name = testcam.H265
	}
	var head [][]byte
	for _, nal := range units(stream) {
		if len(nal) < 3 {
			continue
		}
		kind := int(nal[0] & 0x1f)
		coded, key, first := kind == 1 || kind == 5, kind == 5, nal[1]&0x80 != 0
		if codec == sfu.H265 {
			kind = int(nal[0] >> 1 & 0x3f)
			coded, key, first = kind < 32, kind >= 16 && kind < 24, nal[2]&0x80 != 0
		}
		if !coded {
			head = append(head, nal)
			continue
		}
		if first {
			out = append(out, &sfu.Frame{Key: key, Mono: int64(time.Hour) + int64(len(out))*int64(time.Second)/int64(fps), Payloads: head})
			head = nil
		}
		f := out[len(out)-1]
		if len(nal) <= sfu.MaxPayload {
			f.Payloads = append(f.Payloads, nal)
		} else {
			f.Payloads = append(f.Payloads, testcam.Fragments(name, nal, sfu.MaxPayload)...)
		}
	}
	return out
}

// sights runs eyes without a store.
type sights struct {
	*Events
	reg *prometheus.Registry
}

// They are those of a machine that does other things.
func startEyes(t testing.TB, tool *ffmpeg.Tool) *sights {
	return startEyesWith(t, tool, 2*time.Minute, time.Minute)
}

// startEyesWith gives a child's beginning and requests these limits.
func startEyesWith(t testing.TB, tool *ffmpeg.Tool, start, limit time.Duration) *sights {
	t.Helper()
	e := &Events{cfg: Config{Log: slog.New(slog.DiscardHandler)}}
	reg := prometheus.NewRegistry()
	e.metrics = newMetrics(reg, e)
	e.motion.eyes = newEyes(tool, 100, e.metrics, e.cfg.Log)
	e.motion.eyes.start, e.motion.eyes.limit = start, limit
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { defer close(over); e.motion.eyes.run(ctx) }()
	t.Cleanup(func() { cancel(); <-over })
	return &sights{Events: e, reg: reg}
}

// looks is how many looks ended so.
func (s *sights) looks(t testing.TB, outcomes ...string) (n int) {
	t.Helper()
	all, err := s.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f.GetName() != "sightline_motion_looks_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			if slices.Contains(outcomes, m.GetLabel()[0].GetValue()) {
				n += int(m.GetCounter().GetValue())
			}
		}
	}
	return n
}

// over are the ways a look can end, but for one that was left out.
var over = []string{"looked", "damaged", "failed"}

// watch shows a detector frames, each look made before the next one is asked
// for, and returns the seconds of the clip at which it told of movement.
func (s *sights) watch(t testing.TB, f sfu.Format, frames []*sfu.Frame, level string) (told []float64) {
	t.Helper()
	m := newMotionSink(t.Context(), s.Events, "camera", level)
	defer m.leave()
	m.tell = func(mono int64) { told = append(told, float64(mono-frames[0].Mono)/1e9) }
	before := s.looks(t, over...)
	for _, fr := range frames {
		asked := m.asked
		m.Frame(f, fr)
		if m.asked != asked {
			before++
			pollFor(t, 3*time.Minute, "a look", func() bool { return s.looks(t, over...) >= before })
		}
	}
	return told
}

// judgeClip says how telling at these seconds did: it is right up to after seconds
// later, and what is less than five seconds apart is one.
func judgeClip(moves []span, told []float64, after float64) (v verdict) {
	found := make([]bool, len(moves))
	last := -100.0
	wrong := false
	for _, at := range told {
		hit := false
		for j, s := range moves {
			if at >= s.from && at <= s.to+after {
				hit, found[j] = true, true
			}
		}
		if at-last > 5 {
			v.told++
			wrong = false
		}
		if !hit && !wrong {
			v.false_++
			wrong = true
		}
		last = at
	}
	v.spans = len(moves)
	for _, f := range found {
		if f {
			v.found++
		}
	}
	return v
}

var levels = []string{MotionLow, MotionMedium, MotionHigh}

func codecOf(args string) sfu.Codec {
	if strings.Contains(args, "libx265") {
		return sfu.H265
	}
	return sfu.H264
}

// Who is in sight for one key frame or more is seen, whatever the encoder does:
// from a tenth of the picture's height at medium and high, from a fifth at low.
func TestWhoMovesIsSeen(t *testing.T) {
	t.Parallel()
	s := startEyes(t, tool(t))
	large := walks("large", "", 72, 80, 88, 96, 104)
	sums := map[string]*verdict{MotionLow: {}, MotionMedium: {}, MotionHigh: {}}
	for _, c := range clipCoders {
		if !slices.Contains([]string{"vbr", "abr", "cbr"}, c.name) {
			continue
		}
		for _, scene := range []clipScene{large, clipScenes[len(clipScenes)-1]} {
			frames := framesOf(encodeClip(t, scene, 5, c.args), sfu.H264, 5)
			for _, level := range levels {
				if level == MotionLow && scene.name != "large" {
					continue
				}
				told := s.watch(t, sfu.Format{Codec: sfu.H264}, frames, level)
				v := judgeClip(scene.moves, told, 0.1)
				sums[level].add(v)
				if v.false_ > 0 {
					t.Errorf("%s, %s, %s: told of nothing: %v", scene.name, c.name, level, told)
				}
				t.Logf("%s, %s, %s: %d of %d", scene.name, c.name, level, v.found, v.spans)
			}
		}
	}
	for level, v := range sums {
		if v.spans < 15 || 10*v.found < 9*v.spans {
			t.Errorf("%s: %d of %d are seen", level, v.found, v.spans)
		}
	}
}

// Nothing is told of in ten minutes in which lamps are switched, it rains for a
// while, a bush sways and a clock counts: a third of them by each of three encoders.
func TestNothingIsSeen(t *testing.T) {
	t.Parallel()
	s := startEyes(t, tool(t))
	scene := clipScene{name: "quiet", seconds: 200, filter: rain + digits + bush + "[q1];[q1][rain]blend=all_mode=screen:all_opacity=0.2:enable='between(t,80,110)'," +
		"eq=brightness='if(between(t,30,45)+between(t,120,135),0.14,if(between(t,170,190),0.008*(t-170),0))':eval=frame," +
		"vignette=a='if(between(t,60,70)+between(t,145,155),PI/3,PI/8)':eval=frame[q2];[q2][dc]overlay=x=560:y=8," + sensor + "[v]"}
	for _, c := range clipCoders {
		if !slices.Contains([]string{"vbr", "abr", "cbr"}, c.name) {
			continue
		}
		frames := framesOf(encodeClip(t, scene, 5, c.args), sfu.H264, 5)
		for _, level := range levels {
			told := s.watch(t, sfu.Format{Codec: sfu.H264}, frames, level)
			if level == MotionHigh {
				t.Logf("%s, high: %v", c.name, told)
			} else if len(told) > 0 {
				t.Errorf("%s, %s: told of nothing at %v s", c.name, level, told)
			}
		}
	}
}

// Where key frames are 20 s apart, what is between them is decoded, too; and
// H.265 is.
func TestOtherStreamsAreSeen(t *testing.T) {
	t.Parallel()
	s := startEyes(t, tool(t))
	for _, c := range clipCoders {
		if c.name != "long" && c.name != "h265" {
			continue
		}
		for _, scene := range clipScenes {
			if scene.name != "person" && scene.name != "still" {
				continue
			}
			codec := codecOf(c.args)
			told := s.watch(t, sfu.Format{Codec: codec}, framesOf(encodeClip(t, scene, 5, c.args), codec, 5), MotionMedium)
			if v := judgeClip(scene.moves, told, 0.1); v.found < v.spans || v.false_ > 0 {
				t.Errorf("%s, %s: %d of %d, told at %v", scene.name, c.name, v.found, v.spans, told)
			}
		}
	}
}

// TestSeenTable makes the first table of the guide when it is asked to (minutes).
func TestSeenTable(t *testing.T) {
	if *update != "seen" {
		return
	}
	s := startEyes(t, tool(t))
	var b strings.Builder
	b.WriteString("| scene | of | low | medium | high |\n|---|---|---|---|---|\n")
	all := map[string]verdict{}
	for _, scene := range clipScenes {
		sums := map[string]verdict{}
		clips := 0
		for _, c := range clipCoders {
			if !slices.Contains([]string{"vbr", "cbr", "h265"}, c.name) {
				continue
			}
			clips++
			codec := codecOf(c.args)
			frames := framesOf(encodeClip(t, scene, 5, c.args), codec, 5)
			for _, level := range levels {
				told := s.watch(t, sfu.Format{Codec: codec}, frames, level)
				v := judgeClip(scene.moves, told, 0.1)
				t.Logf("%s %s %s %+v %v", scene.name, c.name, level, v, told)
				for _, m := range []map[string]verdict{sums, all} {
					sum := m[level]
					sum.add(v)
					m[level] = sum
				}
			}
		}
		seconds := clipLength
		if scene.seconds > 0 {
			seconds = scene.seconds
		}
		of := fmt.Sprintf("%d minutes", (clips*seconds+30)/60)
		if len(scene.moves) > 0 {
			of = fmt.Sprintf("%d people", clips*len(scene.moves))
		}
		fmt.Fprintf(&b, "| %s | %s", scene.words, of)
		for _, level := range levels {
			v := sums[level]
			cell := fmt.Sprintf("%d false", v.false_)
			if v.spans > 0 {
				cell = fmt.Sprint(v.found)
				if v.false_ > 0 {
					cell += fmt.Sprintf(", %d false", v.false_)
				}
			}
			b.WriteString(" | " + cell)
		}
		b.WriteString(" |\n")
	}
	b.WriteString("| **recall** | ")
	for _, level := range levels {
		b.WriteString(" | " + percent(all[level].found, all[level].spans))
	}
	b.WriteString(" |\n")
	if err := os.WriteFile(os.Getenv("TEST_OUTPUT"), []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
