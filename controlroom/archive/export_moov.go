package archive

import (
	"encoding/binary"
	"math"
	"slices"
	"time"
)

// boxes writes boxes behind each other; their sizes are filled in at their ends.
type boxes struct{ b []byte }

func (w *boxes) box(kind string, body func()) {
	at := len(w.b)
	w.u32(0)
	w.b = append(w.b, kind...)
	body()
	binary.BigEndian.PutUint32(w.b[at:], uint32(len(w.b)-at))
}

func (w *boxes) full(kind string, version byte, flags uint32, body func()) {
	w.box(kind, func() {
		w.u32(uint32(version)<<24 | flags)
		body()
	})
}

func (w *boxes) u16(v uint16)     { w.b = binary.BigEndian.AppendUint16(w.b, v) }
func (w *boxes) u32(v uint32)     { w.b = binary.BigEndian.AppendUint32(w.b, v) }
func (w *boxes) u64(v uint64)     { w.b = binary.BigEndian.AppendUint64(w.b, v) }
func (w *boxes) zero(n int)       { w.b = append(w.b, make([]byte, n)...) }
func (w *boxes) text(s string)    { w.b = append(w.b, s...) }
func (w *boxes) raw(list ...byte) { w.b = append(w.b, list...) }

func (w *boxes) matrix() {
	for _, v := range [9]uint32{1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30} {
		w.u32(v)
	}
}

// wide chooses the version of a box with a duration.
func wide(n int64) byte {
	if n > math.MaxUint32 {
		return 1
	}
	return 0
}

func (w *boxes) time(version byte, v int64) {
	if version == 1 {
		w.u64(uint64(v))
	} else {
		w.u32(uint32(v))
	}
}

// exportMoov makes ftyp, moov and the head of an mdat of media bytes: the media
// follows at once. Shown is what lies in [lead, end) on the pictures' line.
func exportMoov(video *exportTrack, sounds []*exportTrack, lead, end int64, from time.Time, media int64) []byte {
	sounds = slices.DeleteFunc(slices.Clone(sounds), func(t *exportTrack) bool {
		return t.count() == 0 || scale(t.start+t.length(), int64(t.rate), videoRate) <= lead || scale(t.start, int64(t.rate), videoRate) >= end
	})
	room := 4096 // about what it will take
	for _, t := range append([]*exportTrack{video}, sounds...) {
		room += 4*t.n + 8*len(t.spans) + 4*len(t.keys) + 20*len(t.chunks)
		if t.shown {
			room += 8 * len(t.shows)
		}
	}
	big := int64(room)+media > math.MaxUint32-4096
	w := &boxes{b: make([]byte, 0, room+8192)}
	w.box("ftyp", func() {
		w.text("isom")
		w.u32(0x200)
		w.text("isomiso6mp41")
	})
	var patch []func(base int64)
	w.box("moov", func() {
		made := uint32(from.Unix() + 2082844800) // since 1904
		w.mvhd(end-lead, made, len(sounds)+2)
		patch = append(patch, w.trak(1, video, lead, end, made, big))
		for i, t := range sounds {
			patch = append(patch, w.trak(uint32(i+2), t, lead, end, made, big))
		}
	})
	if big {
		w.u32(1)
		w.text("mdat")
		w.u64(uint64(media + 16))
	} else {
		w.u32(uint32(media + 8))
		w.text("mdat")
	}
	for _, f := range patch {
		f(int64(len(w.b)))
	}
	return w.b
}

func (w *boxes) mvhd(length int64, made uint32, next int) {
	v := wide(length)
	w.full("mvhd", v, 0, func() {
		w.time(v, int64(made))
		w.time(v, int64(made))
		w.u32(videoRate)
		w.time(v, length)
		w.u32(1 << 16)
		w.u16(1 << 8)
		w.zero(10)
		w.matrix()
		w.zero(24)
		w.u32(uint32(next))
	})
}

// trak writes a track and returns what fills in where its chunks are.
func (w *boxes) trak(id uint32, t *exportTrack, lead, end int64, made uint32, big bool) (patch func(base int64)) {
	rate := int64(t.rate)
	begin := scale(t.start, rate, videoRate)
	empty := max(begin-lead, 0)
	skip := max(scale(lead, videoRate, rate)-t.start, 0)
	length := min(end, scale(t.start+t.length(), rate, videoRate)) - max(lead, begin)
	if !t.sound {
		empty, skip, length = 0, lead, end-lead
	}
	w.box("trak", func() {
		v := wide(empty + length)
		w.full("tkhd", v, 3, func() {
			w.time(v, int64(made))
			w.time(v, int64(made))
			w.u32(id)
			w.u32(0)
			w.time(v, empty+length)
			w.zero(8)
			w.u16(0)
			if t.sound {
				w.u16(1) // of several, one is to be heard
				w.u16(1 << 8)
			} else {
				w.u32(0)
			}
			w.u16(0)
			w.matrix()
			w.u32(uint32(t.width) << 16)
			w.u32(uint32(t.height) << 16)
		})
		w.box("edts", func() { w.elst(empty, skip, length) })
		w.box("mdia", func() {
			v := wide(t.length())
			w.full("mdhd", v, 0, func() {
				w.time(v, int64(made))
				w.time(v, int64(made))
				w.u32(t.rate)
				w.time(v, t.length())
				w.u32(0x55c40000) // und
			})
			w.full("hdlr", 0, 0, func() {
				w.u32(0)
				if t.sound {
					w.text("soun")
				} else {
					w.text("vide")
				}
				w.zero(12)
				w.raw(0)
			})
			w.box("minf", func() {
				if t.sound {
					w.full("smhd", 0, 0, func() { w.u32(0) })
				} else {
					w.full("vmhd", 0, 1, func() { w.zero(8) })
				}
				w.box("dinf", func() {
					w.full("dref", 0, 0, func() {
						w.u32(1)
						w.full("url ", 0, 1, func() {})
					})
				})
				w.box("stbl", func() { patch = w.stbl(t, big) })
			})
		})
	})
	return patch
}

func (w *boxes) elst(empty, skip, length int64) {
	v := max(wide(empty), wide(skip), wide(length))
	if skip > math.MaxInt32 {
		v = 1
	}
	w.full("elst", v, 0, func() {
		n := uint32(1)
		if empty > 0 {
			n = 2
		}
		w.u32(n)
		if empty > 0 {
			w.time(v, empty)
			w.time(v, -1)
			w.u32(1 << 16)
		}
		w.time(v, length)
		w.time(v, skip)
		w.u32(1 << 16)
	})
}

// stbl writes the sample tables.
func (w *boxes) stbl(t *exportTrack, big bool) (patch func(base int64)) {
	w.full("stsd", 0, 0, func() {
		w.u32(uint32(len(t.entries)))
		for _, e := range t.entries {
			w.raw(e...)
		}
	})
	w.full("stts", 0, 0, func() { w.times(counted(t.spans, t.lastSpan, 1)) })
	if t.shown {
		v := byte(0)
		if t.early {
			v = 1
		}
		w.full("ctts", v, 0, func() { w.times(t.shows) })
	}
	if !t.sound && len(t.keys) < t.n {
		w.full("stss", 0, 0, func() { w.list(t.keys) })
	}
	w.full("stsz", 0, 0, func() {
		w.u32(0)
		w.u32(uint32(t.n))
		w.b = t.sizes.appendTo(w.b)
	})
	w.full("stsc", 0, 0, func() {
		at := len(w.b)
		w.u32(0)
		n := uint32(0)
		for i, c := range t.chunks {
			if i == 0 || c.n != t.chunks[i-1].n || c.entry != t.chunks[i-1].entry {
				w.u32(uint32(i + 1))
				w.u32(c.n)
				w.u32(c.entry)
				n++
			}
		}
		binary.BigEndian.PutUint32(w.b[at:], n)
	})
	kind, size := "stco", 4
	if big {
		kind, size = "co64", 8
	}
	at := 0
	w.full(kind, 0, 0, func() {
		w.u32(uint32(len(t.chunks)))
		at = len(w.b)
		w.zero(size * len(t.chunks))
	})
	return func(base int64) {
		for i, c := range t.chunks {
			if big {
				binary.BigEndian.PutUint64(w.b[at+8*i:], uint64(base+c.offset))
			} else {
				binary.BigEndian.PutUint32(w.b[at+4*i:], uint32(base+c.offset))
			}
		}
	}
}

func (w *boxes) times(list []times) {
	w.u32(uint32(len(list)))
	for _, t := range list {
		w.u32(t.n)
		w.u32(t.v)
	}
}

func (w *boxes) list(l []uint32) {
	w.u32(uint32(len(l)))
	for _, v := range l {
		w.u32(v)
	}
}
