package archive

import (
	"encoding/binary"
	"slices"
)

// times is so many samples with one number.
type times struct {
	n, v uint32
}

// exportChunk is samples that lie behind each other in the file.
type exportChunk struct {
	offset int64 // behind the head of mdat
	n      uint32
	entry  uint32 // from 1
}

// exportTrack gathers the sample tables of a track. Equal times are counted, so
// a day of 25 pictures a second takes about 9 MB, and of Opus 17 MB.
type exportTrack struct {
	sound         bool
	rate          uint32
	width, height int
	entries       [][]byte // of stsd
	n             int      // samples
	sizes         gathered // as stsz has them
	spans         []times
	shows         []times // v is an int32
	shown         bool    // one of them is not 0
	early         bool    // one of them is negative
	keys          []uint32
	chunks        []exportChunk
	start         int64 // time of the first sample
	lastAt        int64 // of the last
	lastSpan      uint32
}

func (t *exportTrack) count() int { return t.n }

// entry is the place of a head in stsd, from 1; false when there are too many.
func (t *exportTrack) entry(b []byte) (int, bool) {
	for i, e := range t.entries {
		if string(e) == string(b) {
			return i + 1, true
		}
	}
	if len(t.entries) == entriesMost {
		return 0, false
	}
	t.entries = append(t.entries, b)
	return len(t.entries), true
}

// add adds a sample. The one before lasts until it.
func (t *exportTrack) add(u unit, at int64) {
	t.lastAt = t.reach(at)
	t.lastSpan = u.span
	t.n++
	t.sizes.u32(u.size)
	if t.sound {
		return
	}
	t.shows = counted(t.shows, uint32(u.show), 1)
	t.shown = t.shown || u.show != 0
	t.early = t.early || u.show < 0
	if u.key {
		t.keys = append(t.keys, uint32(t.n))
	}
}

// reach lets the last sample last until the one at a time that comes next, and
// returns when that is: of two rates, one is rounded.
func (t *exportTrack) reach(at int64) int64 {
	if t.n == 0 {
		t.start = at
		return at
	}
	span := at - t.lastAt
	if d := span - int64(t.lastSpan); t.sound && d >= -1 && d <= 1 {
		span = int64(t.lastSpan)
		at = t.lastAt + span
	}
	t.spans = counted(t.spans, uint32(min(max(span, 0), 1<<32-1)), 1)
	return at
}

// counted adds so many times v.
func counted(list []times, v, n uint32) []times {
	if n == 0 {
		return list
	}
	if m := len(list); m > 0 && list[m-1].v == v {
		list[m-1].n += n
		return list
	}
	return append(list, times{n, v})
}

func (t *exportTrack) chunk(offset int64, n, entry int) {
	t.chunks = append(t.chunks, exportChunk{offset, uint32(n), uint32(max(entry, 1))})
}

// length is how long the track is, in its rate.
func (t *exportTrack) length() int64 { return t.lastAt + int64(t.lastSpan) - t.start }

// exportHead is what an export takes of a segment's ftyp and moov.
type exportHead struct {
	fourcc        string
	video, sound  []byte // entries of stsd; sound nil: none
	width, height int
	rate          uint32 // of sound
}

// parseExportHead reads what recording wrote.
func parseExportHead(init []byte) (*exportHead, error) {
	h := &exportHead{}
	bad := false
	children(init, func(kind string, moov []byte) bool {
		if kind != "moov" {
			return true
		}
		children(moov, func(kind string, trak []byte) bool {
			if kind == "trak" {
				bad = bad || !h.trak(trak)
			}
			return !bad
		})
		return false
	})
	if bad || len(h.video) < 8 {
		return nil, errNotOurs
	}
	h.fourcc = string(h.video[4:8])
	return h, nil
}

func (h *exportHead) trak(trak []byte) bool {
	id, rate, width, height := uint32(0), uint32(0), 0, 0
	var entry []byte
	walk(trak, func(kind string, b []byte) bool {
		switch {
		case kind == "tkhd" && len(b) >= 84 && b[0] == 0:
			id = binary.BigEndian.Uint32(b[12:])
			width, height = int(binary.BigEndian.Uint32(b[76:])>>16), int(binary.BigEndian.Uint32(b[80:])>>16)
		case kind == "mdhd" && len(b) >= 24 && b[0] == 0:
			rate = binary.BigEndian.Uint32(b[12:])
		case kind == "stsd" && len(b) > 16:
			if n := int(binary.BigEndian.Uint32(b[8:])); n >= 16 && n <= len(b)-8 {
				entry = slices.Clone(b[8 : 8+n])
			}
		}
		return kind == "mdia" || kind == "minf" || kind == "stbl"
	})
	switch id {
	case videoTrack:
		h.video, h.width, h.height = entry, width, height
		return entry != nil && rate == videoRate
	case soundTrack:
		h.sound, h.rate = entry, rate
		return entry != nil && rate > 0
	}
	return true
}

// walk calls each for boxes; those for which it returns true are gone into.
func walk(b []byte, each func(kind string, body []byte) bool) {
	children(b, func(kind string, body []byte) bool {
		if each(kind, body) {
			walk(body, each)
		}
		return true
	})
}
