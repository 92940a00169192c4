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

// sink takes what a session makes of a camera's packets.
type sink interface {
	video(accessUnit)
	audio(track, packet)
}

// session is one connection under way: packets in, access units out.
type session struct {
	src    source
	tracks []track
	vtrack track
	atrack *track // nil: no usable sound

	norm *normalizer
	out  sink

	lastUnit atomic.Int64 // clock.Mono of the last complete picture (also before the first key)
	lastKey  atomic.Int64
	packets  atomic.Uint64
	lost     atomic.Uint64

	failOnce sync.Once
	failed   chan struct{} // closed when packets could not be processed
	failure  *attemptError
}

// openSession connects and asks for pictures (and usable sound).
func openSession(ctx context.Context, dial connect, g *Guard, t target, lim limits, out sink) (s *session, precise bool, err error) {
	src, precise, err := dial(ctx, g, t, lim)
	if err != nil {
		return nil, precise, err
	}
	s = &session{src: src, tracks: src.Tracks(), out: out, failed: make(chan struct{})}
	video, audio := -1, -1
	for i, tr := range s.tracks {
		if tr.Codec == "" {
			continue
		}
		if tr.Kind == sfu.Video && video < 0 {
			video = i
		}
		if tr.Kind == sfu.Audio && audio < 0 {
			audio = i
		}
	}
	if video < 0 {
		src.Close()
		return nil, precise, &attemptError{class: classCodec, detail: s.videoName()}
	}
	s.vtrack = s.tracks[video]
	choice := []int{video}
	if audio >= 0 {
		s.atrack = &s.tracks[audio]
		choice = append(choice, audio)
	}
	s.norm = newNormalizer(s.vtrack, s.unit)
	now := clock.Mono()
	s.lastUnit.Store(now)
	s.lastKey.Store(now)
	if err := src.Play(choice, func(i int, p packet) { s.recv(i == video, p) }); err != nil {
		src.Close()
		return nil, precise, err
	}
	return s, precise, nil
}

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
	if !video {
		s.out.audio(*s.atrack, p)
		return
	}
	s.norm.push(p)
	s.lost.Store(s.norm.depkt.lost)
	if s.norm.seen != 0 {
		s.lastUnit.Store(s.norm.seen)
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

func (s *session) close() { s.src.Close() }
