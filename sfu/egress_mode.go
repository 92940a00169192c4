package sfu

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"sync/atomic"
)

// EgressMode is how a train of packets to one peer reaches the system.
type EgressMode string

// The modes, best first. Where one does not work the next takes its place.
const (
	EgressAuto  EgressMode = ""      // the best that works here
	EgressGSO   EgressMode = "gso"   // one buffer that the system or the network card cuts up (UDP_SEGMENT)
	EgressMMsg  EgressMode = "mmsg"  // one sendmmsg call
	EgressPlain EgressMode = "plain" // one call a packet
)

// way is an EgressMode as a socket keeps it: lower is better.
type way = int32

const (
	wayGSO way = iota
	wayMMsg
	wayPlain
)

func (m EgressMode) way() (way, bool) {
	switch m {
	case EgressAuto, EgressGSO:
		return wayGSO, true
	case EgressMMsg:
		return wayMMsg, true
	case EgressPlain:
		return wayPlain, true
	}
	return wayPlain, false
}

func wayName(w way) EgressMode { return [...]EgressMode{EgressGSO, EgressMMsg, EgressPlain}[w] }

// family is one media socket as egress sees it.
type family struct {
	raw   rawConn
	name  string
	way   atomic.Int32
	falls atomic.Uint64 // how often a better way was given up
	log   *slog.Logger
}

// fall gives up a way of this socket for good; it is said once.
func (f *family) fall(from way, why error) {
	if !f.way.CompareAndSwap(from, from+1) {
		return // somebody else has seen it too
	}
	f.falls.Add(1)
	f.log.LogAttrs(context.Background(), slog.LevelWarn, "this system refuses a way of sending in batches; going on with the next best",
		slog.String("socket", f.name), slog.String("refused", string(wayName(from))), slog.String("next", string(wayName(from+1))), slog.String("error", why.Error()))
}

// family is the socket that reaches an address.
func (s *sockets) family(to netip.AddrPort) *family {
	if a := to.Addr(); a.Is6() && !a.Is4In6() {
		return s.fam6
	}
	return s.fam4
}

// Egress names the way in which trains leave now, by address family.
func (e *Engine) Egress() (v4, v6 EgressMode) {
	v4 = wayName(e.socks.fam4.way.Load())
	if e.socks.fam6 != nil {
		v6 = wayName(e.socks.fam6.way.Load())
	}
	return v4, v6
}

func badMode(m EgressMode) error {
	return fmt.Errorf("sfu: unknown egress mode %q; use gso, mmsg or plain", string(m))
}

// falls is how often a socket gave up a way.
func (s *sockets) falls() uint64 {
	n := s.fam4.falls.Load()
	if s.fam6 != nil {
		n += s.fam6.falls.Load()
	}
	return n
}
