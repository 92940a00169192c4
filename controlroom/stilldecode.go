package controlroom

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/internal/ffmpeg"
	"sightline/sfu"
)

const (
	posterWidth = 640
	posterBytes = 512 << 10 // of a poster's JPEG
	wholeBytes  = 8 << 20
	pixelsMost  = 36 << 20 // of the coded picture: what decoding may take in memory
)

var errStill = errors.New("controlroom: no picture came of a key frame")

// decodeStill runs ffmpeg on one key frame and returns the JPEG. The child's
// memory is bounded by the size of the picture, this process's by the output's.
func decodeStill(ctx context.Context, tool *ffmpeg.Tool, src stillSource, size StillSize) ([]byte, error) {
	if w, h := src.format.Width, src.format.Height; w*h > pixelsMost {
		return nil, fmt.Errorf("%w: %d x %d pixels", errStill, w, h)
	}
	format := "h264"
	if src.format.Codec == sfu.H265 {
		format = "hevc"
	}
	filter, most := "format=yuvj420p", wholeBytes
	if size != StillWhole {
		filter, most = "scale='min("+strconv.Itoa(posterWidth)+",iw)':-2:flags=area,format=yuvj420p", posterBytes
	}
	out := &atMost{most: most}
	err := tool.Run(ctx, ffmpeg.Job{
		Args: []string{"-loglevel", "error", "-threads", "1", "-max_pixels", strconv.Itoa(pixelsMost), "-f", format, "-i", "pipe:0",
			"-frames:v", "1", "-vf", filter, "-threads", "1", "-c:v", "mjpeg", "-q:v", "4",
			"-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-f", "image2pipe", "pipe:1"},
		In: bytes.NewReader(AnnexB(nil, src.format, src.frame)), Out: out,
	})
	if err != nil {
		return nil, err
	}
	b := out.Bytes()
	if out.over || !bytes.HasPrefix(b, []byte{0xff, 0xd8}) || !bytes.HasSuffix(b, []byte{0xff, 0xd9}) {
		return nil, fmt.Errorf("%w: %d bytes", errStill, len(b))
	}
	return bytes.Clone(b), nil // as large as it is, not as the buffer grew
}

// atMost takes so many bytes and refuses the rest.
type atMost struct {
	bytes.Buffer
	most int
	over bool
}

func (w *atMost) Write(p []byte) (int, error) {
	if w.Len()+len(p) > w.most {
		w.over = true
		return 0, errStill
	}
	return w.Buffer.Write(p)
}

type stillMetrics struct {
	cuts    *prometheus.CounterVec
	seconds prometheus.Histogram
}

func newStillMetrics(reg prometheus.Registerer) stillMetrics {
	m := stillMetrics{
		cuts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sightline_stills_total", Help: "Stills asked for: cut, cached, failed (not decodable), none (no ffmpeg or no key frame), refused (too many at once)."},
			[]string{"result"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "sightline_still_cut_seconds", Help: "Time to cut one still, waiting for a core included.",
			Buckets: []float64{.025, .05, .1, .2, .4, .8, 1.6, 5}}),
	}
	for _, r := range []string{"cut", "cached", "failed", "none", "refused"} {
		m.cuts.WithLabelValues(r)
	}
	if reg != nil {
		reg.MustRegister(m.cuts, m.seconds)
	}
	return m
}
