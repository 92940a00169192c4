package events

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"sightline/internal/testcam"
	"sightline/sfu"
)

var update = flag.String("update", "", "encode clips anew (minutes) and write testdata: all, or the names of scenes; table: only the table of the guide")

// TestMakeTraces encodes, when it is asked to, the clips of which the traces are.
func TestMakeTraces(t *testing.T) {
	if *update == "" || *update == "table" {
		return
	}
	var all []trace
	if *update != "all" {
		all = readTraces(t)
	}
	for _, s := range clipScenes {
		if *update != "all" && !slices.Contains(strings.Split(*update, ","), s.name) {
			continue
		}
		all = slices.DeleteFunc(all, func(tr trace) bool { return tr.scene == s.name })
		for _, c := range clipCoders {
			clip := encodeClip(t, s, clipFPS, c.args)
			all = append(all, trace{s.name, c.name, pictures(strings.Contains(c.args, "libx265"), clip)})
		}
		writeTraces(t, all)
		t.Log(s.name)
	}
}

// verdict is how a level did on traces.
type verdict struct {
	spans, found int // stretches of movement, and those that were told
	told, false_ int // times it told of something, and of nothing
}

func (v *verdict) add(o verdict) {
	v.spans, v.found, v.told, v.false_ = v.spans+o.spans, v.found+o.found, v.told+o.told, v.false_+o.false_
}

// try runs the detector on a trace: what it says within two seconds of movement
// is right, and says that are less than five seconds apart are one.
func try(tr trace, level string) (v verdict) {
	var moves []span
	for _, s := range clipScenes {
		if s.name == tr.scene {
			moves = s.moves
		}
	}
	d := newDetector(level)
	found := make([]bool, len(moves))
	last, right := -100.0, true
	for i, p := range tr.pics {
		at := float64(i) / clipFPS
		if !d.take(int64(at*1e9), p) {
			continue
		}
		hit := false
		for j, s := range moves {
			if at >= s.from && at <= s.to+2 {
				hit, found[j] = true, true
			}
		}
		if at-last > 5 {
			v.told++
			right = true
		}
		if !hit && right && at-last > 5 {
			v.false_++
			right = false
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

// rateHeld are the encoders that hold their rate; the others vary it.
var rateHeld = []string{"abr", "cbr", "refresh", "h265cbr"}

// motionTable is the table of docs/guide/events.md: found of all and told of
// nothing, by level, of encoders that vary their rate and of those that hold it.
func motionTable(all []trace) (table string, sums map[string]verdict) {
	var b strings.Builder
	levels := []string{MotionLow, MotionMedium, MotionHigh}
	b.WriteString("| scene | variable rate: low | medium | high | held rate: low | medium | high |\n|---|---|---|---|---|---|---|\n")
	sums = map[string]verdict{}
	for _, s := range clipScenes {
		if !slices.ContainsFunc(all, func(tr trace) bool { return tr.scene == s.name }) {
			continue
		}
		b.WriteString("| " + s.words)
		for _, held := range []bool{false, true} {
			for _, level := range levels {
				var v verdict
				for _, tr := range all {
					if tr.scene == s.name && slices.Contains(rateHeld, tr.coder) == held {
						v.add(try(tr, level))
					}
				}
				cell := fmt.Sprintf("%d false", v.false_)
				if v.spans > 0 {
					cell = fmt.Sprintf("%d of %d", v.found, v.spans)
					if v.false_ > 0 {
						cell += fmt.Sprintf(", %d false", v.false_)
					}
				}
				b.WriteString(" | " + cell)
				for _, key := range []string{fmt.Sprint(level, held), fmt.Sprint(level, held, s.name)} {
					sum := sums[key]
					sum.add(v)
					sums[key] = sum
				}
			}
		}
		b.WriteString(" |\n")
	}
	for _, line := range []struct {
		name string
		of   func(verdict) string
	}{{"**recall**", func(v verdict) string { return percent(v.found, v.spans) }}, {"**precision**", func(v verdict) string { return percent(v.told-v.false_, v.told) }}} {
		b.WriteString("| " + line.name)
		for _, held := range []bool{false, true} {
			for _, level := range levels {
				b.WriteString(" | " + line.of(sums[fmt.Sprint(level, held)]))
			}
		}
		b.WriteString(" |\n")
	}
	return b.String(), sums
}

func percent(n, of int) string {
	if of == 0 {
		return "–"
	}
	return fmt.Sprintf("%d %%", (100*n+of/2)/of)
}

const motionDoc = "../../docs/guide/events.md"

// The table in the guide is what the detector does, and that is good enough: who
// crosses the picture is found, and nothing is told of noise and lamps.
func TestMotionTable(t *testing.T) {
	table, sums := motionTable(readTraces(t))
	raw, err := os.ReadFile(motionDoc)
	if err != nil {
		t.Fatal(err)
	}
	doc := string(raw)
	from := strings.Index(doc, "| scene | variable rate")
	if from < 0 {
		t.Fatal("no table in " + motionDoc)
	}
	to := from + strings.Index(doc[from:]+"\n\n", "\n\n") + 1
	if had := doc[from:min(to, len(doc))]; had != table {
		if *update != "table" {
			t.Errorf("%s has another table (-update table writes it):\n%s", motionDoc, table)
		} else if err := os.WriteFile(motionDoc, []byte(doc[:from]+table+doc[min(to, len(doc)):]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, level := range []string{MotionLow, MotionMedium} {
		for _, held := range []bool{false, true} {
			for _, quiet := range []string{"still", "light"} {
				if v := sums[fmt.Sprint(level, held, quiet)]; v.false_ > 0 {
					t.Errorf("%s, rate held %t: %d times told of nothing in %q", level, held, v.false_, quiet)
				}
			}
		}
		if v := sums[fmt.Sprint(level, false, "person")]; v.found < v.spans-1 || v.spans == 0 {
			t.Errorf("%s: %d of %d who cross are found", level, v.found, v.spans)
		}
	}
}

// Rain that lasts is usual after half a minute.
func TestRainBecomesUsual(t *testing.T) {
	for _, tr := range readTraces(t) {
		if tr.scene != "rain" {
			continue
		}
		d := newDetector(MotionMedium)
		for i, p := range tr.pics {
			if at := float64(i) / clipFPS; d.take(int64(at*1e9), p) && at > 53 {
				t.Errorf("%s: movement at %.0f s, of rain since second 20", tr.coder, at)
				break
			}
		}
	}
}

// BenchmarkMotion is what a picture costs: 1 s of 15 pictures a second is 15 of these.
func BenchmarkMotion(b *testing.B) {
	short := clipScenes[0]
	short.seconds = 12
	clip := clipOf(b, encodeClip(b, short, clipFPS, clipCoders[0].args+" -x264-params slices=1"))
	var frames []*sfu.Frame
	for i, u := range clip.Units {
		f := &sfu.Frame{Key: u.Key, Mono: int64(i+1) * 1e9 / clipFPS}
		nals := u.NALs
		if u.Key {
			nals = append([][]byte{clip.SPS, clip.PPS}, nals...)
		}
		for _, nal := range nals {
			f.Payloads = append(f.Payloads, testcam.Fragments(testcam.H264, nal, sfu.MaxPayload)...)
		}
		frames = append(frames, f)
	}
	d := newDetector(MotionMedium)
	known := 0
	for _, f := range frames {
		if d.picture(sfu.Format{Codec: sfu.H264}, f).qp >= 0 {
			known++
		}
	}
	if known != len(frames) {
		b.Fatalf("the quantiser of %d of %d pictures is known", known, len(frames))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		f := *frames[i%len(frames)]
		f.Mono = int64(i) * 1e9 / clipFPS
		d.frame(sfu.Format{Codec: sfu.H264}, &f)
	}
}
