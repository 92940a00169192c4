package ingest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// resolver looks host names up.
type resolver func(ctx context.Context, host string) ([]netip.Addr, error)

func systemResolver(ctx context.Context, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// maxDials bounds how many addresses of one name are tried.
const maxDials = 3

// vet resolves host once and judges every address it has: one denied address
// denies the name. precise is true only when all are in listed networks.
func (g *Guard) vet(ctx context.Context, host string, port uint16) (addrs []netip.AddrPort, precise bool, err error) {
	var ips []netip.Addr
	if ip, perr := netip.ParseAddr(host); perr == nil {
		ips = []netip.Addr{ip}
	} else if ips, err = g.resolve(ctx, host); err != nil {
		return nil, false, &attemptError{class: className, err: err}
	}
	if len(ips) == 0 {
		return nil, false, &attemptError{class: className, err: errors.New("no address")}
	}
	precise = true
	for _, ip := range ips {
		ap := netip.AddrPortFrom(ip.Unmap(), port)
		p, err := g.judge(ap)
		if err != nil {
			return nil, false, &attemptError{class: classDenied, err: err}
		}
		precise = precise && p
		addrs = append(addrs, ap)
	}
	return addrs[:min(len(addrs), maxDials)], precise, nil
}

// dial connects to the first of the vetted addresses that answers. The address
// is judged once more in the moment of connecting.
func (g *Guard) dial(ctx context.Context, addrs []netip.AddrPort) (net.Conn, error) {
	d := net.Dialer{
		KeepAlive: 15 * time.Second,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil {
				return &attemptError{class: classDenied, err: fmt.Errorf("address %q", address)}
			}
			if err := g.Check(ap); err != nil {
				return &attemptError{class: classDenied, err: err}
			}
			return nil
		},
	}
	var last error
	for i, ap := range addrs {
		one, cancel := ctx, context.CancelFunc(func() {})
		if dl, ok := ctx.Deadline(); ok && i < len(addrs)-1 { // leave time for the others
			one, cancel = context.WithTimeout(ctx, time.Until(dl)/time.Duration(len(addrs)-i))
		}
		c, err := d.DialContext(one, "tcp", ap.String())
		cancel()
		if err == nil {
			return c, nil
		}
		last = err
		if ctx.Err() != nil {
			break
		}
	}
	return nil, last
}
