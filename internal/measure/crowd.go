package measure

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Crowd is what a number of viewers of 2 Mbit/s 720p cost and lost.
type Crowd struct {
	Viewers     int
	For         time.Duration
	Packets     uint64        // delivered, without retransmissions
	Missing     uint64        // sequence gaps before NACK, at the viewers
	SocketDrops uint64        // dropped by the system at the viewers' own sockets
	CPU         time.Duration // the server's user and system time
	RSS         int64         // growth of the server's memory by all viewers, bytes
}

// Lost is what the server or the way lost: gaps that the viewers' own sockets do not explain.
func (c Crowd) Lost() uint64 {
	if c.Missing <= c.SocketDrops {
		return 0
	}
	return c.Missing - c.SocketDrops
}

// PerPacket is the server's processor time per delivered packet.
func (c Crowd) PerPacket() time.Duration {
	if c.Packets == 0 {
		return 0
	}
	return c.CPU / time.Duration(c.Packets)
}

// PerViewer is the growth of the server's memory per viewer, bytes.
func (c Crowd) PerViewer() int64 { return c.RSS / int64(c.Viewers) }

func (c Crowd) String() string {
	return fmt.Sprintf("%d viewers for %v: %d packets (%.0f/s), %d missing, %d of them dropped by the viewers' sockets, %.2f µs server CPU a packet, %.2f MB a viewer",
		c.Viewers, c.For.Round(time.Second), c.Packets, float64(c.Packets)/c.For.Seconds(), c.Missing, c.SocketDrops,
		float64(c.PerPacket().Nanoseconds())/1000, float64(c.PerViewer())/1e6)
}

// Watch lets n viewers, spread over the demo's cameras, watch the main layer
// over WHEP for d and measures. Joining is not part of the figures.
func Watch(ctx context.Context, p *Program, n int, d time.Duration) (Crowd, error) {
	out := Crowd{Viewers: n}
	cams := p.Demo.Cameras
	client := NewClient(p.Demo.BaseURL, "").HTTP

	var peers []*viewer
	defer func() {
		var wg sync.WaitGroup
		for _, v := range peers {
			wg.Go(v.Close)
		}
		wg.Wait()
	}()
	join := func(cam string) error {
		v, err := watch(ctx, client, p.Demo, cam, "main")
		if err == nil {
			peers = append(peers, v)
		}
		return err
	}
	playing := func() bool {
		for _, v := range peers {
			if v.Stats()[0].FirstKey.IsZero() {
				return false
			}
		}
		return true
	}
	for _, c := range cams { // one each first: the main layers are running before memory is read
		if err := join(c.ID); err != nil {
			return out, err
		}
		if err := pause(ctx, 210*time.Millisecond); err != nil {
			return out, err
		}
	}
	if err := until(ctx, 30*time.Second, "a picture from every camera", playing); err != nil {
		return out, err
	}
	if err := pause(ctx, 3*time.Second); err != nil {
		return out, err
	}
	rss0, err := RSS(p.PID())
	if err != nil {
		return out, err
	}
	for i := len(peers); i < n; i++ {
		if err := join(cams[i%len(cams)].ID); err != nil {
			return out, fmt.Errorf("viewer %d: %w", i+1, err)
		}
		if err := pause(ctx, 210*time.Millisecond); err != nil { // under the five offers a second of one account
			return out, err
		}
	}
	if err := until(ctx, 30*time.Second, "a picture at every viewer", playing); err != nil {
		return out, err
	}
	if err := pause(ctx, 3*time.Second); err != nil {
		return out, err
	}
	pk0, miss0, drop0, err := totals(peers)
	if err != nil {
		return out, err
	}
	cpu0, err := CPU(p.PID())
	if err != nil {
		return out, err
	}
	t0 := time.Now()
	if err := pause(ctx, d); err != nil {
		return out, err
	}
	cpu1, err := CPU(p.PID())
	if err != nil {
		return out, err
	}
	out.For = time.Since(t0)
	pk1, miss1, drop1, err := totals(peers)
	if err != nil {
		return out, err
	}
	rss1, err := RSS(p.PID())
	if err != nil {
		return out, err
	}
	out.Packets, out.Missing, out.SocketDrops = pk1-pk0, miss1-miss0, drop1-drop0
	out.CPU, out.RSS = cpu1-cpu0, max(rss1-rss0, 0)
	return out, nil
}

func totals(peers []*viewer) (packets, missing, drops uint64, err error) {
	for _, v := range peers {
		s := v.Stats()[0]
		packets += s.Packets
		missing += s.Missing
		n, err := v.SocketDrops()
		if err != nil {
			return 0, 0, 0, err
		}
		drops += n
	}
	return packets, missing, drops, nil
}
