package bwe_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/pion/interceptor/pkg/twcc"

	"sightline/sfu/bwe"
)

const ms = int64(1e6)

// stretch is how a path behaves from one moment on.
type stretch struct {
	at                int64
	bits, queue, loss int // bit/s, bytes, per mille
	delay, jitter     int64
}

// trace reads a recorded path.
func trace(t *testing.T, name string) []stretch {
	t.Helper()
	f, err := os.Open("testdata/" + name + ".csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []stretch
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if l := sc.Text(); !strings.HasPrefix(l, "#") {
			var s stretch
			if _, err := fmt.Sscanf(l, "%d,%d,%d,%d,%d,%d", &s.at, &s.bits, &s.queue, &s.delay, &s.jitter, &s.loss); err != nil {
				t.Fatalf("%s: %q: %v", name, l, err)
			}
			s.at, s.bits, s.queue, s.delay, s.jitter = s.at*ms, s.bits*1000, s.queue<<10, s.delay*ms, s.jitter*ms
			out = append(out, s)
		}
	}
	return out
}

// sim is a sender with tiles at one end of a traced path and a receiver that
// sends feedback at the other. Everything runs on one made-up clock.
type sim struct {
	path  []stretch
	rnd   *rand.Rand
	now   int64
	busy  int64 // the link sends until then
	came  int64 // newest arrival: nothing overtakes
	hist  bwe.History
	est   *bwe.Estimator
	rec   *twcc.Recorder
	fly   []flying
	tiles []*bwe.Tile
	plan  bwe.Plan
	probe struct {
		p     bwe.Probe
		until int64
		owed  float64
	}
	results []bwe.Result

	samples []sample // every 100 ms
	lost    int
	sent    int
}

type flying struct {
	at  int64
	seq uint16
}

type sample struct {
	at         int64
	rate, used int
	paused     int
	lost, sent int
	queue      int64
}

func (s *sim) stretch() stretch {
	i := 0
	for i+1 < len(s.path) && s.path[i+1].at <= s.now {
		i++
	}
	return s.path[i]
}

// send puts one packet on the path.
func (s *sim) send(size int, probe uint8) {
	seq := s.hist.Add(s.now, size, probe)
	s.sent++
	p := s.stretch()
	wait := max(0, s.busy-s.now)
	if wait*int64(p.bits)/8e9 > int64(p.queue) || s.rnd.IntN(1000) < p.loss {
		s.lost++
		return
	}
	s.busy = s.now + wait + int64(size)*8e9/int64(p.bits)
	at := s.busy + p.delay
	if p.jitter > 0 {
		at += s.rnd.Int64N(p.jitter)
	}
	s.came = max(s.came, at)
	s.fly = append(s.fly, flying{s.came, seq})
}

// frame sends one frame of a tile, paced as the server does.
type frame struct {
	at    int64
	bytes int
}

// run lets the tiles play until end (ns).
func (s *sim) run(t *testing.T, end int64) {
	t.Helper()
	const fps, gop = 25, 50
	queue := make([]frame, 0, 64)
	for ; s.now < end; s.now += ms {
		if s.now%(1000/fps*ms) == 0 {
			n := s.now / (1000 / fps * ms)
			for i, x := range s.tiles {
				if x.Layer < 0 {
					continue
				}
				size := x.Bits[x.Layer] / 8 / fps * gop / (gop + 4)
				if (n+int64(i)*7)%gop == 0 {
					size *= 5
				}
				queue = append(queue, frame{s.now, size})
			}
		}
		for budget := max(s.est.Rate()*3/2/8/1000, 1500); budget > 0 && len(queue) > 0; {
			size := min(queue[0].bytes, 1200)
			s.send(size, s.id())
			budget -= size
			if queue[0].bytes -= size; queue[0].bytes <= 0 {
				queue = queue[1:]
			}
		}
		s.pad()
		if s.now%(100*ms) == 99*ms {
			s.feedback(t)
		}
	}
}

func (s *sim) id() uint8 {
	if s.now < s.probe.until {
		return s.probe.p.ID
	}
	return 0
}

func (s *sim) pad() {
	if s.id() == 0 {
		return
	}
	s.probe.owed += float64(max(0, s.probe.p.Rate-s.plan.Used)) / 8000
	for ; s.probe.owed > 1200; s.probe.owed -= 1200 {
		s.send(1200, s.id())
	}
}

func (s *sim) feedback(t *testing.T) {
	t.Helper()
	for len(s.fly) > 0 && s.fly[0].at <= s.now {
		s.rec.Record(1, s.fly[0].seq, (s.fly[0].at+7e9)/1000)
		s.fly = s.fly[1:]
	}
	for _, p := range s.rec.BuildFeedbackPacket() {
		b, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if s.results, err = s.hist.Read(b, s.now, s.results[:0]); err != nil {
			t.Fatal(err)
		}
		s.est.Results(s.results, s.now)
	}
	s.plan = bwe.Allocate(s.tiles, s.est.Rate()*95/100, s.est.Limited(), s.now)
	s.est.Want(s.plan.Wanted)
	if p, ok := s.est.Probe(s.plan.Next*100/95, s.now); s.plan.Next > 0 && ok {
		s.probe.p, s.probe.until = p, s.now+p.For
	}
	paused := 0
	for _, x := range s.tiles {
		if x.Layer < 0 {
			paused++
		}
	}
	s.samples = append(s.samples, sample{s.now, s.est.Rate(), s.plan.Used, paused, s.lost, s.sent, max(0, s.busy-s.now)})
}

// wall makes n tiles with a low and a high layer, all wanting the high one.
func wall(n, low, high int) []*bwe.Tile {
	var out []*bwe.Tile
	for range n {
		out = append(out, &bwe.Tile{Want: 1, Bits: []int{low, high}})
	}
	return out
}

func play(t *testing.T, name string, tiles []*bwe.Tile, start int, seconds int64) *sim {
	t.Helper()
	s := &sim{path: trace(t, name), rnd: rand.New(rand.NewPCG(1, 2)), tiles: tiles, rec: twcc.NewRecorder(9), est: bwe.New(bwe.Config{Start: start})}
	s.plan = bwe.Allocate(tiles, start, false, 0)
	s.run(t, seconds*1000*ms)
	return s
}

// window is the samples from a to b seconds.
func (s *sim) window(a, b int64) []sample {
	var out []sample
	for _, x := range s.samples {
		if x.at >= a*1000*ms && x.at < b*1000*ms {
			out = append(out, x)
		}
	}
	return out
}
