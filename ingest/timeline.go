package ingest

import "time"

// timeline turns a camera's RTP timestamps into ours: units of rate on the
// clock of clock.Mono (0 at its start), so that streams run on over reconnects
// and video and sound share one origin. The camera's clock gives the distance
// between pictures; our clock corrects its drift and replaces it after jumps.
type timeline struct {
	rate   int64
	smooth int64 // share of the drift corrected with each step: 1/smooth; 0: only by jumps
	slack  int64 // units the two may be apart before ours is taken
	steps  bool  // the camera's clock always runs forwards: where it does not, ours is taken
	order  bool  // timestamps say the order of showing (B-frames): they go backwards at times

	begun bool
	apart int64 // clock.Mono since when the two are too far apart; 0: they are not
	cam   uint32
	pos   int64 // where the camera's clock stands in ours
	out   int64 // last given out
}

func videoTimeline() timeline {
	return timeline{rate: 90000, smooth: 64, slack: 90000}
}

// audioTimeline keeps sample-exact distances; browsers hear every correction.
func audioTimeline(rate int) timeline {
	return timeline{rate: int64(rate), slack: int64(rate) / 2}
}

// newSession forgets the camera's clock; what is given out still only grows.
func (t *timeline) newSession() { t.begun, t.apart = false, 0 }

// lateFor is how long pictures or sounds may merely be late: after a pause on the
// way they come in a burst, and keep their distances.
const lateFor = int64(2 * time.Second)

// jumped says whether ours is taken: the camera's clock made a step that no
// pause explains, or has been too far from ours for too long.
func (t *timeline) jumped(step, off, mono int64) bool {
	if off <= t.slack && off >= -t.slack {
		t.apart = 0
		return false
	}
	if t.apart == 0 {
		t.apart = mono
	}
	if step > 0 && step <= t.slack && mono-t.apart < lateFor {
		return false
	}
	t.apart = 0
	return true
}

// at returns our timestamp for the camera's. Results strictly increase,
// but those of pictures that are sent in another order than shown.
func (t *timeline) at(cam uint32, mono int64) uint32 {
	sec, rest := mono/int64(time.Second), mono%int64(time.Second)
	now := sec*t.rate + rest*t.rate/int64(time.Second)
	step := int64(int32(cam - t.cam))
	t.cam = cam
	if !t.begun {
		t.begun = true
		t.pos = now
	} else {
		t.pos += step
		off := now - t.pos
		switch {
		case t.steps && step <= 0:
			t.pos, t.apart = now, 0
		case t.jumped(step, off, mono):
			t.pos = now
		case t.apart != 0: // nothing is corrected by what is late
		case t.order: // what is off differs from picture to picture: a large share would change their order
			t.pos += off / (16 * t.smooth)
		case t.smooth > 0: // an eighth of a step at most: a burst is no drift
			most := max(step, -step) / 8
			t.pos += min(max(off/t.smooth, -most), most)
		}
	}
	if t.order {
		t.out = t.pos
		return uint32(t.out)
	}
	t.out = max(t.pos, t.out+1)
	return uint32(t.out)
}
