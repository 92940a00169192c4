package testcam

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"time"

	"sightline/internal/ffmpeg"
)

// Spec describes a small clip for tests.
type Spec struct {
	Seconds       int
	Width, Height int // even; at least 320 x 180 for readable frame numbers
	FPS           int // default 25
	GOP           time.Duration
	Codec         string // default H264
	Profile       string // H264: default "main"; "baseline" or "high"
	BFrames       int    // consecutive B-frames
	Kbits         int    // default 400
	Sound         string // "", PCMU or AAC
}

// TestClip returns a small H264 clip with frame numbers at 25 pictures a second.
func TestClip(seconds, width, height int, gop time.Duration) (*Clip, error) {
	return Make(context.Background(), Spec{Seconds: seconds, Width: width, Height: height, GOP: gop})
}

// Make returns the clip s describes, encoded once into the shared cache.
func Make(ctx context.Context, s Spec) (*Clip, error) {
	if s.FPS == 0 {
		s.FPS = 25
	}
	if s.Codec == "" {
		s.Codec = H264
	}
	if s.Profile == "" {
		s.Profile = "main"
	}
	if s.Kbits == 0 {
		s.Kbits = 400
	}
	dir, err := CacheDir()
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("test-%s-%s-%dx%d-%ds-%dfps-gop%d-b%d-%dk-%s", s.Codec, s.Profile, s.Width, s.Height, s.Seconds, s.FPS, s.GOP.Milliseconds(), s.BFrames, s.Kbits, s.Sound)
	clips, err := cached(dir, []string{name}, func() ([]*Clip, error) { return s.build(ctx) })
	if err != nil {
		return nil, err
	}
	return clips[0], nil
}

func (s Spec) build(ctx context.Context) ([]*Clip, error) {
	clips, err := encode(ctx, s.Width, s.Height, s.FPS, s.Seconds*s.FPS, s.GOP, drawPattern,
		[]track{{codec: s.Codec, w: s.Width, h: s.Height, kbits: s.Kbits, preset: "veryfast", profile: s.Profile, bframes: s.BFrames}})
	if err != nil {
		return nil, err
	}
	switch s.Sound {
	case PCMU:
		clips[0].Audio = hum(clips[0].Length)
	case AAC:
		tool, err := ffmpeg.Find(ctx)
		if err != nil {
			return nil, err
		}
		var out bytes.Buffer
		err = tool.Run(ctx, ffmpeg.Job{Out: &out, Args: []string{"-loglevel", "error", "-f", "lavfi", "-i",
			fmt.Sprintf("sine=frequency=440:sample_rate=16000:duration=%d", s.Seconds), "-c:a", "aac", "-b:a", "32k", "-f", "adts", "-"}})
		if err != nil {
			return nil, err
		}
		if clips[0].Audio, err = parseADTS(out.Bytes(), 16000); err != nil {
			return nil, err
		}
	}
	return clips, nil
}

// drawPattern is a slow gradient, a circling light and the frame number.
func drawPattern(c *canvas, i int) {
	for y := range c.h {
		row := c.y[y*c.w : (y+1)*c.w]
		for x := range row {
			row[x] = byte(40 + (x+y+i*2)%128/2)
		}
	}
	a := float64(i) / 20
	for j := range c.u {
		c.u[j], c.v[j] = byte(128+20*math.Sin(a/3)), byte(128+20*math.Cos(a/3))
	}
	w, h := float64(c.w), float64(c.h)
	c.blob(rgb(240, 220, 160), 1, w/2+w/4*math.Cos(a), h/2+h/4*math.Sin(a), h/10, h/10, .3)
	c.text(c.w/40, c.h/20, max(c.w/320, 1), clockText(i, 25))
	drawNumber(c, i)
}

// clockText is the position of picture i in the loop.
func clockText(i, fps int) string {
	t := i / fps
	return fmt.Sprintf("%02d:%02d.%d", t/60, t%60, i%fps*10/fps)
}
