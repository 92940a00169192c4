package ingest

import (
	"bytes"

	"sightline/sfu"
)

// normalizer makes of a camera's packets what a browser can decode (media
// research 1.4): whole access units, without delimiters and filler, with
// exactly one current set of parameters before each random access picture, and
// nothing before the first of these. Not safe for concurrent use.
type normalizer struct {
	codec sfu.Codec
	depkt *depacketizer
	emit  func(au accessUnit)

	vps, sps []byte
	pps      [][]byte // by id
	pic      picture
	picOK    bool

	cur        unit
	lastTS     uint32 // of the last picture given out or dropped
	haveLast   bool
	markerLies bool // a marker came inside a picture: pictures end with their timestamp only
	started    bool // the first random access picture was given out
	bframes    bool

	seen    int64  // arrival of the newest picture that had an end, even one thrown away
	dropped uint64 // pictures thrown away: damaged, too large, before the first key
}

// accessUnit is one picture, normalised. It is only valid during emit.
type accessUnit struct {
	NALs   [][]byte
	Key    bool
	TS     uint32 // the camera's
	Mono   int64
	Format sfu.Format
}

func newNormalizer(t track, emit func(accessUnit)) *normalizer {
	n := &normalizer{codec: t.Codec, depkt: newDepacketizer(t.Codec), emit: emit}
	for _, set := range t.Sets {
		splitGlued(set, n.takeSet)
	}
	return n
}

// push takes one packet.
func (n *normalizer) push(p packet) {
	use, gap := n.depkt.order(p.Seq)
	if !use {
		return
	}
	if gap && n.cur.begun {
		n.cur.hurt = true // its end, or a piece of it
	}
	if n.cur.begun && p.TS != n.cur.ts {
		n.flush()
	}
	if !n.cur.begun {
		n.cur.reset(p.TS)
		n.cur.headless = gap // its beginning may be missing
	}
	broken := n.depkt.broken
	n.depkt.push(p, func(b []byte) {
		splitGlued(b, func(nal []byte) { n.take(nal, p.TS) })
	})
	if n.depkt.broken != broken {
		n.cur.hurt = true
	}
	n.cur.mono = p.Mono
	if p.Marker && !n.markerLies {
		n.flush()
	}
}

// whole takes a picture that is known to be whole.
func (n *normalizer) whole(nals [][]byte, ts uint32, mono int64) {
	n.cur.reset(ts)
	for _, nal := range nals {
		n.take(nal, ts)
	}
	n.cur.mono = mono
	n.flush()
}

// take sorts one NAL unit.
func (n *normalizer) take(nal []byte, ts uint32) {
	k := n.kind(nal)
	switch k {
	case kindDrop:
		return
	case kindSet:
		n.takeSet(nal)
		return
	case kindFirst, kindKeyFirst:
		if n.cur.vcl { // a new picture under the same timestamp
			n.flush()
			n.cur.reset(ts)
		}
	case kindSlice, kindKeySlice:
		if !n.cur.vcl && n.haveLast && ts == n.lastTS && !n.markerLies {
			// a later slice of the picture a marker ended too early
			n.markerLies = true
			n.cur.hurt = true
		}
		if !n.cur.vcl && n.cur.headless {
			n.cur.hurt = true
		}
	}
	if k != kindInfo {
		n.cur.vcl = true
		n.cur.key = n.cur.key || k == kindKeyFirst || k == kindKeySlice
	}
	n.cur.add(nal)
}

type kind uint8

const (
	kindDrop     kind = iota // delimiter, filler, ends, layers nobody asked for, nonsense
	kindSet                  // parameter set
	kindInfo                 // SEI
	kindFirst                // first slice of a picture
	kindSlice                // further slice
	kindKeyFirst             // first slice of a random access picture
	kindKeySlice
)

func (n *normalizer) kind(nal []byte) kind {
	if n.codec == sfu.H265 {
		return kind265(nal)
	}
	if len(nal) < 2 || nal[0]&0x80 != 0 {
		return kindDrop
	}
	switch nal[0] & 31 {
	case 7, 8:
		return kindSet
	case 6:
		return kindInfo
	case 1, 5:
		r := bitReader{b: nal[1:min(len(nal), 16)]}
		first := r.golomb() == 0
		sliceType := r.golomb() % 5
		if r.over {
			return kindDrop
		}
		n.bframes = n.bframes || sliceType == 1 && n.pic.reorder
		switch {
		case nal[0]&31 == 5 && first:
			return kindKeyFirst
		case nal[0]&31 == 5:
			return kindKeySlice
		case first:
			return kindFirst
		}
		return kindSlice
	}
	return kindDrop
}

func kind265(nal []byte) kind {
	if len(nal) < 3 || nal[0]&0x80 != 0 || nal[0]&1 != 0 || nal[1]>>3 != 0 { // other layers
		return kindDrop
	}
	first := nal[2]&0x80 != 0
	switch t := nal[0] >> 1 & 63; {
	case t >= 32 && t <= 34:
		return kindSet
	case t == 39 || t == 40:
		return kindInfo
	case t >= 16 && t <= 21 && first: // BLA, IDR, CRA
		return kindKeyFirst
	case t >= 16 && t <= 21:
		return kindKeySlice
	case t <= 9 && first:
		return kindFirst
	case t <= 9:
		return kindSlice
	}
	return kindDrop
}

// takeSet remembers a parameter set, from the session description or in-band.
func (n *normalizer) takeSet(nal []byte) {
	if len(nal) < 3 || len(nal) > maxSet {
		return
	}
	var t byte
	if n.codec == sfu.H265 {
		t = nal[0]>>1&63 - 32 // 0 VPS, 1 SPS, 2 PPS
	} else {
		t = nal[0]&31 - 6 // 1 SPS, 2 PPS
	}
	switch t {
	case 0:
		if n.codec == sfu.H265 && !bytes.Equal(n.vps, nal) {
			n.vps = bytes.Clone(nal)
		}
	case 1:
		if bytes.Equal(n.sps, nal) {
			return
		}
		if p, err := parseSPS(n.codec, nal); err == nil {
			n.sps, n.pic, n.picOK = bytes.Clone(nal), p, true
			n.bframes = false
		}
	case 2:
		n.takePPS(nal)
	}
}

func (n *normalizer) takePPS(nal []byte) {
	id, ok := n.ppsID(nal)
	if !ok {
		return
	}
	for i, old := range n.pps {
		if oldID, _ := n.ppsID(old); oldID == id {
			if !bytes.Equal(old, nal) {
				n.pps[i] = bytes.Clone(nal)
			}
			return
		}
	}
	if len(n.pps) < maxSets {
		n.pps = append(n.pps, bytes.Clone(nal))
	}
}

func (n *normalizer) ppsID(nal []byte) (uint, bool) {
	head := 1
	if n.codec == sfu.H265 {
		head = 2
	}
	r := bitReader{b: nal[head:min(len(nal), head+8)]}
	id := r.golomb()
	return id, !r.over && id < 256
}

// flush ends the picture under way and gives it out if it is whole.
func (n *normalizer) flush() {
	u := &n.cur
	defer func() { u.begun = false }()
	if !u.vcl {
		return
	}
	// A picture that is shown before one already sent: pictures are reordered.
	// Where the sequence parameter set rules that out, the camera's clock jumped.
	if n.haveLast && !u.key && n.pic.reorder {
		if d := int32(u.ts - n.lastTS); d < 0 && d > -90000 {
			n.bframes = true
		}
	}
	n.lastTS, n.haveLast, n.seen = u.ts, true, u.mono
	if u.hurt || u.over || (!n.started && !u.key) {
		n.dropped++
		return
	}
	if u.key && !n.complete() {
		n.dropped++
		return
	}
	n.started = true
	f := n.pic.format
	f.BFrames = n.bframes
	au := accessUnit{Key: u.key, TS: u.ts, Mono: u.mono, Format: f}
	if u.key {
		if n.codec == sfu.H265 {
			au.NALs = append(au.NALs, n.vps)
		}
		au.NALs = append(append(au.NALs, n.sps), n.pps...)
	}
	u.nals(func(nal []byte) { au.NALs = append(au.NALs, nal) })
	n.emit(au)
}

// complete reports whether there is a whole set of parameters.
func (n *normalizer) complete() bool {
	return n.picOK && len(n.pps) > 0 && (n.codec != sfu.H265 || n.vps != nil)
}
