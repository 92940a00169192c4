package measure

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// MediaOptions of Bench.
type MediaOptions struct {
	Options                // of the measured program; Data is a folder for it, Stamp is not asked
	Viewers  []int         // numbers of viewers, growing
	For      time.Duration // how long each number is measured
	Joins    int           // first pictures a key-frame interval
	Latency  int           // viewers while latency is measured
	Profiles string        // folder for CPU and heap profiles of the server at each step; "" = none
	Progress func(format string, args ...any)
}

// Media is what the media bench found. Parts that failed are empty and named in Failed.
type Media struct {
	Floor       time.Duration // of a packet that is only sealed and sent, before and after the steps
	FloorBefore time.Duration
	FloorAfter  time.Duration
	Steps       []Step
	First       map[float64]Durations // first picture, by key-frame interval in seconds
	SixTiles    Durations
	Switches    Switches
	Latency     Durations // camera to viewer
	LatencyLoad Load
	Failed      []string
}

// Step is one number of viewers.
type Step struct {
	Load
	Floor  time.Duration // measured right after it, beside the same crowd
	Unsent float64       // packets the server counted as not sent, over the step
	Behind float64       // times the server dropped a viewer's backlog
}

// stageLimit bounds what one part may take, so that a part that hangs costs its
// own figure and no other.
const stageLimit = 150 * time.Second

// Bench measures the media path: first pictures, walls, layers and latency, then
// growing crowds. It goes on after a part that failed and ends with ctx.
func Bench(ctx context.Context, o MediaOptions) (Media, error) {
	b := mediaBench{o: o, m: Media{First: map[float64]Durations{}}}
	if b.o.Progress == nil {
		b.o.Progress = func(string, ...any) {}
	}
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{{"latency", b.latency}, {"crowds and starts", b.main}} {
		if err := part.run(ctx); err != nil {
			b.failed(part.name, err)
		}
		if ctx.Err() != nil {
			return b.m, fmt.Errorf("the bench was ended: %w", ctx.Err())
		}
	}
	if len(b.m.Failed) > 0 {
		return b.m, errors.New("a part of the bench failed")
	}
	return b.m, nil
}

type mediaBench struct {
	o MediaOptions
	m Media
	p *Program
}

func (b *mediaBench) failed(what string, err error) {
	b.m.Failed = append(b.m.Failed, fmt.Sprintf("%s: %v", what, err))
	b.o.Progress("%s failed: %v", what, err)
	if b.p == nil {
		return
	}
	select {
	case <-b.p.Done():
		b.o.Progress("the server has ended; the last it said:\n%s", b.p.Last(4000))
	default:
	}
}

// start starts the program with a data folder of its own.
func (b *mediaBench) start(ctx context.Context, name string, stamp bool) error {
	o := b.o.Options
	o.Data, o.Stamp = filepath.Join(o.Data, name), stamp
	if err := os.Mkdir(o.Data, 0o700); err != nil {
		return err
	}
	b.o.Progress("starting the server and its six cameras (the first time they are encoded, which takes minutes)")
	p, err := StartDemo(ctx, o)
	b.p = p
	return err
}

func (b *mediaBench) stop() {
	if err := b.p.Stop(); err != nil {
		b.failed("stopping the server", err)
	}
}

func (b *mediaBench) stage(ctx context.Context, what string, run func(context.Context) error) {
	if ctx.Err() != nil {
		return
	}
	b.o.Progress("%s", what)
	ctx, cancel := context.WithTimeout(ctx, stageLimit)
	defer cancel()
	if err := run(ctx); err != nil {
		b.failed(what, err)
	}
}

func (b *mediaBench) latency(ctx context.Context) error {
	if b.o.Latency <= 0 {
		return nil
	}
	if err := b.start(ctx, "stamped", true); err != nil {
		return err
	}
	defer b.stop()
	b.stage(ctx, fmt.Sprintf("latency from camera to viewer, %d viewers", b.o.Latency), func(ctx context.Context) (err error) {
		b.m.Latency, b.m.LatencyLoad, err = Latency(ctx, b.p, b.o.Latency, b.o.For)
		b.o.Progress("  %v", b.m.Latency)
		b.o.Progress("  %v", b.m.LatencyLoad)
		return err
	})
	return nil
}

func (b *mediaBench) main(ctx context.Context) error {
	if err := b.start(ctx, "plain", false); err != nil {
		return err
	}
	defer b.stop()
	b.floor(ctx, &b.m.FloorBefore)
	for _, every := range []float64{2, 10} {
		b.stage(ctx, fmt.Sprintf("first picture, key frame every %g s, %d joins", every, b.o.Joins), func(ctx context.Context) error {
			cam, err := b.p.Demo.CameraEvery(every)
			if err != nil {
				return err
			}
			b.m.First[every], err = FirstPicture(ctx, b.p.Demo, cam, b.o.Joins)
			b.o.Progress("  %v", b.m.First[every])
			return err
		})
	}
	b.stage(ctx, "six tiles in one connection", func(ctx context.Context) (err error) {
		b.m.SixTiles, err = SixTiles(ctx, b.p.Demo, 20)
		b.o.Progress("  %v", b.m.SixTiles)
		return err
	})
	b.stage(ctx, "from sub to main and back", func(ctx context.Context) (err error) {
		b.m.Switches, err = SwitchLayers(ctx, b.p.Demo, 5)
		b.o.Progress("  up %v", b.m.Switches.Up)
		b.o.Progress("  down %v", b.m.Switches.Down)
		return err
	})
	b.crowds(ctx)
	b.floor(ctx, &b.m.FloorAfter)
	b.m.Floor = b.m.FloorBefore
	if b.m.FloorAfter > 0 {
		b.m.Floor = (b.m.FloorBefore + b.m.FloorAfter) / 2
	}
	return nil
}

func (b *mediaBench) floor(ctx context.Context, out *time.Duration) {
	b.stage(ctx, "the floor: AES-128-GCM and sendto, nobody else", func(ctx context.Context) (err error) {
		*out, err = Floor(ctx, 2*time.Second)
		b.o.Progress("  %.2f µs", micros(*out))
		return err
	})
}

func (b *mediaBench) crowds(ctx context.Context) {
	var c *Crowd
	b.stage(ctx, "one viewer a camera", func(ctx context.Context) (err error) {
		c, err = NewCrowd(ctx, b.p, nil)
		return err
	})
	if c == nil {
		return
	}
	defer func() {
		b.o.Progress("everybody leaves")
		c.Close()
	}()
	for _, n := range b.o.Viewers {
		failed := len(b.m.Failed)
		b.stage(ctx, fmt.Sprintf("%d viewers", n), func(ctx context.Context) error {
			s, err := b.step(ctx, c, n)
			if err != nil {
				return err
			}
			b.m.Steps = append(b.m.Steps, s)
			b.o.Progress("  %v; floor beside them %.2f µs", s.Load, micros(s.Floor))
			return b.profile(ctx, n)
		})
		if len(b.m.Failed) > failed {
			return
		}
	}
}

func (b *mediaBench) step(ctx context.Context, c *Crowd, n int) (s Step, err error) {
	if err := c.Grow(ctx, n); err != nil {
		return s, err
	}
	if err := pause(ctx, settling); err != nil {
		return s, err
	}
	before, err := Scrape(ctx, b.p.Demo.OpsURL)
	if err != nil {
		return s, err
	}
	if s.Load, err = c.Measure(ctx, b.o.For); err != nil {
		return s, err
	}
	after, err := Scrape(ctx, b.p.Demo.OpsURL)
	if err != nil {
		return s, err
	}
	s.Unsent = after["sightline_sfu_unsent_total"] - before["sightline_sfu_unsent_total"]
	s.Behind = after["sightline_sfu_drops_total"] - before["sightline_sfu_drops_total"]
	s.Floor, err = Floor(ctx, time.Second)
	return s, err
}
