package ingest

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

var errTooMuch = errors.New("more bytes than a camera sends")

// meter bounds what a connection may deliver: a number of bytes up to PLAY, a
// rate afterwards (F3, T41).
type meter struct {
	net.Conn
	over atomic.Bool
	any  atomic.Bool // something came

	mu    sync.Mutex
	left  int64     // before PLAY
	rate  int64     // bytes a second after it; 0: before PLAY
	since time.Time // of the present window of 2 s
	got   int64
}

func newMeter(c net.Conn, limit int64) *meter { return &meter{Conn: c, left: limit} }

// free ends the handshake's limit; from now on rate bytes a second may come.
func (m *meter) free(rate int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rate, m.since = rate, time.Now()
}

func (m *meter) Read(b []byte) (int, error) {
	n, err := m.Conn.Read(b)
	if n > 0 {
		m.any.Store(true)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rate == 0 {
		m.left -= int64(n)
		if m.left < 0 {
			m.over.Store(true)
			return 0, errTooMuch
		}
		return n, err
	}
	if now := time.Now(); now.Sub(m.since) > 2*time.Second {
		m.since, m.got = now, 0
	}
	if m.got += int64(n); m.got > 2*m.rate {
		m.over.Store(true)
		return 0, errTooMuch
	}
	return n, err
}
