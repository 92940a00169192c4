package archive

import (
	"image"
	"image/color"
	"image/draw"
	"io"
	"time"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// marker draws the strips of a watermark: who took the file away, and when each
// picture was taken. The letters are the program's own, so that no font has to be
// installed: Latin, Greek and Cyrillic.
type marker struct {
	x             Export
	zone          *time.Location
	width, height int // of the pictures
	w, h          int // of a strip
	margin        int
	face          font.Face
	mark          string
	shown         []Span
}

func newMarker(x Export) (*marker, error) {
	letters, err := opentype.Parse(gomedium.TTF)
	if err != nil {
		return nil, err
	}
	m := &marker{x: x, width: max(x.Width&^1, 16), height: max(x.Height&^1, 16), mark: drawable(letters, x.Mark)}
	size := float64(max(m.height/36, 11))
	if m.face, err = opentype.NewFace(letters, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull}); err != nil {
		return nil, err
	}
	if m.zone, err = time.LoadLocation(x.Zone); err != nil {
		m.zone = time.UTC
	}
	m.margin = max(m.height/60, 4)
	m.h = int(size*1.7+1) &^ 1
	m.w = min(font.MeasureString(m.face, m.text(time.Date(2000, 12, 28, 20, 48, 48, 0, m.zone))).Ceil()+int(size), m.width-2*m.margin) &^ 1
	m.w = max(m.w, 2)
	for _, s := range x.Spans {
		if s = meet(s, x.Asked); s.From.Before(s.To) {
			m.shown = append(m.shown, s)
		}
	}
	return m, nil
}

// drawable leaves the characters of a name that there are letters for. Without
// any, the export's id has to do: the owner's log says whose it is.
func drawable(letters *sfnt.Font, name string) string {
	var buf sfnt.Buffer
	out := make([]rune, 0, len(name))
	for _, r := range name {
		if i, err := letters.GlyphIndex(&buf, r); err == nil && i != 0 {
			out = append(out, r)
		}
	}
	return string(out)
}

// text is the time first: a name too long for the picture loses its end, not the time.
func (m *marker) text(at time.Time) string {
	s := at.In(m.zone).Format("2006-01-02  15:04:05  -07:00") + "   " + m.x.ID[len(m.x.ID)-6:]
	if m.mark != "" {
		s += "   " + m.mark
	}
	return s
}

// wall is when the picture at a place of the file was taken.
func (m *marker) wall(into time.Duration) time.Time {
	for i, s := range m.shown {
		if d := s.To.Sub(s.From); into < d || i == len(m.shown)-1 {
			return s.From.Add(into)
		}
		into -= s.To.Sub(s.From)
	}
	return m.x.From.Add(into)
}

// run writes strips until the file's end, or until nobody reads them.
func (m *marker) run(w io.Writer) {
	img := image.NewRGBA(image.Rect(0, 0, m.w, m.h))
	drawn := ""
	for i := 0; float64(i) < m.x.Seconds*markRate; i++ {
		if s := m.text(m.wall(time.Duration(i) * time.Second / markRate)); s != drawn {
			m.draw(img, s)
			drawn = s
		}
		if _, err := w.Write(img.Pix); err != nil {
			return
		}
	}
}

func (m *marker) draw(img *image.RGBA, s string) {
	draw.Draw(img, img.Bounds(), image.NewUniform(color.RGBA{A: 150}), image.Point{}, draw.Src)
	size := m.face.Metrics()
	base := (m.h + size.Ascent.Ceil() - size.Descent.Ceil()) / 2
	d := font.Drawer{Dst: img, Src: image.White, Face: m.face, Dot: fixed.P(m.h/3, base)}
	d.DrawString(s)
	for i := 0; i < len(img.Pix); i += 4 { // ffmpeg wants colours that are not multiplied by alpha
		if a := uint32(img.Pix[i+3]); a != 0 && a != 255 {
			for c := range 3 {
				img.Pix[i+c] = uint8(min(uint32(img.Pix[i+c])*255/a, 255))
			}
		}
	}
}
