package ingest

import (
	"time"

	"sightline/sfu"
)

// Status is what a layer does now.
type Status string

const (
	Idle         Status = "idle"         // nobody wants it, or the camera is disabled
	Connecting   Status = "connecting"   // wanted, no picture yet
	Live         Status = "live"         // pictures arrive
	Reconnecting Status = "reconnecting" // pictures stopped less than 30 s ago
	Offline      Status = "offline"      // no picture for 30 s, or one that cannot be served
)

// LayerState is a snapshot of one layer.
type LayerState struct {
	Status        Status
	Reason        sfu.Reason    // why it is not (or not well) served; empty when all is well. b_frames stands beside Live
	Detail        string        // one English sentence for the owner; no secrets, coarse outside the listed networks
	Since         time.Time     // of Status
	LastFrame     time.Time     // zero before the first
	Attempt       int           // connection attempts since the last picture
	Next          time.Time     // of the next attempt while waiting, else zero
	Format        sfu.Format    // zero before the first frame
	FPS           float64       // measured
	BitsPerSecond int           // measured
	KeyInterval   time.Duration // measured, 0 until two key frames were seen
	Lost          uint64        // RTP packets lost on the way from the camera since the layer connected
}

// CameraState is a snapshot of a camera.
type CameraState struct {
	Layers    [2]LayerState // by Layer
	Audio     bool          // sound arrives in a codec browsers play
	AudioNote string        // one sentence when the camera sends sound that cannot be served
}
