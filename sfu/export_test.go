package sfu

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sightline/internal/clock"
)

// StoodStill makes a peer's feedback as old as a standstill of this process
// leaves it, before what came meanwhile is read.
func StoodStill(p *Peer, d time.Duration) {
	then := clock.Mono() - int64(d)
	p.band.heard.Store(then)
	p.band.asked.Store(then)
}

// BreakSegmentation makes the system refuse segmentation on the engine's IPv4
// socket from now on.
func BreakSegmentation(t testing.TB, e *Engine) {
	t.Helper()
	err := e.socks.fam4.raw.Control(func(fd uintptr) {
		if err := unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_NO_CHECK, 1); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}
