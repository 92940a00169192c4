// Package netplace says what kind of place a network address is, so that what
// people type in (cameras, webhooks, push services) cannot make the server reach
// what only the server may reach (threat T11).
package netplace

import "net/netip"

// Class says what kind of place an address is; a higher one is the stricter.
type Class uint8

const (
	Public   Class = iota
	Private        // an operator's own networks: allowed when listed
	Loopback       // this machine: allowed when ticked
	Never          // nothing of ours is there, or what is there must not be reached
)

var (
	privateNets = prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7",
		"198.18.0.0/15", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "fec0::/10", "2001:db8::/32") // benchmarks and examples: as good as private
	neverNets = prefixes("0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"100.100.100.200/32", "168.63.129.16/32", // metadata services of clouds
		"::/128", "fe80::/10", "ff00::/8", "100::/64", "fd00:ec2::254/128", "64:ff9b:1::/48")
	loopbackNets = prefixes("127.0.0.0/8", "::1/128")
	nat64        = netip.MustParsePrefix("64:ff9b::/96")
	sixToFour    = netip.MustParsePrefix("2002::/16")
	teredo       = netip.MustParsePrefix("2001::/32")
	compatible   = netip.MustParsePrefix("::/96")
)

func prefixes(s ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(s))
	for i, p := range s {
		out[i] = netip.MustParsePrefix(p)
	}
	return out
}

// Of judges an address and every IPv4 address it wraps (mapped,
// compatible, NAT64, 6to4, Teredo); the strictest judgement counts.
func Of(a netip.Addr) Class {
	if !a.IsValid() || a.Zone() != "" {
		return Never
	}
	a = a.Unmap()
	c := plain(a)
	for _, in := range Wrapped(a) {
		c = max(c, plain(in))
	}
	return c
}

func plain(a netip.Addr) Class {
	switch {
	case Within(neverNets, a):
		return Never
	case Within(loopbackNets, a):
		return Loopback
	case Within(privateNets, a):
		return Private
	}
	return Public
}

// Wrapped returns the IPv4 addresses inside an IPv6 one.
func Wrapped(a netip.Addr) []netip.Addr {
	if !a.Is6() {
		return nil
	}
	b := a.As16()
	switch {
	case nat64.Contains(a):
		return []netip.Addr{netip.AddrFrom4([4]byte(b[12:16]))}
	case sixToFour.Contains(a):
		return []netip.Addr{netip.AddrFrom4([4]byte(b[2:6]))}
	case teredo.Contains(a):
		return []netip.Addr{netip.AddrFrom4([4]byte(b[4:8])), netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]})}
	case compatible.Contains(a) && a != netip.IPv6Loopback() && a != netip.IPv6Unspecified():
		return []netip.Addr{netip.AddrFrom4([4]byte(b[12:16]))}
	}
	return nil
}

// Within reports whether one of nets holds a.
func Within(nets []netip.Prefix, a netip.Addr) bool {
	for _, p := range nets {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
