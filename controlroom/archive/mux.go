package archive

import (
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"

	"sightline/internal/clock"
	"sightline/sfu"
)

// output is where a mux puts segments. After an error the segment is over as if
// end had been called.
type output interface {
	begin(r row, init []byte) error // r: name, from, media, init, flags
	fragment(b []byte, f fragRow) error
	end() error
}

const (
	step      = 1_000_000          // microseconds the wall clock may be off a segment's line
	slew      = 20_000             // microseconds a segment's line is moved towards it at each cut
	keyMin    = videoRate * 4 / 10 // a key frame begins a fragment if the one before is as long
	fragBytes = 4 << 20            // ends a fragment early
	segBytes  = 1 << 30            // ends a segment at its next key frame
	gapMin    = 2 * videoRate      // a pause as long, and three times the usual, is a gap
	soundGone = int64(30e9)        // nanoseconds without sound after which segments have no track of it
	soundMost = 1000               // packets that wait for a picture
)

// mux makes segments of frames. It is called by one goroutine at a time and
// keeps at most one fragment and one picture.
type mux struct {
	out      output
	clock    clock.Clock
	segment  int64 // longest, 1/90000 s
	fragment int64
	sound    bool // wanted

	format  sfu.Format
	heads   sets
	init    []byte // ftyp and moov that the next key frame begins with, if it is as this one
	initFor initKey
	dts     func(nals [][]byte, pts int64) (int64, error) // nil: as shown

	open      bool
	flags     byte
	zero      int64 // decode time at which media time is 0
	start     int64 // decode time at which the segment begins
	from      int64 // and its wall clock
	mono      int64 // clock.Mono at that moment, as far as the camera's line says
	written   int64 // bytes
	stepped   bool
	lastKey   int64 // decode time
	gop       int64
	endAt     int64 // decode time at which the last segment ended; with line
	endWall   int64
	lined     bool // the last segment ended where the next begins
	begun     int64
	pic       *picture
	usual     int64 // time between pictures
	seq       uint32
	fragStart int64
	fragKey   bool
	fragLen   int
	video     []*fmp4.Sample

	aformat sfu.Format
	heard   int64 // clock.Mono of the newest sound, 0: none
	apic    *packet
	ausual  int64
	abase   int64
	audio   []*fmp4.Sample
	buf     seekablebuffer.Buffer
}

// initKey is what an init is made of.
type initKey struct {
	codec         sfu.Codec
	vps, sps, pps string
	sound         sfu.Format
}

// picture waits for the next one, which says how long it is shown.
type picture struct {
	dts, pts int64
	key      bool
	data     []byte
}

// packet is the same of sound.
type packet struct {
	at   int64
	data []byte
}

// unwrap is a timestamp of ours as a whole number: units of rate on the clock of
// clock.Mono.
func unwrap(ts uint32, mono, rate int64) int64 {
	units := mono/1e9*rate + mono%1e9*rate/1e9
	return units + int64(int32(ts-uint32(units)))
}

// picture takes a frame of video. The error is of the output, and of a stream
// that has no place in MP4; the next key frame begins anew.
func (m *mux) picture(f sfu.Format, fr *sfu.Frame) error {
	if f.Codec != m.format.Codec || f.BFrames != m.format.BFrames {
		if err := m.end(false); err != nil {
			return err
		}
		m.dts, m.format = nil, f
	}
	if !m.open && !fr.Key {
		return nil
	}
	nals := units(f, fr)
	if len(nals) == 0 {
		return nil
	}
	pts := unwrap(fr.TS, fr.Mono, videoRate)
	if m.open && m.gap(pts) {
		if err := m.end(false); err != nil || !fr.Key {
			return err
		}
	}
	dts, ok := m.decodeTime(f, nals, pts)
	if !ok || m.pic != nil && dts <= m.pic.dts { // it cannot be placed in time: a gap
		m.dts = nil
		if err := m.end(false); err != nil || !fr.Key {
			return err
		}
		if dts, ok = m.decodeTime(f, nals, pts); !ok {
			return nil
		}
	}
	if fr.Key {
		if err := m.key(f, nals, dts, fr.Mono); err != nil {
			return err
		}
	} else if err := m.finish(dts, false); err != nil {
		return err
	}
	if m.open {
		m.pic = &picture{dts: dts, pts: pts, key: fr.Key, data: sample(nals, m.heads)}
	}
	return nil
}

// gap says whether pictures are missing before this one.
func (m *mux) gap(pts int64) bool {
	return m.pic != nil && pts-m.pic.pts > max(gapMin, 3*m.usual)
}

// decodeTime is when a picture is decoded: of a stream with B-frames earlier than
// it is shown.
func (m *mux) decodeTime(f sfu.Format, nals [][]byte, pts int64) (int64, bool) {
	if !f.BFrames {
		return pts, true
	}
	if m.dts == nil {
		if f.Codec == sfu.H265 {
			x := &h265.DTSExtractor{}
			x.Initialize()
			m.dts = x.Extract
		} else {
			x := &h264.DTSExtractor{}
			x.Initialize()
			m.dts = x.Extract
		}
	}
	d, err := m.dts(nals, pts)
	return d, err == nil
}

// key handles what a key frame may change: it ends a fragment, and a segment that
// is long enough, has another head, or another clock.
func (m *mux) key(f sfu.Format, nals [][]byte, dts, mono int64) error {
	heads := setsOf(f.Codec, nals)
	if !heads.whole(f.Codec) {
		heads = m.heads // the camera's sets are in front of each key frame; if not, they are the old ones
	}
	want := m.initKey(f, heads, mono)
	if m.open {
		m.gop = dts - m.lastKey
		m.look(mono)
		long := dts-m.start+m.gop > m.segment || m.written > segBytes
		if long || m.stepped || want != m.initFor {
			if err := m.finish(dts, true); err != nil {
				return err
			}
			if err := m.end(true); err != nil {
				return err
			}
		} else if err := m.finish(dts, !m.fragKey || dts-m.fragStart >= keyMin); err != nil { // else it would be found by nobody
			return err
		}
	}
	m.lastKey = dts
	if m.open {
		return nil
	}
	return m.begin(want, heads, dts, mono)
}

// look compares the segment's line of time with the clock.
func (m *mux) look(mono int64) {
	off := clock.At(m.clock, mono).UnixMicro() - m.from - (mono-m.mono)/1000
	m.stepped = off > step || off < -step
}

func (m *mux) initKey(f sfu.Format, s sets, mono int64) initKey {
	k := initKey{codec: f.Codec, vps: string(s.vps), sps: string(s.sps), pps: string(s.pps)}
	if m.sound && m.heard != 0 && mono-m.heard < soundGone && soundCodec(m.aformat) != nil {
		k.sound = m.aformat
	}
	return k
}

// begin begins a segment at a key frame.
func (m *mux) begin(want initKey, heads sets, dts, mono int64) error {
	same := want == m.initFor
	if !same {
		init, err := makeInit(want, heads)
		if err != nil {
			return err
		}
		m.init, m.initFor, m.heads = init, want, heads
	}
	if line := dts * 1e5 / 9; line-mono < int64(time.Second) && mono-line < int64(time.Second) {
		mono = line // smoother than arrivals are
	}
	r := row{from: clock.At(m.clock, mono).UnixMicro(), init: initHash(m.init)}
	if m.lined && m.endAt == dts {
		if off := r.from - m.endWall; off <= step && off >= -step {
			r.from = m.endWall + min(max(off, -slew), slew)
			if same {
				r.flags |= flagContinues
			}
		}
	}
	if r.flags&flagContinues == 0 {
		m.zero, m.begun = dts, r.from
	}
	if want.sound.Codec != "" {
		r.flags |= flagSound
	}
	r.name, r.media, m.flags = max(r.from, 0), uint64(dts-m.zero), r.flags
	if err := m.out.begin(r, m.init); err != nil {
		m.lined = false
		return err
	}
	m.open, m.start, m.from, m.mono = true, dts, r.from, mono
	m.fragStart, m.fragKey, m.written, m.stepped = dts, true, 0, false
	return nil
}

// finish ends the picture that waits, at the decode time of the next, and the
// fragment where it is time to.
func (m *mux) finish(dts int64, cut bool) error {
	if m.pic == nil {
		return nil
	}
	span := dts - m.pic.dts
	m.usual = span
	if len(m.video) == 0 {
		m.fragStart, m.fragKey = m.pic.dts, m.pic.key
	}
	m.video = append(m.video, &fmp4.Sample{Duration: uint32(span), PTSOffset: int32(m.pic.pts - m.pic.dts), IsNonSyncSample: !m.pic.key, Payload: m.pic.data})
	m.fragLen += len(m.pic.data)
	m.pic = nil
	if cut || dts+span-m.fragStart > m.fragment || m.fragLen > fragBytes {
		return m.flush(dts)
	}
	return nil
}

// flush writes the fragment that ends at dts.
func (m *mux) flush(dts int64) error {
	if len(m.video) == 0 {
		return nil
	}
	part := fmp4.Part{SequenceNumber: m.seq, Tracks: []*fmp4.PartTrack{{ID: videoTrack, BaseTime: uint64(m.fragStart - m.zero), Samples: m.video}}}
	m.seq++
	if m.flags&flagSound != 0 && len(m.audio) > 0 {
		part.Tracks = append(part.Tracks, &fmp4.PartTrack{ID: soundTrack, BaseTime: uint64(m.abase - m.soundZero()), Samples: m.audio})
	}
	at := (m.fragStart - m.start) * 1e6 / videoRate
	f := fragRow{at: uint32(at), span: uint32((dts - m.fragStart) * 1e6 / videoRate)}
	if m.fragKey {
		f.flags = flagKey
	}
	m.buf.Reset()
	if err := part.Marshal(&m.buf); err != nil {
		m.forget()
		return err
	}
	b := appendPrft(make([]byte, 0, prftBox+m.buf.Len()), m.from+at, uint64(m.fragStart-m.zero))
	b = append(b, m.buf.Bytes()...)
	m.video, m.audio, m.fragLen = nil, nil, 0
	m.written += int64(len(b))
	if err := m.out.fragment(b, f); err != nil {
		m.forget()
		return err
	}
	m.endAt, m.endWall = dts, m.from+at+int64(f.span)
	return nil
}

// end ends the segment. lined: at a key frame that the next one begins with.
func (m *mux) end(lined bool) error {
	if !m.open {
		m.lined = false
		return nil
	}
	if m.pic != nil { // nothing says how long it is shown: as the one before
		if err := m.finish(m.pic.dts+max(m.usual, 1), true); err != nil {
			return err
		}
	}
	if err := m.flush(m.endOf()); err != nil {
		return err
	}
	m.forget()
	m.lined = lined
	return m.out.end()
}

func (m *mux) endOf() int64 {
	end := m.fragStart
	for _, s := range m.video {
		end += int64(s.Duration)
	}
	return end
}

// forget leaves the segment; the next key frame begins another.
func (m *mux) forget() {
	m.open, m.lined, m.pic, m.video, m.audio, m.fragLen = false, false, nil, nil, nil, 0
}

// soundZero is media time 0 in units of the sound's rate.
func (m *mux) soundZero() int64 {
	rate := int64(m.aformat.ClockRate)
	return m.zero/videoRate*rate + m.zero%videoRate*rate/videoRate
}

// soundFormat says what sound there is before any of it came.
func (m *mux) soundFormat(f sfu.Format, mono int64) { m.aformat, m.heard = f, mono }

// packet takes a frame of sound.
func (m *mux) packet(f sfu.Format, fr *sfu.Frame) {
	if f != m.aformat {
		m.aformat, m.apic, m.audio, m.ausual = f, nil, nil, 0
	}
	m.heard = fr.Mono
	if !m.open || m.flags&flagSound == 0 || m.initFor.sound != f {
		m.apic = nil
		return
	}
	at := unwrap(fr.TS, fr.Mono, int64(f.ClockRate))
	if m.apic != nil && at <= m.apic.at {
		return
	}
	if m.apic != nil && m.apic.at >= m.soundZero() && len(m.audio) < soundMost {
		span := at - m.apic.at
		if len(m.audio) == 0 {
			m.abase = m.apic.at
		}
		m.audio = append(m.audio, &fmp4.Sample{Duration: uint32(min(span, 1<<31)), Payload: m.apic.data})
	}
	m.apic = nil
	for _, p := range fr.Payloads[:1] {
		if data := soundSample(f, p, at-m.soundZero()); len(data) > 0 {
			m.apic = &packet{at, data}
		}
	}
}

// makeInit makes ftyp and moov.
func makeInit(k initKey, s sets) ([]byte, error) {
	var c codecs.Codec = &codecs.H264{SPS: s.sps, PPS: s.pps}
	if k.codec == sfu.H265 {
		c = &codecs.H265{VPS: s.vps, SPS: s.sps, PPS: s.pps}
	}
	init := fmp4.Init{Tracks: []*fmp4.InitTrack{{ID: videoTrack, TimeScale: videoRate, Codec: c}}}
	if k.sound.Codec != "" {
		init.Tracks = append(init.Tracks, &fmp4.InitTrack{ID: soundTrack, TimeScale: uint32(k.sound.ClockRate), Codec: soundCodec(k.sound)})
	}
	var b seekablebuffer.Buffer
	if err := init.Marshal(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
