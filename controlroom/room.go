package controlroom

import (
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/authz"
	"sightline/ingest"
	"sightline/internal/clock"
	"sightline/internal/kv"
	"sightline/internal/seal"
	"sightline/sfu"
)

// Config of a Room. Store, Authority, Fleet, Engine, Guard and Seal are required.
type Config struct {
	Store      kv.Store
	Authority  *authz.Authority
	Fleet      *ingest.Fleet
	Engine     *sfu.Engine
	Guard      *ingest.Guard // for TestCamera; the one the fleet uses
	Seal       *seal.Box
	Limits     Limits
	Node       string // name of this node, told in the socket's hello
	Log        *slog.Logger
	Registerer prometheus.Registerer
	Clock      clock.Clock
}

// Limits with their defaults where zero.
type Limits struct {
	Tiles        int           // of one viewing session: 16
	PerVisit     int           // viewing sessions of one guest cookie: 2
	PerAccount   int           // viewing sessions of one account on this node: 32
	Sockets      int           // of one login or visit on this node: 16
	Cameras      int           // of one account: 500
	Views        int           // of one account: 50
	NoSocket     time.Duration // a session without a socket is closed after 30 s
	Idle         time.Duration // without input media stops after 60 min
	SubMaxPx     int           // widest tile that takes the sub layer: 640 device pixels
	SubFromTiles int           // with more tiles than this all take the sub layer: 4
}

// Room is the control room of one node.
type Room struct{}

// New wires a room; nothing runs before Start.
func New(cfg Config) (*Room, error) { panic("soon") }
