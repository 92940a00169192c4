package web

import (
	"net/netip"
	"strings"
	"testing"
)

func prefixes(t testing.TB, list ...string) proxies {
	t.Helper()
	var out proxies
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// Row R77 and threat T22: X-Forwarded-For counts only from trusted proxies, and
// only its right-most untrusted entry.
func TestR77_ClientAddress(t *testing.T) {
	none := prefixes(t)
	lan := prefixes(t, "10.0.0.0/8", "127.0.0.0/8", "fd00::/8", "::1/128")
	cases := []struct {
		name    string
		trusted proxies
		peer    string
		xff     []string
		want    string
	}{
		{"no header, nobody trusted", none, "203.0.113.9", nil, "203.0.113.9"},
		{"forged, nobody trusted", none, "203.0.113.9", []string{"6.6.6.6"}, "203.0.113.9"},
		{"forged from loopback, nobody trusted", none, "127.0.0.1", []string{"6.6.6.6"}, "127.0.0.1"},
		{"forged from the LAN, nobody trusted", none, "10.0.0.7", []string{"6.6.6.6"}, "10.0.0.7"},
		{"untrusted peer with a list", lan, "203.0.113.9", []string{"6.6.6.6, 10.0.0.7"}, "203.0.113.9"},
		{"trusted, no header", lan, "10.0.0.7", nil, "10.0.0.7"},
		{"trusted, empty header", lan, "10.0.0.7", []string{""}, "10.0.0.7"},
		{"trusted, one entry", lan, "10.0.0.7", []string{"203.0.113.9"}, "203.0.113.9"},
		{"trusted, forged on the left", lan, "10.0.0.7", []string{"6.6.6.6, 203.0.113.9"}, "203.0.113.9"},
		{"trusted, two proxies", lan, "10.0.0.7", []string{"203.0.113.9, 10.1.1.1"}, "203.0.113.9"},
		{"trusted, forged and two proxies", lan, "10.0.0.7", []string{"6.6.6.6, 203.0.113.9, 10.1.1.1"}, "203.0.113.9"},
		{"two lines", lan, "10.0.0.7", []string{"6.6.6.6", "203.0.113.9"}, "203.0.113.9"},
		{"two lines, the last a proxy", lan, "10.0.0.7", []string{"203.0.113.9", "10.1.1.1"}, "203.0.113.9"},
		{"all trusted: the left-most", lan, "10.0.0.7", []string{"10.9.9.9, 10.1.1.1"}, "10.9.9.9"},
		{"no spaces", lan, "10.0.0.7", []string{"6.6.6.6,203.0.113.9"}, "203.0.113.9"},
		{"tabs", lan, "10.0.0.7", []string{"6.6.6.6,\t203.0.113.9\t"}, "203.0.113.9"},
		{"with a port", lan, "10.0.0.7", []string{"203.0.113.9:4711"}, "203.0.113.9"},
		{"IPv6", lan, "::1", []string{"2001:db8::1"}, "2001:db8::1"},
		{"IPv6 in brackets", lan, "::1", []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"IPv6 in brackets with a port", lan, "::1", []string{"[2001:db8::1]:4711"}, "2001:db8::1"},
		{"mapped entry", lan, "10.0.0.7", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"mapped entry that is a proxy", lan, "10.0.0.7", []string{"203.0.113.9, ::ffff:10.1.1.1"}, "203.0.113.9"},
		{"mapped peer", lan, "::ffff:10.0.0.7", []string{"203.0.113.9"}, "203.0.113.9"},
		{"zone is dropped", lan, "10.0.0.7", []string{"fe80::1%eth0"}, "fe80::1"},
		{"garbage ends the walk", lan, "10.0.0.7", []string{"203.0.113.9, evil, 10.1.1.1"}, "10.1.1.1"},
		{"garbage alone", lan, "10.0.0.7", []string{"evil"}, "10.0.0.7"},
		{"unknown", lan, "10.0.0.7", []string{"unknown"}, "10.0.0.7"},
		{"trailing comma", lan, "10.0.0.7", []string{"203.0.113.9,"}, "10.0.0.7"},
		{"octal is no address", lan, "10.0.0.7", []string{"6.6.6.6, 010.0.0.1"}, "10.0.0.7"},
		{"bracketed IPv4 is no address", lan, "10.0.0.7", []string{"[203.0.113.9]"}, "10.0.0.7"},
		{"huge port is no address", lan, "10.0.0.7", []string{"203.0.113.9:99999"}, "10.0.0.7"},
		{"longer than we look", lan, "10.0.0.7", []string{"6.6.6.6" + strings.Repeat(",10.1.1.1", maxForwarded)}, "10.1.1.1"},
		{"control bytes are no address", lan, "10.0.0.7", []string{"203.0.113.9\x00"}, "10.0.0.7"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := c.trusted.client(netip.MustParseAddr(c.peer), c.xff)
			if got != netip.MustParseAddr(c.want) {
				t.Fatalf("client address is %v, want %s", got, c.want)
			}
		})
	}
	if len(cases) < 30 {
		t.Fatalf("%d cases, at least 30 are promised", len(cases))
	}
}

// naiveClient is the same rule written the slow way.
func naiveClient(trusted proxies, peer netip.Addr, header string) netip.Addr {
	chain := []netip.Addr{peer.Unmap().WithZone("")}
	entries := strings.Split(header, ",")
	for i := len(entries) - 1; i >= 0 && len(chain) <= maxForwarded; i-- {
		a, ok := forwardedAddr(entries[i])
		if !ok {
			break
		}
		chain = append(chain, a)
	}
	for _, a := range chain {
		if !trusted.trusts(a) {
			return a
		}
	}
	return chain[len(chain)-1]
}

func FuzzForwardedFor(f *testing.F) {
	for _, s := range []string{"", "6.6.6.6", "6.6.6.6, 203.0.113.9", "[::1]:80, 10.0.0.1", "a,b,,", "::ffff:10.0.0.1,fe80::1%x",
		strings.Repeat("10.0.0.1,", 40), "1.2.3.4:5, [2001:db8::1]"} {
		f.Add(s, true)
		f.Add(s, false)
	}
	trusted := proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	f.Fuzz(func(t *testing.T, header string, viaProxy bool) {
		peer := netip.MustParseAddr("203.0.113.200")
		if viaProxy {
			peer = netip.MustParseAddr("10.0.0.7")
		}
		got := trusted.client(peer, []string{header})
		if !viaProxy && got != peer {
			t.Fatalf("an untrusted peer chose its address: %v", got)
		}
		if want := naiveClient(trusted, peer, header); got != want {
			t.Fatalf("client of %q is %v, want %v", header, got, want)
		}
		// Whatever a client writes to the left of what the proxy added changes nothing.
		if forged := trusted.client(peer, []string{header + ", 198.51.100.1"}); viaProxy && forged != netip.MustParseAddr("198.51.100.1") {
			t.Fatalf("a forged entry won: %v", forged)
		}
		if got.Zone() != "" || got.Is4In6() {
			t.Fatalf("%v is not plain", got)
		}
	})
}
