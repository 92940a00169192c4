package ingest

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"sightline/internal/clock"
	"sightline/internal/fault"
)

// GuardConfig says which networks cameras may be on.
type GuardConfig struct {
	Networks []netip.Prefix      // listed networks: every port, precise reasons
	Loopback bool                // cameras on this machine are allowed (loopback and its own addresses)
	OwnAddrs func() []netip.Addr // this machine's addresses; nil: its interfaces'
}

// outsidePorts are the ports dialled outside the listed networks.
var outsidePorts = []uint16{554, 8554, 322, 80, 443, 8000, 8080, 2020}

// Guard decides which addresses may be dialled (threats T11, T12). The address
// that is really connected to is judged, at each attempt. Safe from any goroutine.
type Guard struct {
	ownAddrs func() []netip.Addr
	resolve  resolver

	mu       sync.Mutex
	nets     []netip.Prefix
	loopback bool
	own      []netip.Addr
	ownAt    int64 // clock.Mono of the last look at own
}

// NewGuard makes a guard.
func NewGuard(cfg GuardConfig) *Guard {
	g := &Guard{ownAddrs: cfg.OwnAddrs, resolve: systemResolver}
	if g.ownAddrs == nil {
		g.ownAddrs = interfaceAddrs
	}
	g.SetNetworks(cfg.Networks, cfg.Loopback)
	return g
}

// SetNetworks replaces the listed networks and the loopback tick. Running pulls
// from addresses that are no longer allowed end within a second.
func (g *Guard) SetNetworks(networks []netip.Prefix, loopback bool) {
	nets := make([]netip.Prefix, 0, len(networks))
	for _, p := range networks {
		if p = unmapPrefix(p); p.IsValid() {
			nets = append(nets, p)
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.nets, g.loopback = nets, loopback
}

// unmapPrefix turns ::ffff:10.0.0.0/104 into 10.0.0.0/8.
func unmapPrefix(p netip.Prefix) netip.Prefix {
	if p.IsValid() && p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return netip.Prefix{}
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked()
}

// Networks returns what is listed and the loopback tick.
func (g *Guard) Networks() (networks []netip.Prefix, loopback bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.nets), g.loopback
}

// Check returns nil when addr may be dialled, else a fault.Invalid with code
// address_denied and a sentence.
func (g *Guard) Check(addr netip.AddrPort) error {
	_, err := g.judge(addr)
	return err
}

// judge says whether addr may be dialled and whether reasons about it may be
// precise (listed networks, or this machine when ticked).
func (g *Guard) judge(addr netip.AddrPort) (precise bool, err error) {
	a := addr.Addr().Unmap()
	c := classify(addr.Addr())
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case c == addrNever:
		return false, denied("This address is one that no camera may be on.")
	case c == addrLoopback || g.isOwn(a):
		if g.loopback {
			return true, nil
		}
		return false, denied("This address is the server itself. The instance administrator can allow cameras on this machine.")
	case within(g.nets, a):
		return true, nil
	case c == addrPrivate:
		return false, denied("This address is on a private network that is not listed for cameras. The instance administrator can add the network.")
	case !slices.Contains(outsidePorts, addr.Port()):
		return false, denied("Outside the listed camera networks only the ports 554, 8554, 322, 80, 443, 8000, 8080 and 2020 are used.")
	}
	return false, nil
}

func denied(msg string) *fault.Error {
	return &fault.Error{Kind: fault.Invalid, Code: fault.CodeAddressDenied, Msg: msg}
}

// isOwn is called with mu held. The addresses of this machine are looked up at
// most once per 5 s.
func (g *Guard) isOwn(a netip.Addr) bool {
	if now := clock.Mono(); g.own == nil || now-g.ownAt > int64(5*time.Second) {
		g.own, g.ownAt = g.ownAddrs(), now
	}
	for _, o := range g.own {
		if o.Unmap().WithZone("") == a {
			return true
		}
	}
	return false
}
