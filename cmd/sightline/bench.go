package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"sightline/cmd/sightline/config"
	"sightline/internal/measure"
)

type benchCmds struct {
	Figures benchCmd       `cmd:"" default:"withargs" help:"First picture, cost of a delivered packet, memory, one cut."`
	Revoke  benchRevokeCmd `cmd:"" help:"From a request that ends a right to the last packet, for every way a right ends."`
}

type benchCmd struct {
	Viewers []int           `default:"12,60,120" help:"Numbers of viewers to measure with."`
	For     time.Duration   `default:"30s" help:"How long each number of viewers watches."`
	Joins   int             `default:"30" help:"Joins to measure the first picture with."`
	Guests  int             `default:"50" help:"Guests whose link is removed."`
	Store   config.StoreURL `default:"bolt" help:"Store of the measured server."`
}

// Run measures this very program, running as another process, and prints a
// table as docs/ref/performance.md has it.
func (b *benchCmd) Run(ctx context.Context, m *Main) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	data, err := os.MkdirTemp("", "sightline-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(data)
	o := measure.Options{Binary: self, Data: data}
	if !b.Store.Embedded() {
		o.Store = b.Store.Reveal()
	}
	p, err := measure.StartDemo(ctx, o)
	if err != nil {
		return err
	}
	defer func() {
		if e := p.Stop(); e != nil {
			fmt.Fprintln(m.Stderr, e)
		}
	}()
	fmt.Fprintf(m.Stdout, "| figure | measured (%s) |\n|---|---|\n", b.Store)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(m.Stdout, "| %s | %s |\n", name, fmt.Sprintf(format, args...))
	}

	for _, every := range []float64{2, 10} {
		cam, err := p.Demo.CameraEvery(every)
		if err != nil {
			return err
		}
		first, err := measure.FirstPicture(ctx, p.Demo, cam, b.Joins)
		if err != nil {
			return fmt.Errorf("first picture: %w", err)
		}
		row(fmt.Sprintf("first picture, key frame every %g s", every), "%v", first)
	}
	for _, n := range b.Viewers {
		crowd, err := measure.Watch(ctx, p, n, b.For)
		if err != nil {
			return fmt.Errorf("%d viewers: %w", n, err)
		}
		row(fmt.Sprintf("%d viewers of 2 Mbit/s 720p", n), "%.2f µs server CPU a packet, %.2f MB a viewer, %.0f packets/s, %d lost by the server",
			float64(crowd.PerPacket().Nanoseconds())/1000, float64(crowd.PerViewer())/1e6, float64(crowd.Packets)/crowd.For.Seconds(), crowd.Lost())
	}
	cut, err := measure.Revoke(ctx, p.Demo, []string{p.Demo.BaseURL}, measure.LinkRemoved, b.Guests)
	if err != nil {
		return fmt.Errorf("removing a link: %w", err)
	}
	row(fmt.Sprintf("link removed under %d guests, to the last packet", b.Guests), "%v", cut.LastPacket)
	return nil
}
