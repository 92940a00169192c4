package archive

import "time"

// Layer is which of a camera's two streams a segment holds.
type Layer string

// The layers.
const (
	Main Layer = "main"
	Sub  Layer = "sub"
)

// Span is wall-clock time, half-open: [From, To). From is never after To.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Segment is one file: fragmented MP4, begins with a key frame, one codec
// configuration. From and To are the server's wall clock, UTC, in whole
// microseconds. After a step of the clock segments may overlap in it or leave a
// gap; a segment by itself is always To = From + what it plays.
type Segment struct {
	ID     string
	Camera string
	Layer  Layer
	From   time.Time
	To     time.Time
	Init   string // of its ftyp and moov, see Archive.Init
	Bytes  int64  // of the file, as far as it can be read now
	// Media is the video decode time at which it begins, in 1/90000 s: what its
	// first fragment's tfdt says.
	Media uint64
	// Continues: it has the same Init as the segment before it, and its media time
	// and wall time go on where that one's end. A playlist needs no discontinuity.
	Continues bool
	Sound     bool // there is a second track, of sound
	Repaired  bool // a crash cut it short
	Growing   bool // still written; more fragments come
	Fragments []Fragment
}

// Fragment is one prft+moof+mdat: at most about a second, less where a key frame
// or a great many bytes end it earlier, more only where a camera sends less than
// a picture a second.
type Fragment struct {
	Offset   int64 // in the segment's file
	Bytes    int64
	At       time.Time // of its first picture
	Duration time.Duration
	Key      bool // begins with a key frame
}

// Day is one calendar day of a zone on which there is footage.
type Day struct {
	Date  string `json:"date"`  // 2006-01-02, in the zone that was asked for
	Bytes int64  `json:"bytes"` // about: a file that crosses midnight counts for the quarter hour it began in
}
