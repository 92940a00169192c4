package sfu_test

import (
	"context"
	"io"
	"net"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/internal/testpeer"
	"sightline/sfu"
)

// valve is a TCP relay to an engine whose way to the viewer can be shut.
type valve struct {
	l    net.Listener
	to   int
	mu   sync.Mutex
	cond *sync.Cond
	shut bool
	wg   sync.WaitGroup
}

func newValve(t *testing.T, to int) *valve {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	v := &valve{l: l, to: to}
	v.cond = sync.NewCond(&v.mu)
	v.wg.Go(v.serve)
	t.Cleanup(func() { v.set(false); _ = l.Close(); v.wg.Wait() })
	return v
}

func (v *valve) serve() {
	for {
		c, err := v.l.Accept()
		if err != nil {
			return
		}
		s, err := net.Dial("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(v.to)))
		if err != nil {
			_ = c.Close()
			continue
		}
		_ = s.(*net.TCPConn).SetReadBuffer(32 << 10) // what is on the way is little
		v.wg.Go(func() { _, _ = io.Copy(s, c); _ = s.Close() })
		v.wg.Go(func() {
			defer c.Close()
			b := make([]byte, 4096)
			for {
				v.wait()
				n, err := s.Read(b)
				if err != nil {
					return
				}
				v.wait()
				if _, err := c.Write(b[:n]); err != nil {
					return
				}
			}
		})
	}
}

func (v *valve) wait() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for v.shut {
		v.cond.Wait()
	}
}

func (v *valve) set(shut bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.shut = shut
	v.cond.Broadcast()
}

// A viewer over TCP who stops reading holds up nobody. When he reads again he
// comes back by a replay, long before the next key frame.
func TestSlowTCPViewer(t *testing.T) {
	reg := prometheus.NewRegistry()
	e := engine(t, func(c *sfu.EngineConfig) { c.TCPPort, c.Registerer = 0, reg })
	cam := newCamera(t, "cam", sfu.H264, time.Hour, 4_000_000).keeps().fill(10).run(t)
	sub := sfu.Subscription{Layers: []*sfu.Stream{cam.s}}
	v := newValve(t, e.TCPPort())
	port := regexp.MustCompile(` 127\.0\.0\.1 \d+ typ host tcptype passive`)
	var srv *sfu.Peer
	ctx, cancel := patience(t)
	defer cancel()
	slow, err := testpeer.Join(ctx, testpeer.Config{TCP: true, NACK: true, Exchange: func(ctx context.Context, offer string) (string, error) {
		p, answer, err := e.NewPeer(ctx, sfu.PeerConfig{Offer: offer})
		if err != nil {
			return "", err
		}
		srv = p
		attach(t, p, p.Mids()[0].ID, sub)
		for _, m := range regexp.MustCompile(`(?m)^a=candidate:\S+ 1 tcp \d+ (\S+) .*$`).FindAllStringSubmatch(answer, -1) {
			if m[1] != "127.0.0.1" { // only the way through the valve is left
				answer = regexp.MustCompile(regexp.QuoteMeta(m[0])+`\n`).ReplaceAllString(answer, "")
			}
		}
		return port.ReplaceAllString(answer, " 127.0.0.1 "+strconv.Itoa(v.l.Addr().(*net.TCPAddr).Port)+" typ host tcptype passive"), nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	good := join(t, e, testpeer.Config{TCP: true}, func(p *sfu.Peer) { attach(t, p, p.Mids()[0].ID, sub) })
	until(t, "both to play", 5*time.Second, func() bool { return slow.Stats()[0].Frames > 25 && good.Stats()[0].Frames > 25 })
	v.set(true)
	until(t, "the slow one to be cut", 20*time.Second, func() bool { return gathered(t, reg, "sightline_sfu_drops_total") > 0 })
	at, frames := slow.Stats()[0].Frames, good.Stats()[0].Frames
	until(t, "the good one to go on", 5*time.Second, func() bool { return good.Stats()[0].Frames > frames+25 })
	replays := srv.Stats().Mids[0].Replays
	v.set(false)
	until(t, "a replay", 10*time.Second, func() bool { return srv.Stats().Mids[0].Replays > replays })
	until(t, "the slow one to play on", 10*time.Second, func() bool { return slow.Stats()[0].Frames > at+50 })
	if s := good.Stats()[0]; s.Missing != 0 {
		t.Errorf("the good one misses %d packets", s.Missing)
	}
	until(t, "repair", 5*time.Second, func() bool { s := slow.Stats()[0]; return s.Repaired >= s.Missing })
	if srv.State() != sfu.PeerConnected {
		t.Errorf("the slow one is %v", srv.State())
	}
}
