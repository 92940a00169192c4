package archive

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"

	"sightline/internal/blob"
)

// bucket is where closed segments go: an s3blob.Store. Names are
// <disk>/<camera>/<layer>/<day>/<name>.mp4, as on the disk.
type bucket interface {
	PutFrom(ctx context.Context, name string, r io.Reader, size int64) error
	ReadAt(ctx context.Context, name string, p []byte, off int64) (n int, size int64, err error)
	Delete(ctx context.Context, name string) error
	List(ctx context.Context, prefix string, each func(blob.Info) bool) error
}

func (s *shelf) objectName(day int, name int64) string {
	return path.Join(s.d.id, s.camera, string(s.layer), dayName(day), fileName(name))
}

// object is what a name in the bucket is of.
type object struct {
	camera string
	layer  Layer
	day    int
	name   int64
}

func parseObject(disk, name string) (o object, ok bool) {
	parts := strings.Split(name, "/")
	if len(parts) != 5 || parts[0] != disk || !cameraID.MatchString(parts[1]) {
		return o, false
	}
	o.camera, o.layer = parts[1], Layer(parts[2])
	var okDay, okName bool
	o.day, okDay = parseDay(parts[3])
	o.name, okName = parseFile(parts[4])
	return o, okDay && okName && (o.layer == Main || o.layer == Sub)
}

// indexID is the uuid box at the very end of an object: its rows, so that an index
// can be made of a bucket with one small read a segment. The box's size is there
// once more as its last four bytes.
var indexID = [16]byte{0x3b, 0xe0, 0x5f, 0x91, 0x0c, 0x4a, 0x4d, 0x62, 0xa8, 0x17, 0xd2, 0x66, 0x9e, 0x31, 0x58, 0xf7}

const (
	indexHead  = 8 + 16
	indexGuess = 16 << 10 // bytes read at first
	indexMost  = 2 << 20
)

func indexBox(r row, frags []fragRow) []byte {
	size := indexHead + rowSize + len(frags)*fragSize + 4
	b := make([]byte, 0, size)
	b = binary.BigEndian.AppendUint32(b, uint32(size))
	b = append(append(b, "uuid"...), indexID[:]...)
	r.kind, r.frags, r.first = rowSegment, uint32(len(frags)), 0
	b = r.append(b)
	for _, f := range frags {
		b = f.append(b)
	}
	return binary.BigEndian.AppendUint32(b, uint32(size))
}

var errNoIndex = errors.New("archive: an object without its rows")

// parseIndexBox reads the box whose end is the end of b; short is how long it is
// where b does not hold it all.
func parseIndexBox(b []byte) (r row, frags []fragRow, short int, err error) {
	if len(b) < 4 {
		return r, nil, 0, errNoIndex
	}
	size := int(binary.BigEndian.Uint32(b[len(b)-4:]))
	if size < indexHead+rowSize+4 || size > indexMost {
		return r, nil, 0, errNoIndex
	}
	if size > len(b) {
		return r, nil, size, nil
	}
	b = b[len(b)-size : len(b)-4]
	if string(b[4:8]) != "uuid" || !bytes.Equal(b[8:indexHead], indexID[:]) {
		return r, nil, 0, errNoIndex
	}
	r, ok := parseRow(b[indexHead:])
	rest := b[indexHead+rowSize:]
	if !ok || r.kind != rowSegment || len(rest) != int(r.frags)*fragSize || r.frags == 0 {
		return r, nil, 0, errNoIndex
	}
	for ; len(rest) > 0; rest = rest[fragSize:] {
		f, ok := parseFrag(rest)
		if !ok {
			return r, nil, 0, errNoIndex
		}
		frags = append(frags, f)
	}
	return r, frags, 0, nil
}

// readIndexBox reads the rows of an object of so many bytes.
func (a *Archive) readIndexBox(ctx context.Context, name string, size int64) (r row, frags []fragRow, err error) {
	want := min(size, indexGuess)
	for {
		b := make([]byte, want)
		if _, _, err := a.cfg.Bucket.ReadAt(ctx, name, b, size-want); err != nil && !errors.Is(err, io.EOF) {
			return r, nil, err
		}
		var short int
		if r, frags, short, err = parseIndexBox(b); err != nil || short == 0 {
			return r, frags, err
		}
		if int64(short) > size || int64(short) <= want {
			return r, nil, errNoIndex
		}
		want = int64(short)
	}
}

// bucketMark says which bucket a disk's index is whole for.
func (a *Archive) bucketMark() []byte { return []byte(strconv.Quote(a.cfg.BucketName)) }
