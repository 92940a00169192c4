package measure

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"sightline/internal/testpeer"
)

const (
	// fullViewers of a crowd decrypt what they get; the others are light (testpeer.Drain).
	fullViewers = 60
	perToken    = 15 // viewers of one token: under its offers at one moment
	settling    = 3 * time.Second
)

// Crowd is a number of viewers that grows: all watch main layers, spread over
// the demo's cameras, and answer as browsers do (transport-wide feedback, NACK,
// receiver reports).
type Crowd struct {
	p       *Program
	drain   *testpeer.Drain
	viewers []*viewer
	tokens  []string
	base    int64                         // the server's memory when every camera had one viewer
	seen    func() func(*testpeer.Packet) // makes an observer for one full viewer; may be nil
}

// NewCrowd lets one viewer watch each camera; seen (may be nil) makes what
// looks at the packets of one full viewer. The caller calls Close.
func NewCrowd(ctx context.Context, p *Program, seen func() func(*testpeer.Packet)) (*Crowd, error) {
	d, err := testpeer.NewDrain()
	if err != nil {
		return nil, err
	}
	c := &Crowd{p: p, drain: d, seen: seen}
	if err := c.warm(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Crowd) warm(ctx context.Context) error {
	if err := c.Grow(ctx, len(c.p.Demo.Cameras)); err != nil {
		return err
	}
	if err := pause(ctx, settling); err != nil {
		return err
	}
	var err error
	c.base, err = RSS(c.p.PID())
	return err
}

// Grow lets more viewers join until there are n, and waits until all have media.
func (c *Crowd) Grow(ctx context.Context, n int) error {
	have := len(c.viewers)
	if n <= have {
		return nil
	}
	if err := c.addTokens(Patient(ctx), n); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	client := NewClient(c.p.Demo.BaseURL, "").HTTP
	client.Transport.(*http.Transport).MaxConnsPerHost = 2 * joiners //nolint:forcetypeassert // NewClient's own
	joined := make([]*viewer, n)
	err := inTurn(ctx, have, n, func(ctx context.Context, i int) (err error) {
		for range 5 { // a machine that is all taken makes a handshake time out, and a store late
			if joined[i], err = c.join(ctx, client, i); err == nil || pause(ctx, time.Second) != nil {
				break
			}
		}
		return err
	})
	for _, v := range joined[have:] {
		if v != nil {
			c.viewers = append(c.viewers, v)
		}
	}
	if err != nil {
		return err
	}
	return until(ctx, time.Minute, "a picture at every viewer", func() bool {
		for _, v := range c.viewers[have:] {
			if v.Stats()[0].Frames == 0 {
				return false
			}
		}
		return len(c.viewers) == n
	})
}

// addTokens makes as many tokens of the owner as n viewers need.
func (c *Crowd) addTokens(ctx context.Context, n int) error {
	owner, login := NewClient(c.p.Demo.BaseURL, ""), c.p.Demo.Accounts[0] // a token makes no tokens
	if len(c.tokens)*perToken < n {
		if err := owner.Do(ctx, "POST", "/api/v1/login", map[string]string{"email": login.Email, "password": login.Password}, nil); err != nil {
			return fmt.Errorf("sign in to make tokens: %w", err)
		}
	}
	for len(c.tokens)*perToken < n {
		var made struct{ Token string }
		if err := owner.Do(ctx, "POST", "/api/v1/me/tokens", map[string]string{"name": "bench"}, &made); err != nil {
			return fmt.Errorf("a token for viewers: %w", err)
		}
		c.tokens = append(c.tokens, made.Token)
	}
	return nil
}

func (c *Crowd) join(ctx context.Context, client *http.Client, i int) (*viewer, error) {
	cfg := testpeer.Config{Video: 1, NACK: true, TWCC: true}
	switch {
	case i >= fullViewers:
		cfg.Drain = c.drain
	case c.seen != nil:
		cfg.OnPacket = c.seen()
	}
	cams := c.p.Demo.Cameras
	cfg.Exchange, cfg.After = testpeer.WHEP(client, whepURL(c.p.Demo, cams[i%len(cams)].ID, "main"), c.tokens[i/perToken])
	peer, err := testpeer.Join(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return &viewer{Peer: peer}, nil
}

// Close lets everybody leave.
func (c *Crowd) Close() {
	var wg sync.WaitGroup
	slots := make(chan struct{}, 16)
	for _, v := range c.viewers {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			v.Close()
		})
	}
	wg.Wait()
	_ = c.drain.Close()
}

// Load is what a crowd cost and lost over some time.
type Load struct {
	Viewers     int
	For         time.Duration
	Packets     uint64        // delivered, without retransmissions
	Repairs     uint64        // retransmissions that came
	Missing     uint64        // sequence numbers skipped before any repair, at the viewers
	SocketDrops uint64        // dropped by the system at the viewers' own sockets
	Lost        uint64        // missing at a viewer beyond what its own socket dropped: the server's
	Stalled     int           // viewers that got less than half of what another of their camera got
	CPU         time.Duration // the server's user and system time
	ViewersCPU  time.Duration // this process's
	Busy        float64       // share of the machine that was not idle
	Grown       int64         // growth of the server's memory since there was one viewer a camera, bytes
	cameras     int
}

// PerPacket is the server's processor time per delivered packet.
func (l Load) PerPacket() time.Duration {
	if l.Packets == 0 {
		return 0
	}
	return l.CPU / time.Duration(l.Packets)
}

// PerViewer is the growth of the server's memory per viewer, bytes.
func (l Load) PerViewer() int64 {
	if l.Viewers <= l.cameras {
		return 0
	}
	return l.Grown / int64(l.Viewers-l.cameras)
}

// Rate is the packets delivered a second.
func (l Load) Rate() float64 { return float64(l.Packets) / l.For.Seconds() }

func (l Load) String() string {
	return fmt.Sprintf("%d viewers for %v: %d packets (%.0f/s), %d missing, %d dropped by the viewers' sockets, %d lost by the server, %d stalled, %.2f µs server CPU a packet, %.2f MB a viewer, viewers' CPU %.2f cores, machine %.0f %% busy",
		l.Viewers, l.For.Round(time.Second), l.Packets, l.Rate(), l.Missing, l.SocketDrops, l.Lost, l.Stalled,
		micros(l.PerPacket()), float64(l.PerViewer())/1e6, l.ViewersCPU.Seconds()/l.For.Seconds(), 100*l.Busy)
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// reading is the counters of everything at one moment.
type reading struct {
	at         time.Time
	cpu, own   time.Duration
	idle, all  uint64
	stats      []testpeer.TrackStats
	socketLost []uint64
}

func (c *Crowd) read() (r reading, err error) {
	if r.idle, r.all, err = machine(); err != nil {
		return r, err
	}
	for _, v := range c.viewers {
		r.stats = append(r.stats, v.Stats()[0])
	}
	if r.socketLost, err = c.dropped(); err != nil { // after what it explains
		return r, err
	}
	if r.own, err = CPU(ownPID()); err != nil {
		return r, err
	}
	r.at = time.Now()
	r.cpu, err = CPU(c.p.PID())
	return r, err
}

// dropped is what the system dropped at each viewer's socket so far. The system's
// list may leave sockets out while others come and go: those are looked for again.
func (c *Crowd) dropped() ([]uint64, error) {
	out := make([]uint64, len(c.viewers))
	for range 5 {
		drops, err := testpeer.PortDrops()
		if err != nil {
			return nil, err
		}
		all := true
		for i, v := range c.viewers {
			n, ok := drops[int(v.LocalAddr().Port())]
			out[i] = max(out[i], n)
			all = all && ok
		}
		if all {
			break
		}
	}
	return out, nil
}

// Measure watches for d.
func (c *Crowd) Measure(ctx context.Context, d time.Duration) (Load, error) {
	l := Load{Viewers: len(c.viewers), cameras: len(c.p.Demo.Cameras)}
	a, err := c.read()
	if err != nil {
		return l, err
	}
	if err := pause(ctx, d); err != nil {
		return l, err
	}
	b, err := c.read()
	if err != nil {
		return l, err
	}
	rss, err := RSS(c.p.PID())
	if err != nil {
		return l, err
	}
	l.For, l.CPU, l.ViewersCPU, l.Grown = b.at.Sub(a.at), b.cpu-a.cpu, b.own-a.own, max(rss-c.base, 0)
	l.Busy = 1 - float64(b.idle-a.idle)/float64(max(b.all-a.all, 1))
	got := make([]uint64, len(c.viewers))
	best := make([]uint64, l.cameras)
	for i := range c.viewers {
		got[i] = b.stats[i].Packets - a.stats[i].Packets
		best[i%l.cameras] = max(best[i%l.cameras], got[i])
		missing := b.stats[i].Missing - min(a.stats[i].Missing, b.stats[i].Missing)
		dropped := b.socketLost[i] - min(a.socketLost[i], b.socketLost[i])
		l.Packets += got[i]
		l.Repairs += b.stats[i].RTX - a.stats[i].RTX
		l.Missing += missing
		l.SocketDrops += dropped
		// A gap shows only with the packet behind it: what a socket dropped before
		// may be missing now, and is no more than all it ever dropped.
		ever := b.stats[i].Missing - min(b.stats[i].Missing, b.socketLost[i])
		l.Lost += min(missing-min(missing, dropped), ever)
	}
	for i, n := range got {
		if 2*n < best[i%l.cameras] {
			l.Stalled++
		}
	}
	return l, nil
}

// Watch lets n viewers watch for d and measures. Joining is not part of the figures.
func Watch(ctx context.Context, p *Program, n int, d time.Duration) (Load, error) {
	c, err := NewCrowd(ctx, p, nil)
	if err != nil {
		return Load{}, err
	}
	defer c.Close()
	if err := c.Grow(ctx, n); err != nil {
		return Load{}, err
	}
	if err := pause(ctx, settling); err != nil {
		return Load{}, err
	}
	return c.Measure(ctx, d)
}
