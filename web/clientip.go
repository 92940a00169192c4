package web

import (
	"net/netip"
	"strings"
)

// maxForwarded is how many entries of X-Forwarded-For are looked at, from the right.
const maxForwarded = 32

// proxies says whose X-Forwarded-* headers are believed. The empty list
// believes nobody, which is the default (threat T22).
type proxies []netip.Prefix

// trusts reports whether a is the address of a configured proxy.
func (p proxies) trusts(a netip.Addr) bool {
	for _, n := range p {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// client is the address a request comes from, for limits, logs and metering:
// the peer itself unless it is a trusted proxy; else the right-most entry of
// X-Forwarded-For that is not a trusted proxy. What stands left of that entry
// was written by the client and is never looked at. An entry that is no address
// ends the walk at the proxy that sent it. When every entry is a trusted proxy,
// the left-most one is the client.
//
// values are the header's values in the order of the lines. The result is
// unmapped and carries no zone.
func (p proxies) client(peer netip.Addr, values []string) netip.Addr {
	peer = plainAddr(peer)
	if !p.trusts(peer) {
		return peer
	}
	nearest := peer
	seen := 0
	for i := len(values) - 1; i >= 0; i-- {
		rest := values[i]
		for more := true; more; {
			var entry string
			if cut := strings.LastIndexByte(rest, ','); cut >= 0 {
				rest, entry = rest[:cut], rest[cut+1:]
			} else {
				entry, more = rest, false
			}
			if seen++; seen > maxForwarded {
				return nearest
			}
			a, ok := forwardedAddr(entry)
			if !ok {
				return nearest
			}
			if !p.trusts(a) {
				return a
			}
			nearest = a
		}
	}
	return nearest
}

// forwardedAddr reads one entry: an address, optionally with a port; IPv6 with
// a port stands in brackets.
func forwardedAddr(s string) (netip.Addr, bool) {
	s = strings.Trim(s, " \t")
	if len(s) > 64 {
		return netip.Addr{}, false
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return plainAddr(a), true
	}
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		if a, err := netip.ParseAddr(s[1 : len(s)-1]); err == nil && a.Is6() {
			return plainAddr(a), true
		}
		return netip.Addr{}, false
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return plainAddr(ap.Addr()), true
	}
	return netip.Addr{}, false
}

func plainAddr(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
