package archive

import (
	"math"
	"slices"
	"strconv"
	"time"
)

// Playlist is a media playlist of HLS (RFC 8216) over pieces of the archive.
// Addresses in it are relative to its own: segments/<id>.mp4, init/<hash>.mp4.
// Players that look at the end of a name before they play it find one they know.
type Playlist struct {
	Pieces []Piece
	// From is the moment that was asked for: players begin there, though the first
	// piece may begin earlier.
	From time.Time
	// Growing: it was made without an end and is asked for again (EVENT). Pieces are
	// only ever appended.
	Growing bool
	// Ended: nothing will be appended any more.
	Ended bool
}

// Target is the longest piece in whole seconds, as players are told: 6 or more.
func (p *Playlist) Target() int {
	longest := pieceLong
	for i := range p.Pieces {
		longest = max(longest, p.Pieces[i].Duration)
	}
	return int(math.Round(longest.Seconds()))
}

// Append writes the playlist behind b. It is a pure function.
func (p *Playlist) Append(b []byte) []byte {
	b = slices.Grow(b, 512+120*len(p.Pieces))
	b = append(b, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:"...)
	b = strconv.AppendInt(b, int64(p.Target()), 10)
	b = append(b, "\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:"...)
	if p.Growing {
		b = append(b, "EVENT\n"...)
	} else {
		b = append(b, "VOD\n"...)
	}
	b = append(b, "#EXT-X-INDEPENDENT-SEGMENTS\n"...)
	if off := p.start(); off >= 0 {
		b = append(b, "#EXT-X-START:TIME-OFFSET="...)
		b = appendSeconds(b, off)
		b = append(b, ",PRECISE=YES\n"...)
	}
	init := ""
	for i := range p.Pieces {
		q := &p.Pieces[i]
		if q.Break {
			b = append(b, "#EXT-X-DISCONTINUITY\n"...)
		}
		if q.Init != init {
			init = q.Init
			b = append(b, "#EXT-X-MAP:URI=\"init/"...)
			b = append(b, init...)
			b = append(b, ".mp4\"\n"...)
		}
		if i == 0 || q.Break || q.First {
			b = append(b, "#EXT-X-PROGRAM-DATE-TIME:"...)
			b = q.At.UTC().Round(time.Millisecond).AppendFormat(b, "2006-01-02T15:04:05.000Z")
			b = append(b, '\n')
		}
		b = append(b, "#EXTINF:"...)
		b = appendSeconds(b, q.Duration)
		b = append(b, ",\n#EXT-X-BYTERANGE:"...)
		b = strconv.AppendInt(b, q.Bytes, 10)
		b = append(b, '@')
		b = strconv.AppendInt(b, q.Offset, 10)
		b = append(b, "\nsegments/"...)
		b = append(b, q.Segment...)
		b = append(b, ".mp4\n"...)
	}
	if p.Ended {
		b = append(b, "#EXT-X-ENDLIST\n"...)
	}
	return b
}

// start is where players begin, from the first picture on: negative where there is
// nothing to say. Without it a player of a growing list begins at its end.
func (p *Playlist) start() time.Duration {
	if len(p.Pieces) == 0 {
		return -1
	}
	first := p.Pieces[0]
	off := p.From.Sub(first.At)
	switch {
	case p.From.IsZero(), off <= 0 && !p.Growing:
		return -1
	case off < 0, off >= first.Duration:
		return 0
	}
	return off
}

// appendSeconds writes seconds with six places.
func appendSeconds(b []byte, d time.Duration) []byte {
	us := int64((d + 500) / 1000)
	b = strconv.AppendInt(b, us/1e6, 10)
	b = append(b, '.', '0', '0', '0', '0', '0', '0')
	for i, rest := len(b)-1, us%1e6; rest > 0; i-- {
		b[i] += byte(rest % 10)
		rest /= 10
	}
	return b
}
