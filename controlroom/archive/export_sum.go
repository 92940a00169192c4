package archive

import (
	"encoding/binary"
	"slices"
	"sync"
)

// sum is what a stretch adds to the tables of an export, in the form they have in
// the file: a segment that is taken whole is put behind the one before it, and
// nobody looks at its samples one by one.
type sum struct {
	track  byte
	frag   int32
	n      int // samples
	offset int64
	bytes  int64
	at     int64  // decode time of the first, in units of the track's rate
	body   int64  // from the first to the last
	sizes  []byte // as stsz has them: 4 bytes each, big endian
	spans  []times
	shows  []times  // v is an int32; of pictures only
	keys   []uint32 // which are key frames, from 0; of pictures only
	late   int64    // the latest end of a picture but the last, from the first on
}

// last is the span, and how much later it is shown, of the last sample.
func (s *sum) last() (span, show int64) {
	if n := len(s.shows); n > 0 {
		show = int64(int32(s.shows[n-1].v))
	}
	return int64(s.spans[len(s.spans)-1].v), show
}

// units are the samples again, for where some of them are left out.
func (s *sum) units() []unit {
	out := make([]unit, s.n)
	for i := range out {
		out[i] = unit{size: binary.BigEndian.Uint32(s.sizes[4*i:]), key: s.track != videoTrack}
	}
	i := 0
	for _, r := range s.spans {
		for range r.n {
			out[i].span = r.v
			i++
		}
	}
	i = 0
	for _, r := range s.shows {
		for range r.n {
			out[i].show = int32(r.v)
			i++
		}
	}
	for _, k := range s.keys {
		out[k].key = true
	}
	return out
}

// flats adds the samples on a line.
func (s *sum) flats(out []flat, shift int64) []flat {
	at, offset := s.at+shift, s.offset
	for _, u := range s.units() {
		out = append(out, flat{u, at, offset, s.frag})
		at, offset = at+int64(u.span), offset+int64(u.size)
	}
	return out
}

func flats(list []sum, shift int64) (out []flat) {
	for i := range list {
		out = list[i].flats(out, shift)
	}
	return out
}

// sums are those of a segment. Its memory is used again; but for the sizes, which
// the export keeps.
type sums struct {
	video, sound []sum // by fragment
	pictures     int
	from, to     int64 // decode time of the first picture, and where the last one ends
	show         int64 // of the first
	late         int64 // latest end of a picture

	spans, shows []times // of all
	keys         []uint32
}

var sumsPool = sync.Pool{New: func() any { return new(sums) }}

// free gives the memory back. Nobody may have a sum of it any more.
func (o *sums) free() {
	clear(o.video)
	clear(o.sound)
	*o = sums{video: o.video[:0], sound: o.sound[:0], spans: o.spans[:0], shows: o.shows[:0], keys: o.keys[:0]}
	sumsPool.Put(o)
}

// summer reads a tail's body into sums.
type summer struct {
	varints
	*sums
	end       int64
	total     uint64
	fragments int
	sizes     [2][]byte // of pictures, of sound
}

// parseSums is parseTail for a segment that is taken whole. It gives nil for what
// has to be looked at sample by sample: a tail that is not sound, time that does
// not go on, no key frame at the beginning.
func parseSums(body []byte, fragments int, end int64) *sums {
	v := &summer{varints: varints{b: body}, sums: sumsPool.Get().(*sums), end: end, fragments: fragments}
	for i := range fragments {
		tracks := v.uint()
		if v.bad || tracks == 0 || tracks > 2 {
			return nil
		}
		for range tracks {
			s, ok := v.sum()
			s.frag = int32(i)
			if !ok || !v.add(&s) {
				return nil
			}
		}
	}
	if v.bad || len(v.b) > 0 || !v.finish() {
		return nil
	}
	return v.sums
}

// add puts a stretch behind those of its track: one a fragment, and time goes on.
func (o *sums) add(s *sum) bool {
	list := &o.video
	switch s.track {
	case videoTrack:
		o.pictures += s.n
	case soundTrack:
		list = &o.sound
	default:
		return false
	}
	if n := len(*list); n > 0 {
		before := &(*list)[n-1]
		if before.frag == s.frag || s.at <= before.at+before.body {
			return false
		}
	}
	*list = append(*list, *s)
	return true
}

// finish adds up the pictures. A picture lasts until the next one, also over the
// border of fragments.
func (o *sums) finish() bool {
	if len(o.video) == 0 || len(o.video[0].keys) == 0 || o.video[0].keys[0] != 0 {
		return false
	}
	for i := range o.video {
		s := &o.video[i]
		span, show := s.last()
		at := s.at + s.body
		o.to = at + span
		if i+1 < len(o.video) {
			span = min(o.video[i+1].at-at, 1<<31)
		}
		late := at + show + span
		if s.n > 1 {
			late = max(late, s.at+s.late)
		}
		if i == 0 || late > o.late {
			o.late = late
		}
	}
	o.from, o.show = o.video[0].at, int64(int32(o.video[0].shows[0].v))
	return true
}

// sum reads one stretch of a tail: what varints.stretch does, into tables.
func (v *summer) sum() (s sum, ok bool) {
	if len(v.b) == 0 {
		return s, false
	}
	s.track, v.b = v.b[0], v.b[1:]
	offset := v.uint()
	s.at = int64(v.uint() & (1<<62 - 1))
	n := v.uint()
	if v.total += n; v.bad || n == 0 || v.total > unitsMost || n > unitsMost || offset > uint64(v.end) {
		return s, false
	}
	s.offset, s.n = int64(offset), int(n)
	if s.track != videoTrack && s.track != soundTrack {
		return s, false
	}
	s.sizes = v.room(&v.sizes[s.track&1], 4*s.n)
	return s, v.samples(&s) && s.bytes <= v.end-s.offset
}

// room takes n bytes of what lies in one piece for the whole segment, if all its
// fragments are like the first.
func (v *summer) room(all *[]byte, n int) []byte {
	if cap(*all)-len(*all) < n {
		*all = make([]byte, 0, max(n, min(n*v.fragments, 4*len(v.b))))
	}
	*all = (*all)[:len(*all)+n]
	return (*all)[len(*all)-n:]
}

// samples reads a stretch's samples.
func (v *summer) samples(s *sum) bool {
	spansAt, showsAt, keysAt := len(v.spans), len(v.shows), len(v.keys)
	span, show, end := int64(0), int64(0), int64(0)
	since, sinceShow := 0, 0 // the sample the run of spans, of shows, began at
	picture := s.track == videoTrack
	for i := range s.n {
		w := v.quick()
		if w&6 != 0 {
			if w&2 != 0 {
				if i > since {
					v.spans = append(v.spans, times{uint32(i - since), uint32(span)})
				}
				since = i
				span += v.int()
			}
			if w&4 != 0 {
				if i > sinceShow {
					v.shows = append(v.shows, times{uint32(i - sinceShow), uint32(int32(show))})
				}
				sinceShow = i
				show += v.int()
			}
			if span < 0 || span > 1<<32-1 || show != int64(int32(show)) {
				return false
			}
		}
		size := w >> 3
		if size > sizeMost {
			return false
		}
		binary.BigEndian.PutUint32(s.sizes[4*i:], uint32(size))
		s.bytes += int64(size)
		if picture && w&1 != 0 {
			v.keys = append(v.keys, uint32(i))
		}
		if i == s.n-1 {
			s.body = end
		} else {
			end += span
			if late := end + show; i == 0 || late > s.late {
				s.late = late
			}
		}
	}
	v.spans = append(v.spans, times{uint32(s.n - since), uint32(span)})
	v.shows = append(v.shows, times{uint32(s.n - sinceShow), uint32(int32(show))})
	s.spans, s.keys = v.spans[spansAt:len(v.spans):len(v.spans)], v.keys[keysAt:len(v.keys):len(v.keys)]
	s.shows = v.shows[showsAt:len(v.shows):len(v.shows)]
	return !v.bad
}

// quick is uint for numbers of two and three bytes, which most sizes are.
func (v *varints) quick() uint64 {
	if b := v.b; len(b) >= 3 && b[0] >= 0x80 {
		if b[1] < 0x80 {
			v.b = b[2:]
			return uint64(b[0]&0x7f) | uint64(b[1])<<7
		}
		if b[2] < 0x80 {
			v.b = b[3:]
			return uint64(b[0]&0x7f) | uint64(b[1]&0x7f)<<7 | uint64(b[2])<<14
		}
	}
	return v.uint()
}

// sum adds a stretch at a decode time, behind what there is.
func (t *exportTrack) sum(s *sum, at int64) {
	at = t.reach(at)
	before := t.n
	t.sizes.add(s.sizes)
	t.n += s.n
	for i, r := range s.spans {
		if i == len(s.spans)-1 {
			r.n-- // the last sample lasts until what comes next
			t.lastSpan = r.v
		}
		t.spans = counted(t.spans, r.v, r.n)
	}
	t.lastAt = at + s.body
	if t.sound {
		return
	}
	for _, r := range s.shows {
		t.shows = counted(t.shows, r.v, r.n)
		t.shown = t.shown || r.v != 0
		t.early = t.early || int32(r.v) < 0
	}
	for _, k := range s.keys {
		t.keys = append(t.keys, uint32(before)+k+1)
	}
}

// gathered are bytes that are gathered in pieces, so that none is copied to make room.
type gathered struct {
	whole [][]byte
	own   []byte // of single samples, behind the pieces
}

// add takes a piece; nobody writes to it any more. One that lies behind the last
// makes it longer.
func (b *gathered) add(p []byte) {
	if len(b.own) > 0 {
		b.whole = append(b.whole, b.own)
		b.own = nil
	} else if n := len(b.whole); n > 0 {
		last := b.whole[n-1]
		if m := len(last); cap(last)-m >= len(p) && &last[:m+1][m] == &p[0] {
			b.whole[n-1] = last[:m+len(p)]
			return
		}
	}
	b.whole = append(b.whole, p)
}

func (b *gathered) u32(v uint32) {
	b.own = binary.BigEndian.AppendUint32(b.own, v)
}

// appendTo writes them all behind out.
func (b *gathered) appendTo(out []byte) []byte {
	n := len(b.own)
	for _, p := range b.whole {
		n += len(p)
	}
	out = slices.Grow(out, n)
	for _, p := range b.whole {
		out = append(out, p...)
	}
	return append(out, b.own...)
}
