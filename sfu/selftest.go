package sfu

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"sightline/internal/fault"
)

// PairCode says how one way between a client and this server did.
type PairCode string

// What a pair of addresses can turn out to be.
const (
	PairInUse     PairCode = "in_use"     // media takes this way
	PairWorks     PairCode = "works"      // packets pass both ways; another way was taken
	PairNoAnswer  PairCode = "no_answer"  // what the server sends is not answered, and nothing arrives
	PairOneWay    PairCode = "one_way"    // packets arrive here, but answers do not reach the client, or are not acknowledged
	PairUntried   PairCode = "untried"    // no check was sent
	PairHandshake PairCode = "handshake"  // packets pass, the encryption was not agreed on
	PairNotDialed PairCode = "not_dialed" // TCP: the client never connected to the port
)

// Pair is one way between a client and this server.
type Pair struct {
	Local    string   `json:"local"`  // host:port of this server
	Remote   string   `json:"remote"` // host:port of the client, "" where it never showed
	Protocol string   `json:"protocol"`
	Kind     string   `json:"kind"` // how the client got its address: host, srflx, prflx, relay
	Code     PairCode `json:"code"`
	Says     string   `json:"says"` // one sentence
	Sent     uint64   `json:"checks_sent"`
	Answered uint64   `json:"checks_answered"`
	Arrived  uint64   `json:"checks_arrived"`
	RTT      float64  `json:"rtt_seconds,omitempty"`
}

// Connectivity is what is known about the ways between one client and this server.
type Connectivity struct {
	State   string         `json:"state"`   // connecting, connected, closed
	Says    string         `json:"says"`    // one sentence: how it went
	Offered []string       `json:"offered"` // addresses this server told the client, "udp host:port"
	Hidden  int            `json:"hidden"`  // addresses of the client it did not tell (mDNS names)
	Pairs   []Pair         `json:"pairs"`
	Remote  netip.AddrPort `json:"-"` // where packets go
}

// Connectivity reports how ICE does or did, most telling pair first.
func (p *Peer) Connectivity() Connectivity {
	c := Connectivity{State: p.State().String(), Offered: p.engine.socks.offered(), Pairs: []Pair{}}
	c.Pairs = append(c.Pairs, p.readPairs()...)
	p.mu.RLock()
	c.Hidden = p.hidden
	p.mu.RUnlock()
	for _, x := range c.Pairs {
		if x.Code == PairInUse {
			c.Remote, _ = netip.ParseAddrPort(x.Remote)
		}
	}
	if p.engine.TCPPort() != 0 && !slices.ContainsFunc(c.Pairs, func(x Pair) bool { return x.Protocol == "tcp" }) {
		c.Pairs = append(c.Pairs, Pair{Local: net.JoinHostPort("", strconv.Itoa(p.engine.TCPPort())), Protocol: "tcp", Code: PairNotDialed,
			Says: fmt.Sprintf("Over TCP the client did not connect to port %d.", p.engine.TCPPort())})
	}
	c.conclude(p)
	return c
}

// keepPairs remembers how it stood before the connection is taken down; from
// then on pion is not asked any more.
func (p *Peer) keepPairs() {
	p.readPairs()
	p.asking.Lock()
	p.over = true
	p.asking.Unlock()
}

// readPairs returns the pairs as they stand, or stood when the way was found or
// the connection ended.
func (p *Peer) readPairs() []Pair {
	p.mu.RLock()
	pc, state := p.pc, p.state
	p.mu.RUnlock()
	p.asking.Lock()
	defer p.asking.Unlock()
	found := slices.ContainsFunc(p.pairs, func(x Pair) bool { return x.Code == PairInUse })
	if pc != nil && !found && !p.over && pc.ConnectionState() != webrtc.PeerConnectionStateClosed {
		p.askPion(pc, state == PeerConnected)
	}
	return p.pairs
}

// askPion is called with asking held. Pion gives up its statistics without a
// lock when the other side says goodbye: a reader in that very moment may meet
// half a pointer, and then keeps what was known before.
func (p *Peer) askPion(pc *webrtc.PeerConnection, connected bool) {
	defer p.guard("statistics")
	p.pairs = pairsOf(pc, connected)
}

// pairsOf takes the pairs out of pion's statistics.
func pairsOf(pc *webrtc.PeerConnection, connected bool) []Pair {
	ends := map[string]webrtc.ICECandidateStats{}
	var raw []webrtc.ICECandidatePairStats
	for _, s := range pc.GetStats() {
		switch s := s.(type) {
		case webrtc.ICECandidateStats:
			ends[s.ID] = s
		case webrtc.ICECandidatePairStats:
			raw = append(raw, s)
		}
	}
	var out []Pair
	for _, s := range raw {
		l, r := ends[s.LocalCandidateID], ends[s.RemoteCandidateID]
		x := Pair{
			Local: net.JoinHostPort(l.IP, strconv.Itoa(int(l.Port))), Remote: net.JoinHostPort(r.IP, strconv.Itoa(int(r.Port))),
			Protocol: cmp.Or(l.Protocol, r.Protocol), Kind: r.CandidateType.String(),
			Sent: s.RequestsSent, Answered: s.ResponsesReceived, Arrived: s.RequestsReceived, RTT: s.CurrentRoundTripTime,
		}
		x.judge(s.Nominated, connected)
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b Pair) int { return cmp.Or(rank(a.Code)-rank(b.Code), cmp.Compare(a.Remote, b.Remote)) })
	return out
}

func rank(c PairCode) int {
	return slices.Index([]PairCode{PairInUse, PairHandshake, PairWorks, PairOneWay, PairNoAnswer, PairUntried, PairNotDialed}, c)
}

// judge says how the pair did.
func (x *Pair) judge(nominated, connected bool) {
	who := x.Remote
	if x.Kind == "relay" {
		who = "the client's TURN relay " + x.Remote
	}
	switch {
	case nominated && x.Answered > 0 && connected:
		x.Code, x.Says = PairInUse, fmt.Sprintf("Media goes to %s over %s.", who, x.Protocol)
	case nominated && x.Answered > 0:
		x.Code, x.Says = PairHandshake, fmt.Sprintf("Packets pass between here and %s, but the encryption (DTLS) is not agreed on.", who)
	case x.Answered > 0:
		x.Code, x.Says = PairWorks, fmt.Sprintf("The way to %s over %s works; another was taken.", who, x.Protocol)
	case x.Arrived > 0:
		x.Code, x.Says = PairOneWay, fmt.Sprintf("Packets of %s arrive here, but what this server sends back is not answered: a firewall between lets only one direction through.", who)
	case x.Sent > 0:
		x.Code, x.Says = PairNoAnswer, fmt.Sprintf("Nothing arrives from %s over %s and nothing sent there is answered: a firewall or a router between drops it, or that address is not reachable from here.", who, x.Protocol)
	default:
		x.Code, x.Says = PairUntried, fmt.Sprintf("The way to %s over %s was not tried.", who, x.Protocol)
	}
}

// conclude says in one sentence how it went.
func (c *Connectivity) conclude(p *Peer) {
	has := func(code PairCode) bool {
		return slices.ContainsFunc(c.Pairs, func(x Pair) bool { return x.Code == code })
	}
	udp, tcp := p.engine.UDPPort(), p.engine.TCPPort()
	switch {
	case has(PairInUse):
		c.Says = c.Pairs[0].Says
	case c.State == PeerConnecting.String():
		c.Says = "Still trying."
	case has(PairHandshake):
		c.Says = "Packets pass, but the encryption (DTLS) is not agreed on: something between changes or drops its packets."
	case has(PairWorks):
		c.Says = "A way was found and then lost."
	case has(PairOneWay):
		c.Says = fmt.Sprintf("The client's packets arrive here and its answers do not: let UDP out of port %d of this server.", udp)
	default:
		c.Says = fmt.Sprintf("No packet of the client arrived: let UDP %d into this server", udp)
		if tcp != 0 {
			c.Says = fmt.Sprintf("No packet of the client arrived: let UDP %d or TCP %d into this server", udp, tcp)
		}
		c.Says += ", forward it at the router and name the public address in media.addresses, or set up a TURN server (media.turn.urls)."
	}
}

// offered names what answers advertise.
func (s *sockets) offered() []string {
	out := []string{}
	for _, a := range s.advertised() {
		out = append(out, "udp "+netip.AddrPortFrom(a, uint16(s.udpPort())).String())
		if s.tcp != nil {
			out = append(out, "tcp "+netip.AddrPortFrom(a, uint16(s.tcpPort())).String())
		}
	}
	return out
}

// Trials are connectivity tests: peers that carry nothing and are kept a while
// after they are over, so that their report can be read.
type Trials struct {
	engine *Engine

	mu   sync.Mutex
	list map[string]*trial
}

type trial struct {
	owner string
	peer  *Peer
	timer *time.Timer
}

const (
	trialKeep = 60 * time.Second // from its begin, then it is closed and forgotten
	maxTrials = 8                // at once, of everybody
)

// NewTrials keeps tests of an engine.
func NewTrials(e *Engine) *Trials { return &Trials{engine: e, list: map[string]*trial{}} }

// Begin answers a client's offer with a peer that carries nothing. id is the
// caller's, unguessable; owner is who may read it. Too many at once is
// fault.RateLimited "busy"; else errors are those of NewPeer.
func (t *Trials) Begin(ctx context.Context, id, owner, offer string) (answer string, err error) {
	t.mu.Lock()
	if len(t.list) >= maxTrials {
		t.mu.Unlock()
		return "", fault.New(fault.RateLimited, fault.CodeBusy, "Too many connection tests are running; try again in a minute.").After(10 * time.Second)
	}
	x := &trial{owner: owner}
	t.list[id] = x
	t.mu.Unlock()
	p, answer, err := t.engine.NewPeer(ctx, PeerConfig{Offer: offer, Report: true})
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		delete(t.list, id)
		return "", err
	}
	x.peer = p
	x.timer = time.AfterFunc(trialKeep, func() { t.forget(id) })
	return answer, nil
}

// Report says how the test does; false for another owner's or an unknown id.
func (t *Trials) Report(id, owner string) (Connectivity, bool) {
	t.mu.Lock()
	x := t.list[id]
	t.mu.Unlock()
	if x == nil || x.owner != owner || x.peer == nil {
		return Connectivity{}, false
	}
	return x.peer.Connectivity(), true
}

func (t *Trials) forget(id string) {
	t.mu.Lock()
	x := t.list[id]
	delete(t.list, id)
	t.mu.Unlock()
	if x != nil && x.peer != nil {
		x.timer.Stop()
		x.peer.Close()
	}
}

// Close ends all tests.
func (t *Trials) Close() {
	t.mu.Lock()
	ids := make([]string, 0, len(t.list))
	for id := range t.list {
		ids = append(ids, id)
	}
	t.mu.Unlock()
	for _, id := range ids {
		t.forget(id)
	}
}
