package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sightline/internal/measure"
)

type benchRevokeCmd struct {
	Viewers int      `default:"100" help:"Viewers that are cut by every way."`
	On      []string `enum:"bolt,redis" default:"bolt,redis" help:"Stores to measure with: bolt (one server), redis (two servers over a redis-server of the bench's own)."`
	Way     []string `placeholder:"WAY" sep:"none" help:"Only this way a right ends, such as \"link removed\"; may be repeated."`
}

// Run measures, for every way a right ends, the time from the request to the
// last packet at the viewers, with the stores' hints and with them dropped.
func (b *benchRevokeCmd) Run(ctx context.Context, m *Main) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	ways := measure.Ways()
	if len(b.Way) > 0 {
		ways = nil
		for _, w := range b.Way {
			ways = append(ways, measure.Way(w))
		}
	}
	fmt.Fprintf(m.Stdout, "| store | hints | way | viewers | p50 | p99 | max | told p99 |\n|---|---|---|---|---|---|---|---|\n")
	failed := 0
	for _, store := range b.On {
		for _, deaf := range []bool{false, true} {
			n, err := b.bed(ctx, m, self, store, deaf, ways)
			if err != nil {
				return err
			}
			failed += n
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d measurements failed", failed)
	}
	return nil
}

// bed measures on one store, and says how many ways failed.
func (b *benchRevokeCmd) bed(ctx context.Context, m *Main, self, store string, deaf bool, ways []measure.Way) (failed int, err error) {
	dir, err := os.MkdirTemp("", "sightline-bench-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	o, hints := measure.Options{Binary: self, Data: filepath.Join(dir, "a")}, "on"
	if deaf {
		o.Args, hints = []string{"--drop-hints"}, "dropped"
	}
	for _, d := range []string{"a", "b", "redis"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			return 0, err
		}
	}
	if store == "redis" {
		r, err := measure.StartRedis(ctx, filepath.Join(dir, "redis"))
		if err != nil {
			return 0, err
		}
		defer func() { _ = r.Stop() }()
		o.Store = r.URL
	}
	p, err := measure.StartDemo(ctx, o)
	if err != nil {
		return 0, err
	}
	defer func() { _ = p.Stop() }()
	bases := []string{p.Demo.BaseURL}
	if store == "redis" {
		second, err := p.StartSecondNode(ctx, o.Store, filepath.Join(dir, "b"), o.Args...)
		if err != nil {
			return 0, err
		}
		defer func() { _ = second.Stop() }()
		bases = append(bases, second.Demo.BaseURL)
	}
	for _, w := range ways {
		cut, err := measure.Revoke(ctx, p.Demo, bases, w, b.Viewers)
		if err != nil {
			if ctx.Err() != nil {
				return failed, err
			}
			failed++
			fmt.Fprintf(m.Stdout, "| %s | %s | %s | failed: %s | | | | |\n", store, hints, w, strings.Join(strings.Fields(err.Error()), " "))
			continue
		}
		told := "no page"
		if len(cut.Told) > 0 {
			told = ms(cut.Told.Percentile(99))
		}
		fmt.Fprintf(m.Stdout, "| %s | %s | %s | %d | %s | %s | %s | %s |\n", store, hints, w, len(cut.LastPacket),
			ms(cut.LastPacket.Percentile(50)), ms(cut.LastPacket.Percentile(99)), ms(cut.LastPacket.Max()), told)
	}
	return failed, nil
}

// ms is a time in milliseconds; 0 is a last packet from before the request.
func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }
