package testcam

import (
	"encoding/gob"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Codec names of a clip's tracks.
const (
	H264 = "h264"
	H265 = "h265"
	JPEG = "mjpeg" // Motion JPEG
	MPG4 = "mpeg4" // MPEG-4 Part 2
	PCMU = "pcmu"
	AAC  = "aac"
)

// Clip is an encoded loop: access units with their times. Cameras share clips
// and change nothing in them.
type Clip struct {
	Codec         string
	Width, Height int
	FPS           float64
	Key           time.Duration // key-frame interval
	Length        time.Duration
	Units         []Unit
	VPS, SPS, PPS []byte // SPS of MPG4: its configuration
	Audio         *Sound
}

// Unit is one access unit in decoding order; parameter sets are not in it. Of
// JPEG and MPG4 it is one picture in one piece.
type Unit struct {
	PTS, DTS time.Duration
	Key      bool
	NALs     [][]byte
}

// Sound is a clip's audio track, cut into packets of equal length.
type Sound struct {
	Codec   string // PCMU or AAC
	Rate    int
	Packet  time.Duration // length of one packet
	Packets [][]byte
}

// Bytes is the size of all access units.
func (c *Clip) Bytes() int {
	n := 0
	for _, u := range c.Units {
		for _, nal := range u.NALs {
			n += len(nal)
		}
	}
	return n
}

// at counts the pictures and the sound packets that are due before a position
// of the first loop.
func (c *Clip) at(pos time.Duration) (units, packets int) {
	for units < len(c.Units) && c.Units[units].DTS < pos {
		units++
	}
	if c.Audio != nil {
		packets = int((pos + c.Audio.Packet - 1) / c.Audio.Packet)
	}
	return units, packets
}

// WithSound returns a copy of the clip with another audio track.
func (c *Clip) WithSound(s *Sound) *Clip {
	d := *c
	d.Audio = s
	return &d
}

// saveClip writes a clip under a temporary name and renames it into place.
func saveClip(path string, c *Clip) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("clip cache: %w", err)
	}
	defer os.Remove(f.Name())
	if err := gob.NewEncoder(f).Encode(c); err != nil {
		f.Close()
		return fmt.Errorf("clip cache: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("clip cache: %w", err)
	}
	return os.Rename(f.Name(), path)
}

func loadClip(path string) (*Clip, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c := &Clip{}
	if err := gob.NewDecoder(f).Decode(c); err != nil {
		return nil, fmt.Errorf("clip cache %s: %w", path, err)
	}
	return c, nil
}
