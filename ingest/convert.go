package ingest

import "time"

// ConvertConfig bounds what converting may cost; zero values take the defaults.
type ConvertConfig struct {
	Videos   int           // layers converted at once; default 4
	Sounds   int           // sounds converted at once; default 32
	Side     int           // longest side of a converted picture in pixels, default 1280
	Threads  int           // of one child, default 1
	KeyEvery time.Duration // between key frames, default 2 s
	Linger   time.Duration // how long a child stays after its last viewer, default 30 s
}

func (c ConvertConfig) withDefaults() ConvertConfig {
	if c.Videos <= 0 {
		c.Videos = 4
	}
	if c.Sounds <= 0 {
		c.Sounds = 32
	}
	if c.Side <= 0 {
		c.Side = 1280
	}
	if c.Threads <= 0 {
		c.Threads = 1
	}
	if c.KeyEvery <= 0 {
		c.KeyEvery = 2 * time.Second
	}
	if c.Linger <= 0 {
		c.Linger = 30 * time.Second
	}
	return c
}
