package ingest

import (
	"context"
	"fmt"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"sightline/internal/clock"
	"sightline/internal/secret"
	"sightline/sfu"
)

// source is a connected camera: the one seam to the RTSP library.
type source interface {
	// Tracks are the media it offers, in its own order.
	Tracks() []track
	// Play asks for the chosen tracks (indexes into Tracks) and calls recv for
	// each of their packets, for one track on one goroutine at a time, until
	// Close. Errors are *attemptError.
	Play(choice []int, recv func(track int, p packet)) error
	// Remote is the address connected to.
	Remote() netip.AddrPort
	// Wait returns how the connection ended, an *attemptError. It returns after Close too.
	Wait() error
	// Close ends the connection and waits until recv is not called any more. It
	// must not be called from recv. Idempotent.
	Close()
}

// track is one media a camera offers.
type track struct {
	Kind     sfu.Kind
	Codec    sfu.Codec // "" when it cannot be served
	Name     string    // the camera's name for the codec: "MPEG-4 Audio"
	Rate     int       // RTP clock
	Channels int
	Sets     [][]byte // parameter sets of the session description
	Raw      *rawSpec // how it could be converted; nil: not at all, or not needed
}

// target is where to connect and how.
type target struct {
	url         string
	user        string
	password    secret.String
	udp         bool
	fingerprint string
}

// connect opens a source; tests replace it. precise in the result tells whether
// reasons may be precise; it is valid with an error too.
type connect func(ctx context.Context, g *Guard, t target, lim limits) (src source, precise bool, err error)

// limits bound what one connection may cost.
type limits struct {
	handshake      int64 // bytes before the first picture is asked for
	bytesPerSecond int64 // afterwards, over 2 s
}

var defaultLimits = limits{handshake: 1 << 20, bytesPerSecond: 24 << 20}

// sink takes what a session makes of a camera's packets. Video comes from one
// goroutine at a time, and so does audio.
type sink interface {
	video(accessUnit)
	audio(track, packet)
	raw(raw)                 // a picture on its way to a conversion, or only counted
	resting()                // pictures arrive and are not converted, since nobody wants them
	trouble(sentence string) // pictures arrive and cannot be converted
}

// listener says whether somebody wants what has to be converted.
type listener interface {
	wantVideo() bool
	wantAudio() bool
}

// session is one connection under way: packets in, access units out.
type session struct {
	src    source
	tracks []track
	vtrack track
	atrack *track // nil: no usable sound

	norm *normalizer
	out  sink

	// where a track has to be converted; a probe only assembles
	vraw, araw   *assembler
	vconv, aconv *converter

	lastUnit atomic.Int64 // clock.Mono of the last complete picture (also before the first key)
	lastKey  atomic.Int64
	packets  atomic.Uint64
	lost     atomic.Uint64
	own      ownDelay

	closeOnce sync.Once
	failOnce  sync.Once
	failed    chan struct{} // closed when packets could not be processed
	failure   *attemptError
}

// openSession connects and asks for pictures (and usable sound). With a kitchen
// tracks that browsers do not play are converted, for who is wanted by l; a nil
// l (a probe) only looks at them.
func openSession(ctx context.Context, dial connect, g *Guard, t target, lim limits, k *kitchen, l listener, out sink) (s *session, precise bool, err error) {
	src, precise, err := dial(ctx, g, t, lim)
	if err != nil {
		return nil, precise, err
	}
	s = &session{src: src, tracks: src.Tracks(), out: out, failed: make(chan struct{})}
	video, audio := s.choose(ctx, k, sfu.Video), s.choose(ctx, k, sfu.Audio)
	if video < 0 {
		src.Close()
		return nil, precise, s.unplayable(k)
	}
	s.vtrack = s.tracks[video]
	choice := []int{video}
	if audio >= 0 {
		s.atrack = &s.tracks[audio]
		choice = append(choice, audio)
	}
	s.norm = newNormalizer(s.vtrack, s.unit)
	s.convert(k, l)
	now := clock.Mono()
	s.lastUnit.Store(now)
	s.lastKey.Store(now)
	if err := src.Play(choice, func(i int, p packet) { s.recv(i == video, p) }); err != nil {
		s.close()
		return nil, precise, err
	}
	return s, precise, nil
}

// choose takes the first track of a kind that can be passed on, else the first
// that can be converted; -1: none.
func (s *session) choose(ctx context.Context, k *kitchen, kind sfu.Kind) int {
	second := -1
	for i := range s.tracks {
		t := &s.tracks[i]
		if t.Kind != kind {
			continue
		}
		if t.Codec != "" {
			return i
		}
		if second < 0 && k.can(ctx, t) {
			second = i
		}
	}
	return second
}

// unplayable says why no track of video is taken.
func (s *session) unplayable(k *kitchen) *attemptError {
	e := &attemptError{class: classCodec, detail: s.videoName()}
	for i := range s.tracks {
		if t := &s.tracks[i]; t.Kind == sfu.Video && t.Raw != nil {
			e.convertible = true
			e.noEncoder, e.off = k != nil, k != nil && k.cfg.Videos < 0
		}
	}
	return e
}

// convert prepares the conversion of what was chosen and needs one.
func (s *session) convert(k *kitchen, l listener) {
	if s.vtrack.Codec == "" {
		s.vraw = newAssembler(&s.vtrack)
		if l != nil {
			s.vconv = newConverter(k, &s.vtrack, l.wantVideo, &cook{s}, s.fail)
		}
	}
	if s.atrack != nil && s.atrack.Codec == "" {
		s.araw = newAssembler(s.atrack)
		if l != nil {
			s.aconv = newConverter(k, s.atrack, l.wantAudio, &cook{s}, s.fail)
		}
	}
}

// opusTrack is what converted sound is.
var opusTrack = track{Kind: sfu.Audio, Codec: sfu.Opus, Name: "Opus", Rate: 48000, Channels: 2}

// cook hands on what a session's conversions make.
type cook struct{ s *session }

func (c *cook) picture(au accessUnit)   { c.s.unit(au) }
func (c *cook) sound(p packet)          { c.s.out.audio(opusTrack, p) }
func (c *cook) resting()                { c.s.out.resting() }
func (c *cook) trouble(sentence string) { c.s.out.trouble(sentence) }

// videoName names the video that cannot be served.
func (s *session) videoName() string {
	for _, t := range s.tracks {
		if t.Kind == sfu.Video {
			return t.Name
		}
	}
	return ""
}

// audioNote says why there is no sound although the camera sends some.
func (s *session) audioNote() string {
	if s.atrack != nil {
		return ""
	}
	for _, t := range s.tracks {
		if t.Kind == sfu.Audio {
			if t.Raw != nil {
				return "The camera sends sound as " + t.Name + ", which browsers cannot play. With ffmpeg (and its libopus) on the server it is converted; G.711, G.722 and Opus work without."
			}
			return "The camera sends sound as " + t.Name + ", which browsers cannot play. G.711, G.722 and Opus work."
		}
	}
	return ""
}

// recv is called by the source. A panic on a camera's data ends this session only.
func (s *session) recv(video bool, p packet) {
	select {
	case <-s.failed:
		return
	default:
	}
	defer func() {
		if r := recover(); r != nil {
			s.fail(&attemptError{class: classPanic, err: fmt.Errorf("%v\n%s", r, debug.Stack())})
		}
	}()
	s.packets.Add(1)
	if video && p.Marker {
		s.own.add(p.Own)
	}
	switch {
	case !video && s.araw != nil:
		s.araw.push(p, func(r raw) {
			if s.aconv != nil {
				s.aconv.push(r)
			}
		})
		return
	case !video:
		s.out.audio(*s.atrack, p)
		return
	case s.vraw != nil:
		s.vraw.push(p, s.picture)
		s.lost.Store(s.vraw.order.lost)
		return
	}
	s.norm.push(p)
	s.lost.Store(s.norm.depkt.lost)
	if s.norm.seen != 0 {
		s.lastUnit.Store(s.norm.seen)
	}
}

// picture is a whole one that has to be converted.
func (s *session) picture(r raw) {
	s.lastUnit.Store(r.mono)
	s.lastKey.Store(r.mono)
	s.out.raw(r)
	if s.vconv != nil {
		s.vconv.push(r)
	}
}

func (s *session) unit(au accessUnit) {
	if au.Key {
		s.lastKey.Store(au.Mono)
	}
	s.out.video(au)
}

func (s *session) fail(e *attemptError) {
	s.failOnce.Do(func() {
		s.failure = e
		close(s.failed)
	})
}

// close ends the connection and the conversions; nothing is handed on any more.
func (s *session) close() {
	s.closeOnce.Do(func() {
		s.src.Close()
		for _, c := range []*converter{s.vconv, s.aconv} {
			if c != nil {
				c.close()
			}
		}
	})
}
