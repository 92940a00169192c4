package web

import (
	"context"
	"io/fs"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"sightline/controlroom/archive"
	"sightline/ingest"
	"sightline/internal/hlstest"
	"sightline/internal/testcam"
)

// tape is what a real camera was recorded as, ten minutes before the tests began:
// the files of an archive, and the time they are of.
type tape struct {
	files    map[string][]byte // by path below the camera's folder
	from, to time.Time
}

// tapeAge is how old a tape is when it is made.
const tapeAge = 10 * time.Minute

type ago struct{ by time.Duration }

func (c ago) Now() time.Time { return time.Now().Add(-c.by) }

var oneTape = sync.OnceValues(makeTape)

func theTape(t testing.TB) tape {
	t.Helper()
	out, err := oneTape()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// makeTape records a camera with sound for some seconds, in segments of four.
func makeTape() (out tape, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	clip, err := testcam.Make(ctx, testcam.Spec{Seconds: 4, Width: 640, Height: 360, GOP: 500 * time.Millisecond, Kbits: 2000, Sound: testcam.PCMU})
	if err != nil {
		return out, err
	}
	cam, err := testcam.New(testcam.Config{Main: clip})
	if err != nil {
		return out, err
	}
	defer cam.Close()
	fleet := ingest.New(ingest.Config{Guard: ingest.NewGuard(ingest.GuardConfig{Loopback: true, OwnAddrs: func() []netip.Addr { return nil }})})
	defer fleet.Close()
	fleet.Set(ingest.Source{ID: "tape", Main: cam.Main(), Enabled: true})
	dir, err := os.MkdirTemp("", "tape")
	if err != nil {
		return out, err
	}
	defer os.RemoveAll(dir)
	a, err := archive.New(archive.Config{Sources: fleet, Disks: []archive.Disk{{Path: dir}}, Reserve: 1 << 20, Segment: 4 * time.Second, Clock: ago{tapeAge}})
	if err != nil {
		return out, err
	}
	defer a.Close()
	if err := a.SetPolicy("tape", archive.Policy{Mode: archive.ModeContinuous, Sound: true}, time.UTC); err != nil {
		return out, err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = a.Run(running) }()
	wide := archive.Span{From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour)}
	for {
		list, err := a.Segments(ctx, "tape", archive.Main, wide, 0, "")
		if err != nil || ctx.Err() != nil {
			stop()
			<-ended
			return out, err
		}
		if n := len(list); n >= 4 { // the first may be short
			out.from, out.to = list[0].From, list[n-1].To
			break
		}
		<-time.After(50 * time.Millisecond)
	}
	stop()
	<-ended
	list, err := a.Segments(ctx, "tape", archive.Main, wide, 0, "")
	if err != nil {
		return out, err
	}
	out.to = list[len(list)-1].To
	out.files = map[string][]byte{}
	root := filepath.Join(dir, "cam", "tape")
	return out, filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err == nil {
			out.files[rel], err = os.ReadFile(p)
		}
		return err
	})
}

// put lays the tape into the archive as a camera's. Nothing of it was asked for before.
func (h *harness) put(tp tape, cam string) {
	h.t.Helper()
	for rel, data := range tp.files {
		p := filepath.Join(h.srv.cfg.DataDir, "archive", "cam", cam, rel)
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			h.t.Fatal(err)
		}
		if err := os.WriteFile(p, data, 0o600); err != nil {
			h.t.Fatal(err)
		}
	}
}

// recorded is a camera with the tape.
func (h *harness) recorded(c *caller, name string) (cam string, tp tape) {
	h.t.Helper()
	tp = theTape(h.t)
	cam = h.camera(c, name)
	h.put(tp, cam)
	return cam, tp
}

func archivePath(cam, rest string) string { return "/api/v1/cameras/" + cam + "/archive/" + rest }

func moments(from, to time.Time) string {
	q := url.Values{"from": {from.Format(time.RFC3339Nano)}}
	if !to.IsZero() {
		q.Set("to", to.Format(time.RFC3339Nano))
	}
	return q.Encode()
}

// playlist asks for one and checks it.
func (h *harness) playlist(c *caller, path string) *hlstest.Playlist {
	h.t.Helper()
	res := h.do("GET", path, nil, c).want(h.t, 200)
	if got := res.Header.Get("Content-Type"); got != "application/vnd.apple.mpegurl" {
		h.t.Errorf("a playlist is of type %q", got)
	}
	p, err := hlstest.Parse(res.body)
	if err != nil {
		h.t.Fatalf("%v in\n%s", err, res.body)
	}
	return p
}

// pieceOf asks for a piece as a player does.
func (h *harness) pieceOf(c *caller, dir string, p hlstest.Piece) answer {
	h.t.Helper()
	return h.do("GET", dir+p.URI, nil, c, bytesFrom(p.Offset, p.Offset+p.Length))
}

func bytesFrom(from, to int64) func(*http.Request) {
	return header("Range", "bytes="+itoa(from)+"-"+itoa(to-1))
}
