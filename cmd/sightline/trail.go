package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"slices"
	"time"

	"sightline/authz"
	"sightline/controlroom"
	"sightline/ingest/intake"
)

const (
	trailName   = "Trail camera"
	trailImages = 8
	stillsEvery = 5 // minutes, of the first live camera
)

// trail makes the demo's still camera with a handful of images, and has one live
// camera take stills: the gallery is not empty. A restart finds all of it again.
func (f *furnisher) trail(ctx context.Context, owner authz.Subject, live []demoCamera) (string, error) {
	have, err := f.n.room.Cameras(ctx, owner)
	if err != nil {
		return "", err
	}
	name, zone, kind, every := trailName, demoZone, string(authz.CameraStill), stillsEvery
	id := ""
	if i := slices.IndexFunc(have, func(c controlroom.Camera) bool { return c.Mine && c.Name == trailName }); i >= 0 {
		id = have[i].ID
	} else {
		cam, err := f.n.room.CreateCamera(ctx, owner, controlroom.CameraInput{Name: &name, Zone: &zone, Kind: &kind})
		if err != nil {
			return "", fmt.Errorf("camera %s: %w", trailName, err)
		}
		id = cam.ID
	}
	for n := range trailImages {
		data, err := drawTrail(n)
		if err != nil {
			return "", err
		}
		taken := time.Now().Add(time.Duration(n-trailImages) * 47 * time.Minute)
		if _, err := f.n.gallery.Accept(ctx, intake.Arrival{Camera: id, Data: data, Taken: taken, Via: intake.ViaHTTP, Once: fmt.Sprintf("demo/%d", n)}); err != nil {
			return "", fmt.Errorf("image %d of %s: %w", n, trailName, err)
		}
	}
	if len(live) > 0 {
		if _, err := f.n.room.SetIntake(ctx, owner, live[0].ID, controlroom.IntakeInput{Every: &every}); err != nil {
			return "", fmt.Errorf("stills of %s: %w", live[0].Name, err)
		}
	}
	return id, nil
}

// drawTrail draws the n-th picture of the trail camera: a clearing at dusk, firs,
// and a fox that crosses it.
func drawTrail(n int) ([]byte, error) {
	const w, h, ground = 1280, 720, 500
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	dusk := uint8(n * 10) // it gets darker from picture to picture
	for y := range h {
		for x := range w {
			c := color.RGBA{R: 120 - dusk + uint8(y/12), G: 130 - dusk + uint8(y/16), B: 150 - dusk/2, A: 255}
			if y > ground {
				shade := uint8((x*7+y*13)%9) + uint8((h-y)/12)
				c = color.RGBA{R: 40 + shade, G: 62 + shade - dusk/4, B: 34 + shade/2, A: 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	disc(img, 1060, 120+n*6, 44, 44, color.RGBA{R: 240, G: 236, B: 210, A: 255}) // the moon
	for i := range 14 {
		fir(img, 40+i*95+(i*i*37)%60, ground+20+(i*53)%90, 180+(i*71)%170)
	}
	fox := color.RGBA{R: 196, G: 102, B: 44, A: 255}
	x, y := 120+n*140, 590-(n%3)*12
	disc(img, x, y, 62, 24, fox)                                          // body
	disc(img, x+66, y-22, 24, 18, fox)                                    // head
	disc(img, x+86, y-16, 10, 7, color.RGBA{R: 60, G: 40, B: 34, A: 255}) // nose
	disc(img, x-84, y-4, 44, 12, color.RGBA{R: 214, G: 150, B: 100, A: 255})
	for _, leg := range []int{-40, -22, 26, 44} {
		disc(img, x+leg, y+34, 6, 24, color.RGBA{R: 70, G: 44, B: 36, A: 255})
	}
	for _, ear := range []int{54, 74} {
		disc(img, x+ear, y-42, 6, 12, fox)
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 82})
	return b.Bytes(), err
}

// disc fills an ellipse.
func disc(img *image.RGBA, cx, cy, rx, ry int, c color.RGBA) {
	for y := -ry; y <= ry; y++ {
		for x := -rx; x <= rx; x++ {
			if x*x*ry*ry+y*y*rx*rx <= rx*rx*ry*ry && image.Pt(cx+x, cy+y).In(img.Rect) {
				img.SetRGBA(cx+x, cy+y, c)
			}
		}
	}
}

// fir draws a tree of a height on its foot.
func fir(img *image.RGBA, x, foot, height int) {
	for y := range height {
		half := (y%(height/4) + y/3) / 3
		for dx := -half; dx <= half; dx++ {
			if p := image.Pt(x+dx, foot-height+y); p.In(img.Rect) {
				img.SetRGBA(p.X, p.Y, color.RGBA{R: 18, G: uint8(38 + (dx+half)%12), B: 26, A: 255})
			}
		}
	}
}
