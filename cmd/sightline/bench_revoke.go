package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"sightline/internal/measure"
)

type benchRevokeCmd struct {
	Viewers int           `default:"100" help:"Viewers that are cut by every way."`
	On      []string      `enum:"bolt,redis" default:"bolt,redis" help:"Stores to measure with, at the same time: bolt (one server), redis (two servers over a redis-server of the bench's own)."`
	Way     []string      `placeholder:"WAY" sep:"none" help:"Only this way a right ends, such as \"link removed\"; may be repeated."`
	Limit   time.Duration `default:"9m30s" help:"Longest time for all of it; what was measured until then is printed."`
}

// wayLimit is what one way may take before it counts as failed.
const wayLimit = 90 * time.Second

// Run measures, for every way a right ends, the time from the request to the
// last packet at the viewers, with the stores' hints and with them dropped. How
// it goes is said on standard error.
func (b *benchRevokeCmd) Run(ctx context.Context, m *Main) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, b.Limit)
	defer cancel()
	ways := measure.Ways()
	if len(b.Way) > 0 {
		ways = nil
		for _, w := range b.Way {
			ways = append(ways, measure.Way(w))
		}
	}
	begin := time.Now()
	beds := make([][]*bed, len(b.On))
	var wg sync.WaitGroup
	for i, store := range b.On {
		wg.Go(func() {
			for _, hints := range []string{"on", "dropped"} {
				d := &bed{store: store, hints: hints, self: self, viewers: b.Viewers, say: func(format string, args ...any) {
					fmt.Fprintf(m.Stderr, "%5.0fs  %s, hints %s: %s\n", time.Since(begin).Seconds(), store, hints, fmt.Sprintf(format, args...))
				}}
				d.run(ctx, ways)
				beds[i] = append(beds[i], d)
			}
		})
	}
	wg.Wait()
	fmt.Fprintf(m.Stderr, "%5.0fs  done\n", time.Since(begin).Seconds())
	fmt.Fprintf(m.Stdout, "| store | hints | way | viewers | p50 | p99 | max | told p99 |\n|---|---|---|---|---|---|---|---|\n")
	failed := 0
	for _, of := range beds {
		for _, d := range of {
			fmt.Fprint(m.Stdout, d.rows.String())
			failed += d.failed
		}
	}
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("not finished within %v (--limit)", b.Limit)
	case failed > 0:
		return fmt.Errorf("%d measurements failed", failed)
	}
	return ctx.Err()
}

// bed is what ways are measured on: a store, with or without its hints.
type bed struct {
	store, hints string
	self         string
	viewers      int
	say          func(format string, args ...any)

	rows   strings.Builder
	failed int
}

// run measures all ways and notes what failed.
func (d *bed) run(ctx context.Context, ways []measure.Way) {
	if err := d.measure(ctx, ways); err != nil {
		d.fail("all", err)
	}
}

func (d *bed) fail(what string, err error) {
	d.failed++
	text := strings.Join(strings.Fields(err.Error()), " ")
	d.say("%s failed: %s", what, text)
	fmt.Fprintf(&d.rows, "| %s | %s | %s | failed: %s | | | | |\n", d.store, d.hints, what, text)
}

func (d *bed) measure(ctx context.Context, ways []measure.Way) error {
	dir, err := os.MkdirTemp("", "sightline-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, name := range []string{"a", "b", "redis"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			return err
		}
	}
	o := measure.Options{Binary: d.self, Data: filepath.Join(dir, "a")}
	if d.hints == "dropped" {
		o.Args = []string{"--drop-hints"}
	}
	if d.store == "redis" {
		r, err := measure.StartRedis(ctx, filepath.Join(dir, "redis"))
		if err != nil {
			return err
		}
		defer func() { _ = r.Stop() }()
		o.Store = r.URL
	}
	p, err := measure.StartDemo(ctx, o)
	if err != nil {
		return err
	}
	defer func() { _ = p.Stop() }()
	bases := []string{p.Demo.BaseURL}
	if d.store == "redis" {
		second, err := p.StartSecondNode(ctx, o.Store, filepath.Join(dir, "b"), o.Args...)
		if err != nil {
			return err
		}
		defer func() { _ = second.Stop() }()
		bases = append(bases, second.Demo.BaseURL)
	}
	for _, w := range ways {
		err := d.way(ctx, p.Demo, bases, w)
		if err != nil && ctx.Err() == nil {
			d.say("%s: %v; once more", w, err)
			err = d.way(ctx, p.Demo, bases, w)
		}
		if err != nil {
			d.fail(string(w), err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

func (d *bed) way(ctx context.Context, demo measure.Demo, bases []string, w measure.Way) error {
	ctx, cancel := context.WithTimeout(ctx, wayLimit)
	defer cancel()
	cut, err := measure.Revoke(ctx, demo, bases, w, d.viewers)
	if err != nil {
		return err
	}
	told := "no page"
	if len(cut.Told) > 0 {
		told = ms(cut.Told.Percentile(99))
	}
	d.say("%s: %v", w, cut.LastPacket)
	fmt.Fprintf(&d.rows, "| %s | %s | %s | %d | %s | %s | %s | %s |\n", d.store, d.hints, w, len(cut.LastPacket),
		ms(cut.LastPacket.Percentile(50)), ms(cut.LastPacket.Percentile(99)), ms(cut.LastPacket.Max()), told)
	return nil
}

// ms is a time in milliseconds; 0 is a last packet from before the request.
func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }
