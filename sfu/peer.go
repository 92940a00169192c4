package sfu

import (
	"fmt"
	"net/netip"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"sightline/internal/clock"
	"sightline/internal/fault"
	"sightline/sfu/bwe"
)

// PeerState is where a peer stands.
type PeerState uint8

const (
	PeerConnecting PeerState = iota
	PeerConnected
	PeerClosed
)

func (s PeerState) String() string { return [...]string{"connecting", "connected", "closed"}[s] }

// PeerConfig is one offer and who is told about its peer.
type PeerConfig struct {
	Offer string
	// OnState is called with PeerConnected at most once and with PeerClosed
	// exactly once, as the last call, each on a goroutine of its own. It may
	// call any method of Peer.
	OnState func(PeerState)
	// Report keeps how ICE stood for Connectivity after the peer has closed.
	Report bool
}

// Mid is one m-line of the client on which it receives.
type Mid struct {
	ID     string
	Kind   Kind
	Codecs []Codec // what both sides agreed on, in the answer's order; none: the m-line was refused
}

// Peer is one WebRTC connection of a viewing session. All methods are safe from
// any goroutine.
type Peer struct {
	engine *Engine
	cfg    PeerConfig
	pc     *webrtc.PeerConnection
	egress egress
	pacer  pacer
	band   bandwidth
	direct directIn
	never  atomic.Bool  // NewPeer failed: nobody is told of this peer
	told   atomic.Int64 // when its offer was answered, ns of the monotonic clock; 0 before
	up     atomic.Int64 // when it was first connected, as told

	wide      bwe.History // of transport-wide numbers; guarded by egress.mu
	wideProbe uint8       // the probe that runs, 0 for none; guarded by egress.mu

	ready     atomic.Bool  // connected once, and not closed: packets can be sent
	forwarded atomic.Int64 // clock.Mono of the newest live frame
	rtt       atomic.Int64 // ns, 0 when unknown
	counts    peerCounts
	fbTokens  float64 // the RTCP reader's
	fbLast    int64

	negotiating sync.Mutex // one offer at a time

	mu      sync.RWMutex
	state   PeerState
	downs   []*downtrack // in m-line order
	ssrcs   map[uint32]*downtrack
	timer   *time.Timer // connect deadline, then time lost
	pending bool        // counted among the unconnected
	reason  string      // why it closed, for the metric
	asking  sync.Mutex  // held while pion's statistics are read: they must not be while it closes
	pairs   []Pair      // how ICE stood at last, where cfg.Report asks for it; guarded by asking
	over    bool        // it is closing; likewise
	hidden  int         // names instead of addresses in the offer

	closing   sync.Once
	done      chan struct{}
	notes     sync.Mutex
	noteQueue []PeerState
	noteBusy  bool
}

// peerCounts are the counters of one peer: written by whoever sends to it, read
// when somebody asks.
type peerCounts struct {
	packets, bytes                 atomic.Uint64
	nacks, nackMisses, nackRefused atomic.Uint64
	resent, resentBytes            atomic.Uint64
	plis, restarts, drops, ended   atomic.Uint64
	hits, misses, skips            atomic.Uint64
	unsent, rtcpDropped, foreign   atomic.Uint64
	padded                         atomic.Uint64 // bytes of probes
}

// PeerStats is a snapshot of a peer.
type PeerStats struct {
	State       PeerState
	Packets     uint64 // without retransmissions
	Bytes       uint64 // RTP payload bytes
	Nacks       uint64 // sequence numbers asked for again
	Retransmits uint64
	Plis        uint64
	RTT         time.Duration // 0 when unknown
	Estimate    int           // bit/s the path carries, 0 where the client gives no transport-wide feedback
	Limited     bool          // Estimate is measured and no longer an assumption
	Mids        []MidStats
}

// MidStats is a snapshot of one m-line.
type MidStats struct {
	ID         string
	Layer      int  // the layer sent last, -1 before the first
	Catching   bool // a replay is running
	Paused     bool // the path has no room for it
	Packets    uint64
	Bytes      uint64
	Replays    uint64
	FirstAfter int64 // ns from Attach to the last packet of the first key frame; 0 before
}

// Mids returns the m-lines on which the client receives, in m-line order.
func (p *Peer) Mids() []Mid {
	p.mu.RLock()
	defer p.mu.RUnlock()
	out := make([]Mid, 0, len(p.downs))
	for _, d := range p.downs {
		m := Mid{ID: d.mid, Kind: d.kind}
		d.mu.Lock()
		for _, c := range d.codecs {
			if !slices.Contains(m.Codecs, c.codec) {
				m.Codecs = append(m.Codecs, c.codec)
			}
		}
		d.mu.Unlock()
		out = append(out, m)
	}
	return out
}

// Attach replaces what the mid carries, under the same SSRC and without
// negotiation; nothing of what was attached before is sent after it has
// returned. Unknown mid: fault.NotFound. A wrong kind, no gate or no layer:
// fault.Invalid. On a closed peer it is fault.Conflict.
func (p *Peer) Attach(mid string, s Subscription) error {
	d := p.down(mid)
	if d == nil {
		return fault.New(fault.NotFound, fault.CodeNotFound, "This connection has no such m-line.")
	}
	if s.Gate == nil {
		return fault.Field("gate", fault.CodeRequired, "A subscription needs a gate.")
	}
	s.Layers = slices.Clone(s.Layers)
	n := 0
	for _, l := range s.Layers {
		if l == nil {
			continue
		}
		n++
		if l.Kind() != d.kind {
			return fault.Field("layers", fault.CodeBadValue, "The source's kind is not the m-line's.")
		}
	}
	if n == 0 {
		return fault.Field("layers", fault.CodeRequired, "A subscription needs a layer.")
	}
	d.attach(&s)
	if p.State() == PeerClosed { // Close may have passed this m-line already
		d.attach(nil)
		return fault.New(fault.Conflict, fault.CodeConflict, "The connection is closed.")
	}
	p.band.reconsider()
	return nil
}

// Detach stops what the mid carries. After it has returned no packet of it is sent.
func (p *Peer) Detach(mid string) {
	if d := p.down(mid); d != nil {
		d.attach(nil)
	}
}

// SetWant changes the highest layer wanted on the mid.
func (p *Peer) SetWant(mid string, layer int) {
	if d := p.down(mid); d != nil {
		d.setWant(layer)
		p.band.reconsider()
	}
}

// SetRank changes how important the mid is where the path does not carry all.
func (p *Peer) SetRank(mid string, rank int) {
	if d := p.down(mid); d != nil && d.setRank(rank) {
		p.band.reconsider()
	}
}

// LastForwarded is clock.Mono of the newest live frame forwarded on any video
// mid, 0 before the first; frames of the still gate do not count.
func (p *Peer) LastForwarded() int64 { return p.forwarded.Load() }

// State is where the peer stands.
func (p *Peer) State() PeerState {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.state
}

// Stats returns a snapshot.
func (p *Peer) Stats() PeerStats {
	c := &p.counts
	s := PeerStats{
		State: p.State(), Packets: c.packets.Load(), Bytes: c.bytes.Load(), Nacks: c.nacks.Load(),
		Retransmits: c.resent.Load(), Plis: c.plis.Load(), RTT: time.Duration(p.rtt.Load()),
	}
	s.Estimate, s.Limited = p.band.estimated()
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, d := range p.downs {
		d.mu.Lock()
		m := d.stats
		m.Catching = d.att != nil && d.att.phase == phaseCatch && !d.att.natural()
		m.Paused = d.att != nil && d.att.paused
		d.mu.Unlock()
		s.Mids = append(s.Mids, m)
	}
	return s
}

// SentBytes is the RTP payload sent on each video mid so far, with what was
// sent again and what probed for bandwidth. Safe from any goroutine.
func (p *Peer) SentBytes() map[string]uint64 {
	p.mu.RLock()
	defer p.mu.RUnlock()
	out := make(map[string]uint64, len(p.downs))
	for _, d := range p.downs {
		d.mu.Lock()
		if d.kind == Video {
			out[d.stats.ID] = d.stats.Bytes + d.repeated
		}
		d.mu.Unlock()
	}
	return out
}

// Done is closed when the peer is closed and everything of it is released.
func (p *Peer) Done() <-chan struct{} { return p.done }

// Close ends the connection and waits for its goroutines. Idempotent. It must
// not be called from a Subscription's OnEvent.
func (p *Peer) Close() {
	p.closing.Do(func() { p.teardown() })
	<-p.done
}

func (p *Peer) teardown() {
	p.ready.Store(false)
	if p.cfg.Report {
		p.keepPairs()
	}
	p.mu.Lock()
	was := p.state
	p.state = PeerClosed
	if p.timer != nil {
		p.timer.Stop()
	}
	downs := p.downs
	p.mu.Unlock()
	for _, d := range downs {
		d.attach(nil)
	}
	p.pacer.stop()
	p.egress.leave()
	if p.pc != nil {
		func() {
			defer p.guard("close")
			_ = p.pc.GracefulClose()
		}()
	}
	p.note(PeerClosed)
	p.engine.forget(p, was)
	close(p.done)
}

// closeSoon closes from a goroutine that Close would wait for.
func (p *Peer) closeSoon() { go p.Close() }

// closeFor closes and remembers why, for the metric; the first reason counts.
func (p *Peer) closeFor(reason string) {
	p.mu.Lock()
	if p.reason == "" {
		p.reason = reason
	}
	p.mu.Unlock()
	p.closeSoon()
}

// guard, deferred, keeps a panic on one peer's behalf from everybody else: it
// is counted and logged, and this peer is closed.
func (p *Peer) guard(where string) {
	v := recover()
	if v == nil {
		return
	}
	p.engine.metrics.panics.Inc()
	p.engine.log.Error("a peer panicked and is closed", "where", where, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	p.closeFor("panic")
}

func (p *Peer) down(mid string) *downtrack {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, d := range p.downs {
		if d.mid == mid {
			return d
		}
	}
	return nil
}

func (p *Peer) bySSRC(ssrc uint32) (*downtrack, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	d, ok := p.ssrcs[ssrc]
	return d, ok
}

// connection follows pion's states. Called by pion on goroutines of their own.
func (p *Peer) connection(s webrtc.PeerConnectionState) {
	defer p.guard("state")
	switch s {
	case webrtc.PeerConnectionStateConnected:
		p.connected()
	case webrtc.PeerConnectionStateDisconnected:
		p.mu.Lock()
		if p.state == PeerConnected {
			p.timer.Reset(p.engine.cfg.LostTimeout)
		}
		p.mu.Unlock()
	case webrtc.PeerConnectionStateFailed:
		p.closeFor("failed")
	case webrtc.PeerConnectionStateClosed: // the client said goodbye, or Close runs
		p.closeFor("left")
	}
}

func (p *Peer) connected() {
	p.mu.Lock()
	if p.state == PeerClosed || p.pc.ConnectionState() != webrtc.PeerConnectionStateConnected {
		p.mu.Unlock()
		return
	}
	p.timer.Stop()
	first := p.state == PeerConnecting
	p.state = PeerConnected
	downs := p.downs
	p.mu.Unlock()
	if first {
		now := clock.Mono()
		p.up.Store(now)
		if told := p.told.Load(); told != 0 {
			p.engine.metrics.took(inConnect, now-told)
		}
		p.engine.connected(p)
		p.band.path(p.pacer.path(p.remote()))
		p.ready.Store(true)
		p.note(PeerConnected)
	} else {
		p.band.back()
	}
	for _, d := range downs {
		d.connected()
	}
	p.band.reconsider()
}

// remote is the address packets go to, invalid when it is not known.
func (p *Peer) remote() netip.Addr {
	for _, s := range p.pc.GetSenders() {
		if pair, err := s.Transport().ICETransport().GetSelectedCandidatePair(); err == nil && pair != nil {
			a, _ := netip.ParseAddr(pair.Remote.Address)
			return a
		}
	}
	return netip.Addr{}
}

// expire runs when the connect deadline or the time lost is over.
func (p *Peer) expire() {
	p.mu.RLock()
	s := p.state
	p.mu.RUnlock()
	switch {
	case s == PeerConnecting:
		p.closeFor("timeout")
	case s == PeerConnected && p.pc.ConnectionState() != webrtc.PeerConnectionStateConnected:
		p.closeFor("lost")
	}
}

// note tells OnState, in order and without any lock.
func (p *Peer) note(s PeerState) {
	if p.cfg.OnState == nil || p.never.Load() {
		return
	}
	p.notes.Lock()
	p.noteQueue = append(p.noteQueue, s)
	busy := p.noteBusy
	p.noteBusy = true
	p.notes.Unlock()
	if busy {
		return
	}
	p.engine.wg.Add(1)
	go func() {
		defer p.engine.wg.Done()
		for {
			p.notes.Lock()
			if len(p.noteQueue) == 0 {
				p.noteBusy = false
				p.notes.Unlock()
				return
			}
			s := p.noteQueue[0]
			p.noteQueue = p.noteQueue[1:]
			p.notes.Unlock()
			func() {
				defer p.guard("state callback")
				p.cfg.OnState(s)
			}()
		}
	}()
}
