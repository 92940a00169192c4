// Package testpeer is a WebRTC viewer for tests and benches: it joins through
// whatever exchanges SDP, counts what arrives before any repair, and stays cheap
// enough for hundreds in one process.
package testpeer

import (
	"context"
	"net/http"
	"time"
)

// Exchange hands the offer to the server and returns its answer.
type Exchange func(ctx context.Context, offer string) (answer string, err error)

// Config says what the viewer asks for.
type Config struct {
	Video    int  // recvonly video m-lines; default 1
	Audio    bool // one recvonly audio m-line
	H265     bool // offer H265 beside H264
	OnlyH265 bool
	NACK     bool                                        // ask again for what is missing, over RTX
	Drop     func(mid string, rtx bool, seq uint16) bool // loss between the socket and the counters
	OnPacket func(Packet)                                // on the track's goroutine; the packet is not valid after return
	Exchange Exchange
}

// Packet is one RTP packet as it arrived.
type Packet struct {
	Mid         string
	PayloadType uint8
	Seq         uint16
	TS          uint32
	SSRC        uint32
	Marker      bool
	RTX         bool
	At          time.Time
	Payload     []byte
}

// Peer is a joined viewer.
type Peer struct{}

// TrackStats is what one m-line received.
type TrackStats struct {
	Mid        string
	SSRC       uint32
	Packets    uint64 // without RTX
	Bytes      uint64
	Missing    uint64 // sequence numbers that had not arrived when a later one did, minus those that came late
	RTX        uint64
	Repaired   uint64 // missing numbers that RTX brought
	Frames     uint64 // markers seen
	Keys       uint64
	FirstKey   time.Time // last packet of the first complete key frame
	LastPacket time.Time
}

// Join offers, exchanges, and returns once the connection stands.
func Join(ctx context.Context, cfg Config) (*Peer, error) { panic("soon") }

// Grow adds video m-lines and negotiates again through exchange.
func (p *Peer) Grow(ctx context.Context, video int, exchange Exchange) error { panic("soon") }

// Restart negotiates an ICE restart through exchange.
func (p *Peer) Restart(ctx context.Context, exchange Exchange) error { panic("soon") }

// Mids in m-line order.
func (p *Peer) Mids() []string { panic("soon") }

// Stats per m-line, in m-line order.
func (p *Peer) Stats() []TrackStats { panic("soon") }

// OfferSent is when the offer was handed to Exchange.
func (p *Peer) OfferSent() time.Time { panic("soon") }

// SocketDrops is how many datagrams the system dropped at this viewer's own sockets.
func (p *Peer) SocketDrops() (uint64, error) { panic("soon") }

// PLI asks for a key frame on a mid.
func (p *Peer) PLI(mid string) error { panic("soon") }

// Closed is closed when the connection has ended on either side.
func (p *Peer) Closed() <-chan struct{} { panic("soon") }

// Close leaves. With WHEP it also deletes the resource.
func (p *Peer) Close() { panic("soon") }

// WHEP exchanges with a WHEP endpoint; bearer may be empty. after deletes the resource.
func WHEP(client *http.Client, url, bearer string) (exchange Exchange, after func(context.Context) error) {
	panic("soon")
}
