package testcam

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// stampID marks this package's message among those of user_data_unregistered
// (H.264 and H.265, D.2.7 / D.2.6). It has no byte that would need emulation
// prevention, nor have the digits that follow it.
var stampID = []byte("SIGHTLINE-SENT-1") // 16 bytes, as a UUID has

const stampDigits = 16

// Uptime is the machine's monotonic clock: the same in every process of it.
func Uptime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return 0 // there is no Linux without it
	}
	return time.Duration(ts.Nano())
}

// stamp is a NAL unit that says when its access unit was sent.
func stamp(codec string, sent time.Duration) []byte {
	head := []byte{6}
	if codec == H265 {
		head = []byte{39 << 1, 1}
	}
	b := append(head, 5, byte(len(stampID)+stampDigits))
	b = append(b, stampID...)
	return append(fmt.Appendf(b, "%0*x", stampDigits, int64(sent)), 0x80)
}

// Sent reads, out of a piece of an access unit such as an RTP payload, when a
// camera with Config.Stamp sent it, on the clock of Uptime.
func Sent(b []byte) (time.Duration, bool) {
	i := bytes.Index(b[:min(len(b), 256)], stampID)
	if i < 0 || len(b) < i+len(stampID)+stampDigits {
		return 0, false
	}
	b = b[i+len(stampID):]
	n, err := strconv.ParseInt(string(b[:stampDigits]), 16, 64)
	return time.Duration(n), err == nil
}
