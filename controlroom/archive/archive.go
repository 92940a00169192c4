package archive

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/ingest"
	"sightline/internal/clock"
)

// Config of an Archive. Sources and Disks are required; zero values take the
// default named.
type Config struct {
	Sources    sources
	Disks      []Disk
	Reserve    int64         // bytes kept free on every disk: 1 GiB
	Segment    time.Duration // longest file: 60 s
	Fragment   time.Duration // longest stretch that only memory holds: 1 s
	Sync       time.Duration // how often what was written is forced to the disk: 5 s
	Alarm      func(Alarm)   // told when a disk stops or resumes taking footage; on a goroutine of its own, in order
	Clock      clock.Clock   // nil: the machine's
	Log        *slog.Logger  // nil: discard
	Registerer prometheus.Registerer
}

// Disk is one folder on a file system of its own.
type Disk struct {
	Path  string
	Limit int64 // bytes of footage; 0: as much as there is beside the reserve
}

// sources are the cameras' streams: an ingest.Fleet.
type sources interface {
	Streams(camera string) (ingest.Streams, bool)
	Hold(camera string, l ingest.Layer) (release func())
}

// Reasons of an Alarm.
const (
	AlarmFull   = "disk_full"   // no room, and nothing of ours to make some
	AlarmFailed = "disk_failed" // it does not take or give bytes
	AlarmOver   = "disk_well"   // it records again
)

// Alarm says that a disk stopped taking footage, or takes it again. Cameras go
// on to another disk where there is one.
type Alarm struct {
	Disk   string // its Path
	Reason string
	At     time.Time
	Err    error // cause; nil when it is over
}

// Status is how a camera's recording is now.
type Status struct {
	Recording bool      `json:"recording"`
	Since     time.Time `json:"since,omitzero"`  // of the run of footage that is written
	Error     string    `json:"error,omitempty"` // code of why it should record and does not
	Sound     string    `json:"sound,omitempty"` // code of why sound is wanted and not kept
	Bytes     int64     `json:"bytes"`
	Oldest    time.Time `json:"oldest,omitzero"`
	Newest    time.Time `json:"newest,omitzero"`
	Disk      string    `json:"disk,omitempty"` // where it records now
	Gaps      uint64    `json:"gaps"`           // since the start: footage that was lost to a slow or full disk
}

// DiskStatus is how a disk is now.
type DiskStatus struct {
	Path  string `json:"path"`
	State string `json:"state"` // "ok" or an alarm's reason
	Free  int64  `json:"free"`  // bytes of the file system
	Total int64  `json:"total"`
	Bytes int64  `json:"bytes"` // of footage
}

// Reader is what playback and export need of an Archive.
type Reader interface {
	Days(ctx context.Context, camera string, zone *time.Location) ([]Day, error)
	Coverage(ctx context.Context, camera string, layer Layer, s Span) ([]Span, error)
	Segments(ctx context.Context, camera string, layer Layer, s Span, limit int, after string) ([]Segment, error)
	Init(ctx context.Context, camera, hash string) ([]byte, error)
	ReadAt(ctx context.Context, camera, segment string, p []byte, off int64) (int, error)
}
