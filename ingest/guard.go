package ingest

import (
	"net/netip"
)

// GuardConfig says which networks cameras may be on.
type GuardConfig struct {
	Networks []netip.Prefix      // listed networks: every port, precise reasons
	Loopback bool                // cameras on this machine are allowed (loopback and its own addresses)
	OwnAddrs func() []netip.Addr // this machine's addresses; nil: its interfaces'
}

// Guard decides which addresses may be dialled. Safe from any goroutine.
type Guard struct{}

// NewGuard makes a guard.
func NewGuard(cfg GuardConfig) *Guard { panic("soon") }

// SetNetworks replaces the listed networks and the loopback tick. Attempts in
// flight are judged by what stands when they dial.
func (g *Guard) SetNetworks(networks []netip.Prefix, loopback bool) { panic("soon") }

// Networks returns what is listed and the loopback tick.
func (g *Guard) Networks() (networks []netip.Prefix, loopback bool) { panic("soon") }

// Check returns nil when addr may be dialled, else a fault.Invalid with code
// address_denied and a sentence.
func (g *Guard) Check(addr netip.AddrPort) error { panic("soon") }

// PrivateSubnets returns the private subnets this host stands in, to prefill
// the set-up page.
func PrivateSubnets() []netip.Prefix { panic("soon") }
