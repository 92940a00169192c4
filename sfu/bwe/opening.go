package bwe

const (
	openFor   = int64(1500e6) // after the first feedback
	openTrain = int64(80e6)   // a train is sent within this
	openRise  = int64(8e6)    // how much longer its last packet waited than its first, on a slower path
	openStep  = int64(1e6)    // and each quarter than the one before
	openFlat  = int64(3e6)    // on one that is not slower
	openQueue = int64(15e6)   // nothing that waited longer says that a path is quick
	openRatio = 0.8           // of the rate it was sent at arrives, at most, on a slower path
	openQuick = 10_000_000.0  // bit/s at which a train has to be sent to say that a path is quick
	openKept  = 256
)

// opening looks at the first packets of a path. Replays leave at an assumed
// rate; where the path is slower its queue grows from packet to packet, and what
// arrives in that time is what the path carries. That is known a round trip
// after the first packets, long before the queue is full and packets are lost.
// A pause of the receiver or of the radio is a jump and no slope: it says nothing.
type opening struct {
	since  int64 // first feedback
	base   int64 // least delay
	n      int
	train  [openKept]Result
	bits   float64 // what the path has been seen to carry, 0: not seen
	quick  bool    // it has been seen to carry what was sent
	closed bool
}

// take adds one packet that has arrived, in the order of sending.
func (o *opening) take(r *Result) {
	if o.closed {
		return
	}
	if o.n == openKept {
		o.n = copy(o.train[:], o.train[openKept/2:])
	}
	if d := waited(*r); o.n == 0 || d < o.base {
		o.base = d
	}
	o.train[o.n] = *r
	o.n++
	for size := 16; size <= 64 && size <= o.n; size *= 2 {
		o.look(o.train[o.n-size : o.n])
	}
}

// look reads one train.
func (o *opening) look(list []Result) {
	bytes, n := 0, len(list)
	for i := range list[1:] {
		bytes += list[i+1].Size
	}
	first, last := list[0], list[n-1]
	out, in := last.Sent-first.Sent, last.Arrived-first.Arrived
	if out > openTrain || in <= 0 {
		return
	}
	rise := waited(last) - waited(first)
	if rise < openFlat && float64(bytes)*8e9 > openQuick*float64(max(out, 1)) && waited(last) < o.base+openQueue {
		o.quick = true
	}
	if float64(out) > openRatio*float64(in) || rise < openRise {
		return
	}
	before := mean(list[:n/4])
	for q := 1; q < 4; q++ {
		at := mean(list[q*n/4 : (q+1)*n/4])
		if at < before+openStep {
			return
		}
		before = at
	}
	o.bits = max(o.bits, float64(bytes)*8e9/float64(in))
}

// carries is what the path has been seen to carry when it is slower than what
// was sent, 0 when it is not seen to be.
func (o *opening) carries(now int64) float64 {
	if o.since == 0 {
		o.since = now
	}
	if now-o.since > openFor {
		o.closed = true
	}
	if o.closed {
		return 0
	}
	return o.bits
}

// Opened says whether the first packets have told something of the path: until
// then it is better not to trust what is assumed.
func (e *Estimator) Opened() bool { return e.open.closed || e.open.quick }

func waited(r Result) int64 { return r.Arrived - r.Sent }

func mean(list []Result) int64 {
	sum := int64(0)
	for i := range list {
		sum += waited(list[i]) - waited(list[0])
	}
	return waited(list[0]) + sum/int64(len(list))
}
