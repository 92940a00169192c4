package bwe

const (
	probeFor     = int64(120e6)
	probeQuiet   = int64(250e6) // after a probe its own queue may still drain
	probeTimeout = int64(2e9)
	probeWaitMin = int64(15e8)
	probeWaitMax = int64(6e9)
	probeMost    = 3.0 // times the estimate
	probePackets = 6
)

// Probe is a short time in which more is sent than the sources give, to see
// whether it arrives.
type Probe struct {
	ID   uint8
	Rate int   // bit/s in all, sources included
	For  int64 // ns
}

// prober plans probes and reads their outcome.
type prober struct {
	id      uint8
	running bool
	p       Probe
	began   int64
	quiet   int64 // delays of packets sent before this are the probe's own doing
	next    int64 // no probe before
	wait    int64 // after a failure

	packets, lost       int
	bytes               int
	first, last         Result
	firstSize, lastSize int
	after               bool // a packet sent later has arrived
	lastProbes          uint64
	failed              uint64
}

// Probe says whether and how to probe now, when need bit/s would be of use.
func (e *Estimator) Probe(need int, now int64) (Probe, bool) {
	p := &e.probe
	if float64(need) <= e.rate || p.running || now < p.next || e.draining || e.trial.at != 0 ||
		!e.heard || now-e.last > 1e9 || now-e.lastCut < probeWaitMin || e.loss.ratio > max(0.05, 1.5*e.radio) {
		return Probe{}, false
	}
	base := max(e.rate, float64(e.acked.rate()))
	p.id++
	if p.id == 0 {
		p.id = 1
	}
	p.p = Probe{ID: p.id, Rate: int(min(1.15*float64(need), probeMost*base)), For: probeFor}
	p.running, p.began, p.quiet = true, now, now+probeFor+probeQuiet
	p.packets, p.lost, p.bytes, p.after = 0, 0, 0, false
	p.lastProbes++
	return p.p, true
}

// Probes is how many probes were sent, and how many of them found no more.
func (e *Estimator) Probes() (sent, failed uint64) { return e.probe.lastProbes, e.probe.failed }

func (p *prober) take(r *Result) {
	if !p.running {
		return
	}
	if r.Probe != p.id {
		p.after = p.after || r.Probe == 0 && !r.Lost && r.Sent > p.began+p.p.For
		return
	}
	p.packets++
	if r.Lost {
		p.lost++
		return
	}
	if p.bytes == 0 {
		p.first, p.firstSize = *r, r.Size
	}
	p.bytes += r.Size
	if r.Arrived >= p.last.Arrived || p.bytes == r.Size {
		p.last, p.lastSize = *r, r.Size
	}
}

func (p *prober) cancel(now int64) {
	p.running = false
	p.next = max(p.next, now+p.wait)
}

// judge says what passed (bit/s) once all is known of the probe.
func (p *prober) judge(now int64) (got float64, passed, done bool) {
	if !p.running || !p.after && now-p.began < probeTimeout {
		return 0, false, false
	}
	p.running = false
	sent := float64(p.last.Sent - p.first.Sent)
	came := float64(p.last.Arrived - p.first.Arrived)
	if p.packets-p.lost < probePackets || sent <= 0 || came <= 0 {
		p.next = now + p.wait
		return 0, true, false // too little to tell: neither
	}
	out := float64(p.bytes-p.lastSize) * 8e9 / sent
	in := float64(p.bytes-p.firstSize) * 8e9 / came
	got = min(out, in)
	passed = in >= 0.85*out && float64(p.lost) <= 0.05*float64(p.packets)
	if passed {
		p.wait = probeWaitMin
		p.next = now + probeQuiet
		return min(got, float64(p.p.Rate)), true, true
	}
	p.failed++
	p.next = now + p.wait
	p.wait = min(2*p.wait, probeWaitMax)
	return got, false, true
}
