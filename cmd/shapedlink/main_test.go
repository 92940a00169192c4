package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"sightline/internal/testpeer"
)

func TestRun(t *testing.T) {
	var out bytes.Buffer
	if err := run([]string{"-to", "127.0.0.1:9", "-kbit", "3000"}, strings.NewReader("kbit 1000\nspeed 3\nstats\n"), &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[0], "127.0.0.1:") || lines[1] != "ok" || !strings.HasPrefix(lines[2], "error") || lines[3] != "0 0 0" {
		t.Errorf("%q", lines)
	}
	if err := run(nil, strings.NewReader(""), &out); err == nil {
		t.Error("without a server it ran")
	}
}

func TestChange(t *testing.T) {
	var s testpeer.Shape
	for _, l := range []string{"kbit 500", "queue 32", "delay 20ms", "loss 0.01"} {
		if err := change(&s, l); err != nil {
			t.Error(err)
		}
	}
	if want := (testpeer.Shape{Bits: 500_000, Queue: 32 << 10, Delay: 20 * time.Millisecond, Loss: 0.01}); s != want {
		t.Errorf("%+v", s)
	}
}
