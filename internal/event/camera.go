package event

// CameraChanged says that a camera was made, changed or (Removed) removed.
type CameraChanged struct {
	Camera  string `json:"camera"`
	Owner   string `json:"owner"`
	Removed bool   `json:"removed,omitempty"`
}

func (CameraChanged) Type() string { return "camera_changed" }
