package archive

import (
	"bytes"
	"container/list"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/internal/clock"
	"sightline/internal/fault"
	"sightline/internal/ffmpeg"
	"sightline/sfu"
)

const (
	stillBefore  = 10 * time.Second // how far before a gap's moment a picture still stands for it
	stillMost    = 2 << 20          // bytes of a JPEG
	stillPixels  = 8192 * 4352      // of a picture that is decoded
	stillReach   = 8 << 20          // bytes read of a fragment: its key frame
	stillRetry   = 10 * time.Second
	stillSpare   = 15 * time.Second // how long a child waits for the next still
	stillDefault = 320
)

// Widths that stills are cut at: what is asked for is rounded up to one of them,
// so that the cache is of use.
var stillWidths = []int{160, 320, 640, 1280}

// StillsConfig of Stills. Archive is required.
type StillsConfig struct {
	Archive    *Archive
	Tool       *ffmpeg.Tool  // nil: there is none, and every still says so
	Limit      time.Duration // of one run of ffmpeg, waiting for a core included: 3 s
	CacheBytes int           // of finished stills: 32 MiB
	Waiting    int           // stills that are cut or wait at once: 64
	Log        *slog.Logger  // nil: discard
	Registerer prometheus.Registerer
}

// Stills cuts pictures out of recordings: the key frame at or before a moment,
// decoded by a child. Requests for the same one share a run, and finished ones are
// kept in memory. Safe for concurrent use.
type Stills struct {
	cfg     StillsConfig
	cuts    *prometheus.CounterVec
	seconds prometheus.Histogram

	mu      sync.Mutex
	flights map[stillKey]*stillFlight
	kept    map[stillKey]*list.Element // of *keptStill
	order   *list.List                 // most recently used in front
	bytes   int
	spares  map[int]*ffmpeg.Spare // by width
	closed  bool
}

type stillKey struct {
	segment string
	camera  string
	offset  int64
	width   int
}

type keptStill struct {
	key  stillKey
	jpeg []byte
}

type stillFlight struct {
	done chan struct{}
	jpeg []byte
	err  error
}

// Still is a picture of a recording.
type Still struct {
	JPEG []byte    // without metadata; shared, nobody changes it
	At   time.Time // of its key frame
}

// NewStills makes Stills.
func NewStills(cfg StillsConfig) *Stills {
	or(&cfg.Limit, 3*time.Second)
	or(&cfg.CacheBytes, 32<<20)
	or(&cfg.Waiting, 64)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Stills{cfg: cfg, flights: map[stillKey]*stillFlight{}, kept: map[stillKey]*list.Element{}, order: list.New(), spares: map[int]*ffmpeg.Spare{},
		cuts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sightline_archive_stills_total",
			Help: "Stills of recordings asked for: cut, cached, shared (with a run under way), failed (not decodable), none (no ffmpeg), refused (too many at once, or not done in time)."}, []string{"result"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "sightline_archive_still_seconds",
			Help: "Time to cut one still of a recording, waiting for a core included.", Buckets: []float64{.025, .05, .1, .2, .4, .8, 1.6, 5}})}
	for _, r := range []string{"cut", "cached", "shared", "failed", "none", "refused"} {
		s.cuts.WithLabelValues(r)
	}
	if cfg.Registerer != nil {
		cfg.Registerer.MustRegister(s.cuts, s.seconds)
	}
	cfg.Archive.atClose(s.close)
	return s
}

// close ends the children that wait for stills.
func (s *Stills) close() {
	s.mu.Lock()
	spares := slices.Collect(maps.Values(s.spares))
	clear(s.spares)
	s.closed = true
	s.mu.Unlock()
	for _, c := range spares {
		c.Close()
	}
}

// cutter is what decodes one picture and makes it so wide. The system takes 60 ms to
// load ffmpeg, which is most of a still: as long as stills are asked for, the next
// child is there already.
func (s *Stills) cutter(width int) *ffmpeg.Spare {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.spares[width]
	if c == nil {
		c = s.cfg.Tool.Spare([]string{"-loglevel", "error", "-threads", "1", "-max_pixels", strconv.Itoa(stillPixels), "-probesize", "1000000", "-analyzeduration", "0",
			"-f", "mp4", "-i", "pipe:0", "-map", "0:v:0", "-frames:v", "1", "-vf", "scale='min(" + strconv.Itoa(width) + ",iw)':-2:flags=area,format=yuvj420p",
			"-threads", "1", "-c:v", "mjpeg", "-q:v", "5", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-f", "image2pipe", "pipe:1"}, stillSpare)
		if s.closed {
			c.Close()
		}
		s.spares[width] = c
	}
	return c
}

// At returns the picture at or before a moment, at most width pixels wide (0: 320),
// of what allow says may be seen: the fragment it is out of, from its key frame on.
// fault.NotFound when nothing was recorded then, or may be seen of it;
// fault.Unavailable no_still_source, busy.
func (s *Stills) At(ctx context.Context, camera string, layer Layer, at time.Time, width int, allow func(Span) bool) (Still, error) {
	seg, f, err := s.find(ctx, camera, layer, at, allow)
	if err != nil {
		return Still{}, err
	}
	k := stillKey{segment: seg.ID, camera: camera, offset: f.Offset, width: stillWidth(width)}
	jpeg, err := s.jpeg(ctx, k, seg.Init, f)
	return Still{JPEG: jpeg, At: f.At}, err
}

func stillWidth(asked int) int {
	if asked <= 0 {
		return stillDefault
	}
	for _, w := range stillWidths {
		if asked <= w {
			return w
		}
	}
	return stillWidths[len(stillWidths)-1]
}

// find returns the fragment with the last key frame at or before a moment.
func (s *Stills) find(ctx context.Context, camera string, layer Layer, at time.Time, allow func(Span) bool) (Segment, Fragment, error) {
	list, err := s.cfg.Archive.Segments(ctx, camera, layer, Span{at.Add(-stillBefore), at.Add(time.Microsecond)}, 0, "")
	if err != nil {
		return Segment{}, Fragment{}, err
	}
	for _, seg := range slices.Backward(list) {
		for _, f := range slices.Backward(seg.Fragments) {
			if f.Key && !f.At.After(at) {
				if allow != nil && !allow(f.Span()) {
					return Segment{}, Fragment{}, notFound()
				}
				return seg, f, nil
			}
		}
	}
	return Segment{}, Fragment{}, notFound()
}

func (s *Stills) jpeg(ctx context.Context, k stillKey, init string, f Fragment) ([]byte, error) {
	if s.cfg.Tool == nil {
		s.cuts.WithLabelValues("none").Inc()
		return nil, fault.New(fault.Unavailable, string(sfu.ReasonNoStillSource), "Still images need ffmpeg, which is not installed on the server.").After(stillRetry)
	}
	s.mu.Lock()
	if e := s.kept[k]; e != nil {
		s.order.MoveToFront(e)
		jpeg := e.Value.(*keptStill).jpeg
		s.mu.Unlock()
		s.cuts.WithLabelValues("cached").Inc()
		return jpeg, nil
	}
	fl := s.flights[k]
	if fl != nil {
		s.mu.Unlock()
		s.cuts.WithLabelValues("shared").Inc()
		select {
		case <-fl.done:
			return fl.jpeg, fl.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if len(s.flights) >= s.cfg.Waiting {
		s.mu.Unlock()
		s.cuts.WithLabelValues("refused").Inc()
		return nil, fault.New(fault.Unavailable, fault.CodeBusy, "Too many still images are being made. Try again in a moment.").After(2 * time.Second)
	}
	fl = &stillFlight{done: make(chan struct{})}
	s.flights[k] = fl
	s.mu.Unlock()
	s.fly(context.WithoutCancel(ctx), fl, k, init, f) // others wait for it: the first one's going away does not end it
	return fl.jpeg, fl.err
}

// fly cuts, keeps and wakes those who wait.
func (s *Stills) fly(ctx context.Context, fl *stillFlight, k stillKey, init string, f Fragment) {
	fl.err = fault.New(fault.Unavailable, string(sfu.ReasonNoStillSource), "This picture cannot be decoded.").After(stillRetry) // stands if it panics
	defer func() {
		s.mu.Lock()
		delete(s.flights, k)
		if fl.err == nil {
			s.keep(k, fl.jpeg)
		}
		s.mu.Unlock()
		close(fl.done)
	}()
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Limit)
	defer cancel()
	began := clock.Mono()
	jpeg, err := s.cut(ctx, k, init, f)
	var known *fault.Error
	switch {
	case err == nil:
		s.cuts.WithLabelValues("cut").Inc()
		s.seconds.Observe(time.Duration(clock.Mono() - began).Seconds())
		fl.jpeg, fl.err = jpeg, nil
	case errors.As(err, &known) && fault.Is(err, fault.NotFound): // retention was here meanwhile
		fl.err = err
	case ctx.Err() != nil: // nothing is wrong with the picture: no core was free for it in time
		s.cuts.WithLabelValues("refused").Inc()
		fl.err = fault.Wrap(err, fault.Unavailable, fault.CodeBusy, "The server has too much to do for this still image. Try again in a moment.").After(2 * time.Second)
	default:
		s.cuts.WithLabelValues("failed").Inc()
		s.cfg.Log.Warn("a still of a recording could not be cut", "camera", k.camera, "segment", k.segment, "err", err)
		fl.err = fault.Wrap(err, fault.Unavailable, string(sfu.ReasonNoStillSource), "This picture cannot be decoded.").After(stillRetry)
	}
}

// keep puts a finished still into the cache; mu is held.
func (s *Stills) keep(k stillKey, jpeg []byte) {
	s.kept[k] = s.order.PushFront(&keptStill{k, jpeg})
	s.bytes += len(jpeg)
	for s.bytes > s.cfg.CacheBytes {
		e := s.order.Back()
		old := e.Value.(*keptStill)
		s.order.Remove(e)
		delete(s.kept, old.key)
		s.bytes -= len(old.jpeg)
	}
}

// cut decodes the first picture of a fragment.
func (s *Stills) cut(ctx context.Context, k stillKey, init string, f Fragment) ([]byte, error) {
	head, err := s.cfg.Archive.Init(ctx, k.camera, init)
	if err != nil {
		return nil, err
	}
	in := make([]byte, int64(len(head))+min(f.Bytes, stillReach))
	copy(in, head)
	n, err := s.cfg.Archive.ReadAt(ctx, k.camera, k.segment, in[len(head):], f.Offset)
	if err != nil && !(errors.Is(err, io.EOF) && n == len(in)-len(head)) {
		return nil, err
	}
	var out atMost
	err = s.cutter(k.width).Run(ctx, bytes.NewReader(in), &out)
	if err != nil {
		return nil, err
	}
	b := out.Bytes()
	if !bytes.HasPrefix(b, []byte{0xff, 0xd8}) || !bytes.HasSuffix(b, []byte{0xff, 0xd9}) {
		return nil, fmt.Errorf("ffmpeg made no JPEG of %d bytes", len(b))
	}
	return bytes.Clone(b), nil
}

// atMost takes as many bytes as a still may have.
type atMost struct{ bytes.Buffer }

func (w *atMost) Write(p []byte) (int, error) {
	if w.Len()+len(p) > stillMost {
		return 0, errors.New("the still is too large")
	}
	return w.Buffer.Write(p)
}
