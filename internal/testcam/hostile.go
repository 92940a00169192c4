package testcam

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// hostile accepts connections and misbehaves on each.
type hostile struct {
	ln    net.Listener
	fault Fault
	wg    sync.WaitGroup
	quit  chan struct{}
	sent  *atomic.Int64

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

func newHostile(ln net.Listener, f Fault, sent *atomic.Int64) *hostile {
	h := &hostile{ln: ln, fault: f, sent: sent, quit: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	h.wg.Go(h.accept)
	return h
}

func (h *hostile) accept() {
	for {
		c, err := h.ln.Accept()
		if err != nil {
			return
		}
		h.mu.Lock()
		h.conns[c] = struct{}{}
		h.mu.Unlock()
		h.wg.Go(func() {
			h.serve(c)
			c.Close()
			h.mu.Lock()
			delete(h.conns, c)
			h.mu.Unlock()
		})
	}
}

func (h *hostile) serve(c net.Conn) {
	switch h.fault {
	case Garbage:
		b := make([]byte, 4096)
		for range 64 {
			rand.Read(b)
			if _, err := c.Write(b); err != nil {
				return
			}
		}
		io.Copy(io.Discard, c)
	case Drip:
		r := bufio.NewReader(c)
		if _, err := r.ReadString('\n'); err != nil {
			return
		}
		if _, err := io.WriteString(c, "RTSP/1.0 200 OK\r\n"); err != nil {
			return
		}
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			if _, err := io.WriteString(c, "X"); err != nil {
				return
			}
			select {
			case <-tick.C:
			case <-h.quit:
				return
			}
		}
	case Endless:
		r := bufio.NewReader(c)
		if _, err := r.ReadString('\n'); err != nil {
			return
		}
		b := append([]byte("X-Filler: "), bytes.Repeat([]byte{'x'}, 1000)...)
		b = append(b, "\r\n"...)
		for _, err := io.WriteString(c, "RTSP/1.0 200 OK\r\n"); err == nil; _, err = c.Write(b) {
			h.sent.Add(int64(len(b)))
			select {
			case <-h.quit:
				return
			default:
			}
		}
	case Web:
		r := bufio.NewReader(c)
		if _, err := r.ReadString('\n'); err != nil {
			return
		}
		io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nContent-Length: 11\r\nConnection: close\r\n\r\nBad Request")
	default:
		io.Copy(io.Discard, c)
	}
}

func (h *hostile) kill() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.conns {
		c.Close()
	}
}

func (h *hostile) stop() {
	close(h.quit)
	h.ln.Close()
	h.kill()
	h.wg.Wait()
}

func (h *hostile) sessions() int { return 0 }
