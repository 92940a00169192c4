package intake

import (
	"bytes"
	"context"
	"io"

	"sightline/internal/fault"
	"sightline/internal/picture"
)

// room bounds the memory of all uploads: each holds one place while its bytes
// come in. Senders beyond it are told to come again.
type room chan struct{}

// uploadsAtOnce x picture.MaxBytes is the most memory all uploads take.
const uploadsAtOnce = 8

func newRoom() room { return make(room, uploadsAtOnce) }

func (r room) enter() error {
	select {
	case r <- struct{}{}:
		return nil
	default:
		return fault.New(fault.Unavailable, fault.CodeBusy, "Too many images come in at once. Send it again in a moment.")
	}
}

func (r room) leave() { <-r }

// errLarge is a file over the limit.
func errLarge() error {
	return fault.Newf(fault.TooLarge, fault.CodeTooLarge, "A picture is at most %d MB.", picture.MaxBytes>>20)
}

// take reads one file whole, at most picture.MaxBytes.
func take(r io.Reader) ([]byte, error) {
	var b bytes.Buffer
	n, err := b.ReadFrom(io.LimitReader(r, picture.MaxBytes+1))
	switch {
	case n > picture.MaxBytes:
		return nil, errLarge()
	case err != nil:
		return nil, fault.Wrap(err, fault.Malformed, fault.CodeBadImage, "The file did not come whole.")
	}
	return b.Bytes(), nil
}

// isJPEG looks at the first bytes: names and declared types of senders lie.
func isJPEG(data []byte) bool {
	return len(data) > 3 && data[0] == 0xff && data[1] == 0xd8 && data[2] == 0xff
}

// accept hands data on and counts what came of it.
func (m *metrics) accept(ctx context.Context, to Accepter, a Arrival) (Receipt, error) {
	r, err := to.Accept(ctx, a)
	if err != nil {
		m.refused.WithLabelValues(string(a.Via), fault.Code(err)).Inc()
	}
	return r, err
}
