package sfu

import (
	"slices"
	"sync"
)

// picture is what everybody in ModeStill is shown of a stream: a key frame and
// up to trickleFrames after it, the same for all until the next one is due. Who
// subscribes anew, goes to another camera and back, or comes as somebody else
// sees it again and no newer one (R82).
type picture struct {
	mu    sync.Mutex
	taken int64 // clock.Mono
	items []item
	whole bool           // nothing more belongs to it
	shown map[string]int // how often, by viewer
}

// shownMost is how often one viewer is shown one picture: for a page that was
// loaded anew, a connection that broke. To begin it with each change of a tile
// would cost what live pictures cost.
const shownMost = 3

// still returns the stream's picture, and the clock.Mono at which the next one
// is due. It is nil for a viewer ("" = nobody in particular) who has been shown
// it often enough, and nil and 0 where there is none and no key frame to make one of.
func (s *Stream) still(now, every int64, viewer string) (items []item, next int64) {
	p := &s.picture
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.items) == 0 || now-p.taken >= every || !p.grow(&s.ring) {
		if len(p.items) == 0 || now-p.taken >= every {
			p.shown = map[string]int{}
		}
		p.items, _ = s.ring.gop(nil, now, trickleFrames+1)
		p.taken, p.whole = now, false
	}
	if len(p.items) == 0 {
		return nil, 0
	}
	if viewer != "" {
		if p.shown[viewer] >= shownMost {
			return nil, p.taken + every
		}
		p.shown[viewer]++
	}
	return slices.Clone(p.items), p.taken + every
}

// grow adds what has come since. It is false for a part of a picture whose rest
// is gone: nobody took it while it came.
func (p *picture) grow(r *ring) bool {
	for !p.whole {
		last := p.items[len(p.items)-1].ord
		if r.at(last) == nil {
			return false
		}
		f := r.at(last + 1)
		if f == nil {
			return true // it has not come yet
		}
		if f.Key {
			p.whole = true
			break
		}
		p.items = append(p.items, item{f, last + 1})
		p.whole = len(p.items) > trickleFrames
	}
	return true
}

// forget drops the picture: what comes next is of another format.
func (p *picture) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.items = nil
}

// at returns the frame with this ordinal as long as the ring or the picture has it.
func (s *Stream) at(ord uint64) *Frame {
	if f := s.ring.at(ord); f != nil {
		return f
	}
	p := &s.picture
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, it := range p.items {
		if it.ord == ord {
			return it.f
		}
	}
	return nil
}
