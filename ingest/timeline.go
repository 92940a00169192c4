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
func (t *timeline) newSession() { t.begun = false }

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
			t.pos = now
		case off > t.slack || off < -t.slack:
			t.pos = now
		case t.order: // what is off differs from picture to picture: a large share would change their order
			t.pos += off / (16 * t.smooth)
		case t.smooth > 0:
			t.pos += off / t.smooth
		}
	}
	if t.order {
		t.out = t.pos
		return uint32(t.out)
	}
	t.out = max(t.pos, t.out+1)
	return uint32(t.out)
}
