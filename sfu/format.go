package sfu

// Codec names how a stream's payloads are encoded.
type Codec string

// The codecs a stream may carry.
const (
	H264 Codec = "h264"
	H265 Codec = "h265"
	Opus Codec = "opus"
	PCMU Codec = "pcmu"
	PCMA Codec = "pcma"
	G722 Codec = "g722"
)

// Kind is what a stream or an m-line carries.
type Kind uint8

const (
	Video Kind = iota
	Audio
)

func (k Kind) String() string {
	if k == Audio {
		return "audio"
	}
	return "video"
}

// Format describes what a stream carries now.
type Format struct {
	Codec     Codec
	ClockRate int    // RTP clock: 90000 for video
	Channels  int    // audio only
	Profile   string // H264 profile-level-id in lower-case hex, e.g. "4d401f"
	Width     int    // pixels, 0 when unknown
	Height    int
	BFrames   bool // frames are sent in another order than they are shown
}

// Kind of the format's codec.
func (f Format) Kind() Kind {
	if f.Codec == H264 || f.Codec == H265 {
		return Video
	}
	return Audio
}
