package s3blob

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"sightline/internal/blob"
	"sightline/internal/blob/blobtest"
	"sightline/internal/fault"
	"sightline/internal/secret"
)

// service answers S3's protocol over a real socket.
func service(t *testing.T, bucket string) (*httptest.Server, Config) {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(srv.Close)
	return srv, Config{Endpoint: strings.TrimPrefix(srv.URL, "http://"), Plain: true, Region: "us-east-1", Bucket: bucket,
		Prefix: "pictures/", AccessKey: "key", SecretKey: secret.New("not-a-secret"), Timeout: 30 * time.Second}
}

func open(t *testing.T, cfg Config) *Store {
	t.Helper()
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestSuite(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store {
		_, cfg := service(t, "images")
		return open(t, cfg)
	})
}

func TestAMissingBucketIsToldAtTheStart(t *testing.T) {
	_, cfg := service(t, "images")
	cfg.Bucket = "other"
	if _, err := Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), `"other"`) {
		t.Errorf("%v", err)
	}
}

func TestAServiceThatIsAway(t *testing.T) {
	srv, cfg := service(t, "images")
	s := open(t, cfg)
	if err := s.Put(t.Context(), "ab/1", []byte("x")); err != nil {
		t.Fatal(err)
	}
	srv.CloseClientConnections()
	srv.Close()
	if err := s.Put(t.Context(), "ab/2", []byte("x")); !fault.Is(err, fault.Unavailable) {
		t.Errorf("put: %v", err)
	}
	if _, err := s.Get(t.Context(), "ab/1"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("get: %v", err)
	}
}
