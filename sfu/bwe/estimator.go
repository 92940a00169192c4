package bwe

import "math"

// What counts as congestion.
const (
	queueWindow  = int64(250e6) // a queue that does not drain for so long is standing
	trendWindow  = int64(500e6)
	queueHigh    = int64(60e6)  // standing above this: cut
	queueLarge   = int64(150e6) // for half the window is enough
	queueGone    = int64(25e6)  // below this: the cut has worked
	queueProbed  = int64(150e6) // while a probe's own queue drains only this counts
	drainWithin  = 3.0          // s; a queue that drains within that needs no further cut
	drainSoon    = int64(15e8)  // what has not drained after this is cut deeper
	episode      = int64(3e9)   // cuts nearer than this are of one congestion
	minGroups    = 4
	lossHigh     = 0.10
	lossSome     = 0.025
	lossQueued   = 0.008 // with a queue of queueSome this much loss is the queue's overflow
	queueSome    = int64(10e6)
	lossTrialFor = int64(2500e6)
	lossForget   = int64(60e9)
	growPerSec   = 0.08
	growYoung    = 0.4 // while the path was measured by its first packets only
	youngFor     = int64(6e9)
)

// cutBy is the share of what arrives that is kept: less where the first cut of
// a congestion does not drain the queue.
func cutBy(standing, since int64) float64 {
	if standing > queueLarge && since > drainSoon {
		return 0.7
	}
	return 0.85
}

// Config bounds an estimate. Zero values take the defaults named.
type Config struct {
	Start int // assumed before anything is known; default 3 Mbit/s
	Min   int // default 100 kbit/s
	Max   int // default 200 Mbit/s
}

// Estimator follows what one path carries. A camera's rate is given, so most of
// the time the sender is limited by its sources and not by the path: then the
// estimate neither falls nor grows by itself. It falls when a queue stands or
// much is lost; it rises with what is seen to arrive, and by probes.
type Estimator struct {
	cfg   Config
	rate  float64
	queue queueMeter
	acked rateMeter
	loss  lossMeter
	probe prober
	open  opening
	young int64 // the rate stems from the first packets until then

	limited  bool // a limit has been met: the rate is measured and no longer assumed
	draining bool
	lastCut  int64
	cuts     int     // of this episode
	began    int64   // this episode
	capacity float64 // what arrived at the last cut
	last     int64   // last Results
	heard    bool
	silent   bool // no feedback since Silence
	wanted   int
	episodes uint64

	overflows int   // windows in a row with both loss and a queue
	lossSince int64 // when loss between lossSome and lossHigh began
	trial     lossTrial
	radio     float64 // loss that stays whatever the rate: not congestion
	radioTill int64
}

// lossTrial finds out whether moderate loss is congestion: send less and look.
type lossTrial struct {
	at   int64
	rate float64
	loss float64
}

// New makes an estimator that has heard nothing yet.
func New(cfg Config) *Estimator {
	if cfg.Start <= 0 {
		cfg.Start = 3_000_000
	}
	if cfg.Min <= 0 {
		cfg.Min = 100_000
	}
	if cfg.Max <= 0 {
		cfg.Max = 200_000_000
	}
	e := &Estimator{cfg: cfg, rate: float64(cfg.Start)}
	e.probe.wait = probeWaitMin
	return e
}

// Rate is the estimate, bit/s.
func (e *Estimator) Rate() int { return int(e.rate) }

// Limited says whether a limit of the path has been met; before, Rate is what
// has been seen to pass, or an assumption.
func (e *Estimator) Limited() bool { return e.limited }

// Congested says whether a queue on the way is being drained.
func (e *Estimator) Congested() bool { return e.draining }

// Acked is what arrives, bit/s.
func (e *Estimator) Acked() int { return e.acked.rate() }

// Loss is the smoothed share of packets lost, 0 to 1.
func (e *Estimator) Loss() float64 { return e.loss.smooth }

// Congestions is how often congestion began.
func (e *Estimator) Congestions() uint64 { return e.episodes }

// Want tells what the sources would like to send, bit/s: the estimate does not
// grow by itself above half more than that, and is not probed above it.
func (e *Estimator) Want(bits int) { e.wanted = bits }

// Start replaces the assumption as long as nothing has been measured.
func (e *Estimator) Start(bits int) {
	if !e.heard && !e.limited {
		e.rate = float64(bits)
	}
}

// Results takes what one feedback told. now is when it came.
func (e *Estimator) Results(rs []Result, now int64) {
	if len(rs) == 0 {
		return
	}
	for i := range rs {
		r := &rs[i]
		e.probe.take(r)
		if r.Lost {
			continue
		}
		e.acked.add(r.Arrived, r.Size)
		if r.Blurred { // that it came late may be our own doing
			continue
		}
		e.queue.add(r.Sent, r.Arrived)
		e.open.take(r)
	}
	e.loss.add(rs, now)
	took := now - e.last
	if !e.heard {
		took = 0
	}
	e.heard, e.silent, e.last = true, false, now
	acked := float64(e.acked.rate())
	e.begin(now)
	standing := e.delays(acked, now)
	e.losses(acked, standing, now)
	e.judge(now)
	if !e.draining && standing < queueGone {
		e.grow(acked, min(float64(took)/1e9, 1))
	}
	e.bound()
}

// delays cuts when a queue stands, and ends the episode when it is gone.
func (e *Estimator) delays(acked float64, now int64) int64 {
	since := max(e.lastCut, e.probe.quiet)
	standing, groups := e.queue.standing(queueWindow, since)
	if now < e.probe.quiet {
		if all, _ := e.queue.standing(queueWindow, e.lastCut); all > queueProbed {
			standing, groups = all, minGroups
		}
	}
	if e.draining && groups >= minGroups && standing < queueGone {
		e.draining = false
		if room := 0.9 * e.capacity; e.rate < room { // it was held lower than the path only to drain it
			e.rate = room
		}
	}
	if short, n := e.queue.standing(queueWindow/2, since); n >= minGroups && short > queueLarge {
		standing, groups = short, n // clear at once
	}
	if groups < minGroups || standing < queueHigh {
		return standing
	}
	if slope := e.queue.slope(trendWindow); slope < -float64(standing)/drainWithin {
		return standing // it drains
	}
	e.cut(standing, now)
	return standing
}

// begin takes over what the first packets tell of a path slower than assumed.
func (e *Estimator) begin(now int64) {
	if e.limited {
		e.open.closed = true
	}
	if bits := max(e.open.carries(now), float64(e.acked.newest())); e.open.bits > 0 && !e.open.closed && bits < e.rate {
		e.open.closed = true
		e.cutTo(bits, 0, now)
		e.young = now + youngFor
	}
}

func (e *Estimator) cut(standing, now int64) {
	e.cutTo(float64(e.acked.newest()), standing, now) // the link is full: this is what it carries now
}

func (e *Estimator) cutTo(acked float64, standing, now int64) {
	if now-e.lastCut > episode || e.cuts == 0 {
		e.cuts, e.began = 0, now
		e.episodes++
	}
	e.capacity, e.young = acked, 0
	e.rate = min(e.rate, cutBy(standing, now-e.began)*acked)
	e.cuts++
	e.lastCut = now
	e.limited, e.draining = true, true
	e.probe.cancel(now)
}

// losses cuts at once when much is lost. Where it is moderate and lasts, less
// is sent for a while: loss that stays the same then is the radio's, not ours.
func (e *Estimator) losses(acked float64, standing, now int64) {
	if now > e.radioTill {
		e.radio = 0
	}
	if e.trial.at != 0 && now-e.trial.at > lossTrialFor {
		if e.loss.smooth > e.trial.loss/2 {
			e.radio, e.radioTill = max(e.loss.smooth, e.trial.loss), now+lossForget
			e.rate = max(e.rate, e.trial.rate)
			e.draining = false
		}
		e.trial, e.lossSince = lossTrial{}, 0
	}
	if !e.loss.full {
		return
	}
	unexplained := e.loss.smooth > 1.5*e.radio+0.01
	if standing > queueSome && e.loss.ratio > lossQueued && now >= e.probe.quiet {
		e.overflows++
	} else {
		e.overflows = 0
	}
	switch {
	case e.overflows >= 2:
		e.overflows = 0
		e.cut(standing, now)
	case e.loss.ratio > max(lossHigh, 2*e.radio) && now >= e.probe.quiet:
		e.episodes++
		e.rate = min(e.rate, 0.95*max(acked, float64(e.acked.newest())))
		e.limited, e.lastCut = true, now
		e.probe.cancel(now)
	case min(e.loss.smooth, e.loss.ratio) < lossSome:
		e.lossSince = 0
	case e.lossSince == 0:
		e.lossSince = now
	case e.trial.at == 0 && unexplained && now-e.lossSince > 2e9:
		e.trial = lossTrial{at: now, rate: e.rate, loss: e.loss.smooth}
		e.rate = min(e.rate, 0.85*acked)
		e.limited, e.lastCut = true, now
		e.probe.cancel(now)
	}
}

// judge ends a probe whose results are in.
func (e *Estimator) judge(now int64) {
	got, passed, done := e.probe.judge(now)
	if !done {
		return
	}
	if passed {
		e.rate = max(e.rate, got)
		return
	}
	e.limited = true
	if !e.draining {
		e.rate = max(e.rate, 0.9*got)
	}
}

// grow raises the estimate by what is seen to arrive, and slowly beyond it
// while the path and not the sources are the limit.
func (e *Estimator) grow(acked, seconds float64) {
	if e.trial.at != 0 {
		return
	}
	if !e.limited {
		e.rate = max(e.rate, min(2*acked, math.Max(e.rate, 60e6)))
	}
	if acked > e.rate {
		e.rate = acked
		return
	}
	top := 1.5 * acked
	if e.wanted > 0 {
		top = min(top, 1.5*float64(e.wanted))
	}
	if acked > 0.8*e.rate && e.rate < top {
		by := growPerSec
		if e.last < e.young {
			by = growYoung
		}
		e.rate = min(top, e.rate*(1+by*seconds))
	}
}

func (e *Estimator) bound() {
	e.rate = min(max(e.rate, float64(e.cfg.Min)), float64(e.cfg.Max))
}

// Silence tells that feedback stopped although packets were sent: nothing
// arrives, or nothing comes back. The estimate is halved at each call.
func (e *Estimator) Silence(now int64) {
	if !e.heard {
		return
	}
	if !e.silent && !e.draining { // what was halved before, and has not come back yet, says nothing of the path
		e.capacity = e.rate // a path that comes back may well be as it was
	}
	e.rate /= 2
	e.limited, e.draining, e.silent, e.lastCut = true, true, true, now
	e.cuts = max(e.cuts, 1)
	e.probe.cancel(now)
	e.bound()
}

// Renew forgets what was measured of the path: feedback comes again after an
// outage, and what was not confirmed meanwhile was not the path's rate. What is
// assumed from here on is what stood before. False where feedback never stopped.
func (e *Estimator) Renew() bool {
	if !e.silent {
		return false
	}
	cfg := e.cfg
	cfg.Start = int(max(e.capacity, e.rate))
	fresh := New(cfg)
	fresh.wanted, fresh.episodes = e.wanted, e.episodes
	fresh.probe.lastProbes, fresh.probe.failed = e.probe.lastProbes, e.probe.failed
	*e = *fresh
	return true
}
