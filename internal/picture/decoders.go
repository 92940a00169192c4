package picture

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"

	"golang.org/x/image/draw"

	"sightline/internal/fault"
)

// Decoders decode few pictures at a time: 25 megapixels are 75 MB while they
// last. Safe for concurrent use.
type Decoders struct{ free chan struct{} }

// NewDecoders allows n at once (0 = 2).
func NewDecoders(n int) *Decoders {
	if n <= 0 {
		n = 2
	}
	return &Decoders{free: make(chan struct{}, n)}
}

const (
	thumbQuality = 80
	guestQuality = 90
)

// Thumbnail returns a checked picture scaled into width x width pixels and
// upright, as a JPEG of its own that says nothing else; a smaller picture keeps
// its size. It waits for a decoder. Errors: bad_image, ctx's.
func (d *Decoders) Thumbnail(ctx context.Context, data []byte, width int) ([]byte, error) {
	return d.redraw(ctx, data, width, thumbQuality)
}

// Strip returns a checked picture with nothing but its picture: no EXIF, place,
// model, comment, preview or tail. Where EXIF says that it lies on its side it
// is turned upright, which needs a decoder; all others keep their picture's
// bytes. Errors: bad_image, ctx's.
func (d *Decoders) Strip(ctx context.Context, data []byte) ([]byte, error) {
	if Read(data, nil).Orientation > 1 {
		return d.redraw(ctx, data, 0, guestQuality)
	}
	return strip(data)
}

// redraw decodes, turns, scales (width 0 = not) and encodes.
func (d *Decoders) redraw(ctx context.Context, data []byte, width, quality int) ([]byte, error) {
	select {
	case d.free <- struct{}{}:
		defer func() { <-d.free }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if _, err := Check(data); err != nil {
		return nil, err
	}
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, fault.CodeBadImage, "The picture is damaged.")
	}
	img = turn(shrink(img, width), Read(data, nil).Orientation)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fault.Wrap(err, fault.Internal, fault.CodeInternal, "The picture could not be written.")
	}
	return out.Bytes(), nil
}

// shrink scales img so that its longer side is at most width pixels.
func shrink(img image.Image, width int) image.Image {
	b := img.Bounds()
	long := max(b.Dx(), b.Dy())
	if width <= 0 || long <= width {
		return img
	}
	to := image.Rect(0, 0, max(1, b.Dx()*width/long), max(1, b.Dy()*width/long))
	out := image.NewRGBA(to)
	draw.ApproxBiLinear.Scale(out, to, img, b, draw.Src, nil)
	return out
}

// turn applies an EXIF orientation: 2-4 mirror or turn in place, 5-8 also swap
// width and height.
func turn(img image.Image, orientation int) image.Image {
	if orientation < 2 || orientation > 8 {
		return img
	}
	b := img.Bounds()
	from := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(from, from.Bounds(), img, b.Min, draw.Src)
	w, h := b.Dx(), b.Dy()
	if orientation >= 5 {
		w, h = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			sx, sy := source(orientation, x, y, b.Dx(), b.Dy())
			i, j := out.PixOffset(x, y), from.PixOffset(sx, sy)
			copy(out.Pix[i:i+4], from.Pix[j:j+4])
		}
	}
	return out
}

// source says which pixel of a w x h picture stands at x, y of the upright one.
func source(orientation, x, y, w, h int) (sx, sy int) {
	switch orientation {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return y, h - 1 - x
	case 7:
		return w - 1 - y, h - 1 - x
	default: // 8
		return w - 1 - y, x
	}
}
