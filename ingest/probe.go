package ingest

import (
	"bytes"
	"context"
	"errors"
	"image/jpeg"
	"sync"
	"time"

	"sightline/internal/fault"
	"sightline/sfu"
)

// Codes of a failed test.
const (
	CodeRefused     = "camera_refused"     // the address answers, nothing listens on the port
	CodeUnreachable = "camera_unreachable" // no way there, or (outside the listed networks) any failure to connect
	CodeLogin       = "camera_login"       // user or password refused
	CodeNotCamera   = "not_a_camera"       // something answers that is no RTSP camera, or has no such stream
	CodeCodec       = "codec_unsupported"  // no video browsers play
	CodeTimeout     = "timeout"            // it answered too slowly, or sent no picture
)

// LayerProbe is what a test found out about one layer.
type LayerProbe struct {
	OK            bool
	Codec         string // "h264", "h265", or the camera's own name for one that is converted or cannot be served
	Convert       string // codec it is converted to, "" when passed on
	Profile       string
	Width, Height int
	FPS           float64
	KeyInterval   time.Duration // 0: not two key frames within the test
	BFrames       bool
	Audio         string       // codec name, "" without sound
	Err           *fault.Error // set when !OK: one of the codes above or fault.CodeAddressDenied / CodeBadURL
}

// ProbeResult is what a test found out. Sub is nil when the source has no sub URL.
type ProbeResult struct {
	Main LayerProbe
	Sub  *LayerProbe
}

// Probe connects to both layers of s at once, looks for at most 10 s and tells
// what it saw, or precisely why not. Outside the listed networks every
// connection failure reads the same and takes at least 1 s (threat T12). It
// disturbs no running pull of the same camera.
// Without ffmpeg what browsers do not play is a failure; Fleet.Probe knows what
// its fleet converts.
func Probe(ctx context.Context, g *Guard, s Source) ProbeResult {
	return probe(ctx, probeLimit, rtspDial, g, nil, s)
}

// Probe is as the function, and takes what the fleet converts for playable:
// Codec is then the camera's own name for it and Convert what becomes of it.
func (f *Fleet) Probe(ctx context.Context, s Source) ProbeResult {
	return probe(ctx, probeLimit, f.dial, f.cfg.Guard, f.kitchen, s)
}

const (
	probeLimit  = 10 * time.Second
	coarseLimit = 5 * time.Second // outside the listed networks every failure takes exactly this long
)

func probe(ctx context.Context, limit time.Duration, dial connect, g *Guard, k *kitchen, s Source) ProbeResult {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var res ProbeResult
	var wg sync.WaitGroup
	if s.Sub != "" {
		res.Sub = new(LayerProbe)
		wg.Go(func() { *res.Sub = probeLayer(ctx, dial, g, k, &s, Sub) })
	}
	wg.Go(func() { res.Main = probeLayer(ctx, dial, g, k, &s, Main) })
	wg.Wait()
	return res
}

func probeLayer(ctx context.Context, dial connect, g *Guard, k *kitchen, s *Source, l Layer) LayerProbe {
	field := l.String()
	if _, err := CheckURL(s.URL(l)); err != nil {
		return LayerProbe{Err: fieldError(err, field)}
	}
	began := time.Now()
	t := target{url: s.URL(l), user: s.User, password: s.Password, udp: s.Transport == "udp", fingerprint: s.Fingerprint}
	p := &prober{seen: make(chan struct{}, 1)}
	hctx := ctx
	if !g.preciseURL(ctx, t.url) {
		var cancel context.CancelFunc
		hctx, cancel = context.WithTimeout(ctx, coarseLimit)
		defer cancel()
	}
	sess, precise, err := openSession(hctx, dial, g, t, defaultLimits, k, nil, p)
	if err != nil {
		e := asAttempt(err)
		if !precise && !e.open() {
			wait(ctx, coarseLimit-time.Since(began))
		}
		return LayerProbe{Err: e.fault(precise, field)}
	}
	defer sess.close()
	return p.collect(ctx, sess, precise, field)
}

// preciseURL reports whether reasons about a URL may be precise; of a host that
// cannot be looked up they may not.
func (g *Guard) preciseURL(ctx context.Context, raw string) bool {
	a, err := parseURL(raw)
	if err != nil {
		return true
	}
	return g.Precise(ctx, a.host, a.port)
}

func wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func fieldError(err error, field string) *fault.Error {
	var f *fault.Error
	if errors.As(err, &f) {
		c := *f
		c.Field = field
		return &c
	}
	return fault.Field(field, fault.CodeBadURL, "The address is not valid.")
}

// fault is how a test tells the failure.
func (e *attemptError) fault(precise bool, field string) *fault.Error {
	return &fault.Error{Kind: fault.Invalid, Code: e.code(precise), Field: field, Msg: e.sentence(precise), Err: e}
}

// prober is the sink of a test: it counts.
type prober struct {
	mu      sync.Mutex
	seen    chan struct{} // poked on every key frame
	format  sfu.Format
	first   packetTime
	last    packetTime
	frames  int
	keys    []packetTime
	bframes bool
	rawOnly bool // what arrives would be converted
}

type packetTime struct {
	ts   uint32
	mono int64
}

func (p *prober) video(au accessUnit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := packetTime{au.TS, au.Mono}
	if p.frames == 0 {
		p.first = now
	}
	p.frames++
	p.last = now
	p.format = au.Format
	p.bframes = p.bframes || au.Format.BFrames
	if au.Key && len(p.keys) < 3 {
		p.keys = append(p.keys, now)
	}
	select {
	case p.seen <- struct{}{}:
	default:
	}
}

func (p *prober) audio(track, packet) {}
func (p *prober) resting()            {}
func (p *prober) trouble(string)      {}

// raw counts a picture that would be converted: two and a second are enough.
func (p *prober) raw(r raw) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := packetTime{r.ts, r.mono}
	if p.frames == 0 {
		p.first = now
		if c, err := jpeg.DecodeConfig(bytes.NewReader(r.data)); err == nil {
			p.format.Width, p.format.Height = c.Width, c.Height
		}
	}
	p.frames++
	p.last = now
	p.rawOnly = true
	select {
	case p.seen <- struct{}{}:
	default:
	}
}

// enough is two key frames and a second of pictures.
func (p *prober) enough() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return (len(p.keys) >= 2 || p.rawOnly) && p.last.mono-p.first.mono > int64(time.Second)
}

// collect looks at the pictures until it knows enough or the time is over.
func (p *prober) collect(ctx context.Context, s *session, precise bool, field string) LayerProbe {
	var end *attemptError
	ended := make(chan error, 1)
	go func() { ended <- s.src.Wait() }()
	for end == nil && !p.enough() {
		select {
		case <-p.seen:
			continue
		case err := <-ended:
			ended <- err
			end = asAttempt(err)
		case <-s.failed:
			end = s.failure
		case <-ctx.Done():
			end = &attemptError{class: classSilent, play: true}
			if p.any() == 0 && s.packets.Load() > 0 {
				end = &attemptError{class: classNoKey, play: true}
			}
		}
	}
	s.close()
	<-ended
	r := LayerProbe{Codec: string(s.vtrack.Codec)}
	if r.Codec == "" {
		r.Codec, r.Convert = s.vtrack.Name, string(sfu.H264)
	}
	if s.atrack != nil && s.atrack.Codec != "" {
		r.Audio = string(s.atrack.Codec)
	} else {
		for _, t := range s.tracks {
			if t.Kind == sfu.Audio {
				r.Audio = t.Name
			}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.frames == 0 {
		r.Err = end.fault(precise, field)
		return r
	}
	r.OK = true
	r.Width, r.Height, r.BFrames = p.format.Width, p.format.Height, p.bframes
	r.Profile = s.norm.pic.profile
	if n := p.frames - 1; n > 0 {
		if span := ticksBetween(p.first, p.last); span > 0 {
			r.FPS = float64(n) * float64(time.Second) / float64(span)
		}
	}
	if n := len(p.keys); n >= 2 {
		r.KeyInterval = (ticksBetween(p.keys[0], p.keys[n-1]) / time.Duration(n-1)).Round(10 * time.Millisecond)
	}
	return r
}

func (p *prober) any() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.frames
}

// ticksBetween is the time between two pictures by the camera's clock, or by
// ours where the camera's makes no sense.
func ticksBetween(a, b packetTime) time.Duration {
	cam := time.Duration(int32(b.ts-a.ts)) * time.Second / 90000
	ours := time.Duration(b.mono - a.mono)
	if cam <= 0 || cam > 2*ours+time.Second || ours > 2*cam+time.Second {
		return ours
	}
	return cam
}
