package s3blob

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"sightline/internal/fault"
)

func TestPartsOfAnObject(t *testing.T) {
	_, cfg := service(t, "footage")
	s := open(t, cfg)
	data := bytes.Repeat([]byte("0123456789"), 100_000)
	if err := s.PutFrom(t.Context(), "ab/1.mp4", io.MultiReader(bytes.NewReader(data[:5]), bytes.NewReader(data[5:])), int64(len(data))); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 1000)
	if n, size, err := s.ReadAt(t.Context(), "ab/1.mp4", p, 12_345); err != nil || n != 1000 || size != int64(len(data)) || !bytes.Equal(p, data[12_345:13_345]) {
		t.Errorf("%d of %d, %v", n, size, err)
	}
	if n, _, err := s.ReadAt(t.Context(), "ab/1.mp4", p, int64(len(data))-10); n != 10 || !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %d %v", n, err)
	}
	if n, _, err := s.ReadAt(t.Context(), "ab/1.mp4", p, int64(len(data))+10); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("behind the end: %d %v", n, err)
	}
	if _, _, err := s.ReadAt(t.Context(), "ab/2.mp4", p, 0); !fault.Is(err, fault.NotFound) {
		t.Errorf("none: %v", err)
	}
	broken := io.MultiReader(strings.NewReader("short"), errReader{})
	if err := s.PutFrom(t.Context(), "ab/3.mp4", broken, 100); err == nil {
		t.Error("half a file was taken")
	}
	if _, _, err := s.ReadAt(t.Context(), "ab/3.mp4", p, 0); !fault.Is(err, fault.NotFound) {
		t.Errorf("and is there: %v", err)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errors.New("the disk broke") }
