package intake

import (
	"net"
	"net/netip"
	"sync"
)

// door is a listener that admits a bounded number of connections, and few of
// one address (IPv6: one /64). Those beyond are closed at once.
type door struct {
	net.Listener
	most, mostOfOne int

	mu   sync.Mutex
	open int
	by   map[netip.Prefix]int
}

func newDoor(l net.Listener, most, mostOfOne int) *door {
	return &door{Listener: l, most: most, mostOfOne: mostOfOne, by: map[netip.Prefix]int{}}
}

// Accept returns the next connection that is let in.
func (d *door) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := prefixOf(c.RemoteAddr())
		if d.enter(from) {
			return &inside{Conn: c, leave: sync.OnceFunc(func() { d.leave(from) })}, nil
		}
		c.Close()
	}
}

func (d *door) enter(from netip.Prefix) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open >= d.most || d.by[from] >= d.mostOfOne {
		return false
	}
	d.open++
	d.by[from]++
	return true
}

func (d *door) leave(from netip.Prefix) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open--
	if d.by[from]--; d.by[from] <= 0 {
		delete(d.by, from)
	}
}

// inside is a connection that was let in.
type inside struct {
	net.Conn
	leave func()
}

func (c *inside) Close() error {
	c.leave()
	return c.Conn.Close()
}

// prefixOf is what limits count by.
func prefixOf(a net.Addr) netip.Prefix {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	addr := t.AddrPort().Addr().Unmap()
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, err := addr.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
