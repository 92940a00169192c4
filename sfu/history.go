package sfu

// sent is one frame as a downtrack sent it: enough to send any of its packets
// again, byte by byte the same, from the stream's ring.
type sent struct {
	first uint64 // extended sequence number of its first packet
	n     uint16 // packets
	pt    uint8
	delay uint8 // which playout-delay extension it carried
	ts    uint32
	ord   uint64
	from  *Stream
}

// history remembers the newest frames a downtrack sent. It holds no payload:
// what the ring has forgotten cannot be sent again.
type history struct {
	recs  []sent // length is a power of two
	head  uint64
	next  uint64
	again *[256]resent // made at the first NACK
}

// resent limits repeats of one packet.
type resent struct {
	seq   uint64
	at    int64
	times uint8
}

const maxHistory = 2048

// reserve makes room for n frames.
func (h *history) reserve(n int) {
	size := max(64, len(h.recs))
	for size < n && size < maxHistory {
		size *= 2
	}
	if size == len(h.recs) {
		return
	}
	recs := make([]sent, size)
	for i := h.head; i < h.next; i++ {
		recs[i&uint64(size-1)] = h.recs[i&uint64(len(h.recs)-1)]
	}
	h.recs = recs
}

func (h *history) add(s sent) {
	if h.recs == nil {
		h.reserve(64)
	}
	if int(h.next-h.head) == len(h.recs) {
		h.head++
	}
	h.recs[h.next&uint64(len(h.recs)-1)] = s
	h.next++
}

// cut corrects the newest frame after it was left unfinished: next is the
// sequence number that the following packet will take.
func (h *history) cut(next uint64) {
	if h.next == h.head {
		return
	}
	r := &h.recs[(h.next-1)&uint64(len(h.recs)-1)]
	if r.first+uint64(r.n) > next && next >= r.first {
		r.n = uint16(next - r.first)
	}
}

// clear forgets everything: nothing sent so far may be sent again.
func (h *history) clear() {
	clear(h.recs)
	h.head = h.next
}

// find returns the frame that carried seq.
func (h *history) find(seq uint64) (sent, bool) {
	lo, hi := h.head, h.next
	for lo < hi {
		mid := (lo + hi) / 2
		r := h.recs[mid&uint64(len(h.recs)-1)]
		switch {
		case seq < r.first:
			hi = mid
		case seq >= r.first+uint64(r.n):
			lo = mid + 1
		default:
			return r, true
		}
	}
	return sent{}, false
}

// newest is the newest frame that can still be sent again, nil when there is none.
func (h *history) newest() (sent, *Frame) {
	for i := h.next; i > h.head && h.next-i < 8; i-- {
		r := h.recs[(i-1)&uint64(len(h.recs)-1)]
		if f := r.from.ring.at(r.ord); f != nil && r.n > 0 {
			return r, f
		}
	}
	return sent{}, nil
}

// admit says whether seq may be sent again now: at most maxRepeats times and
// not within minGap ns of the last time.
func (h *history) admit(seq uint64, now, minGap int64) bool {
	if h.again == nil {
		h.again = new([256]resent)
	}
	r := &h.again[seq&255]
	if r.seq != seq || r.times == 0 {
		*r = resent{seq: seq, at: now, times: 1}
		return true
	}
	if r.times >= maxRepeats || now-r.at < minGap {
		return false
	}
	r.times++
	r.at = now
	return true
}

// revoke takes an admission back: the packet was not sent after all.
func (h *history) revoke(seq uint64) {
	if h.again == nil {
		return
	}
	if r := &h.again[seq&255]; r.seq == seq && r.times > 0 {
		r.times--
	}
}

// spent says whether seq was sent again as often as it may be, the last time
// more than wait ns ago: whoever asks for it once more will not get it.
func (h *history) spent(seq uint64, now, wait int64) bool {
	if h.again == nil {
		return false
	}
	r := &h.again[seq&255]
	return r.seq == seq && r.times >= maxRepeats && now-r.at > wait
}

const maxRepeats = 3
