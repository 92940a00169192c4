package events

import (
	"encoding/hex"
	"testing"
)

// Sets and slices of x264: High with CABAC and B-frames, and Baseline.
var sliceSeeds = []string{
	"6764001eacd940a02ff9610000030001000003001e8f162d96", "68ebe3cb22c0", "419a246c41bffe", "01000000000000", "6742c01eda0280bfe5c04400000fa40003a983c58ba8", "68ce0f2c80",
}

// FuzzQuantizer: whatever a camera sends, nothing panics and a quantiser that is
// told is one.
func FuzzQuantizer(f *testing.F) {
	for _, s := range sliceSeeds {
		b, err := hex.DecodeString(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, b)
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		q := quantizer{}
		for _, s := range sliceSeeds[:2] {
			set, _ := hex.DecodeString(s)
			q.unit(set)
		}
		for range 2 {
			if qp, ok := q.unit(a); ok && (qp < 0 || qp > 51) {
				t.Errorf("quantiser %d", qp)
			}
			if qp := q.payloads([][]byte{a, b}); qp < -1 || qp > 51 {
				t.Errorf("quantiser %d", qp)
			}
		}
	})
}
