package controlroom

import "time"

// TileWant is one cell of the client's complete tile list. A cell holds a camera,
// or a still (Still = n, the n-th newest image), never both.
type TileWant struct {
	Cell   int    `json:"cell"`
	Camera string `json:"camera,omitempty"`
	Still  int    `json:"still,omitempty"`
	Px     int    `json:"px"`    // tile width in device pixels
	Focus  bool   `json:"focus"` // full screen: always the main layer
}

// TileState is what the client is told about a cell. Name is absent where the
// viewer may not see the camera (row R99).
type TileState struct {
	Cell        int        `json:"cell"`
	Camera      string     `json:"camera,omitempty"`
	Mid         string     `json:"mid,omitempty"`
	State       string     `json:"state"`
	Reason      string     `json:"reason,omitempty"`
	Until       *time.Time `json:"until,omitempty"`
	Next        *time.Time `json:"next,omitempty"`
	FirstTS     *uint32    `json:"first_ts,omitempty"` // RTP timestamp of the first frame after the swap
	Layer       string     `json:"layer,omitempty"`    // "sub" or "main": what is being sent
	Attempt     int        `json:"attempt,omitempty"`
	RetryAt     *time.Time `json:"retry_at,omitempty"`
	Since       *time.Time `json:"since,omitempty"`
	LastFrameAt *time.Time `json:"last_frame_at,omitempty"`
	Name        string     `json:"name,omitempty"`
	Sound       string     `json:"sound,omitempty"` // "on", or the reason why the wanted sound is not sent
}

// Tile states as the server knows them (spec 3.2); "stalled" is the client's own.
const (
	StateConnecting   = "connecting"
	StateLive         = "live"
	StateReconnecting = "reconnecting"
	StateOffline      = "offline"
	StateOff          = "off"
	StateClosed       = "closed" // outside the schedule
	StateRestricted   = "restricted"
	StateEnded        = "ended"
	StateThrottled    = "throttled"
	StateFrozen       = "frozen"
	StateUnsupported  = "unsupported"
	StateImage        = "image"
)
