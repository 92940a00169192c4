package intake

import (
	"errors"
	"io"
	"time"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // so that no charset of a text part stops the pictures behind it

	"sightline/internal/fault"
)

// Bounds of a mail's structure: a mail is small and flat, a bomb is not.
const (
	mailDepth = 6
	mailParts = 50
)

// pictures calls each for the JPEG files of a mail in their order, wherever they
// stand: attached, inline or as the whole body. at is the mail's date, zero when
// it has none. It stops at each's first error.
func pictures(r io.Reader, each func(data []byte, at time.Time) error) error {
	m, err := message.Read(r)
	if err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		return fault.Wrap(err, fault.Malformed, fault.CodeBadImage, "This is not a mail that can be read.")
	}
	w := walker{each: each}
	if at, err := m.Header.Text("Date"); err == nil {
		w.at = mailDate(at)
	}
	return w.walk(m, 0)
}

type walker struct {
	each  func([]byte, time.Time) error
	at    time.Time
	parts int
}

func (w *walker) walk(m *message.Entity, depth int) error {
	if w.parts++; w.parts > mailParts || depth > mailDepth {
		return fault.New(fault.Malformed, fault.CodeBadImage, "This mail has too many parts.")
	}
	multi := m.MultipartReader()
	if multi == nil {
		return w.leaf(m)
	}
	for {
		part, err := multi.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err):
			return fault.Wrap(err, fault.Malformed, fault.CodeBadImage, "The mail did not come whole.")
		}
		if err := w.walk(part, depth+1); err != nil {
			return err
		}
	}
}

// leaf looks into a part: what begins as a JPEG is one, whatever it is called.
func (w *walker) leaf(m *message.Entity) error {
	var head [4]byte
	n, err := io.ReadFull(m.Body, head[:])
	if err != nil || !isJPEG(head[:n]) {
		_, err := io.Copy(io.Discard, m.Body) // the next part stands behind it
		if err != nil {
			return fault.Wrap(err, fault.Malformed, fault.CodeBadImage, "The mail did not come whole.")
		}
		return nil
	}
	rest, err := take(m.Body)
	if err != nil {
		return err
	}
	return w.each(append(head[:], rest...), w.at)
}

// mailDate reads the Date header (RFC 5322); zero when it is none.
func mailDate(s string) time.Time {
	for _, layout := range []string{time.RFC1123Z, "Mon, 2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05 -0700", time.RFC1123} {
		if at, err := time.Parse(layout, s); err == nil {
			return at
		}
	}
	return time.Time{}
}
