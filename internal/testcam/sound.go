package testcam

import (
	"fmt"
	"math"
	"time"
)

// hum makes a loop of µ-law sound: a quiet mains hum with a soft tick each
// second and a higher one each tenth, so that loss and drift can be heard.
func hum(length time.Duration) *Sound {
	const rate, packet = 8000, 160
	s := &Sound{Codec: PCMU, Rate: rate, Packet: 20 * time.Millisecond}
	n := int(length / s.Packet)
	for p := range n {
		b := make([]byte, packet)
		for i := range b {
			k := p*packet + i
			t := float64(k) / rate
			v := 0.03*math.Sin(2*math.Pi*50*t) + 0.02*math.Sin(2*math.Pi*100*t)
			into := math.Mod(t, 1)
			f := 440.0
			if int(t)%10 == 0 {
				f = 660
			}
			v += 0.2 * math.Exp(-into*12) * math.Sin(2*math.Pi*f*t)
			b[i] = mulaw(int(v * 32767))
		}
		s.Packets = append(s.Packets, b)
	}
	return s
}

// mulaw encodes one 16-bit sample (ITU-T G.711).
func mulaw(v int) byte {
	sign := byte(0)
	if v < 0 {
		v, sign = -v, 0x80
	}
	v = min(v, 32635) + 132
	exp := 7
	for mask := 0x4000; exp > 0 && v&mask == 0; mask >>= 1 {
		exp--
	}
	return ^(sign | byte(exp<<4) | byte(v>>(exp+3)&15))
}

// parseADTS cuts an AAC elementary stream into its frames of 1,024 samples.
func parseADTS(b []byte, rate int) (*Sound, error) {
	s := &Sound{Codec: AAC, Rate: rate, Packet: time.Duration(1024) * time.Second / time.Duration(rate)}
	for len(b) >= 7 {
		if b[0] != 0xff || b[1]&0xf0 != 0xf0 {
			return nil, fmt.Errorf("no ADTS header")
		}
		head := 7
		if b[1]&1 == 0 {
			head = 9
		}
		n := int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5])>>5
		if n < head || n > len(b) {
			break
		}
		s.Packets = append(s.Packets, append([]byte(nil), b[head:n]...))
		b = b[n:]
	}
	return s, nil
}
