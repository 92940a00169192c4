package picture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"strings"
	"sync"
	"testing"
	"time"

	"sightline/internal/fault"
)

func TestCheck(t *testing.T) {
	whole := made(t, 64, 48)
	sof := bytes.Index(whole, []byte{0xff, 0xc0})
	patch := func(at int, b ...byte) []byte {
		out := bytes.Clone(whole)
		copy(out[at:], b)
		return out
	}
	bomb := patch(sof+5, 0xff, 0xff, 0xff, 0xff)[:sof+40] // T29: a header that says 65535 x 65535
	scans := bytes.Clone(whole[:len(whole)-2])
	for range maxScans + 1 {
		scans = append(scans, seg(markSOS, []byte{1, 1, 0, 0, 63, 0})...)
	}
	for name, c := range map[string]struct {
		data []byte
		code string
	}{
		"whole":              {whole, ""},
		"with EXIF":          {with(whole, trail(1)), ""},
		"with a tail":        {append(bytes.Clone(whole), "second picture"...), ""},
		"empty":              {nil, "bad_image"},
		"a page":             {[]byte("<html>"), "bad_image"},
		"PNG":                {[]byte("\x89PNG\r\n\x1a\n0000"), "bad_image"},
		"only SOI":           {whole[:2], "bad_image"},
		"half":               {whole[:len(whole)/2], "bad_image"},
		"without its end":    {whole[:len(whole)-2], "bad_image"},
		"no scan":            {append(bytes.Clone(whole[:sof]), 0xff, markEOI), "bad_image"},
		"bomb":               {append(bomb, 0xff, markEOI), "too_large"},
		"26 megapixels":      {patch(sof+5, 0x14, 0x00, 0x14, 0x00), "too_large"},
		"no height":          {patch(sof+5, 0, 0), "bad_image"},
		"12 bits":            {patch(sof+4, 12), "bad_image"},
		"arithmetic coding":  {patch(sof+1, 0xc9), "bad_image"},
		"lossless":           {patch(sof+1, 0xc3), "bad_image"},
		"two frames":         {with(whole, whole[sof:sof+19]), "bad_image"},
		"a thousand scans":   {append(scans, 0xff, markEOI), "bad_image"},
		"a segment too long": {with(whole, []byte{0xff, 0xe2, 0xff, 0xff}), "bad_image"},
		"11 MB":              {make([]byte, MaxBytes+1), "too_large"},
	} {
		size, err := Check(c.data)
		if fault.Code(err) != c.code {
			t.Errorf("%s: %v, want %q", name, err, c.code)
		}
		if err == nil && size != (Size{64, 48}) {
			t.Errorf("%s: %v", name, size)
		}
	}
}

func TestDetails(t *testing.T) {
	d := Read(with(made(t, 64, 48), trail(6)), time.UTC)
	want := time.Date(2026, 3, 29, 2, 4, 3, 0, time.UTC)
	if !d.Taken.Equal(want) || d.Make != "Trailmaker" || d.Model != "TM-4 Pro" || d.Orientation != 6 ||
		!d.Placed || d.Lat != 50.45 || d.Lon < 30.52 || d.Lon > 30.53 {
		t.Errorf("%+v", d)
	}
	if d := Read(made(t, 64, 48), nil); d != (Details{}) {
		t.Errorf("a picture without EXIF says %+v", d)
	}
	clockless := exifSeg([]entry{ascii(0x0132, "1970:01:01 00:00:00")}, nil, nil)
	if d := Read(with(made(t, 8, 8), clockless), nil); !d.Taken.IsZero() {
		t.Errorf("a clock that was never set counts: %v", d.Taken)
	}
	kyiv, err := time.LoadLocation("Europe/Kyiv")
	if err != nil {
		t.Fatal(err)
	}
	zoneless := exifSeg(nil, []entry{ascii(0x9003, "2026:07:01 12:00:00")}, nil)
	if d := Read(with(made(t, 8, 8), zoneless), kyiv); !d.Taken.Equal(time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC)) {
		t.Errorf("a time without a zone is not the camera's: %v", d.Taken)
	}
}

// Every cut and every flipped byte of an EXIF block is survived.
func TestDetailsOfDamagedEXIF(t *testing.T) {
	app1 := trail(3)
	whole := made(t, 8, 8)
	for i := 10; i < len(app1); i++ {
		Read(with(whole, seg(markAPP1, app1[4:i])), nil)
		for _, b := range []byte{0, 0xff, 0x80} {
			c := bytes.Clone(app1)
			c[i] = b
			Read(with(whole, c), nil)
		}
	}
}

// told by nobody: no APPn but JFIF's and Adobe's, no comment, nothing after EOI.
func bare(t *testing.T, data []byte) {
	t.Helper()
	end, err := walk(data, func(s segment) bool {
		if s.mark == markCOM || s.mark >= markAPP0 && s.mark <= markAPPF && s.mark != markAPP0 && s.mark != markAPPE {
			t.Errorf("segment %x of %d bytes is left", s.mark, len(s.data))
		}
		return true
	})
	if err != nil || end != len(data) {
		t.Errorf("ends at %d of %d: %v", end, len(data), err)
	}
	for _, word := range []string{"Exif", "Trailmaker", "xmp", "secret", "MPF"} {
		if bytes.Contains(data, []byte(word)) {
			t.Errorf("%q is left", word)
		}
	}
}

func TestR69_StripLeavesThePictureOnly(t *testing.T) {
	whole := made(t, 64, 48)
	jfif := append([]byte("JFIF\x00\x01\x01\x00\x00\x01\x00\x01"), 0, 0)
	dirty := with(whole, seg(markAPP0, jfif), trail(1),
		seg(markAPP1, []byte("http://ns.adobe.com/xap/1.0/\x00<xmp/>")), seg(0xe2, []byte("MPF\x00")),
		seg(0xed, []byte("Photoshop secret")), seg(markCOM, []byte("secret")),
		seg(markAPP0, []byte("JFXX\x00\x10secret preview")))
	dirty = append(dirty, append([]byte("secret"), whole...)...)
	d := NewDecoders(1)
	out, err := d.Strip(t.Context(), dirty)
	if err != nil {
		t.Fatal(err)
	}
	bare(t, out)
	if !bytes.Contains(out, []byte("JFIF")) {
		t.Error("JFIF's header went too")
	}
	was, _ := jpeg.Decode(bytes.NewReader(whole))
	is, err := jpeg.Decode(bytes.NewReader(out))
	if err != nil || !bytes.Equal(was.(*image.YCbCr).Y, is.(*image.YCbCr).Y) {
		t.Errorf("the picture changed: %v", err)
	}
}

// The picture was made with its green corner at the top left; orientation says
// where that corner is to be looked for.
func TestOrientationIsApplied(t *testing.T) {
	corners := map[uint16]image.Point{1: {0, 0}, 2: {1, 0}, 3: {1, 1}, 4: {0, 1}, 5: {0, 0}, 6: {1, 0}, 7: {1, 1}, 8: {0, 1}}
	d := NewDecoders(1)
	for o, corner := range corners {
		data := with(made(t, 96, 64), trail(o))
		for what, redraw := range map[string]func() ([]byte, error){
			"guest":     func() ([]byte, error) { return d.Strip(t.Context(), data) },
			"thumbnail": func() ([]byte, error) { return d.Thumbnail(t.Context(), data, 48) },
		} {
			out, err := redraw()
			if err != nil {
				t.Fatal(err)
			}
			bare(t, out)
			img, err := jpeg.Decode(bytes.NewReader(out))
			if err != nil {
				t.Fatal(err)
			}
			b := img.Bounds()
			if tall := b.Dy() > b.Dx(); tall != (o >= 5) {
				t.Errorf("%s %d: %v", what, o, b)
			}
			x, y := 4+corner.X*(b.Dx()-9), 4+corner.Y*(b.Dy()-9)
			if c := color.RGBAModel.Convert(img.At(x, y)).(color.RGBA); c.G < 120 || c.R > 100 {
				t.Errorf("%s %d: the corner at %d,%d is %v", what, o, x, y, c)
			}
		}
	}
}

func TestThumbnail(t *testing.T) {
	d := NewDecoders(0)
	for _, c := range []struct{ w, h, width, wantW, wantH int }{
		{960, 540, 480, 480, 270}, {300, 900, 480, 160, 480}, {64, 48, 480, 64, 48}, {2000, 1, 480, 480, 1},
	} {
		out, err := d.Thumbnail(t.Context(), made(t, c.w, c.h), c.width)
		if err != nil {
			t.Fatal(err)
		}
		if size, err := Check(out); err != nil || size != (Size{c.wantW, c.wantH}) {
			t.Errorf("%d x %d: %v %v", c.w, c.h, size, err)
		}
	}
	if _, err := d.Thumbnail(t.Context(), []byte("no"), 480); fault.Code(err) != "bad_image" {
		t.Error(err)
	}
}

func TestDecodersAreFew(t *testing.T) {
	d := NewDecoders(1)
	d.free <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	for range 10 {
		wait.Go(func() {
			if _, err := d.Thumbnail(ctx, made(t, 8, 8), 4); !errors.Is(err, context.Canceled) {
				t.Errorf("who waits for a decoder: %v", err)
			}
		})
	}
	cancel()
	wait.Wait()
	<-d.free
	if _, err := d.Thumbnail(t.Context(), made(t, 8, 8), 4); err != nil {
		t.Error(err)
	}
}

func FuzzPicture(f *testing.F) {
	whole := made(f, 32, 24)
	f.Add(whole)
	f.Add(with(whole, trail(6)))
	f.Add(with(whole, seg(markCOM, []byte(strings.Repeat("x", 100)))))
	d := NewDecoders(2)
	f.Fuzz(func(t *testing.T, data []byte) {
		Read(data, nil)
		size, err := Check(data)
		if err != nil {
			return
		}
		if size.W*size.H > 1<<20 {
			t.Skip() // slow, not wrong
		}
		out, err := d.Strip(t.Context(), data)
		if err != nil {
			return
		}
		if len(out) > len(data) && binary.BigEndian.Uint16(out) != 0xffd8 {
			t.Error("stripping made something else")
		}
		if _, err := Check(out); err != nil {
			t.Errorf("a stripped picture is refused: %v", err)
		}
	})
}

func BenchmarkCheck10MB(b *testing.B) {
	data := append(with(made(b, 64, 48)), make([]byte, 0)...)
	eoi := len(data) - 2
	data = append(append(bytes.Clone(data[:eoi]), bytes.Repeat(append(bytes.Repeat([]byte{0x5a}, 126), 0xff, 0), (MaxBytes-len(data))/128)...), 0xff, markEOI)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Check(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkThumbnail1080p(b *testing.B) {
	data, d := made(b, 1920, 1080), NewDecoders(1)
	for b.Loop() {
		if _, err := d.Thumbnail(b.Context(), data, 480); err != nil {
			b.Fatal(err)
		}
	}
}
