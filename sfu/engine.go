package sfu

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// EngineConfig configures an Engine. Zero values take the defaults named.
type EngineConfig struct {
	UDPPort        int                   // 0 takes a free one
	TCPPort        int                   // 0 takes the UDP port's number where free, else any; -1 switches ICE over TCP off
	Addresses      []netip.Addr          // advertised beside (or, with Only, instead of) the interfaces' own
	OnlyAddresses  bool                  // advertise nothing but Addresses
	Loopback       bool                  // offer loopback candidates too
	DenyRemote     func(netip.Addr) bool // remote candidates never tried; nil refuses multicast, unspecified and (without Loopback) loopback
	MaxPending     int                   // peers not yet connected; default 200
	ConnectTimeout time.Duration         // default 10 s
	LostTimeout    time.Duration         // from disconnected to closed; default 15 s
	Pace           Pace
	NoGSO          bool // never use UDP segmentation offload
	Log            *slog.Logger
	Registerer     prometheus.Registerer
}

// Pace bounds the catch-up of newly attached sources, per peer.
type Pace struct {
	TileBits int // highest catch-up rate of one tile, bit/s; default 20 Mbit/s
	PeerBits int // highest rate of all tiles together while any catches up; default 60 Mbit/s
}

// Engine owns the media sockets and makes peers.
type Engine struct{}

// NewEngine opens the sockets. A port in use is a fault that names it.
func NewEngine(cfg EngineConfig) (*Engine, error) { panic("soon") }

// NewPeer answers an offer. Input that is wrong is fault.Malformed "bad_sdp" or
// fault.TooLarge "too_large"; too many unconnected peers is fault.RateLimited
// "busy". ctx bounds the making of the answer, not the peer.
func (e *Engine) NewPeer(ctx context.Context, cfg PeerConfig) (*Peer, string, error) { panic("soon") }

// UDPPort and TCPPort are the ports in use; TCPPort is 0 when TCP is off.
func (e *Engine) UDPPort() int { panic("soon") }
func (e *Engine) TCPPort() int { panic("soon") }

// Peers is how many peers exist.
func (e *Engine) Peers() int { panic("soon") }

// Close closes all peers and sockets and waits for their goroutines.
func (e *Engine) Close() error { panic("soon") }
