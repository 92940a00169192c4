package archive

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"
)

// Media says what an init's tracks are, as players ask (RFC 6381).
type Media struct {
	Codecs        []string // "avc1.4d001f", "hvc1.1.6.L93.B0", "fLaC", "opus"
	Width, Height int
	Rate          float64 // pictures a second; 0: not known
}

// MediaOf reads an init, as Archive.Init returns it.
func MediaOf(init []byte) (Media, error) {
	var in fmp4.Init
	if err := in.Unmarshal(bytes.NewReader(init)); err != nil {
		return Media{}, fmt.Errorf("a head of footage cannot be read: %w", err)
	}
	var m Media
	for _, t := range in.Tracks {
		switch c := t.Codec.(type) {
		case *codecs.H264:
			if len(c.SPS) < 4 {
				return Media{}, fmt.Errorf("a head of footage has a parameter set of %d bytes", len(c.SPS))
			}
			m.Codecs = append(m.Codecs, fmt.Sprintf("avc1.%02x%02x%02x", c.SPS[1], c.SPS[2], c.SPS[3]))
			var sps h264.SPS
			if sps.Unmarshal(c.SPS) == nil {
				m.Width, m.Height, m.Rate = sps.Width(), sps.Height(), sps.FPS()
			}
		case *codecs.H265:
			text, err := hevcText(c.SPS)
			if err != nil {
				return Media{}, err
			}
			m.Codecs = append(m.Codecs, text)
			var sps h265.SPS
			if sps.Unmarshal(c.SPS) == nil {
				m.Width, m.Height, m.Rate = sps.Width(), sps.Height(), sps.FPS()
			}
		case *codecs.FLAC:
			m.Codecs = append(m.Codecs, "fLaC")
		case *codecs.Opus:
			m.Codecs = append(m.Codecs, "opus")
		}
	}
	return m, nil
}

// hevcText is the codec string of ISO/IEC 14496-15 annex E.3 out of the general
// profile, tier and level of a sequence parameter set.
func hevcText(sps []byte) (string, error) {
	rbsp := h264.EmulationPreventionRemove(sps)
	if len(rbsp) < 15 {
		return "", fmt.Errorf("a head of footage has a parameter set of %d bytes", len(sps))
	}
	p := rbsp[3:15] // after two bytes of head and one of ids
	space := [...]string{"", "A", "B", "C"}[p[0]>>6]
	tier := [...]string{"L", "H"}[p[0]>>5&1]
	compat := uint32(0)
	for i := range 32 { // the lowest bit first
		if p[1+i/8]>>(7-i%8)&1 == 1 {
			compat |= 1 << i
		}
	}
	s := fmt.Sprintf("hvc1.%s%d.%X.%s%d", space, p[0]&31, compat, tier, p[11])
	limits := p[5:11]
	for len(limits) > 0 && limits[len(limits)-1] == 0 {
		limits = limits[:len(limits)-1]
	}
	for _, b := range limits {
		s += fmt.Sprintf(".%X", b)
	}
	return s, nil
}

// Variant is one layer of a multivariant playlist.
type Variant struct {
	URI    string
	Pieces []Piece
	Media  []Media // of all inits of its pieces
}

// AppendMultivariant writes a multivariant playlist (RFC 8216 4.3.4) behind b. The
// first variant is what players begin with.
func AppendMultivariant(b []byte, variants []Variant) []byte {
	b = append(b, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"...)
	for _, v := range variants {
		peak, average := rates(v.Pieces)
		names := []string{}
		width, height, rate := 0, 0, 0.0
		for _, m := range v.Media {
			for _, c := range m.Codecs {
				if !slices.Contains(names, c) {
					names = append(names, c)
				}
			}
			if m.Width*m.Height > width*height {
				width, height = m.Width, m.Height
			}
			rate = max(rate, m.Rate)
		}
		b = append(b, "#EXT-X-STREAM-INF:BANDWIDTH="+strconv.Itoa(peak)+",AVERAGE-BANDWIDTH="+strconv.Itoa(average)...)
		if len(names) > 0 {
			b = append(b, ",CODECS=\""+strings.Join(names, ",")+"\""...)
		}
		if width > 0 && height > 0 {
			b = append(b, ",RESOLUTION="+strconv.Itoa(width)+"x"+strconv.Itoa(height)...)
		}
		if rate > 0 && !math.IsInf(rate, 0) {
			b = append(b, ",FRAME-RATE="+strconv.FormatFloat(rate, 'f', 3, 64)...)
		}
		b = append(b, "\n"+v.URI+"\n"...)
	}
	return b
}

// rates are the highest and the usual bits a second of pieces.
func rates(pieces []Piece) (peak, average int) {
	bits, seconds := 0.0, 0.0
	for _, p := range pieces {
		d := p.Duration.Seconds()
		if d <= 0 {
			continue
		}
		if d >= pieceShort.Seconds()/2 || len(pieces) == 1 { // what is left at a segment's end says little
			peak = max(peak, int(math.Ceil(float64(p.Bytes)*8/d)))
		}
		bits += float64(p.Bytes) * 8
		seconds += d
	}
	if seconds > 0 {
		average = int(math.Ceil(bits / seconds))
	}
	return max(peak, average, 1), max(average, 1)
}
