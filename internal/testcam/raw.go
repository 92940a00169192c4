package testcam

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
)

// RawConfig of a Raw camera.
type RawConfig struct {
	SDP  string                   // answer to DESCRIBE; SDPOf makes a good one
	Play func(w *Wire)            // called once for each PLAY; returns when w is done
	Mute func(method string) bool // true: the request is not answered; may be nil
}

// Raw is a camera that speaks RTSP over TCP and sends exactly what it is told
// to: it keeps no rules of RTP. Safe for concurrent use.
type Raw struct {
	cfg  RawConfig
	ln   net.Listener
	wg   sync.WaitGroup
	quit chan struct{}
	mu   sync.Mutex
	all  map[net.Conn]struct{}

	plays      atomic.Int64
	keepalives atomic.Int64
}

// NewRaw starts a camera on a free loopback port.
func NewRaw(cfg RawConfig) (*Raw, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Raw{cfg: cfg, ln: ln, quit: make(chan struct{}), all: map[net.Conn]struct{}{}}
	r.wg.Go(r.accept)
	return r, nil
}

// URL of the only layer.
func (r *Raw) URL() string { return "rtsp://" + r.ln.Addr().String() + "/main" }

// Plays is the number of PLAY requests so far.
func (r *Raw) Plays() int { return int(r.plays.Load()) }

// Keepalives is the number of requests after PLAY so far.
func (r *Raw) Keepalives() int { return int(r.keepalives.Load()) }

// Kill drops all connections.
func (r *Raw) Kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.all {
		c.Close()
	}
}

// Close ends the camera and waits.
func (r *Raw) Close() {
	close(r.quit)
	r.ln.Close()
	r.Kill()
	r.wg.Wait()
}

func (r *Raw) accept() {
	for {
		c, err := r.ln.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		r.all[c] = struct{}{}
		r.mu.Unlock()
		r.wg.Go(func() {
			r.serve(c)
			c.Close()
			r.mu.Lock()
			delete(r.all, c)
			r.mu.Unlock()
		})
	}
}

func (r *Raw) serve(c net.Conn) {
	w := &Wire{c: c, quit: r.quit, gone: make(chan struct{})}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(w.gone)
	br := bufio.NewReader(c)
	played := false
	for {
		b, err := br.Peek(4)
		if err != nil {
			return
		}
		if b[0] == '$' { // RTCP of the reader
			if _, err := br.Discard(4 + int(binary.BigEndian.Uint16(b[2:]))); err != nil {
				return
			}
			continue
		}
		tp := textproto.NewReader(br)
		line, err := tp.ReadLine()
		if err != nil {
			return
		}
		h, err := tp.ReadMIMEHeader()
		if err != nil {
			return
		}
		if n, _ := strconv.Atoi(h.Get("Content-Length")); n > 0 {
			if _, err := io.CopyN(io.Discard, br, int64(n)); err != nil {
				return
			}
		}
		method, _, _ := strings.Cut(line, " ")
		if played {
			r.keepalives.Add(1)
		}
		if r.cfg.Mute != nil && r.cfg.Mute(method) {
			continue
		}
		extra, body := "", ""
		switch method {
		case "DESCRIBE":
			extra, body = "Content-Type: application/sdp\r\n", r.cfg.SDP
		case "SETUP":
			extra = "Transport: " + h.Get("Transport") + "\r\n"
		case "OPTIONS":
			extra = "Public: DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN\r\n"
		}
		if method != "OPTIONS" && method != "DESCRIBE" {
			extra += "Session: 1;timeout=60\r\n"
		}
		if body != "" {
			extra += fmt.Sprintf("Content-Length: %d\r\n", len(body))
		}
		if w.write([]byte("RTSP/1.0 200 OK\r\nCSeq: "+h.Get("Cseq")+"\r\n"+extra+"\r\n"+body)) != nil {
			return
		}
		if method == "PLAY" && !played {
			played = true
			r.plays.Add(1)
			wg.Go(func() { r.cfg.Play(w) })
		}
	}
}

// Wire is one connection of a Raw camera.
type Wire struct {
	c    net.Conn
	quit chan struct{}
	gone chan struct{}
	mu   sync.Mutex
}

func (w *Wire) write(b []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := w.c.Write(b)
	return err
}

// Send sends one RTP packet on the channel of the first media.
func (w *Wire) Send(p *rtp.Packet) error {
	b, err := p.Marshal()
	if err != nil {
		return err
	}
	return w.Bytes(b)
}

// Bytes sends any bytes in place of an RTP packet; at most 65,535.
func (w *Wire) Bytes(b []byte) error {
	if len(b) > 65535 {
		return fmt.Errorf("a packet of %d bytes", len(b))
	}
	f := make([]byte, 4, 4+len(b))
	f[0] = '$'
	binary.BigEndian.PutUint16(f[2:], uint16(len(b)))
	return w.write(append(f, b...))
}

// Wait waits, and reports whether the connection still stands.
func (w *Wire) Wait(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-w.gone:
	case <-w.quit:
	}
	return false
}

// SDPOf is a good description of a clip's video; more is put behind the
// parameters of the format, such as ";packetization-mode=0".
func SDPOf(c *Clip, more string) string {
	name, sets := "H264", ""
	b64 := base64.StdEncoding.EncodeToString
	if c.Codec == H265 {
		name = "H265"
		sets = "sprop-vps=" + b64(c.VPS) + ";sprop-sps=" + b64(c.SPS) + ";sprop-pps=" + b64(c.PPS)
	} else {
		sets = "sprop-parameter-sets=" + b64(c.SPS) + "," + b64(c.PPS)
	}
	return "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\n" +
		"m=video 0 RTP/AVP 96\r\na=rtpmap:96 " + name + "/90000\r\na=fmtp:96 " + sets + more + "\r\na=control:trackID=0\r\n"
}
