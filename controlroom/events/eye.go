package events

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"sightline/controlroom"
	"sightline/internal/ffmpeg"
	"sightline/sfu"
)

// eye is an ffmpeg child that makes small grey pictures of coded ones. It stays:
// each request is followed by a marker, a picture of ours that is known by what
// it looks like, so that what comes before it is the answer, and nothing does
// when the camera's picture is damaged. There are two markers, in turn: a decoder
// that holds pictures back (for B-frames) is pushed by more of them, and what it
// still has of the ones before is told from what is new. Not safe for concurrent use.
type eye struct {
	child *ffmpeg.Child
	codec sfu.Codec
	marks [2]marker
	turn  int // which of them is next
	more  int // markers that are sent for one, as the decoder holds pictures back
}

type marker struct {
	coded []byte
	shown []byte // as the child shows it
}

// The markers are 32 pixels wide, one key frame without SEI and B-frames: of
// color=c=0x303030:s=32x32 (warm) and testsrc2=s=32x32 (mark).
//
//go:embed markers
var markers embed.FS

const (
	eyePixelsMost = 36 << 20               // of a coded picture: what decoding may take in memory
	eyeStart      = 30 * time.Second       // until a new child has shown a marker
	eyePush       = 150 * time.Millisecond // without an answer, before another marker is sent
	eyeMoreMost   = 4
)

var (
	errDamaged = errors.New("events: the picture cannot be decoded")
	errChild   = errors.New("events: the decoder gave no answer")
)

// openEye starts a child for a codec and waits until it works. Close must be called.
func openEye(ctx context.Context, tool *ffmpeg.Tool, codec sfu.Codec, limit time.Duration) (*eye, error) {
	format := "h264"
	if codec == sfu.H265 {
		format = "hevc"
	}
	e := &eye{codec: codec, more: 1}
	for i, name := range []string{"warm", "mark"} {
		var err error
		if e.marks[i].coded, err = markers.ReadFile("markers/" + name + "." + format); err != nil {
			return nil, err
		}
		e.marks[i].coded = e.end(e.marks[i].coded)
	}
	scale := "scale=" + strconv.Itoa(eyeWidth) + ":" + strconv.Itoa(eyeHeight) + ":flags=area,format=gray"
	child, err := tool.Start(ctx, []string{"-loglevel", "fatal", "-threads", "1", "-max_pixels", strconv.Itoa(eyePixelsMost),
		"-probesize", "32", "-analyzeduration", "0", "-fflags", "nobuffer", "-flags", "low_delay", "-err_detect", "explode", "-ec", "0",
		"-f", format, "-i", "pipe:0", "-vf", scale, "-fps_mode", "passthrough", "-threads", "1", "-f", "rawvideo", "-flush_packets", "1", "pipe:1"})
	if err != nil {
		return nil, err
	}
	e.child = child
	if err := e.begin(limit); err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

// begin learns what the markers look like: the first ones may be lost.
func (e *eye) begin(limit time.Duration) error {
	for i := range e.marks {
		err := e.talk(nil, e.marks[i].coded, limit, func(pic []byte) bool {
			if i == 1 && bytes.Equal(pic, e.marks[0].shown) {
				return false
			}
			e.marks[i].shown = pic
			return true
		})
		if err != nil {
			return err
		}
	}
	e.more = 1
	return nil
}

// decode shows it frames, a key frame and what follows it, and returns what it
// made of them, one of each frame: errDamaged where that cannot be. Any other
// error is the child's end.
func (e *eye) decode(f sfu.Format, frames []*sfu.Frame, limit time.Duration) (pics [][]byte, err error) {
	var in []byte
	for _, fr := range frames {
		in = controlroom.AnnexB(e.delimit(in), f, fr)
	}
	mark, before := e.marks[e.turn], e.marks[1-e.turn]
	e.turn = 1 - e.turn
	err = e.talk(e.end(in), mark.coded, limit, func(pic []byte) bool {
		switch {
		case bytes.Equal(pic, mark.shown):
			return true
		case bytes.Equal(pic, before.shown):
		case len(pics) <= len(frames): // one more says that it is not known which is which
			pics = append(pics, pic)
		}
		return false
	})
	if err == nil && len(pics) != len(frames) {
		err = fmt.Errorf("%w: %d pictures of %d", errDamaged, len(pics), len(frames))
	}
	return pics, err
}

// talk writes in and markers and reads pictures until one was the last; past
// limit, the child is killed.
func (e *eye) talk(in, mark []byte, limit time.Duration, last func(pic []byte) bool) error {
	overdue := time.AfterFunc(limit, e.child.Kill)
	defer overdue.Stop()
	answered, wrote := make(chan struct{}), make(chan int, 1)
	go func() { wrote <- e.write(in, mark, answered) }()
	defer func() {
		close(answered)
		if pushed := <-wrote; pushed > 0 {
			e.more = min(e.more+pushed, eyeMoreMost)
		}
	}()
	for {
		pic := make([]byte, eyePixels)
		if _, err := io.ReadFull(e.child.Out, pic); err != nil {
			e.child.Kill() // what is being written ends
			return fmt.Errorf("%w: %w", errChild, err)
		}
		if last(pic) {
			return nil
		}
	}
}

// write writes in, and markers until there is an answer; it returns how many more
// than the decoder was known to need.
func (e *eye) write(in, mark []byte, answered <-chan struct{}) (pushed int) {
	if _, err := e.child.In.Write(append(in, bytes.Repeat(mark, e.more)...)); err != nil {
		return 0 // reading fails, too
	}
	push := time.NewTicker(eyePush)
	defer push.Stop()
	for {
		select {
		case <-answered:
			return pushed
		case <-push.C:
			if _, err := e.child.In.Write(mark); err != nil {
				return pushed
			}
			pushed++
		}
	}
}

// delimit says that a picture begins, end that it is the last before another
// camera's: so the child waits for nothing.
func (e *eye) delimit(b []byte) []byte {
	if e.codec == sfu.H265 {
		return append(b, 0, 0, 0, 1, 35<<1, 1, 0x50)
	}
	return append(b, 0, 0, 0, 1, 9, 0xf0)
}

func (e *eye) end(b []byte) []byte {
	if e.codec == sfu.H265 {
		return e.delimit(append(b, 0, 0, 0, 1, 36<<1, 1))
	}
	return e.delimit(append(b, 0, 0, 0, 1, 10))
}

func (e *eye) close() { _ = e.child.Close() }
