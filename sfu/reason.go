package sfu

// Reason is why a tile is not served as wanted: the media reasons of spec
// ruling 16, a closed list.
type Reason string

const (
	ReasonCameraUnreachable Reason = "camera_unreachable"
	ReasonCameraLogin       Reason = "camera_login"
	ReasonCodecUnsupported  Reason = "codec_unsupported"
	ReasonBFrames           Reason = "b_frames"
	ReasonLowBandwidth      Reason = "low_bandwidth"
	ReasonNoStillSource     Reason = "no_still_source"
	ReasonDraining          Reason = "draining"
	ReasonStalled           Reason = "stalled"
	ReasonNotFound          Reason = "not_found"
)

// Reasons lists all media reasons.
func Reasons() []Reason {
	return []Reason{
		ReasonCameraUnreachable, ReasonCameraLogin, ReasonCodecUnsupported,
		ReasonBFrames, ReasonLowBandwidth, ReasonNoStillSource,
		ReasonDraining, ReasonStalled, ReasonNotFound,
	}
}
