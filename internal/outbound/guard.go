// Package outbound is the way out to addresses that people typed in: webhooks,
// and the push services of browsers. Every connection is judged by the address
// that is really connected to, at each attempt, so that no name can lead into
// the server's own network (threat T11: literals, DNS rebinding, redirects).
package outbound

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"sightline/internal/fault"
	"sightline/internal/netplace"
)

// ErrDenied is what errors.Is finds when an address may not be dialled.
var ErrDenied = errors.New("outbound: this address may not be reached")

// Guard says which addresses may be dialled: public ones over https, and those
// of the listed networks over https or http. Safe from any goroutine.
type Guard struct {
	nets []netip.Prefix
	own  func() []netip.Addr
}

// NewGuard makes a guard. networks are reachable besides the public internet, and
// may hold loopback; own lists this machine's addresses, which are reachable only
// where a network lists them (nil: those of its interfaces).
func NewGuard(networks []netip.Prefix, own func() []netip.Addr) *Guard {
	g := &Guard{own: own}
	if own == nil {
		g.own = interfaces
	}
	for _, p := range networks {
		if p.IsValid() && p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		if p.IsValid() {
			g.nets = append(g.nets, p.Masked())
		}
	}
	return g
}

func interfaces() []netip.Addr {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var out []netip.Addr
	for _, a := range list {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			out = append(out, p.Addr())
		}
	}
	return out
}

// Check returns nil when a may be dialled, else ErrDenied. plain says that the
// connection will not be encrypted: that is for listed networks only.
func (g *Guard) Check(a netip.Addr, plain bool) error {
	a = a.Unmap()
	if netplace.Of(a) != netplace.Never && netplace.Within(g.nets, a) {
		return nil
	}
	if plain || netplace.Of(a) != netplace.Public {
		return ErrDenied
	}
	for _, o := range g.own() {
		if o.Unmap().WithZone("") == a {
			return ErrDenied
		}
	}
	return nil
}

// CheckURL says what can be said of an address before it is dialled: its scheme,
// its form, and a literal host. It returns a fault.Invalid about field.
func (g *Guard) CheckURL(raw, field string) error {
	u, err := url.Parse(raw)
	switch {
	case len(raw) > 2048:
		return fault.Field(field, fault.CodeTooLong, "The address is longer than 2,048 characters.")
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "" || u.Scheme != "https" && u.Scheme != "http":
		return fault.Field(field, fault.CodeBadURL, "Give an address such as https://example.org/hook.")
	case u.User != nil:
		return fault.Field(field, fault.CodeBadURL, "The address may hold no name and no password.")
	case u.Fragment != "":
		return fault.Field(field, fault.CodeBadURL, "The address may have no part behind a #.")
	}
	plain := u.Scheme == "http"
	if plain && len(g.nets) == 0 {
		return fault.Field(field, fault.CodeBadURL, "The address has to begin with https://.")
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	ip, err := netip.ParseAddr(host)
	switch {
	case err == nil && g.Check(ip, plain) != nil, err != nil && g.local(host):
		return denied(field)
	}
	return nil
}

// local reports whether a name means this machine, and that is not listed.
func (g *Guard) local(host string) bool {
	return (host == "localhost" || strings.HasSuffix(host, ".localhost")) && g.Check(netip.AddrFrom4([4]byte{127, 0, 0, 1}), true) != nil
}

func denied(field string) *fault.Error {
	return &fault.Error{Kind: fault.Invalid, Code: fault.CodeAddressDenied, Field: field,
		Msg: "This address is not on the public internet, and its network is not listed for messages that leave the server."}
}

// dialer makes connections that the guard has judged in the moment of connecting.
func (g *Guard) dialer(plain bool) *net.Dialer {
	return &net.Dialer{Timeout: 5 * time.Second, KeepAlive: -1,
		ControlContext: func(_ context.Context, _, addr string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(addr)
			if err != nil {
				return ErrDenied
			}
			return g.Check(ap.Addr(), plain)
		}}
}
