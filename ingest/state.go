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
	Own           time.Duration // from capture to arrival here, as the camera's sender reports tell; valid when OwnKnown
	OwnKnown      bool          // only while its clock is within 1 s of ours
	Lost          uint64        // RTP packets lost on the way from the camera since the layer connected
	Received      uint64        // RTP packets received since the layer connected
	Profile       string        // for people: "Main", "High"; of what viewers get
	LastError     string        // sentence of the newest failure, kept while all is well again
	LastErrorAt   time.Time     // zero: none yet
	Convert       *Conversion   // nil: what the camera sends is passed on as it is
}

// Conversion is a snapshot of an ffmpeg child that makes of a camera's codec one
// that browsers play.
type Conversion struct {
	From, To string    // the camera's name for its codec, and ours
	Running  bool      // a child runs now; it does while somebody watches
	Since    time.Time // of the running child
	Restarts int       // children that ended by themselves since the layer connected
	Dropped  uint64    // pictures or sounds the child was too slow for
	Said     string    // the end of what the child said, at most 2 KB
	Trouble  string    // a sentence while there is no child although one is wanted
}

// CameraState is a snapshot of a camera.
type CameraState struct {
	Layers    [2]LayerState // by Layer
	Audio     bool          // sound arrives in a codec browsers play
	AudioNote string        // one sentence when the camera sends sound that cannot be served
	Sound     SoundState
}

// SoundState is a snapshot of a camera's sound.
type SoundState struct {
	Codec   sfu.Codec   // of what viewers get, "" without sound
	Rate    int         // RTP clock
	Convert *Conversion // nil: passed on as it is
}
