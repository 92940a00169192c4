package ingest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

var errOgg = errors.New("ffmpeg wrote no Ogg")

// oggReader reads the Opus packets an ffmpeg child writes (RFC 3533, RFC 7845).
type oggReader struct {
	r       *bufio.Reader
	preSkip int64
	queue   [][]byte
	part    []byte // packet that goes on in the next page
	at      int64
}

func newOggReader(r io.Reader) *oggReader { return &oggReader{r: bufio.NewReaderSize(r, 16<<10)} }

// next returns the next Opus packet and where it begins, in samples of 48 kHz
// since the beginning of the sound.
func (o *oggReader) next() (p []byte, at int64, err error) {
	for len(o.queue) == 0 {
		if err := o.page(); err != nil {
			return nil, 0, err
		}
	}
	p, o.queue = o.queue[0], o.queue[1:]
	at = o.at
	o.at += opusSamples(p)
	return p, at, nil
}

func (o *oggReader) page() error {
	var h [27]byte
	if _, err := io.ReadFull(o.r, h[:]); err != nil {
		return err
	}
	if string(h[:4]) != "OggS" {
		return errOgg
	}
	var lacing [255]byte
	table := lacing[:h[26]]
	if _, err := io.ReadFull(o.r, table); err != nil {
		return err
	}
	var whole [][]byte
	for _, n := range table {
		seg := make([]byte, n)
		if _, err := io.ReadFull(o.r, seg); err != nil {
			return err
		}
		if o.part = append(o.part, seg...); len(o.part) > 16<<10 {
			return fmt.Errorf("%w: an endless packet", errOgg)
		}
		if n < 255 {
			whole = append(whole, o.part)
			o.part = nil
		}
	}
	samples := int64(0)
	for _, p := range whole {
		switch {
		case bytes.HasPrefix(p, []byte("OpusHead")):
			if len(p) >= 12 {
				o.preSkip = int64(binary.LittleEndian.Uint16(p[10:]))
			}
		case bytes.HasPrefix(p, []byte("OpusTags")):
		case len(p) > 0:
			o.queue = append(o.queue, p)
			samples += opusSamples(p)
		}
	}
	if end := int64(binary.LittleEndian.Uint64(h[6:])); samples > 0 && end > 0 {
		// the page says where its last packet ends: gaps in the sound are there
		o.at = end - samples - o.preSkip
	}
	return nil
}

// opusSamples is how long a packet sounds, in samples of 48 kHz (RFC 6716, 3.1).
func opusSamples(p []byte) int64 {
	if len(p) == 0 {
		return 0
	}
	var frame int64
	switch c := p[0] >> 3; {
	case c < 12:
		frame = [4]int64{480, 960, 1920, 2880}[c&3]
	case c < 16:
		frame = [2]int64{480, 960}[c&1]
	default:
		frame = 120 << (c & 3)
	}
	switch p[0] & 3 {
	case 0:
		return frame
	case 1, 2:
		return 2 * frame
	}
	if len(p) < 2 {
		return 0
	}
	return frame * int64(p[1]&63)
}
