package testcam

import (
	"time"

	"github.com/pion/rtp"
)

// Quirk is how a Raw camera's stream differs from a good one. Functions may be nil.
type Quirk struct {
	Speed   int                                        // times faster than real; default 1
	Units   func(n int, u *Unit, c *Clip) [][]byte     // NAL units of the n-th picture; default: parameter sets before each key frame
	Cut     func(nal []byte) [][]byte                  // payloads of one NAL unit; default: fragments of 1,400 bytes
	Packets func(n int, p []*rtp.Packet) []*rtp.Packet // last word on the packets of the n-th picture
	Next    *Clip                                      // played after the first loop
}

// Stream plays a clip with a quirk, for RawConfig.Play.
func Stream(c *Clip, q Quirk) func(*Wire) {
	return func(w *Wire) {
		speed := time.Duration(max(q.Speed, 1))
		seq := uint16(random32())
		ssrc, base := random32(), random32()
		begin, at := time.Now(), time.Duration(0)
		for n := 0; ; {
			for i := range c.Units {
				u := &c.Units[i]
				if !w.Wait(time.Until(begin.Add((at + u.DTS) / speed))) {
					return
				}
				pkts := packets(q, c, n, u)
				for _, p := range pkts {
					p.SequenceNumber, p.SSRC, p.Timestamp = seq, ssrc, base+ticks(at+u.PTS, 90000)
					seq++
				}
				if q.Packets != nil {
					pkts = q.Packets(n, pkts)
				}
				for _, p := range pkts {
					if w.Send(p) != nil {
						return
					}
				}
				n++
			}
			at += c.Length
			if q.Next != nil {
				c = q.Next
			}
		}
	}
}

func packets(q Quirk, c *Clip, n int, u *Unit) []*rtp.Packet {
	units, cut := q.Units, q.Cut
	if units == nil {
		units = WithSets
	}
	if cut == nil {
		cut = func(nal []byte) [][]byte { return Fragments(c.Codec, nal, 1400) }
	}
	var out []*rtp.Packet
	for _, nal := range units(n, u, c) {
		for _, b := range cut(nal) {
			out = append(out, &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 96}, Payload: b})
		}
	}
	if len(out) > 0 {
		out[len(out)-1].Marker = true
	}
	return out
}

// WithSets is a picture with the clip's parameter sets before key frames.
func WithSets(_ int, u *Unit, c *Clip) [][]byte {
	if !u.Key {
		return u.NALs
	}
	var out [][]byte
	for _, s := range [][]byte{c.VPS, c.SPS, c.PPS} {
		if s != nil {
			out = append(out, s)
		}
	}
	return append(out, u.NALs...)
}

// Fragments cuts a NAL unit into fragmentation units (RFC 6184 FU-A, RFC 7798
// FU) of at most size bytes; a small one stays whole.
func Fragments(codec string, nal []byte, size int) [][]byte {
	if len(nal) <= size {
		return [][]byte{nal}
	}
	head := 1
	if codec == H265 {
		head = 2
	}
	var out [][]byte
	for body, first := nal[head:], true; len(body) > 0; first = false {
		n := min(len(body), size-head-1)
		flags := byte(0)
		if first {
			flags |= 0x80
		}
		if n == len(body) {
			flags |= 0x40
		}
		var b []byte
		if head == 2 {
			b = []byte{nal[0]&0x81 | 49<<1, nal[1], flags | nal[0]>>1&63}
		} else {
			b = []byte{nal[0]&0xe0 | 28, flags | nal[0]&31}
		}
		out = append(out, append(b, body[:n]...))
		body = body[n:]
	}
	return out
}
