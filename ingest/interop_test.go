package ingest

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"sightline/internal/testport"
	"sightline/sfu"
)

// gstCamera starts GStreamer's RTSP server (Debian: python3-gi
// gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good
// gstreamer1.0-plugins-bad glib-networking). Where it is missing the test fails.
func gstCamera(t *testing.T, login, pem string) (url string) {
	t.Helper()
	scheme := "rtsp"
	if pem != "" {
		scheme = "rtsps"
	}
	cmd := exec.Command("/usr/bin/python3", "testdata/gstcam.py", "/cam", login, pem)
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
		t.Fatalf("GStreamer's RTSP server does not start (apt-get install python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad glib-networking): %v %s", err, said.String())
	}
	return fmt.Sprintf("%s://127.0.0.1:%s/cam", scheme, strings.TrimSpace(line))
}

func TestGStreamerAsCamera(t *testing.T) {
	t.Parallel()
	for _, login := range []string{"", "basic", "digest"} {
		url := gstCamera(t, login, "")
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
				decodes(t, sfu.H264, onlyWholeGroups(frames, transport == "udp" && f.layer("g", Main).Lost > 0)) // a busy machine loses some
				a.wait(t, 20, 15*time.Second)
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

// GStreamer behind TLS with a certificate of its own, which is pinned.
func TestGStreamerBehindTLS(t *testing.T) {
	t.Parallel()
	pem, fingerprint := ownCertificate(t)
	url := gstCamera(t, "digest", pem)
	r := Probe(t.Context(), loopGuard(), withLogin(Source{Main: url}, "viewer", "secret:1")).Main
	if r.Err == nil || r.Err.Code != CodeNotCamera || !strings.Contains(r.Err.Msg, fingerprint) {
		t.Fatalf("without a pin: %+v", r)
	}
	f := newFleet(t, Timing{})
	s := withLogin(Source{ID: "g", Main: url, Fingerprint: fingerprint, Enabled: true}, "viewer", "secret:1")
	f.Set(s)
	st, _ := f.Streams("g")
	k := take(t, st.Video[Main])
	frames := k.wait(t, 60, 20*time.Second)
	checkFrames(t, sfu.H264, frames)
	decodes(t, sfu.H264, frames)
	s.Fingerprint = strings.Repeat("ab", 32)
	f.Set(s)
	if off := waitStatus(t, f, "g", Main, Offline, 15*time.Second); !strings.Contains(off.Detail, fingerprint) {
		t.Errorf("with another pin: %+v", off)
	}
}

// ownCertificate writes a fresh certificate with its key and returns its fingerprint.
func ownCertificate(t *testing.T) (file, fingerprint string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "camera.pem")
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(der)
	return file, hex.EncodeToString(sum[:])
}

// vlcCamera publishes a stream of ffmpeg's through VLC's RTSP server, which
// speaks UDP only (Debian: vlc-bin vlc-plugin-base).
func vlcCamera(t *testing.T) (url string) {
	t.Helper()
	port, free, err := testport.Hold() // VLC does not tell which port it took
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(free)
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	home, err := os.MkdirTemp("", "vlc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	tool := ffmpegTool(t)
	from := exec.Command(tool.Path, "-hide_banner", "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc2=s=640x360:r=25",
		"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25", "-bf", "0", "-pix_fmt", "yuv420p", "-f", "mpegts", "-")
	to := exec.Command("cvlc", "-I", "dummy", "--sout-keep", "--sout", "#rtp{sdp=rtsp://"+addr+"/cam}", "-")
	to.Env = append(os.Environ(), "HOME="+home)
	if os.Getuid() == 0 { // it refuses to run as root
		if err := os.Chown(home, 65534, 65534); err != nil {
			t.Fatal(err)
		}
		to.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	var said bytes.Buffer
	to.Stderr = &said
	pipe, err := from.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	to.Stdin = pipe
	for _, c := range []*exec.Cmd{from, to} {
		if err := c.Start(); err != nil {
			t.Fatalf("apt-get install vlc-bin vlc-plugin-base: %v", err)
		}
		t.Cleanup(func() {
			c.Process.Kill()
			c.Wait()
		})
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("VLC: %s", said.String())
		}
	})
	eventually(t, 20*time.Second, "VLC listens", func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return "rtsp://" + addr + "/cam"
}

func TestVLCAsCamera(t *testing.T) {
	t.Parallel()
	url := vlcCamera(t)
	f := newFleet(t, Timing{})
	f.Set(Source{ID: "v", Main: url, Transport: "udp", Enabled: true})
	st, _ := f.Streams("v")
	k := take(t, st.Video[Main])
	frames := k.wait(t, 75, 30*time.Second)
	checkFrames(t, sfu.H264, frames)
	l := waitStatus(t, f, "v", Main, Live, 15*time.Second)
	if l.Format.Width != 640 {
		t.Errorf("format %+v", l.Format)
	}
	decodes(t, sfu.H264, onlyWholeGroups(frames, l.Lost > 0)) // a busy machine loses some
	// over TCP it refuses, and the sentence says what to do
	r := Probe(t.Context(), loopGuard(), Source{Main: url}).Main
	if r.Err == nil || !strings.Contains(r.Err.Msg, "transport") {
		t.Errorf("over TCP: %+v", r)
	}
}
