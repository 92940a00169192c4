package redistest

import (
	"bufio"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// Proxy stands between a client and a server: it counts commands by name and
// can swallow what the server replies. Safe for concurrent use.
type Proxy struct {
	l       net.Listener
	target  string
	swallow atomic.Bool
	done    chan struct{}
	running sync.WaitGroup

	mu     sync.Mutex
	counts map[string]int
	conns  map[net.Conn]struct{}
}

// NewProxy listens in front of addr until the test ends.
func NewProxy(t testing.TB, addr string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{l: l, target: addr, done: make(chan struct{}), counts: map[string]int{}, conns: map[net.Conn]struct{}{}}
	p.running.Add(1)
	go p.accept()
	t.Cleanup(p.Close)
	return p
}

// URL is what rediskv.Open takes.
func (p *Proxy) URL() string { return "redis://" + p.l.Addr().String() }

// SwallowReplies makes commands reach the server while their replies do not
// come back. Replies swallowed are lost for ever.
func (p *Proxy) SwallowReplies(on bool) { p.swallow.Store(on) }

// Count is how many commands of that name (upper case) were sent; "" counts all.
func (p *Proxy) Count(name string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if name != "" {
		return p.counts[name]
	}
	n := 0
	for _, c := range p.counts {
		n += c
	}
	return n
}

// DropConnections closes every connection; clients may dial again.
func (p *Proxy) DropConnections() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
}

// Close ends the proxy and waits for its goroutines.
func (p *Proxy) Close() {
	p.mu.Lock()
	select {
	case <-p.done:
		p.mu.Unlock()
		return
	default:
	}
	close(p.done)
	p.mu.Unlock()
	p.l.Close()
	p.DropConnections()
	p.running.Wait()
}

func (p *Proxy) accept() {
	defer p.running.Done()
	for {
		c, err := p.l.Accept()
		if err != nil {
			return
		}
		up, err := net.Dial("tcp", p.target)
		if err != nil || !p.track(c, up) {
			c.Close()
			if up != nil {
				up.Close()
			}
			continue
		}
		p.running.Add(2)
		go p.requests(c, up)
		go p.replies(c, up)
	}
}

func (p *Proxy) track(cs ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.done:
		return false
	default:
	}
	for _, c := range cs {
		p.conns[c] = struct{}{}
	}
	return true
}

func (p *Proxy) drop(cs ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range cs {
		c.Close()
		delete(p.conns, c)
	}
}

func (p *Proxy) requests(c, up net.Conn) {
	defer p.running.Done()
	defer p.drop(c, up)
	r := bufio.NewReader(c)
	for {
		name, raw, err := readCommand(r)
		if err != nil {
			return
		}
		p.mu.Lock()
		p.counts[name]++
		p.mu.Unlock()
		if _, err := up.Write(raw); err != nil {
			return
		}
	}
}

func (p *Proxy) replies(c, up net.Conn) {
	defer p.running.Done()
	defer p.drop(c, up)
	buf := make([]byte, 64<<10)
	for {
		n, err := up.Read(buf)
		if n > 0 && !p.swallow.Load() {
			if _, err := c.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
