package ingest

import (
	"sync"

	"sightline/sfu"
)

// camera is the two layers of one source and its sound.
type camera struct {
	f  *Fleet
	id string

	mu     sync.Mutex // src, pulls and holds
	src    Source
	pulls  [2]*puller // nil where the source has no URL
	holds  [2]int     // asked for, by layer
	closed bool

	sound sound
}

func newCamera(f *Fleet, id string) *camera {
	cfg := f.cfg.Stream
	cfg.Kind, cfg.Name = sfu.Audio, id+"/audio"
	return &camera{f: f, id: id, sound: sound{stream: sfu.NewStream(cfg)}}
}

// set changes the source. It returns pullers to close: their layer is gone.
func (c *camera) set(s Source) (gone []*puller) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.src = s
	for _, l := range []Layer{Sub, Main} {
		switch has := s.URL(l) != ""; {
		case has && c.pulls[l] == nil:
			c.pulls[l] = newPuller(c.f, c, l)
		case !has && c.pulls[l] != nil:
			gone = append(gone, c.pulls[l])
			c.pulls[l] = nil
		}
	}
	c.apply()
	return gone
}

// apply hands source and holds to the pullers; called with mu held.
func (c *camera) apply() {
	for _, l := range []Layer{Sub, Main} {
		p := c.pulls[l]
		if p == nil {
			continue
		}
		holds := c.holds[l]
		only := c.pulls[1-l] == nil // stands for both
		if only {
			holds += c.holds[1-l]
		}
		warm := !c.f.cfg.SubCold && (l == Sub || only)
		p.set(target{
			url: c.src.URL(l), user: c.src.User, password: c.src.Password,
			udp: c.src.Transport == "udp", fingerprint: c.src.Fingerprint,
		}, c.src.Enabled, warm, holds)
	}
}

func (c *camera) hold(l Layer) (release func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.holds[l]++
	c.apply()
	var once sync.Once
	return func() {
		once.Do(func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.holds[l]--
			if !c.closed {
				c.apply()
			}
		})
	}
}

func (c *camera) streams() Streams {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Streams{Audio: c.sound.stream}
	for l, p := range c.pulls {
		if p != nil {
			s.Video[l] = p.stream
		}
	}
	return s
}

func (c *camera) layers() [2]*puller {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pulls
}

func (c *camera) state() CameraState {
	var s CameraState
	for l, p := range c.layers() {
		if p != nil {
			s.Layers[l] = p.state()
		} else {
			s.Layers[l].Status = Idle
		}
	}
	s.Audio, s.AudioNote = c.sound.state()
	s.Sound = c.sound.health()
	return s
}

// close ends both layers and the sound, and waits.
func (c *camera) close() {
	c.mu.Lock()
	c.closed = true
	pulls := c.pulls
	c.mu.Unlock()
	var wg sync.WaitGroup
	for _, p := range pulls {
		if p != nil {
			wg.Go(p.close)
		}
	}
	wg.Wait()
	c.sound.stream.Close()
}

func (c *camera) audio(p *puller, t track, k packet) {
	if c.sound.write(p, t, k) {
		c.f.notify(c)
	}
}

// claim says that p has sound to give, before any of it was written.
func (c *camera) claim(p *puller, t track) {
	if c.sound.claim(p, t) {
		c.f.notify(c)
	}
}

func (c *camera) audioEnd(p *puller) {
	if c.sound.end(p) {
		c.f.notify(c)
	}
}

func (c *camera) note(l Layer, text string) { c.sound.setNote(l, text) }
