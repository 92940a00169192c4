//go:build promises || soak

package measure

import (
	"context"
	"os"
	"testing"
	"time"
)

// demo starts the built program, which both stages need.
func demo(t *testing.T, o Options) *Program {
	t.Helper()
	if os.Getenv("SIGHTLINE_BIN") == "" {
		t.Fatal("SIGHTLINE_BIN is not set: run this stage with `make promises`")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	o.Data = t.TempDir()
	p, err := StartDemo(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	stopAfter(t, p)
	return p
}

// stopAfter stops a program when the test ends. A failed one tells the end of
// what the program said, so that the failure itself is not buried under it.
func stopAfter(t *testing.T, p *Program) {
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(p.Last(3_000))
		}
	})
}
