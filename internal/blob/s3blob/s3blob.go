// Package s3blob keeps blobs in a bucket behind S3's protocol.
package s3blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"sightline/internal/blob"
	"sightline/internal/fault"
	"sightline/internal/secret"
)

// Config says where the bucket is.
type Config struct {
	Endpoint  string // host:port
	Plain     bool   // http instead of https
	Region    string // "" = asked
	Bucket    string // must exist
	Prefix    string // put before every name, "" or ending in /
	AccessKey string
	SecretKey secret.String
	Timeout   time.Duration // of one call; 0 = 10 s
}

// Store is a bucket.
type Store struct {
	client *minio.Client
	cfg    Config
	http   *http.Transport
}

// Connect makes a Store without asking anybody: whether the bucket is there the
// first call tells.
func Connect(cfg Config) (*Store, error) {
	if cfg.Timeout <= 0 {
		cfg.Timeout = 10 * time.Second
	}
	transport, err := minio.DefaultTransport(!cfg.Plain)
	if err != nil {
		return nil, err
	}
	client, err := minio.New(cfg.Endpoint, &minio.Options{
		Creds:  credentials.NewStaticV4(cfg.AccessKey, cfg.SecretKey.Reveal(), ""),
		Secure: !cfg.Plain, Region: cfg.Region, Transport: transport,
		MaxRetries: 2,
	})
	if err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	return &Store{client: client, cfg: cfg, http: transport}, nil
}

// Open connects and makes sure that the bucket is there.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	s, err := Connect(cfg)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	ok, err := s.client.BucketExists(ctx, cfg.Bucket)
	if err != nil {
		s.Close() //nolint:errcheck // it only lets connections go
		return nil, fmt.Errorf("s3: the bucket %q cannot be asked for: %w", cfg.Bucket, err)
	}
	if !ok {
		s.Close() //nolint:errcheck // as above
		return nil, fmt.Errorf("s3: there is no bucket %q", cfg.Bucket)
	}
	return s, nil
}

// Kind is "s3".
func (s *Store) Kind() string { return "s3" }

// Close lets idle connections go.
func (s *Store) Close() error {
	s.http.CloseIdleConnections()
	return nil
}

// Put sends an object; the service answers when it is durable.
func (s *Store) Put(ctx context.Context, name string, data []byte) error {
	if err := blob.CheckName(name); err != nil {
		return err
	}
	if len(data) > blob.MaxSize {
		return fault.Newf(fault.TooLarge, fault.CodeTooLarge, "A stored file is at most %d MB.", blob.MaxSize>>20)
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	_, err := s.client.PutObject(ctx, s.cfg.Bucket, s.cfg.Prefix+name, bytes.NewReader(data), int64(len(data)),
		minio.PutObjectOptions{ContentType: "application/octet-stream", DisableMultipart: true})
	return away(err)
}

// Get fetches an object.
func (s *Store) Get(ctx context.Context, name string) ([]byte, error) {
	if err := blob.CheckName(name); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	obj, err := s.client.GetObject(ctx, s.cfg.Bucket, s.cfg.Prefix+name, minio.GetObjectOptions{})
	if err != nil {
		return nil, away(err)
	}
	defer func() { _ = obj.Close() }()
	data, err := io.ReadAll(io.LimitReader(obj, blob.MaxSize+1))
	if err != nil {
		return nil, away(err)
	}
	if len(data) > blob.MaxSize {
		return nil, away(errors.New("s3: an object is larger than what is ever put"))
	}
	return data, nil
}

// Delete removes an object.
func (s *Store) Delete(ctx context.Context, name string) error {
	if err := blob.CheckName(name); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	err := s.client.RemoveObject(ctx, s.cfg.Bucket, s.cfg.Prefix+name, minio.RemoveObjectOptions{})
	if missing(err) {
		return nil
	}
	return away(err)
}

// List pages through the bucket.
func (s *Store) List(ctx context.Context, prefix string, each func(blob.Info) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for obj := range s.client.ListObjectsIter(ctx, s.cfg.Bucket, minio.ListObjectsOptions{Prefix: s.cfg.Prefix + prefix, Recursive: true}) {
		if obj.Err != nil {
			return away(obj.Err)
		}
		if !each(blob.Info{Name: obj.Key[len(s.cfg.Prefix):], Size: obj.Size, At: obj.LastModified}) {
			return nil
		}
	}
	return nil
}

// Free has no meaning for a bucket.
func (s *Store) Free(context.Context) (int64, bool) { return 0, false }

func missing(err error) bool {
	code := minio.ToErrorResponse(err).Code
	return code == minio.NoSuchKey
}

func away(err error) error {
	switch code := minio.ToErrorResponse(err).Code; {
	case err == nil:
		return nil
	case code == minio.NoSuchKey:
		return blob.NotFound()
	case code == "XMinioStorageFull" || code == "QuotaExceeded":
		return blob.Full(err)
	}
	return blob.Away(err)
}
