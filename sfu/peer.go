package sfu

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
	// OnState is called with PeerConnected at most once per connection and with
	// PeerClosed exactly once, as the last call. It may call any method of Peer.
	OnState func(PeerState)
}

// Mid is one m-line of the client on which it receives.
type Mid struct {
	ID     string
	Kind   Kind
	Codecs []Codec // what both sides agreed on, the client's order
}

// Peer is one WebRTC connection of a viewing session.
type Peer struct{}

// PeerStats is a snapshot of a peer.
type PeerStats struct {
	State       PeerState
	Packets     uint64
	Bytes       uint64 // RTP payload bytes
	Nacks       uint64 // sequence numbers asked for again
	Retransmits uint64
	Plis        uint64
	Mids        []MidStats
}

// MidStats is a snapshot of one m-line.
type MidStats struct {
	ID         string
	Layer      int // -1 when nothing is attached or sent yet
	Catching   bool
	Packets    uint64
	Bytes      uint64
	Replays    uint64
	FirstAfter int64 // ns from Attach to the last packet of the first key frame; 0 before
}

// Renegotiate answers a further offer of the same client: more m-lines, or an
// ICE restart. What is attached goes on.
func (p *Peer) Renegotiate(offer string) (answer string, err error) { panic("soon") }

// Mids returns the m-lines on which the client receives, in m-line order.
func (p *Peer) Mids() []Mid { panic("soon") }

// Attach replaces what the mid carries, under the same SSRC and without
// negotiation. Unknown mid: fault.NotFound. A wrong kind or an empty
// subscription: fault.Invalid.
func (p *Peer) Attach(mid string, s Subscription) error { panic("soon") }

// Detach stops what the mid carries. After it has returned no packet of it is sent.
func (p *Peer) Detach(mid string) { panic("soon") }

// SetWant changes the highest layer wanted on the mid.
func (p *Peer) SetWant(mid string, layer int) { panic("soon") }

// LastForwarded is clock.Mono of the newest live frame forwarded on any video
// mid; frames of the still gate do not count.
func (p *Peer) LastForwarded() int64 { panic("soon") }

// Stats returns a snapshot.
func (p *Peer) Stats() PeerStats { panic("soon") }

// State is where the peer stands.
func (p *Peer) State() PeerState { panic("soon") }

// Close ends the connection and waits for its goroutines. Idempotent.
func (p *Peer) Close() { panic("soon") }
