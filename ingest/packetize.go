package ingest

import "sightline/sfu"

// packetize cuts an access unit into RTP payloads of at most sfu.MaxPayload
// bytes (RFC 6184 packetization mode 1, RFC 7798): small neighbours are
// aggregated, large units fragmented. The payloads are fresh memory, in one
// piece, and belong to the caller. nals are not kept.
func packetize(c sfu.Codec, nals [][]byte) [][]byte {
	head := 1 // bytes of a NAL unit header
	if c == sfu.H265 {
		head = 2
	}
	size, count := 0, 0
	for _, n := range nals {
		pieces := (len(n)+sfu.MaxPayload-head-2)/(sfu.MaxPayload-head-1) + 1
		count += pieces
		size += len(n) + (pieces+1)*(head+3)
	}
	w := payloadWriter{buf: make([]byte, 0, size), out: make([][]byte, 0, count)}
	for i := 0; i < len(nals); {
		if len(nals[i]) > sfu.MaxPayload {
			w.fragment(nals[i], head)
			i++
			continue
		}
		// how many neighbours fit into one aggregation packet
		sum, j := head, i
		for j < len(nals) && sum+2+len(nals[j]) <= sfu.MaxPayload {
			sum += 2 + len(nals[j])
			j++
		}
		if j-i < 2 {
			w.begin()
			w.buf = append(w.buf, nals[i]...)
			w.end()
			i++
			continue
		}
		w.aggregate(nals[i:j], head)
		i = j
	}
	return w.out
}

type payloadWriter struct {
	buf  []byte
	from int
	out  [][]byte
}

func (w *payloadWriter) begin() { w.from = len(w.buf) }
func (w *payloadWriter) end()   { w.out = append(w.out, w.buf[w.from:len(w.buf):len(w.buf)]) }

func (w *payloadWriter) aggregate(nals [][]byte, head int) {
	w.begin()
	if head == 2 {
		// layer 0; the lowest temporal id of all
		tid := byte(7)
		for _, n := range nals {
			tid = min(tid, n[1]&7)
		}
		w.buf = append(w.buf, 48<<1, tid)
	} else {
		ref := byte(0)
		for _, n := range nals {
			ref = max(ref, n[0]&0x60)
		}
		w.buf = append(w.buf, ref|24)
	}
	for _, n := range nals {
		w.buf = append(w.buf, byte(len(n)>>8), byte(len(n)))
		w.buf = append(w.buf, n...)
	}
	w.end()
}

func (w *payloadWriter) fragment(nal []byte, head int) {
	body := nal[head:]
	room := sfu.MaxPayload - head - 1
	for first := true; len(body) > 0; first = false {
		n := min(room, len(body))
		flags := byte(0)
		if first {
			flags |= 0x80
		}
		if n == len(body) {
			flags |= 0x40
		}
		w.begin()
		if head == 2 {
			w.buf = append(w.buf, nal[0]&0x81|49<<1, nal[1], flags|nal[0]>>1&63)
		} else {
			w.buf = append(w.buf, nal[0]&0xe0|28, flags|nal[0]&31)
		}
		w.buf = append(w.buf, body[:n]...)
		w.end()
		body = body[n:]
	}
}
