package s3blob

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"sightline/internal/blob"
)

// slowest is the rate, in bytes a second, below which PutFrom gives up.
const slowest = 64 << 10

// PutFrom is Put of size bytes that are read as they are sent, of any length. An
// error of r is a failure of the whole.
func (s *Store) PutFrom(ctx context.Context, name string, r io.Reader, size int64) error {
	if err := blob.CheckName(name); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout+time.Duration(size/slowest)*time.Second)
	defer cancel()
	_, err := s.client.PutObject(ctx, s.cfg.Bucket, s.cfg.Prefix+name, r, size,
		minio.PutObjectOptions{ContentType: "application/octet-stream", DisableMultipart: true})
	return away(err)
}

// ReadAt reads len(p) bytes of an object from off on, fewer with io.EOF where it
// ends, and says how long it is. fault.NotFound when there is none.
func (s *Store) ReadAt(ctx context.Context, name string, p []byte, off int64) (n int, size int64, err error) {
	if err := blob.CheckName(name); err != nil || len(p) == 0 {
		return 0, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	opts := minio.GetObjectOptions{}
	if err := opts.SetRange(off, off+int64(len(p))-1); err != nil {
		return 0, 0, err
	}
	body, _, head, err := (&minio.Core{Client: s.client}).GetObject(ctx, s.cfg.Bucket, s.cfg.Prefix+name, opts)
	if minio.ToErrorResponse(err).StatusCode == http.StatusRequestedRangeNotSatisfiable {
		return 0, 0, io.EOF
	}
	if err != nil {
		return 0, 0, away(err)
	}
	defer func() { _ = body.Close() }()
	if _, text, ok := strings.Cut(head.Get("Content-Range"), "/"); ok {
		size, _ = strconv.ParseInt(text, 10, 64)
	}
	n, err = io.ReadFull(body, p)
	if err == io.ErrUnexpectedEOF || err == io.EOF { //nolint:errorlint // ReadFull returns them as they are
		if off+int64(n) < size {
			return n, size, away(io.ErrUnexpectedEOF) // the connection broke
		}
		return n, size, io.EOF
	}
	return n, size, away(err)
}
