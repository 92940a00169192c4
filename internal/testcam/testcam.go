// Package testcam plays looped clips as real RTSP cameras on loopback: for the
// demo, for tests, and, when told to misbehave, for everything a bad camera does.
package testcam

import (
	"context"
	"time"
)

// Codec names of a clip's tracks.
const (
	H264 = "h264"
	H265 = "h265"
	PCMU = "pcmu"
	AAC  = "aac"
)

// Clip is an encoded loop: access units with their times.
type Clip struct {
	Codec         string
	Width, Height int
	FPS           float64
	Key           time.Duration // key-frame interval
	Length        time.Duration
	Units         []Unit
	VPS, SPS, PPS []byte
	Audio         *Sound
}

// Unit is one access unit in decoding order; parameter sets are not in it.
type Unit struct {
	PTS  time.Duration
	DTS  time.Duration
	Key  bool
	NALs [][]byte
}

// Sound is a clip's audio track, cut into packets of equal length.
type Sound struct {
	Codec   string // PCMU or AAC
	Rate    int
	Packet  time.Duration // length of one packet
	Packets [][]byte
	Config  []byte // AAC AudioSpecificConfig
}

// Fault is how a camera misbehaves.
type Fault int

const (
	Good    Fault = iota
	Garbage       // answers every connection with bytes that are no RTSP
	Drip          // answers with a header that never ends, one byte at a time
	Silent        // accepts and never answers
	Web           // answers like a web server
)

// Config of a camera.
type Config struct {
	Main, Sub *Clip  // Sub may be nil
	Listen    string // default "127.0.0.1:0"
	User      string // with Password: a login is asked
	Password  string
	Basic     bool // only Basic is offered (default: Digest)
	TLS       bool // rtsps with a self-signed certificate
	SDPOnly   bool // parameter sets only in the SDP
	InBand    bool // parameter sets only in-band, none in the SDP
	TCPOnly   bool // UDP is refused
	Fault     Fault
}

// Camera is a running camera with /main and /sub.
type Camera struct{}

// New starts a camera.
func New(cfg Config) (*Camera, error) { panic("soon") }

func (c *Camera) Main() string        { panic("soon") } // URL without userinfo
func (c *Camera) Sub() string         { panic("soon") }
func (c *Camera) Addr() string        { panic("soon") } // host:port
func (c *Camera) Fingerprint() string { panic("soon") } // SHA-256 of the certificate in hex, "" without TLS
func (c *Camera) Stop()               { panic("soon") } // closes the port and all connections
func (c *Camera) Restart() error      { panic("soon") } // listens on the same port again
func (c *Camera) Kill()               { panic("soon") } // drops the connections, keeps listening
func (c *Camera) Hang(on bool)        { panic("soon") } // stops sending media, keeps the connections
func (c *Camera) Play(main, sub *Clip) error {
	panic("soon")
} // changes the clips; connections are dropped
func (c *Camera) SetFault(f Fault) { panic("soon") }
func (c *Camera) Viewers() int     { panic("soon") } // connected RTSP sessions
func (c *Camera) Connects() int    { panic("soon") } // TCP connections accepted so far
func (c *Camera) Close()           { panic("soon") }

// Scene is one of the six demo cameras.
type Scene struct {
	ID, Name string
	Main     *Clip
	Sub      *Clip
	Key      time.Duration
	Audio    bool
}

// Clips loads the six scenes, encoding them into dir first where missing. dir ""
// means the shared cache. The error names a missing ffmpeg.
func Clips(ctx context.Context, dir string, progress func(done, total int)) ([]Scene, error) {
	panic("soon")
}

// TestClip returns a small H264 clip with frame numbers, encoded once into the
// shared cache.
func TestClip(seconds, width, height int, gop time.Duration) (*Clip, error) { panic("soon") }

// Served is one line of JSON `sightline demo-cameras` prints when ready.
type Served struct {
	Cameras []ServedCamera `json:"cameras"`
}

// ServedCamera is one camera of it.
type ServedCamera struct {
	Name         string  `json:"name"`
	Main         string  `json:"rtsp_main"`
	Sub          string  `json:"rtsp_sub"`
	User         string  `json:"user,omitempty"`
	Password     string  `json:"password,omitempty"`
	KeyIntervalS float64 `json:"key_interval_s"`
	Audio        bool    `json:"audio"`
}
