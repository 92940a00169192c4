package bwe

const (
	minHistory = 256
	maxHistory = 16384
	keepSent   = int64(1e9) // a packet younger than this is not forgotten while there is room to grow
)

// record is one packet sent. 8 bytes: a connection of 2 Mbit/s keeps 4 KB.
type record struct {
	at    uint32 // µs, wraps every 71 minutes
	size  uint16
	probe uint8
	state uint8
}

const (
	sentState uint8 = iota
	lostState
	arrivedState
	blurred uint8 = 1 << 7 // beside one of these
)

// History numbers the packets of one connection and remembers when each left
// until the receiver has told when it came. The zero value is ready.
type History struct {
	recs  []record // length is a power of two; number n lives at n & (len-1)
	first uint64
	next  uint64
	ref   int64 // reference time of the newest feedback, unwrapped, in units of 64 ms
	heard bool
}

// Add notes a packet that leaves now and returns its transport-wide sequence
// number. size is all its bytes; probe is the probe it belongs to, 0 for none.
// It allocates only while the history grows to the packet rate.
func (h *History) Add(now int64, size int, probe uint8) uint16 {
	if h.recs == nil {
		h.recs = make([]record, minHistory)
		h.first, h.next = 1, 1
	}
	if n := len(h.recs); int(h.next-h.first) == n {
		if n < maxHistory && now-h.time(h.recs[h.first&uint64(n-1)], now) < keepSent {
			h.grow()
		} else {
			h.first++
		}
	}
	n := h.next
	h.recs[n&uint64(len(h.recs)-1)] = record{at: uint32(uint64(now) / 1000), size: uint16(min(size, 1<<16-1)), probe: probe}
	h.next++
	return uint16(n)
}

// Blur says of the newest n packets that nobody knows when they left: the sender
// was held up between noting the time and sending.
func (h *History) Blur(n int) {
	for i := h.next; i > h.first && n > 0; i-- {
		h.recs[(i-1)&uint64(len(h.recs)-1)].state |= blurred
		n--
	}
}

func (h *History) grow() {
	recs := make([]record, 2*len(h.recs))
	for i := h.first; i < h.next; i++ {
		recs[i&uint64(len(recs)-1)] = h.recs[i&uint64(len(h.recs)-1)]
	}
	h.recs = recs
}

// time is when r left, seen from now (at most 71 minutes later).
func (h *History) time(r record, now int64) int64 {
	return now - int64(uint32(uint64(now)/1000)-r.at)*1000
}

// at finds the record of a number, nil when it is not kept.
func (h *History) at(n uint64) *record {
	if n < h.first || n >= h.next {
		return nil
	}
	return &h.recs[n&uint64(len(h.recs)-1)]
}

// unwrap finds the number meant by s: the newest one sent that ends in it.
func (h *History) unwrap(s uint16) uint64 {
	newest := h.next - 1
	return newest - uint64(uint16(newest)-s)
}
