package bwe_test

import (
	"os"
	"testing"

	"sightline/sfu/bwe"
)

// expectation is what must hold of every 100 ms of a window.
type expectation struct {
	what     string
	from, to int64   // s
	minUsed  int     // bit/s given to tiles, on average
	maxUsed  int     // at any time
	paused   int     // most tiles paused at any time
	loss     float64 // share of packets lost in the window
	queue    int64   // ms, on average
}

// C5: the estimate and the allocation follow recorded paths. Six tiles of
// 0.3/2 Mbit/s but where said.
func TestTraces(t *testing.T) {
	six := func() []*bwe.Tile { return wall(6, 300_000, 2_000_000) }
	for _, c := range []struct {
		trace   string
		tiles   []*bwe.Tile
		start   int
		seconds int64
		want    []expectation
	}{
		{"steps", six(), 20_000_000, 110, []expectation{
			{"10 Mbit/s is filled", 10, 20, 6_500_000, 10_500_000, 0, 0.02, 60},
			{"3 Mbit/s: all in small", 23, 40, 1_700_000, 3_200_000, 0, 0.01, 60},
			{"1 Mbit/s: some paused", 43, 60, 500_000, 1_000_000, 4, 0.02, 150},
			{"10 Mbit/s: nobody paused", 75, 110, 1_800_000, 10_500_000, 0, 0.01, 60},
			{"10 Mbit/s is filled again", 95, 110, 6_000_000, 10_500_000, 0, 0.01, 60},
		}},
		{"wifi", six(), 3_000_000, 26, []expectation{
			{"jitter and stalls are no congestion", 8, 26, 9_000_000, 12_000_000, 0, 0.01, 200},
		}},
		{"radio", six(), 3_000_000, 40, []expectation{
			{"1 % lost at random", 12, 20, 6_500_000, 10_500_000, 0, 0.02, 60},
			{"2 % lost at random", 20, 40, 6_500_000, 10_500_000, 0, 0.03, 60},
		}},
		{"noisy", wall(2, 300_000, 2_000_000), 3_000_000, 60, []expectation{
			{"5 % lost at random is found out", 20, 60, 3_000_000, 4_000_000, 0, 0.07, 60},
		}},
		{"bloat", six(), 20_000_000, 60, []expectation{
			{"10 Mbit/s is filled", 5, 10, 6_000_000, 10_500_000, 0, 0.01, 200},
			{"the queue is drained and kept short", 18, 60, 1_200_000, 2_100_000, 3, 0.01, 120},
		}},
		{"policer", six(), 20_000_000, 60, []expectation{
			{"loss without delay ends", 16, 60, 1_500_000, 3_000_000, 0, 0.03, 60},
		}},
	} {
		t.Run(c.trace, func(t *testing.T) {
			s := play(t, c.trace, c.tiles, c.start, c.seconds)
			if os.Getenv("TRACE") != "" {
				for i, x := range s.samples {
					if i%2 == 0 {
						t.Logf("%6.1f s rate %8d used %8d paused %d lost %d queue %d ms", float64(x.at)/1e9, x.rate, x.used, x.paused, x.lost, x.queue/ms)
					}
				}
			}
			for _, w := range c.want {
				s.expect(t, w)
			}
		})
	}
}

func (s *sim) expect(t *testing.T, w expectation) {
	t.Helper()
	list := s.window(w.from, w.to)
	used, most, paused, queue := 0, 0, 0, int64(0)
	for _, x := range list {
		used += x.used
		most = max(most, x.used)
		paused = max(paused, x.paused)
		queue += x.queue
	}
	used /= len(list)
	queue /= int64(len(list)) * ms
	a, b := list[0], list[len(list)-1]
	loss := float64(b.lost-a.lost) / float64(b.sent-a.sent)
	t.Logf("%s: used %d, most %d, paused %d, loss %.4f, queue %d ms", w.what, used, most, paused, loss, queue)
	if used < w.minUsed || most > w.maxUsed || paused > w.paused || loss > w.loss || queue > w.queue {
		t.Errorf("%s: want used ≥ %d and ≤ %d, paused ≤ %d, loss ≤ %.3f, queue ≤ %d ms", w.what, w.minUsed, w.maxUsed, w.paused, w.loss, w.queue)
	}
}

// A sender limited by its sources keeps what it knows of the path.
func TestQuietSourcesDoNotMoveTheEstimate(t *testing.T) {
	s := play(t, "steps", wall(1, 200_000, 400_000), 5_000_000, 18)
	for _, x := range s.window(2, 18) {
		if x.rate != 5_000_000 {
			t.Fatalf("at %d ms the estimate went to %d while 0.4 Mbit/s was sent", x.at/ms, x.rate)
		}
	}
}

// When feedback stops the estimate falls step by step, to a floor.
func TestSilence(t *testing.T) {
	s := play(t, "steps", wall(1, 200_000, 400_000), 5_000_000, 5)
	s.est.Silence(s.now)
	if r := s.est.Rate(); r != 2_500_000 {
		t.Errorf("%d after one silence, want half of 5 Mbit/s", r)
	}
	for range 20 {
		s.est.Silence(s.now)
	}
	if r := s.est.Rate(); r != 100_000 {
		t.Errorf("%d after many, want the floor", r)
	}
}

// A few packets that come back between two silences are too few to say that the
// path is well again; they do not make what is known of it smaller either.
func TestSilenceAgain(t *testing.T) {
	s := play(t, "steps", wall(1, 200_000, 400_000), 5_000_000, 5)
	now, arrived := s.now, int64(1e9)
	back := func(n int) {
		for range n {
			s.est.Results([]bwe.Result{{Sent: now, Arrived: now + arrived, Size: 1000}}, now+10*ms)
			now += 30 * ms
		}
	}
	for range 8 {
		s.est.Silence(now)
		back(2)
		now += 1200 * ms
	}
	if r := s.est.Rate(); r != 100_000 {
		t.Fatalf("%d after eight silences, want the floor", r)
	}
	arrived = 1e9
	back(12)
	if r := s.est.Rate(); r < 4_000_000 {
		t.Errorf("%d after the path came back as it was at 5 Mbit/s", r)
	}
}

// An outage is no measurement: what was assumed before it holds after it.
func TestRenewAfterAnOutage(t *testing.T) {
	e := bwe.New(bwe.Config{Start: 6_000_000})
	if e.Renew() {
		t.Fatal("renewed although feedback never stopped")
	}
	e.Results([]bwe.Result{{Sent: 1, Arrived: 2, Size: 1200}}, 1e9)
	before := e.Rate()
	for i := range 10 {
		e.Silence(int64(2+i) * 1e9)
	}
	if e.Rate() > before/10 || !e.Limited() {
		t.Fatalf("%d after ten seconds of silence", e.Rate())
	}
	if !e.Renew() || e.Rate() != before || e.Limited() || e.Congested() {
		t.Fatalf("%d, limited %v", e.Rate(), e.Limited())
	}
}
