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

	// Warm is a tile of the page that comes next and is not seen yet: the sub
	// layer, the first to give way, and not one of those that are shown (R94).
	Warm bool `json:"warm,omitempty"`
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
	FirstTS     *uint32    `json:"first_ts,omitempty"`  // RTP timestamp of the first frame after the swap
	FirstMS     float64    `json:"first_ms,omitempty"`  // first_ts on the server's media clock, ms
	CameraMS    int        `json:"camera_ms,omitempty"` // the camera's own delay from capture to the server, where its clock agrees with ours
	Layer       string     `json:"layer,omitempty"`     // "sub" or "main": what is being sent
	LayerWhy    string     `json:"layer_why,omitempty"`
	Attempt     int        `json:"attempt,omitempty"`
	RetryAt     *time.Time `json:"retry_at,omitempty"`
	Since       *time.Time `json:"since,omitempty"`
	LastFrameAt *time.Time `json:"last_frame_at,omitempty"`
	Name        string     `json:"name,omitempty"`
	Image       string     `json:"image,omitempty"` // of a still camera: its newest image's id; the poster is its picture, last_frame_at its time
	Sound       string     `json:"sound,omitempty"` // "on", or the reason why the wanted sound is not sent
}

// Tile states as the server knows them (spec 3.2). A picture that stops without
// a reason is stalled too: that one the client finds out itself.
const (
	StateConnecting   = "connecting"
	StateStalled      = "stalled" // the server sends nothing on purpose: low_bandwidth
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

// Why a tile has the layer it has.
const (
	LayerSize      = "size"      // the tile's width in device pixels
	LayerFocus     = "focus"     // full screen
	LayerTiles     = "tiles"     // many tiles are shown at once
	LayerBandwidth = "bandwidth" // the viewer's connection does not carry more
	LayerOnly      = "only"      // the camera has, or sends, no other
	LayerStarting  = "starting"  // the other one is on its way
	LayerAsked     = "asked"     // a player asked for it
	LayerBudget    = "budget"    // the owner's egress budget is used up
)
