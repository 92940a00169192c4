package testcam

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"
	"go.uber.org/goleak"

	"sightline/internal/ffmpeg"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func small(t *testing.T) *Clip {
	t.Helper()
	c, err := TestClip(2, 320, 180, 500*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFrameNumbersSurviveEncoding(t *testing.T) {
	for _, s := range []Spec{
		{Seconds: 2, Width: 320, Height: 180, GOP: 500 * time.Millisecond},
		{Seconds: 2, Width: 640, Height: 360, GOP: time.Second},
	} {
		c, err := Make(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		checkNumbers(t, c)
	}
}

// checkNumbers decodes a clip and reads the number of every picture.
func checkNumbers(t *testing.T, c *Clip) {
	t.Helper()
	tool, err := ffmpeg.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var es bytes.Buffer
	write := func(n []byte) {
		es.Write([]byte{0, 0, 0, 1})
		es.Write(n)
	}
	for _, u := range c.Units {
		if u.Key {
			write(c.SPS)
			write(c.PPS)
		}
		for _, n := range u.NALs {
			write(n)
		}
	}
	pr, pw := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := tool.Run(t.Context(), ffmpeg.Job{In: &es, Out: pw, Args: []string{"-loglevel", "error", "-xerror", "-f", "h264", "-i", "-", "-fps_mode", "passthrough", "-pix_fmt", "yuv420p", "-f", "rawvideo", "-"}})
		pw.CloseWithError(err)
		done <- err
	}()
	frame := make([]byte, c.Width*c.Height*3/2)
	for i := range c.Units {
		if _, err := io.ReadFull(pr, frame); err != nil {
			t.Fatalf("picture %d: %v", i, err)
		}
		if n, ok := ReadNumber(frame, c.Width, c.Width, c.Height); !ok || n != i {
			t.Fatalf("picture %d of %dx%d reads %d, %v", i, c.Width, c.Height, n, ok)
		}
	}
	io.Copy(io.Discard, pr)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestNumberIsRefusedWhenItDoesNotAddUp(t *testing.T) {
	c := newCanvas(640, 360)
	drawNumber(c, 1234)
	if n, ok := ReadNumber(c.y, c.w, c.w, c.h); !ok || n != 1234 {
		t.Fatalf("%d, %v", n, ok)
	}
	x0, y0, x1, y1 := blockAt(9, c.w, c.h)
	c.gray(x0, y0, x1, y1, 235-c.y[y0*c.w+x0])
	if n, ok := ReadNumber(c.y, c.w, c.w, c.h); ok {
		t.Fatalf("%d passes with a wrong bit", n)
	}
	if _, ok := ReadNumber(make([]byte, 640*360), 640, 640, 360); ok {
		t.Fatal("a black picture has a number")
	}
}

func TestCacheEncodesOnceAndSurvivesRaces(t *testing.T) {
	dir := t.TempDir()
	built := 0
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			clips, err := cached(dir, []string{"a", "b"}, func() ([]*Clip, error) {
				mu.Lock()
				defer mu.Unlock()
				built++
				return []*Clip{{Codec: H264, Width: 1}, {Codec: H264, Width: 2}}, nil
			})
			if err != nil || len(clips) != 2 || clips[1].Width != 2 {
				t.Errorf("%v %v", clips, err)
			}
		})
	}
	wg.Wait()
	if built != 1 {
		t.Errorf("built %d times", built)
	}
	files, _ := filepath.Glob(filepath.Join(dir, ".*"))
	if len(files) != 0 {
		t.Errorf("temporary files left: %v", files)
	}
	if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("a-v%d.clip", clipVersion)), []byte("torn"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := cached(dir, []string{"a", "b"}, nil); err == nil || !strings.Contains(err.Error(), "a-v") {
		t.Errorf("a torn file is read: %v", err)
	}
}

func TestClipsNameAMissingFFmpeg(t *testing.T) {
	t.Setenv("SIGHTLINE_FFMPEG", "no-such-program")
	_, err := Clips(t.Context(), t.TempDir(), nil)
	if err == nil || !strings.Contains(err.Error(), "apt-get install ffmpeg") {
		t.Fatalf("error = %v", err)
	}
}

// client pulls a camera as any RTSP client does.
func client(t *testing.T, raw string, udp bool, on func(*rtp.Packet)) (*gortsplib.Client, *description.Session, error) {
	t.Helper()
	u, err := base.ParseURL(raw)
	if err != nil {
		t.Fatal(err)
	}
	tr := gortsplib.TransportTCP
	if udp {
		tr = gortsplib.TransportUDP
	}
	c := &gortsplib.Client{Scheme: u.Scheme, Host: u.Host, Transport: &tr, OnPacketsLost: func(uint64) {}, OnDecodeError: func(error) {}}
	if err := c.Start2(); err != nil {
		return nil, nil, err
	}
	d, _, err := c.Describe(u)
	if err == nil {
		err = c.SetupAll(d.BaseURL, d.Medias)
	}
	if err != nil {
		c.Close()
		return nil, nil, err
	}
	c.OnPacketRTPAny(func(_ *description.Media, _ format.Format, p *rtp.Packet) { on(p) })
	if _, err := c.Play(nil); err != nil {
		c.Close()
		return nil, nil, err
	}
	return c, d, nil
}

func TestManyClientsSeeTheLoopRunOn(t *testing.T) {
	cam, err := New(Config{Main: small(t), Sub: small(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer cam.Close()
	type seen struct {
		first, last uint32
		n           int
	}
	var mu sync.Mutex
	all := make([]seen, 6)
	for i := range all {
		url := cam.Main()
		if i%3 == 0 {
			url = cam.Sub()
		}
		c, _, err := client(t, url, i%2 == 0, func(p *rtp.Packet) {
			mu.Lock()
			defer mu.Unlock()
			s := &all[i]
			if s.n == 0 {
				s.first = p.Timestamp
			} else if d := int32(p.Timestamp - s.last); d != 0 && d != 3600 && !(i%2 == 0 && d > 0 && d%3600 == 0) { // UDP may lose some
				t.Errorf("client %d: timestamp steps by %d", i, d)
			}
			s.last = p.Timestamp
			s.n++
		})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	deadline := time.Now().Add(time.Minute)
	for {
		mu.Lock()
		done := true
		for _, s := range all {
			done = done && int32(s.last-s.first) > 3*90000 // past the end of the loop
		}
		mu.Unlock()
		if done {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("not all clients got three seconds")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if n := cam.Viewers(); n != 6 {
		t.Errorf("%d viewers", n)
	}
}

func TestLoginStopAndRestart(t *testing.T) {
	for _, basic := range []bool{false, true} {
		cam, err := New(Config{Main: small(t), User: "u", Password: "p", Basic: basic})
		if err != nil {
			t.Fatal(err)
		}
		defer cam.Close()
		u, err := url.Parse(cam.Main())
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := client(t, u.String(), false, func(*rtp.Packet) {}); err == nil {
			t.Fatal("played without a login")
		}
		u.User = url.UserPassword("u", "p")
		c, _, err := client(t, u.String(), false, func(*rtp.Packet) {})
		if err != nil {
			t.Fatal(err)
		}
		addr := cam.Addr()
		cam.Stop()
		c.Wait()
		c.Close()
		if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			t.Fatal("still listens after Stop")
		}
		if err := cam.Restart(); err != nil || cam.Addr() != addr {
			t.Fatalf("restart on %s: %v", cam.Addr(), err)
		}
		c, _, err = client(t, u.String(), false, func(*rtp.Packet) {})
		if err != nil {
			t.Fatal(err)
		}
		cam.Kill()
		c.Wait()
		c.Close()
	}
}

func TestServePrintsSixCameras(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	pr, pw := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := Serve(ctx, ServeConfig{Out: pw})
		pw.CloseWithError(err)
		done <- err
	}()
	var s Served
	if err := json.NewDecoder(pr).Decode(&s); err != nil {
		t.Fatal(err)
	}
	if len(s.Cameras) != 6 {
		t.Fatalf("%+v", s)
	}
	for _, c := range s.Cameras {
		for _, u := range []string{c.Main, c.Sub} {
			got := make(chan struct{}, 1)
			cl, d, err := client(t, u, false, func(*rtp.Packet) {
				select {
				case got <- struct{}{}:
				default:
				}
			})
			if err != nil {
				t.Fatalf("%s: %v", u, err)
			}
			select {
			case <-got:
			case <-time.After(30 * time.Second):
				t.Errorf("%s sends nothing", u)
			}
			if sound := len(d.Medias) == 2; sound != c.Audio {
				t.Errorf("%s: sound %v, told %v", c.Name, sound, c.Audio)
			}
			cl.Close()
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
