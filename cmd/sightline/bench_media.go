package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"sightline/cmd/sightline/config"
	"sightline/internal/measure"
)

type benchMediaCmd struct {
	Viewers []int           `default:"12,60,120,240,400" help:"Numbers of viewers to measure with."`
	For     time.Duration   `default:"20s" help:"How long each number of viewers is measured."`
	Joins   int             `default:"30" help:"Joins a key-frame interval to measure the first picture with."`
	Latency int             `default:"60" help:"Viewers while latency is measured, 60 at most; 0 leaves it out."`
	Limit   time.Duration   `default:"9m30s" help:"Longest time for all of it; what was measured until then is printed."`
	Profile string          `placeholder:"FOLDER" help:"Keep a CPU and a heap profile of the server at each number of viewers in this folder."`
	Store   config.StoreURL `default:"bolt" help:"Store of the measured server."`
}

// Run measures this very program, running as another process, and prints tables
// as docs/ref/performance.md has them. How it goes is said on standard error.
func (b *benchMediaCmd) Run(ctx context.Context, m *Main) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if b.Profile != "" {
		if err := os.MkdirAll(b.Profile, 0o755); err != nil {
			return err
		}
	}
	data, err := os.MkdirTemp("", "sightline-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(data)
	ctx, cancel := context.WithTimeout(ctx, b.Limit)
	defer cancel()
	begin := time.Now()
	o := measure.MediaOptions{
		Options: measure.Options{Binary: self, Data: data}, Viewers: b.Viewers, For: b.For, Joins: b.Joins, Latency: b.Latency, Profiles: b.Profile,
		Progress: func(format string, args ...any) {
			fmt.Fprintf(m.Stderr, "%5.0fs  %s\n", time.Since(begin).Seconds(), fmt.Sprintf(format, args...))
		},
	}
	slices.Sort(o.Viewers)
	if !b.Store.Embedded() {
		o.Store = b.Store.Reveal()
	}
	got, err := measure.Bench(ctx, o)
	fmt.Fprintf(m.Stderr, "%5.0fs  done\n", time.Since(begin).Seconds())
	fmt.Fprintf(m.Stdout, "%s, %d cores, %s, %s\n\n", processor(), runtime.NumCPU(), kernel(), runtime.Version())
	printCrowds(m.Stdout, got)
	printTimes(m.Stdout, got, b.Latency)
	for _, f := range got.Failed {
		fmt.Fprintf(m.Stdout, "\nfailed: %s\n", f)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("not finished within %v (--limit)", b.Limit)
	}
	return err
}

func printCrowds(w io.Writer, got measure.Media) {
	if len(got.Steps) == 0 {
		return
	}
	fmt.Fprintf(w, "floor: AES-128-GCM and sendto, 1,188 bytes: %s µs before the crowds, %s µs after\n\n", us(got.FloorBefore), us(got.FloorAfter))
	fmt.Fprintln(w, "| viewers | packets/s | server CPU a packet | ratio to the floor | memory a viewer | gaps: server | gaps: viewers' sockets | server / viewers / machine busy |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|")
	for _, s := range got.Steps {
		memory := "–"
		if s.PerViewer() > 0 {
			memory = fmt.Sprintf("%.2f MB", float64(s.PerViewer())/1e6)
		}
		sec := s.For.Seconds()
		fmt.Fprintf(w, "| %d | %s | %s µs | %s (%s beside the crowd) | %s | %d%s | %d | %.2f / %.2f cores / %.0f %% |\n", s.Viewers, thousands(s.Rate()), us(s.PerPacket()),
			ratio(s.PerPacket(), got.Floor), ratio(s.PerPacket(), s.Floor), memory, s.Lost, remarks(s), s.SocketDrops,
			s.CPU.Seconds()/sec, s.ViewersCPU.Seconds()/sec, 100*s.Busy)
	}
	fmt.Fprintln(w)
}

// remarks are what a good run has nothing of.
func remarks(s measure.Step) string {
	var out []string
	for _, r := range []struct {
		n    float64
		what string
	}{{float64(s.Stalled), "viewers stalled"}, {s.Unsent, "packets not sent"}, {s.Behind, "backlogs dropped"}, {float64(s.Repairs), "retransmissions"}} {
		if r.n > 0 {
			out = append(out, fmt.Sprintf("%.0f %s", r.n, r.what))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return " (" + strings.Join(out, ", ") + ")"
}

func printTimes(w io.Writer, got measure.Media, latency int) {
	fmt.Fprintln(w, "| time | n | p50 | p95 | p99 | max |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|")
	row := func(name string, d measure.Durations) {
		if len(d) > 0 {
			fmt.Fprintf(w, "| %s | %d | %s | %s | %s | %s |\n", name, len(d), ms(d.Percentile(50)), ms(d.Percentile(95)), ms(d.Percentile(99)), ms(d.Max()))
		}
	}
	for _, every := range []float64{2, 10} {
		row(fmt.Sprintf("first picture, key frame every %g s", every), got.First[every])
	}
	row("six tiles in one connection, the last first picture", got.SixTiles)
	row("sub to main, key frame every 2 s", got.Switches.Up)
	row("main to sub", got.Switches.Down)
	row(fmt.Sprintf("camera to viewer, %d viewers", latency), got.Latency)
}

func us(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d.Nanoseconds())/1000) }

func ratio(d, floor time.Duration) string {
	if floor <= 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", float64(d)/float64(floor))
}

// thousands writes a rate with a comma.
func thousands(f float64) string {
	n := int(f + 0.5)
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}

// processor names the machine's processor.
func processor() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
			return strings.TrimSpace(v)
		}
	}
	return runtime.GOARCH
}

func kernel() string {
	b, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return runtime.GOOS
	}
	return "Linux " + strings.TrimSpace(string(b))
}
