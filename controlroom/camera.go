package controlroom

import (
	"time"

	"sightline/internal/secret"
)

// Camera is one camera as one subject may see it. Source, Shared and Order are
// set for its owner only; no field ever carries a password (threat T14).
type Camera struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Kind    string `json:"kind"` // "rtsp" or "still"
	Zone    string `json:"zone"` // IANA name
	Mine    bool   `json:"mine"`
	Owner   Person `json:"owner"`
	Order   int    `json:"order"`
	Enabled bool   `json:"enabled"`
	Sound   bool   `json:"sound"`

	Snapshot bool        `json:"snapshot,omitempty"` // a frame of it may be kept as a file: its owner, or with Download
	PTZ      bool        `json:"ptz,omitempty"`      // the subject may steer it, and it has not said that it cannot be steered
	Archive  bool        `json:"archive,omitempty"`  // its recordings may be seen now
	Shared   *bool       `json:"shared,omitempty"`   // anything given away: grant, link or group
	Access   Access      `json:"access"`
	Aspect   float64     `json:"aspect,omitempty"` // width / height, once known
	Source   *SourceView `json:"source,omitempty"`
	State    *StateView  `json:"state,omitempty"` // absent where access is not allowed now
}

// Person is another account as it may be shown.
type Person struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Access says what the asking subject may do with a camera's live picture now.
type Access struct {
	Allowed bool       `json:"allowed"`
	Reason  string     `json:"reason"`
	Until   *time.Time `json:"until,omitempty"`
	Next    *time.Time `json:"next,omitempty"`
}

// SourceView is a camera's source without its secret.
type SourceView struct {
	Main        string `json:"main"`
	Sub         string `json:"sub"`
	User        string `json:"user"`
	HasPassword bool   `json:"has_password"`
	Transport   string `json:"transport"`
	Fingerprint string `json:"fingerprint"`
	ONVIF       string `json:"onvif"` // address of its ONVIF device service, "" without
}

// StateView is the state of a camera's layers on this node.
type StateView struct {
	Layers map[string]LayerView `json:"layers"` // "main", "sub"
	Audio  bool                 `json:"audio"`
}

// LayerView is one layer of StateView.
type LayerView struct {
	Status        string     `json:"status"` // idle connecting live reconnecting offline
	Reason        string     `json:"reason,omitempty"`
	Since         *time.Time `json:"since,omitempty"`
	LastFrameAt   *time.Time `json:"last_frame_at,omitempty"`
	Attempt       int        `json:"attempt,omitempty"`
	NextAt        *time.Time `json:"next_at,omitempty"`
	Codec         string     `json:"codec,omitempty"`
	Profile       string     `json:"profile,omitempty"`
	Width         int        `json:"width,omitempty"`
	Height        int        `json:"height,omitempty"`
	FPS           float64    `json:"fps,omitempty"`
	BitsPerSecond int        `json:"bits_per_second,omitempty"`
	KeyIntervalS  float64    `json:"key_interval_s,omitempty"`
}

// CameraInput creates or changes a camera; a nil field is left as it is (on
// creation: its default). Password: nil keeps the stored one unless scheme, host
// or port of a URL changed (then it is cleared, threat T13); empty clears it;
// the mask "***" is refused.
type CameraInput struct {
	Kind        *string        `json:"kind"` // "rtsp" (nil) or "still"; only when it is made
	Name        *string        `json:"name"`
	Main        *string        `json:"main"`
	Sub         *string        `json:"sub"`
	User        *string        `json:"user"`
	Password    *secret.String `json:"password"`
	Transport   *string        `json:"transport"` // "tcp" or "udp"
	Fingerprint *string        `json:"fingerprint"`
	ONVIF       *string        `json:"onvif"` // address of its ONVIF device service; empty: it is not used
	Zone        *string        `json:"zone"`
	Sound       *bool          `json:"sound"`
	Enabled     *bool          `json:"enabled"`
	Order       *int           `json:"order"`
}

// TestInput asks for a trial of a source before it is saved. Camera names an own
// camera whose stored password is used while scheme, host and port are the same
// and Password is nil.
type TestInput struct {
	Main        string         `json:"main"`
	Sub         string         `json:"sub"`
	User        string         `json:"user"`
	Password    *secret.String `json:"password"`
	Transport   string         `json:"transport"`
	Fingerprint string         `json:"fingerprint"`
	Camera      string         `json:"camera"`
}

// TestResult is what the trial found, per layer.
type TestResult struct {
	Main ProbeView  `json:"main"`
	Sub  *ProbeView `json:"sub,omitempty"`
}

// ProbeView is one layer of TestResult.
type ProbeView struct {
	OK           bool       `json:"ok"`
	Codec        string     `json:"codec,omitempty"`   // the camera's own name for one that is converted
	Convert      string     `json:"convert,omitempty"` // codec it is converted to by ffmpeg
	Profile      string     `json:"profile,omitempty"`
	Width        int        `json:"width,omitempty"`
	Height       int        `json:"height,omitempty"`
	FPS          float64    `json:"fps,omitempty"`
	KeyIntervalS float64    `json:"key_interval_s,omitempty"`
	Audio        string     `json:"audio,omitempty"`
	Error        *ProbeFail `json:"error,omitempty"`
}

// ProbeFail is why a layer could not be played.
type ProbeFail struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}
