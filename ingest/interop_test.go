package ingest

import (
	"bufio"
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"sightline/sfu"
)

// gstCamera starts GStreamer's RTSP server (Debian: python3-gi
// gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good
// gstreamer1.0-plugins-bad). Where it is missing the test fails.
func gstCamera(t *testing.T, login string) (url string) {
	t.Helper()
	cmd := exec.Command("/usr/bin/python3", "testdata/gstcam.py", "/cam", login)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		done := make(chan struct{})
		go func() {
			cmd.Wait()
			close(done)
		}()
		select {
		case <-done:
		case <-time.After(5 * time.Second):
			cmd.Process.Kill()
			<-done
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("GStreamer's RTSP server does not start (apt-get install python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad): %v %s", err, said.String())
	}
	return fmt.Sprintf("rtsp://127.0.0.1:%s/cam", strings.TrimSpace(line))
}

func TestGStreamerAsCamera(t *testing.T) {
	t.Parallel()
	for _, login := range []string{"", "basic", "digest"} {
		url := gstCamera(t, login)
		for _, transport := range []string{"tcp", "udp"} {
			t.Run(login+" "+transport, func(t *testing.T) {
				f := newFleet(t, Timing{})
				s := Source{ID: "g", Main: url, Transport: transport, Enabled: true}
				if login != "" {
					s = withLogin(s, "viewer", "secret:1")
				}
				f.Set(s)
				st, _ := f.Streams("g")
				k, a := take(t, st.Video[Main]), take(t, st.Audio)
				frames := k.wait(t, 60, 20*time.Second)
				checkFrames(t, sfu.H264, frames)
				decodes(t, sfu.H264, frames)
				a.wait(t, 20, 5*time.Second)
				// it begins with a burst of what it had in store
				eventually(t, 15*time.Second, "size and key interval", func() bool {
					c, _ := f.State("g")
					l := c.Layers[Main]
					return l.Status == Live && l.Format.Width == 640 && l.KeyInterval > 700*time.Millisecond && l.KeyInterval < 1300*time.Millisecond
				})
			})
		}
		if login != "" {
			r := Probe(t.Context(), loopGuard(), withLogin(Source{Main: url}, "viewer", "wrong"))
			if r.Main.Err == nil || r.Main.Err.Code != CodeLogin {
				t.Errorf("wrong password with %s: %+v", login, r.Main)
			}
		}
	}
}
