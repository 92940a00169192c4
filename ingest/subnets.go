package ingest

import (
	"net"
	"net/netip"
	"slices"
)

// PrivateSubnets returns the private subnets this host stands in, smallest
// address first, to prefill the set-up page. Networks of container bridges are
// among them: nothing tells them apart reliably.
func PrivateSubnets() []netip.Prefix {
	var out []netip.Prefix
	for _, p := range interfacePrefixes() {
		p = unmapPrefix(p)
		if p.IsValid() && !p.IsSingleIP() && classify(p.Addr()) == addrPrivate && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b netip.Prefix) int { return a.Addr().Compare(b.Addr()) })
	return out
}

func interfaceAddrs() []netip.Addr {
	var out []netip.Addr
	for _, p := range interfacePrefixes() {
		out = append(out, p.Addr())
	}
	return out
}

// interfacePrefixes returns addresses with their masks, not masked.
func interfacePrefixes() []netip.Prefix {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var out []netip.Prefix
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(n.IP); ok {
				ones, _ := n.Mask.Size()
				out = append(out, netip.PrefixFrom(ip.Unmap(), ones))
			}
		}
	}
	return out
}
