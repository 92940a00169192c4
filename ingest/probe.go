package ingest

import (
	"context"
	"time"

	"sightline/internal/fault"
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
	Codec         string // "h264", "h265", or the camera's own name for one that cannot be served
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
func Probe(ctx context.Context, g *Guard, s Source) ProbeResult { panic("soon") }

// CheckURL parses a camera URL strictly: rtsp or rtsps, a host, no userinfo,
// fragment or control bytes, at most 2,048 bytes. It returns the normal form;
// an error is a fault.Invalid bad_url.
func CheckURL(raw string) (string, error) { panic("soon") }
