package testcam

import (
	"testing"
	"time"
)

func TestStampIsRead(t *testing.T) {
	for _, codec := range []string{H264, H265} {
		sent := Uptime()
		b := stamp(codec, sent)
		for i := 2; i+1 < len(b); i++ {
			if b[i-2] == 0 && b[i-1] == 0 && b[i] <= 3 {
				t.Errorf("%s: byte %d needs emulation prevention", codec, i)
			}
		}
		aggregated := append(make([]byte, 60), b...)
		if got, ok := Sent(aggregated); !ok || got != sent {
			t.Errorf("%s: %v, %v; sent %v", codec, got, ok, sent)
		}
		if _, ok := Sent(b[:len(b)-2]); ok {
			t.Errorf("%s: a cut stamp is read", codec)
		}
	}
	if _, ok := Sent([]byte{0x65, 1, 2, 3}); ok {
		t.Error("a slice is a stamp")
	}
	if Uptime() < time.Millisecond {
		t.Error("the machine's clock stands")
	}
}
