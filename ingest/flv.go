package ingest

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// flvTag is one H264 picture an ffmpeg child wrote.
type flvTag struct {
	ms   uint32 // since the beginning
	key  bool
	nals [][]byte // only valid until the next one is read
}

var errFLV = errors.New("ffmpeg wrote no FLV")

// flvReader reads the one kind of FLV a child writes: H264 in tags. FLV is read
// because a tag is a whole picture with its time and is written at once.
type flvReader struct {
	r    *bufio.Reader
	buf  []byte
	sets [][]byte // parameter sets of the newest decoder configuration
}

func newFLVReader(r io.Reader) *flvReader { return &flvReader{r: bufio.NewReaderSize(r, 64<<10)} }

// head reads the file header; call it once, first.
func (f *flvReader) head() error {
	var b [13]byte
	if _, err := io.ReadFull(f.r, b[:]); err != nil {
		return err
	}
	if string(b[:3]) != "FLV" {
		return errFLV
	}
	return nil
}

// next returns the next picture.
func (f *flvReader) next() (flvTag, error) {
	for {
		var h [11]byte
		if _, err := io.ReadFull(f.r, h[:]); err != nil {
			return flvTag{}, err
		}
		n := int(h[1])<<16 | int(h[2])<<8 | int(h[3])
		if n > maxUnit {
			return flvTag{}, fmt.Errorf("%w: a tag of %d bytes", errFLV, n)
		}
		if cap(f.buf) < n+4 {
			f.buf = make([]byte, n+4)
		}
		f.buf = f.buf[:n+4] // with the size of this tag behind it
		if _, err := io.ReadFull(f.r, f.buf); err != nil {
			return flvTag{}, err
		}
		body := f.buf[:n]
		if h[0] != 9 || n < 5 || body[0]&15 != 7 {
			continue // metadata
		}
		t := flvTag{ms: uint32(h[7])<<24 | uint32(h[4])<<16 | uint32(h[5])<<8 | uint32(h[6]), key: body[0]>>4 == 1}
		switch body[1] {
		case 0:
			if err := f.configure(body[5:]); err != nil {
				return flvTag{}, err
			}
		case 1:
			var err error
			if t.nals, err = lengthPrefixed(body[5:]); err != nil {
				return flvTag{}, err
			}
			return t, nil
		}
	}
}

// configure reads an AVCDecoderConfigurationRecord.
func (f *flvReader) configure(b []byte) error {
	if len(b) < 6 || b[4]&3 != 3 {
		return errFLV
	}
	f.sets = nil
	count, b := int(b[5]&31), b[6:]
	for range 2 { // sequence, then picture parameter sets
		for range count {
			if len(b) < 2 || len(b)-2 < int(binary.BigEndian.Uint16(b)) {
				return errFLV
			}
			n := int(binary.BigEndian.Uint16(b))
			f.sets = append(f.sets, append([]byte(nil), b[2:2+n]...))
			b = b[2+n:]
		}
		if len(b) < 1 {
			return nil
		}
		count, b = int(b[0]), b[1:]
	}
	return nil
}

// lengthPrefixed splits units that have their size in 32 bits in front.
func lengthPrefixed(b []byte) (nals [][]byte, err error) {
	for len(b) > 0 {
		if len(b) < 4 || uint64(len(b)-4) < uint64(binary.BigEndian.Uint32(b)) {
			return nil, errFLV
		}
		n := int(binary.BigEndian.Uint32(b))
		if n > 0 {
			nals = append(nals, b[4:4+n])
		}
		b = b[4+n:]
	}
	return nals, nil
}
