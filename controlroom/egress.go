package controlroom

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/authz"
	"sightline/internal/clock"
	"sightline/ratelimit"
	"sightline/sfu"
)

// EgressLevel is what an account's egress budget leaves of its cameras' pictures.
type EgressLevel uint8

const (
	EgressFree   EgressLevel = iota
	EgressSub                // used up: the sub layer only
	EgressStills             // a tenth over: others than the owner get a picture now and then
)

// EgressLevelOf is a pure function of the counters. budget 0 is none.
func EgressLevelOf(used, budget int64) EgressLevel {
	switch {
	case budget <= 0 || used < budget:
		return EgressFree
	case used-budget < budget/10:
		return EgressSub
	}
	return EgressStills
}

// egressBook counts what goes out by account, and what each may still send.
type egressBook struct {
	ledger *ratelimit.Egress // nil: nothing is counted
	bytes  prometheus.Counter
	level  *prometheus.GaugeVec

	mu   sync.Mutex
	sent map[string]*egressTotal // by account
	gate map[string]*egressGate
}

// egressTotal is what an account's cameras have sent from here without a longer
// pause: the ledger forgets a total it has not heard of for a window.
type egressTotal struct {
	from  string // names it in the ledger
	bytes int64
	told  int64 // what the ledger has heard of
	at    int64 // clock.Mono of the last bytes
}

// egressPause ends a total, far within every window.
const egressPause = int64(10 * time.Minute)

// egressGate is what one account's cameras may send now.
type egressGate struct {
	level atomic.Uint32
	until atomic.Pointer[time.Time]
}

func newEgressBook(ledger *ratelimit.Egress, reg prometheus.Registerer) *egressBook {
	b := &egressBook{ledger: ledger, sent: map[string]*egressTotal{}, gate: map[string]*egressGate{},
		bytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sightline_egress_bytes_total", Help: "Live video sent to viewers, in bytes, as egress budgets count it."}),
		level: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "sightline_egress_accounts", Help: "Accounts with cameras watched here whose egress budget is used up, by what is left: sub, stills."}, []string{"state"})}
	b.level.WithLabelValues("sub")
	b.level.WithLabelValues("stills")
	if reg != nil {
		reg.MustRegister(b.bytes, b.level)
	}
	return b
}

// of is the gate of an account; nil where there is no budget.
func (b *egressBook) of(account string) *egressGate {
	if b == nil || b.ledger == nil || b.ledger.Budget() <= 0 || account == "" {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	g := b.gate[account]
	if g == nil {
		g = &egressGate{}
		b.gate[account] = g
	}
	return g
}

func (g *egressGate) is() EgressLevel {
	if g == nil {
		return EgressFree
	}
	return EgressLevel(g.level.Load())
}

// throttle is what a tile says of the gate to somebody who is not the owner.
func (g *egressGate) throttle() throttle {
	if g.is() != EgressStills {
		return throttle{}
	}
	t := throttle{reason: string(authz.ReasonThrottledEgress)}
	if u := g.until.Load(); u != nil {
		t.until = *u
	}
	return t
}

// add counts bytes of an account's cameras.
func (b *egressBook) add(account string, n int64) {
	b.bytes.Add(float64(n))
	b.mu.Lock()
	defer b.mu.Unlock()
	now, t := clock.Mono(), b.sent[account]
	if t == nil || t.bytes == t.told && now-t.at > egressPause {
		t = &egressTotal{from: authz.NewID()}
		b.sent[account] = t
	}
	t.bytes, t.at = t.bytes+n, now
}

// tileBudget holds a tile to what its guest and its owner may still have.
type tileBudget struct {
	allow  *allowance  // nil: live
	egress *egressGate // nil: live
}

// Mode implements sfu.Budget.
func (t tileBudget) Mode() sfu.Mode {
	if t.egress.is() == EgressStills {
		return sfu.ModeStill
	}
	if t.allow == nil {
		return sfu.ModeLive
	}
	return t.allow.Mode()
}

// egressOf is the gate of a camera's owner, and whether the viewer is he: he keeps
// his moving pictures.
func (s *session) egressOf(camera string) (g *egressGate, own bool) {
	if s.egress == nil || s.owners == nil {
		return nil, false
	}
	owner := s.owners(camera)
	return s.egress.of(owner), s.subject.Account != "" && s.subject.Account == owner
}

// counted says whether what the session is sent counts in somebody's budget.
func (s *session) counted() bool {
	return s.egress != nil && s.egress.ledger != nil && s.owners != nil
}

// shows notes that a mid is about to carry a camera: what was sent on it so far
// counts at the owner of the one before. Loop only.
func (s *session) shows(mid, camera string) {
	s.countEgress()
	s.sentMu.Lock()
	defer s.sentMu.Unlock()
	if s.on == nil {
		s.on = map[string]string{}
	}
	s.on[mid] = camera
}

// countEgress adds what the session was sent since the last time, live or as
// stills, and what was sent on an m-line that carries nothing any more.
func (s *session) countEgress() {
	if !s.counted() {
		return
	}
	s.sentMu.Lock()
	defer s.sentMu.Unlock()
	bytes := s.peer.SentBytes()
	for mid, n := range bytes {
		more := int64(n - s.sent[mid])
		if camera := s.on[mid]; camera != "" && more > 0 {
			if owner := s.owners(camera); owner != "" {
				s.egress.add(owner, more)
			}
		}
	}
	s.sent = bytes
}

// reportEgress tells the ledger what this node has sent and hears what every
// account may still send. Accounts that are watched here are asked for even when
// nothing more was sent: they recover by themselves.
func (r *Room) reportEgress(ctx context.Context) {
	b := r.deps.egress
	if b == nil || b.ledger == nil {
		return
	}
	b.mu.Lock()
	asks := map[string]ratelimit.EgressReport{}
	for a, g := range b.gate {
		if g.is() != EgressFree {
			asks[a] = ratelimit.EgressReport{Account: a}
		}
	}
	for a, t := range b.sent {
		if t.bytes != t.told {
			asks[a] = ratelimit.EgressReport{Account: a, From: t.from, Bytes: t.bytes}
		} else if clock.Mono()-t.at > egressPause {
			delete(b.sent, a)
		}
	}
	var list []ratelimit.EgressReport
	for _, a := range slices.Sorted(maps.Keys(asks)) {
		list = append(list, asks[a])
	}
	b.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	answers, err := b.ledger.Report(ctx, list) // with nothing to tell, too: a ledger in memory writes down what it heard
	if err != nil {
		r.deps.log.Debug("what was sent could not be reported", "err", err)
		return
	}
	r.tellEgress(ctx, b.rises(list, answers))
	if b.heard(list, answers) {
		for _, s := range r.sessions.all() {
			s.poke()
		}
	}
}

// heard notes what the ledger answered, and reports whether an account's level is another one.
func (b *egressBook) heard(list []ratelimit.EgressReport, answers []ratelimit.EgressAnswer) (moved bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, a := range answers {
		if t := b.sent[list[i].Account]; t != nil && t.from == list[i].From {
			t.told = list[i].Bytes
		}
		level := EgressLevelOf(a.Used, a.Budget)
		g := b.gate[list[i].Account]
		if g == nil {
			if level == EgressFree {
				continue
			}
			g = &egressGate{}
			b.gate[list[i].Account] = g
		}
		until := a.Until
		g.until.Store(&until)
		if EgressLevel(g.level.Swap(uint32(level))) != level {
			moved = true
		}
	}
	n := map[EgressLevel]int{}
	for _, g := range b.gate {
		n[g.is()]++
	}
	b.level.WithLabelValues("sub").Set(float64(n[EgressSub]))
	b.level.WithLabelValues("stills").Set(float64(n[EgressStills]))
	return moved
}
