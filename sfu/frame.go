package sfu

// MaxPayload is the largest RTP payload a frame may carry, in bytes: header,
// extensions, authentication tag and IPv6/UDP fit 1,280 bytes beside it.
const MaxPayload = 1188

// Frame is one access unit (video) or one packet (audio), already packetised.
// After Stream.Write it belongs to the stream and nobody may change it.
type Frame struct {
	Key      bool     // video: decoding can start here; parameter sets are in front
	Mono     int64    // clock.Mono of its arrival at this server
	TS       uint32   // RTP units from this server's monotonic clock; runs on over reconnects of the source
	Payloads [][]byte // RTP payloads of at most MaxPayload bytes; the last one carries the marker
}

// Size is the sum of the payload bytes.
func (f *Frame) Size() int {
	n := 0
	for _, p := range f.Payloads {
		n += len(p)
	}
	return n
}
