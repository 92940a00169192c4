package authz

import "time"

// CameraKind says where pictures come from.
type CameraKind string

const (
	CameraRTSP  CameraKind = "rtsp"
	CameraStill CameraKind = "still"
)

// Camera is the authority half of a camera: who owns it, what it is called,
// where it is shared. Its source (addresses, credentials) belongs to
// controlroom and is committed together with this record.
type Camera struct {
	head
	ID        string        `json:"id"`
	Owner     string        `json:"owner"`
	Name      string        `json:"name"`
	Kind      CameraKind    `json:"kind"`
	Zone      string        `json:"zone"` // IANA name; schedules are in it
	Order     int           `json:"order"`
	Sound     bool          `json:"sound,omitempty"` // the camera's audio may be used at all
	Enabled   bool          `json:"enabled"`
	Groups    []CameraGroup `json:"groups,omitempty"` // ≤ 64
	Shared    int           `json:"shared,omitempty"` // grants and links that exist on it
	CreatedAt time.Time     `json:"created_at"`
}

// CameraGroup is one group a camera is shared in.
type CameraGroup struct {
	Group      string    `json:"group"`
	ImagesOnly bool      `json:"images_only,omitempty"`
	Since      time.Time `json:"since"`
}

// InGroup returns the camera's share in a group, nil when it is not shared there.
func (c *Camera) InGroup(group string) *CameraGroup {
	for i := range c.Groups {
		if c.Groups[i].Group == group {
			return &c.Groups[i]
		}
	}
	return nil
}
