package events

import (
	"flag"
	"testing"
)

var update = flag.Bool("update", false, "encode the clips anew (minutes) and write testdata")

func TestMakeTraces(t *testing.T) {
	if !*update {
		t.Skip("with -update")
	}
	var all []trace
	for _, s := range clipScenes {
		for _, c := range clipCoders {
			all = append(all, makeTrace(t, s, c.name, c.args))
			last := all[len(all)-1].pics
			t.Logf("%s %s: %d pictures, %v", s.name, c.name, len(last), last[100:106])
		}
	}
	writeTraces(t, all)
}
