package ingest

import (
	"bufio"
	"fmt"
	"net"
	"net/textproto"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sightline/internal/testcam"
	"sightline/internal/testpeer"
)

// F1: a camera whose connections are reset again and again costs nothing that stays.
func TestResetsLeaveNothingBehind(t *testing.T) { resets(t, 30) }

// resets resets the camera's connections n times.
func resets(t *testing.T, n int) {
	cam := newCam(t, testcam.Config{Main: short(t)})
	f := newFleet(t, quick)
	f.Set(sourceOf("a", cam))
	st, _ := f.Streams("a")
	k := take(t, st.Video[Main])
	waitStatus(t, f, "a", Main, Live, 15*time.Second)
	is, still := follow(t, f, "a", Main), pauses(t)
	before := runtime.NumGoroutine()
	worst, told := time.Duration(0), time.Duration(0)
	for i := range n {
		n, cut := k.count(), time.Now()
		cam.Kill()
		is.next(t, Reconnecting, 15*time.Second)
		told = max(told, still.Took(cut))
		began := time.Now()
		is.next(t, Live, 15*time.Second)
		eventually(t, 5*time.Second, "a frame", func() bool { return k.count() > n })
		d := still.Took(began)
		worst = max(worst, d)
		if d > 20*time.Second {
			t.Fatalf("reset %d: back after %v", i, d)
		}
	}
	if told > 15*time.Second {
		t.Errorf("an outage was told after %v", told)
	}
	eventually(t, 3*time.Second, "goroutines as before", func() bool { return runtime.NumGoroutine() <= before+5 })
	t.Logf("%d resets: told within %v, back within %v, %d goroutines before and %d after", n, told, worst, before, runtime.NumGoroutine())
}

// F2: the camera's machine vanishes without a word; the pull notices by itself.
func TestHalfOpenConnectionIsNoticed(t *testing.T) {
	t.Parallel()
	cam := newCam(t, testcam.Config{Main: short(t)})
	hole, err := newHole(cam.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer hole.close()
	f := newFleet(t, Timing{}) // the default waits
	f.Set(Source{ID: "a", Main: "rtsp://" + hole.addr() + "/main", Enabled: true})
	waitStatus(t, f, "a", Main, Live, 15*time.Second)
	is := follow(t, f, "a", Main)
	hole.swallow.Store(true)
	began := time.Now()
	is.next(t, Reconnecting, 15*time.Second)
	if d := time.Since(began); d > 30*time.Second {
		t.Errorf("noticed after %v", d)
	}
	hole.swallow.Store(false)
	waitStatus(t, f, "a", Main, Live, 15*time.Second)
}

// hole is a relay that can swallow everything.
type hole struct {
	ln      net.Listener
	swallow atomic.Bool
}

func newHole(to string) (*hole, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h := &hole{ln: ln}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			d, err := net.Dial("tcp", to)
			if err != nil {
				c.Close()
				continue
			}
			for _, p := range [][2]net.Conn{{c, d}, {d, c}} {
				go func() {
					defer p[0].Close()
					defer p[1].Close()
					b := make([]byte, 16<<10)
					for {
						n, err := p[0].Read(b)
						if err != nil {
							return
						}
						if !h.swallow.Load() {
							if _, err := p[1].Write(b[:n]); err != nil {
								return
							}
						}
					}
				}()
			}
		}
	}()
	return h, nil
}

func (h *hole) addr() string { return h.ln.Addr().String() }
func (h *hole) close()       { h.ln.Close() }

// Finding 10: an answer to SETUP that names another machine for UDP does not
// make us send there.
func TestSetupCannotNameAnotherMachine(t *testing.T) {
	t.Parallel()
	victim, err := net.ListenPacket("udp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	defer victim.Close()
	port := victim.LocalAddr().(*net.UDPAddr).Port
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	played := make(chan struct{}, 1)
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		r := bufio.NewReader(c)
		tp := textproto.NewReader(r)
		for {
			line, err := tp.ReadLine()
			if err != nil {
				return
			}
			h, err := tp.ReadMIMEHeader()
			if err != nil {
				return
			}
			cseq := h.Get("Cseq")
			switch method, _, _ := strings.Cut(line, " "); method {
			case "DESCRIBE":
				sdp := "v=0\r\no=- 0 0 IN IP4 127.0.0.2\r\ns=x\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:trackID=0\r\n"
				fmt.Fprintf(c, "RTSP/1.0 200 OK\r\nCSeq: %s\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", cseq, len(sdp), sdp)
			case "SETUP":
				fmt.Fprintf(c, "RTSP/1.0 200 OK\r\nCSeq: %s\r\nSession: 1\r\nTransport: %s;source=127.0.0.2;destination=127.0.0.2;server_port=%d-%d\r\n\r\n", cseq, h.Get("Transport"), port, port+1)
			case "PLAY":
				fmt.Fprintf(c, "RTSP/1.0 200 OK\r\nCSeq: %s\r\nSession: 1\r\n\r\n", cseq)
				played <- struct{}{}
			default:
				fmt.Fprintf(c, "RTSP/1.0 200 OK\r\nCSeq: %s\r\nPublic: DESCRIBE, SETUP, PLAY\r\n\r\n", cseq)
			}
		}
	}()
	f := newFleet(t, quick)
	f.Set(Source{ID: "a", Main: "rtsp://" + ln.Addr().String() + "/x", Transport: "udp", Enabled: true})
	select {
	case <-played:
	case <-time.After(30 * time.Second):
		t.Fatal("PLAY was not reached")
	}
	victim.SetReadDeadline(time.Now().Add(300 * time.Millisecond)) // hole punching comes before PLAY
	if n, from, err := victim.ReadFrom(make([]byte, 1500)); err == nil {
		t.Fatalf("%d bytes from %v reached the machine the camera named", n, from)
	}
}

func TestEverythingCloses(t *testing.T) {
	c := short(t)
	cam := newCam(t, testcam.Config{Main: c, Sub: c})
	silent := newCam(t, testcam.Config{Fault: testcam.Silent})
	before := runtime.NumGoroutine()
	f := New(Config{Guard: loopGuard(), Timing: quick})
	var ks []*taken
	for i := range 5 {
		id := fmt.Sprint(i)
		f.Set(Source{ID: id, Main: cam.Main(), Sub: cam.Sub(), Enabled: true})
		st, _ := f.Streams(id)
		k := &taken{}
		st.Video[Sub].AddSink(k)
		ks = append(ks, k)
	}
	f.Set(Source{ID: "s", Main: silent.Main(), Enabled: true})
	waitStatus(t, f, "0", Sub, Live, 15*time.Second)
	release := f.Hold("0", Main)
	began, still := time.Now(), testpeer.NewPauses()
	f.Close()
	release()
	f.Set(Source{ID: "late", Main: cam.Main(), Enabled: true})
	f.Remove("0")
	f.TryNow("0")
	if d := still.Took(began); d > 20*time.Second {
		t.Errorf("closing took %v", d)
	}
	still.Close()
	for _, k := range ks {
		if !k.ended() {
			t.Error("a sink was not told")
		}
	}
	eventually(t, 3*time.Second, "goroutines gone", func() bool { return runtime.NumGoroutine() <= before })
}
