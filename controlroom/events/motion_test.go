package events

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
)

var update = flag.String("update", "", "encode clips anew (minutes) and write testdata: all, or the names of scenes")

func TestMakeTraces(t *testing.T) {
	if *update == "" {
		t.Skip("with -update")
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
			clip := encodeClip(t, s, clipLength, c.args)
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

func TestMotionTable(t *testing.T) {
	all := readTraces(t)
	for _, level := range []string{MotionLow, MotionMedium, MotionHigh} {
		var sum verdict
		t.Log("level ", level)
		for _, s := range clipScenes {
			line := fmt.Sprintf("%-12s", s.name)
			for _, tr := range all {
				if tr.scene == s.name {
					v := try(tr, level)
					sum.add(v)
					line += fmt.Sprintf(" %s:%d/%d+%d", tr.coder, v.found, v.spans, v.false_)
				}
			}
			t.Log(line)
		}
		t.Logf("sum %+v", sum)
	}
}
