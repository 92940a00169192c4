package sfu

import (
	"testing"

	"golang.org/x/sys/unix"
)

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
