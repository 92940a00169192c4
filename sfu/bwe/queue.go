package bwe

const (
	groupSpan  = int64(5e6) // packets sent within this are one group: a frame leaves at once
	queueKept  = 64         // groups
	baseWindow = int64(15e9)
)

// group is packets that left together. Its delay is that of the packet that
// waited least: the queue it found, not the one it made itself. That is why a
// large key frame is no congestion by itself.
type group struct {
	sent  int64
	delay int64 // arrival minus sending: the two clocks' offset is in it
}

// queueMeter follows the delay on the way: how much of it is queue, and where
// it goes (a trend line over the newest groups).
type queueMeter struct {
	groups [queueKept]group
	n      uint64

	low, lowBefore int64 // smallest delay in this window and in the one before
	lowSince       int64
	known          bool
}

// add takes one packet that has arrived.
func (q *queueMeter) add(sent, arrived int64) {
	d := arrived - sent
	if q.n > 0 {
		g := &q.groups[(q.n-1)%queueKept]
		if sent < g.sent { // came late, out of order: what it says is old
			q.base(sent, d)
			return
		}
		if sent-g.sent <= groupSpan {
			g.delay = min(g.delay, d)
			q.base(sent, d)
			return
		}
	}
	q.groups[q.n%queueKept] = group{sent: sent, delay: d}
	q.n++
	q.base(sent, d)
}

// base keeps the smallest delay of the last 15 to 30 s: clocks drift, routes change.
func (q *queueMeter) base(sent, d int64) {
	if !q.known {
		q.known, q.low, q.lowBefore, q.lowSince = true, d, d, sent
		return
	}
	if sent-q.lowSince > baseWindow {
		q.lowBefore, q.low, q.lowSince = q.low, d, sent
	}
	q.low = min(q.low, d)
}

func (q *queueMeter) floor() int64 { return min(q.low, q.lowBefore) }

// standing is the queue that did not drain for the whole of the last window ns:
// the smallest queueing delay of the groups sent in it, and how many there
// were. Groups sent before since do not count.
func (q *queueMeter) standing(window, since int64) (delay int64, groups int) {
	if q.n == 0 {
		return 0, 0
	}
	newest := q.groups[(q.n-1)%queueKept].sent
	delay = 1 << 62
	for i := range min(q.n, queueKept) {
		g := &q.groups[(q.n-1-i)%queueKept]
		if newest-g.sent > window || g.sent < since {
			break
		}
		delay = min(delay, g.delay-q.floor())
		groups++
	}
	if groups == 0 {
		delay = 0
	}
	return delay, groups
}

// slope is the trend of the delay over the last window, in ns per s: what the
// least-squares line through the groups rises by.
func (q *queueMeter) slope(window int64) float64 {
	if q.n < 3 {
		return 0
	}
	newest := q.groups[(q.n-1)%queueKept]
	var n, sx, sy, sxx, sxy float64
	for i := range min(q.n, queueKept) {
		g := &q.groups[(q.n-1-i)%queueKept]
		if newest.sent-g.sent > window {
			break
		}
		x, y := float64(g.sent-newest.sent)/1e9, float64(g.delay-newest.delay)
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	if den := n*sxx - sx*sx; n >= 3 && den > 1e-12 {
		return (n*sxy - sx*sy) / den
	}
	return 0
}
