package ingest

import (
	"context"
	"math"
	"sync"
	"testing"
	"time"

	"sightline/internal/testcam"
	"sightline/internal/testpeer"
	"sightline/sfu"
)

// These tests follow pictures from a camera's socket through a real peer
// connection into a viewer.

type openGate struct{}

func (openGate) ValidUntil() int64 { return math.MaxInt64 }

func newEngine(t *testing.T) *sfu.Engine {
	t.Helper()
	e, err := sfu.NewEngine(sfu.EngineConfig{Loopback: true, MaxPending: 100, ConnectTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// viewer is a peer with one video and one audio place, and what came to it.
type viewer struct {
	*testpeer.Peer
	mu    sync.Mutex
	video *assembled
	audio []sfu.Frame
}

// assembled makes access units of what came to a viewer.
type assembled struct {
	frames []sfu.Frame
	cur    *sfu.Frame
}

func join(t *testing.T, e *sfu.Engine, cfg testpeer.Config, st Streams) *viewer {
	t.Helper()
	v := &viewer{video: &assembled{}}
	var peer *sfu.Peer
	mids := map[string]sfu.Kind{}
	cfg.Audio = cfg.Audio || cfg.Video == 0
	cfg.Exchange = func(ctx context.Context, offer string) (string, error) {
		p, answer, err := e.NewPeer(ctx, sfu.PeerConfig{Offer: offer})
		if err == nil {
			peer = p
			v.mu.Lock()
			for _, m := range p.Mids() {
				mids[m.ID] = m.Kind
			}
			v.mu.Unlock()
		}
		return answer, err
	}
	if cfg.OnPacket == nil && cfg.Drain == nil {
		cfg.OnPacket = func(p *testpeer.Packet) {
			v.mu.Lock()
			defer v.mu.Unlock()
			if p.RTX || len(p.Payload) == 0 {
				return
			}
			body := append([]byte(nil), p.Payload...)
			if mids[p.Mid] == sfu.Audio {
				v.audio = append(v.audio, sfu.Frame{TS: p.TS, Payloads: [][]byte{body}})
				return
			}
			a := v.video
			if a.cur == nil {
				a.cur = &sfu.Frame{TS: p.TS}
			}
			a.cur.Payloads = append(a.cur.Payloads, body)
			if p.Marker {
				a.cur.Key = len(a.frames) == 0
				a.frames = append(a.frames, *a.cur)
				a.cur = nil
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p, err := testpeer.Join(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	v.Peer = p
	for _, m := range peer.Mids() {
		s := sfu.Subscription{Layers: []*sfu.Stream{st.Video[Sub], st.Video[Main]}, Want: int(Main), Gate: openGate{}}
		if m.Kind == sfu.Audio {
			s.Layers = []*sfu.Stream{st.Audio}
		}
		if err := peer.Attach(m.ID, s); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

func (v *viewer) pictures() []sfu.Frame {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]sfu.Frame(nil), v.video.frames...)
}

func (v *viewer) sounds() []sfu.Frame {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]sfu.Frame(nil), v.audio...)
}

// A camera is killed and comes back with another resolution while fifty watch:
// nobody has to do anything, and nobody's connection ends.
func TestFiftyViewersOutliveAnotherResolution(t *testing.T) {
	const viewers = 50
	small := short(t)
	large := clip(t, testcam.Spec{Seconds: 2, Width: 640, Height: 360, GOP: 500 * time.Millisecond})
	cam := newCam(t, testcam.Config{Main: small})
	f := newFleet(t, quick)
	f.Set(sourceOf("a", cam))
	waitStatus(t, f, "a", Main, Live, 15*time.Second)
	st, _ := f.Streams("a")
	e := newEngine(t)
	all := make([]*viewer, viewers)
	for i := range all {
		all[i] = join(t, e, testpeer.Config{Video: 1, OnPacket: func(*testpeer.Packet) {}}, Streams{Video: st.Video, Audio: st.Audio})
	}
	keys := func(v *viewer) uint64 { return v.Stats()[0].Keys }
	eventually(t, 20*time.Second, "a picture for everybody", func() bool {
		for _, v := range all {
			if keys(v) == 0 {
				return false
			}
		}
		return true
	})
	is, still := follow(t, f, "a", Main), pauses(t)
	cam.Stop()
	is.next(t, Reconnecting, 5*time.Second)
	had := make([]uint64, viewers)
	for i, v := range all {
		had[i] = keys(v)
	}
	if err := cam.Play(large, nil); err != nil {
		t.Fatal(err)
	}
	if err := cam.Restart(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	eventually(t, 20*time.Second, "the new picture for everybody", func() bool {
		for i, v := range all {
			if keys(v) < had[i]+2 {
				return false
			}
		}
		return true
	})
	took := still.Took(began)
	if s := waitStatus(t, f, "a", Main, Live, time.Second); s.Format.Width != 640 {
		t.Errorf("format %+v", s.Format)
	}
	for i, v := range all {
		select {
		case <-v.Closed():
			t.Errorf("viewer %d was sent away", i)
		default:
		}
		s := v.Stats()[0]
		drops, err := v.SocketDrops() // at the viewer's own socket, which is not the server's doing
		if err != nil {
			t.Fatal(err)
		}
		if s.Missing > s.Repaired+drops || s.Backwards != 0 {
			t.Errorf("viewer %d: %d numbers missing, %d times backwards", i, s.Missing-s.Repaired, s.Backwards)
		}
	}
	if took > 30*time.Second {
		t.Errorf("everybody had two new key frames after %v", took)
	}
	t.Logf("%d viewers: all had two key frames of the new size %v after the camera's return", viewers, took)
}

// H265 goes beside H264 from end to end: who offered it gets it, in the same session.
func TestH265ReachesAViewer(t *testing.T) {
	t.Parallel()
	cam := newCam(t, testcam.Config{Main: clip(t, testcam.Spec{Seconds: 4, Width: 320, Height: 180, GOP: 500 * time.Millisecond, Codec: testcam.H265})})
	f := newFleet(t, quick)
	f.Set(sourceOf("a", cam))
	waitStatus(t, f, "a", Main, Live, 15*time.Second)
	st, _ := f.Streams("a")
	v := join(t, newEngine(t), testpeer.Config{Video: 1, H265: true}, st)
	eventually(t, 20*time.Second, "pictures", func() bool { return len(v.pictures()) > 60 })
	decodes(t, sfu.H265, v.pictures()[:60])
}

// What ffmpeg made of Motion JPEG and AAC is decodable where it arrives.
func TestConvertedPicturesAndSoundReachAViewer(t *testing.T) {
	t.Parallel()
	c := clip(t, testcam.Spec{Seconds: 4, Width: 640, Height: 360, FPS: 10, GOP: time.Second, Codec: testcam.JPEG, Sound: testcam.AAC})
	f := converting(t, quick, ConvertConfig{Side: 320})
	f.Set(sourceOf("a", newCam(t, testcam.Config{Main: c})))
	defer f.Hold("a", Main)()
	waitStatus(t, f, "a", Main, Live, 15*time.Second)
	st, _ := f.Streams("a")
	v := join(t, newEngine(t), testpeer.Config{Video: 1, Audio: true}, st)
	eventually(t, 30*time.Second, "pictures and sound", func() bool { return len(v.pictures()) > 40 && len(v.sounds()) > 200 })
	decodes(t, sfu.H264, v.pictures()[:40])
	heard(t, v.sounds()[:200])
}
