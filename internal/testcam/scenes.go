package testcam

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"image/jpeg"
	"math/rand/v2"
	"time"
)

// The still parts of the six scenes, drawn for this project.
//
//go:embed pictures/*.jpg
var pictures embed.FS

const (
	sceneFPS    = 25
	sceneLength = 60 * time.Second
	sceneWidth  = 1280
	sceneHeight = 720
	// sceneStart is where the demo cameras begin: 2 s before the next key frame
	// of the one with 10 s between them, so that its first picture is soon there.
	sceneStart = 8 * time.Second
	// steered is the one that can be steered.
	steered = "carpark"
)

// Scene is one of the six demo cameras.
type Scene struct {
	ID, Name  string
	Main, Sub *Clip
	SDPOnly   bool // plays with parameter sets in the SDP only, as many cameras do
	Steers    bool // has an ONVIF side, and a head that turns (its picture does not)
}

// stage is how a scene is made.
type stage struct {
	id, name string
	key      time.Duration
	sound    bool
	sdpOnly  bool
	act      func(c *canvas, t float64) // draws what moves at t seconds
}

func stages() []stage {
	return []stage{
		{"gate", "Gate", 2 * time.Second, true, false, actGate},
		{"dock", "Loading dock", 2 * time.Second, false, false, actDock},
		{"yard", "Yard", 2 * time.Second, false, true, actYard},
		{"street", "Street", 2 * time.Second, false, false, actStreet},
		{"aisle", "Aisle 3", 10 * time.Second, false, false, actAisle},
		{"carpark", "Car park", 2 * time.Second, false, true, actCarPark},
	}
}

// Clips loads the six scenes, encoding first what is not yet in dir ("" = the
// shared cache): 60 s loops, main 1280x720 at 2 Mbit/s and sub 640x360 at
// 400 kbit/s, 25 pictures a second, no B-frames. The error names a missing
// ffmpeg. progress (may be nil) is told after each scene.
func Clips(ctx context.Context, dir string, progress func(done, total int)) ([]Scene, error) {
	if dir == "" {
		d, err := CacheDir()
		if err != nil {
			return nil, err
		}
		dir = d
	}
	var out []Scene
	all := stages()
	for i, s := range all {
		clips, err := cached(dir, []string{"scene-" + s.id + "-main", "scene-" + s.id + "-sub"}, func() ([]*Clip, error) { return s.build(ctx) })
		if err != nil {
			return nil, fmt.Errorf("scene %s: %w", s.name, err)
		}
		sc := Scene{ID: s.id, Name: s.name, Main: clips[0], Sub: clips[1], SDPOnly: s.sdpOnly, Steers: s.id == steered}
		if s.sound {
			snd := hum(sceneLength)
			sc.Main, sc.Sub = sc.Main.WithSound(snd), sc.Sub.WithSound(snd)
		}
		out = append(out, sc)
		if progress != nil {
			progress(i+1, len(all))
		}
	}
	return out, nil
}

func (s stage) build(ctx context.Context) ([]*Clip, error) {
	draw, err := s.drawer()
	if err != nil {
		return nil, err
	}
	return encode(ctx, sceneWidth, sceneHeight, sceneFPS, int(sceneLength.Seconds())*sceneFPS, s.key, draw, []track{
		{codec: H264, w: sceneWidth, h: sceneHeight, kbits: 2000, preset: "ultrafast", profile: "main"},
		{codec: H264, w: sceneWidth / 2, h: sceneHeight / 2, kbits: 400, preset: "superfast", profile: "main"},
	})
}

// drawer returns a function that draws picture i of the scene: the still part
// with sensor noise, what moves, the camera's own clock, the frame number.
func (s stage) drawer() (func(c *canvas, i int), error) {
	raw, err := pictures.ReadFile("pictures/" + s.id + ".jpg")
	if err != nil {
		return nil, err
	}
	img, err := jpeg.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	back := fromImage(img)
	for i, y := range back.y {
		back.y[i] = min(max(y, 20), 230) // room for the noise
	}
	rng := rand.New(rand.NewPCG(1, 2)) // the same noise at every build
	noise := make([]byte, len(back.y)+1<<16)
	for i := range noise {
		noise[i] = byte(int(rng.NormFloat64() * 1.1))
	}
	return func(c *canvas, i int) {
		copy(c.buf, back.buf)
		n := noise[rng.IntN(1<<16):]
		for j := range c.y {
			c.y[j] += n[j]
		}
		s.act(c, float64(i)/sceneFPS)
		c.text(24, 24, 3, s.name)
		c.text(24, 52, 3, clockText(i, sceneFPS))
		drawNumber(c, i)
	}, nil
}
