package ingest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"sightline/internal/clock"
	"sightline/sfu"
)

// This file, unpack.go and sdp.go are the only ones that know gortsplib. What v4 leaves open is closed
// here: redirects are pinned to the host and port given (threat T13), SETUP
// answers cannot name another address for UDP (finding 10), bytes before PLAY
// are bounded (F3), and a media is set up with one format only.
//
// Login: of what a camera offers, Digest with SHA-256 is taken before Digest
// with MD5 before Basic, so Basic goes over the wire only where nothing else is
// offered. Over plain rtsp that is as weak as the camera; we still connect,
// since many cameras know nothing else.

const maxRedirects = 3

// rtspSource is a source over one gortsplib client.
type rtspSource struct {
	c      *gortsplib.Client
	wire   *meter
	medias []*description.Media
	tracks []track
	base   *base.URL
	lim    limits

	window  atomic.Int64 // second the bytes below belong to
	bytes   atomic.Int64
	flooded atomic.Bool

	closing   chan struct{}
	closeOnce sync.Once
	closed    chan struct{}
}

// rtspDial connects, asks what the camera offers and returns; ctx bounds the
// whole conversation up to the answer to PLAY.
func rtspDial(ctx context.Context, g *Guard, t target, lim limits) (source, bool, error) {
	addr, err := parseURL(t.url)
	if err != nil {
		return nil, true, &attemptError{class: classDenied, err: err}
	}
	vetted, precise, err := g.vet(ctx, addr.host, addr.port)
	if err != nil {
		return nil, precise, network(err, false)
	}
	s := &rtspSource{lim: lim, closing: make(chan struct{}), closed: make(chan struct{})}
	d := &dialogue{guard: g, addr: addr, vetted: vetted, limit: lim.handshake, user: t.user}
	transport := gortsplib.TransportTCP
	if t.udp {
		transport = gortsplib.TransportUDP
	}
	s.c = &gortsplib.Client{
		Scheme: addr.scheme, Host: addr.hostPort(),
		UserAgent: "Sightline", Transport: &transport,
		ReadTimeout: 10 * time.Second, WriteTimeout: 3 * time.Second,
		TLSConfig:   tlsConfig(addr.host, t.fingerprint, d),
		DialContext: d.dial, ListenPacket: listenPacket, OnResponse: d.response,
		OnTransportSwitch: func(error) {},
		OnPacketsLost:     func(uint64) {}, // counted by the depacketizer
		OnDecodeError:     func(error) {},
	}
	u := &base.URL{Scheme: addr.scheme, Host: addr.hostPort()}
	full, err := url.Parse(addr.String())
	if err != nil {
		return nil, precise, &attemptError{class: classDenied, err: badURL("The address is not a URL.")}
	}
	u = (*base.URL)(full)
	if t.user != "" {
		u.User = url.UserPassword(t.user, t.password.Reveal())
	}
	if err := s.c.Start2(); err != nil {
		return nil, precise, network(err, false)
	}
	go s.reap()
	stop := context.AfterFunc(ctx, s.Close)
	desc, _, err := s.c.Describe(u)
	if err != nil {
		err = d.sort(ctx, err)
	} else if !stop() { // ctx ended just now
		err = &attemptError{class: classTimeout, err: context.Cause(ctx)}
	}
	if err != nil {
		stop()
		s.Close()
		return nil, precise, err
	}
	s.wire, s.base = d.wire(), desc.BaseURL
	s.read(desc)
	return &playing{rtspSource: s, d: d, ctx: ctx}, precise, nil
}

// playing is an rtspSource whose PLAY is still bounded by the handshake's ctx.
type playing struct {
	*rtspSource
	d   *dialogue
	ctx context.Context
}

// Play implements source.
func (s *playing) Play(choice []int, recv func(track int, p packet)) error {
	stop := context.AfterFunc(s.ctx, s.Close)
	defer stop()
	if err := pinned(s.base, s.d.addr); err != nil {
		return err
	}
	for _, i := range choice {
		if _, err := s.c.Setup(s.base, s.medias[i], 0, 0); err != nil {
			return s.d.sort(s.ctx, err)
		}
	}
	for _, i := range choice {
		m := s.medias[i]
		said := &reports{rate: int64(m.Formats[0].ClockRate())}
		s.c.OnPacketRTCP(m, func(p rtcp.Packet) {
			if sr, ok := p.(*rtcp.SenderReport); ok {
				said.report(sr.NTPTime, sr.RTPTime, time.Now())
			}
		})
		s.c.OnPacketRTP(m, m.Formats[0], func(p *rtp.Packet) {
			now := clock.Mono()
			if s.flood(now, len(p.Payload)) {
				return
			}
			k := packet{Seq: p.SequenceNumber, TS: p.Timestamp, Marker: p.Marker, Payload: p.Payload, Mono: now}
			if p.Marker {
				k.Own = said.of(p.Timestamp, time.Now())
			}
			recv(i, k)
		})
	}
	if s.wire != nil {
		s.wire.free(s.lim.bytesPerSecond)
	}
	if _, err := s.c.Play(nil); err != nil {
		return s.d.sort(s.ctx, err)
	}
	return nil
}

// pinned refuses a base URL (Content-Base of the answer) on another host: the
// login would be sent with requests for it, over the same connection only, but
// it is what the camera was told to be.
func pinned(u *base.URL, a address) error {
	if u == nil || u.Scheme != a.scheme && u.Scheme != "rtsp" {
		return &attemptError{class: classRedirect}
	}
	return nil
}

// Tracks implements source.
func (s *rtspSource) Tracks() []track { return s.tracks }

// Remote implements source.
func (s *rtspSource) Remote() netip.AddrPort {
	if s.wire == nil {
		return netip.AddrPort{}
	}
	ap, _ := netip.ParseAddrPort(s.wire.RemoteAddr().String())
	return ap
}

// Wait implements source.
func (s *rtspSource) Wait() error {
	<-s.closed
	if s.flooded.Load() || s.wire != nil && s.wire.over.Load() {
		return &attemptError{class: classFlood}
	}
	err := s.c.Wait()
	var tcp liberrors.ErrClientTCPTimeout
	var udp liberrors.ErrClientUDPTimeout
	if errors.As(err, &tcp) || errors.As(err, &udp) {
		return &attemptError{class: classSilent, play: true, err: err}
	}
	return network(err, true)
}

// Close implements source.
func (s *rtspSource) Close() {
	s.closeOnce.Do(func() { close(s.closing) })
	<-s.closed
}

// reap ends the client when Close asks or the client ends by itself.
func (s *rtspSource) reap() {
	defer close(s.closed)
	ended := make(chan struct{})
	go func() {
		_ = s.c.Wait()
		close(ended)
	}()
	select {
	case <-s.closing:
		s.c.Close()
	case <-ended:
	}
	<-ended
}

// flood counts bytes per second; too many end the source.
func (s *rtspSource) flood(now int64, n int) bool {
	if s.flooded.Load() {
		return true
	}
	win := now / int64(2*time.Second)
	if s.window.Swap(win) != win {
		s.bytes.Store(0)
	}
	if s.bytes.Add(int64(n)) > 2*s.lim.bytesPerSecond {
		s.flooded.Store(true)
		s.closeOnce.Do(func() { close(s.closing) }) // not Close: we are on the reader's goroutine
		return true
	}
	return false
}

// read keeps of the description what may be set up: one format a media, no
// back channels.
func (s *rtspSource) read(desc *description.Session) {
	for _, m := range desc.Medias {
		if m.IsBackChannel || len(s.medias) >= maxMedias {
			continue
		}
		var best track
		var chosen format.Format
		for _, f := range m.Formats {
			t := trackOf(m, f)
			if chosen == nil || best.Codec == "" && (t.Codec != "" || best.Raw == nil && t.Raw != nil) {
				best, chosen = t, f
			}
		}
		if chosen == nil {
			continue
		}
		one := *m
		one.Formats = []format.Format{&steady{Format: chosen}}
		s.medias = append(s.medias, &one)
		s.tracks = append(s.tracks, best)
	}
}

// steady is a format whose packets all have one source. The library throws away
// what comes after a camera has changed its SSRC, and asks the format about each
// packet just before: that is where the number is put right.
type steady struct {
	format.Format
	ssrc  uint32
	begun bool
}

// PTSEqualsDTS implements format.Format. It is called on the reader's goroutine.
func (f *steady) PTSEqualsDTS(p *rtp.Packet) bool {
	if !f.begun {
		f.ssrc, f.begun = p.SSRC, true
	}
	p.SSRC = f.ssrc
	return f.Format.PTSEqualsDTS(p)
}

func trackOf(m *description.Media, f format.Format) track {
	t := track{Name: f.Codec(), Rate: f.ClockRate(), Channels: 1}
	switch m.Type {
	case description.MediaTypeVideo:
		t.Kind = sfu.Video
	case description.MediaTypeAudio:
		t.Kind = sfu.Audio
	default:
		t.Kind, t.Name = 255, string(m.Type) // metadata: neither
	}
	switch f := f.(type) {
	case *format.H264:
		sps, pps := f.SafeParams()
		t.Codec, t.Sets = sfu.H264, sets(sps, pps)
	case *format.H265:
		vps, sps, pps := f.SafeParams()
		t.Codec, t.Sets = sfu.H265, sets(vps, sps, pps)
	case *format.G711:
		if f.SampleRate == 8000 && f.ChannelCount == 1 {
			t.Codec = sfu.PCMA
			if f.MULaw {
				t.Codec = sfu.PCMU
			}
		}
	case *format.G722:
		t.Codec, t.Rate = sfu.G722, 8000 // RFC 3551: its clock is 8 kHz by mistake, for ever
	case *format.Opus:
		t.Codec, t.Rate, t.Channels = sfu.Opus, 48000, 2
	}
	if t.Codec == "" && t.Kind <= sfu.Audio {
		t.Raw = rawOf(f)
	}
	if t.Name == "Generic" {
		t.Name = "an unknown format"
	}
	return t
}

func sets(in ...[]byte) [][]byte {
	var out [][]byte
	for _, b := range in {
		if len(b) > 0 {
			out = append(out, b)
		}
	}
	return out
}

// dialogue watches the conversation up to PLAY.
type dialogue struct {
	guard  *Guard
	addr   address
	vetted []netip.AddrPort
	limit  int64
	user   string

	mu        sync.Mutex
	conn      *meter
	redirects int
	failure   *attemptError // what the hooks saw; more precise than the library's error
	leaf      string        // fingerprint of the certificate shown
	answers   int           // answers in RTSP
}

func (d *dialogue) wire() *meter {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.conn
}

func (d *dialogue) fail(e *attemptError) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failure == nil {
		d.failure = e
	}
	return e
}

// dial is the library's way to the network: only to the vetted addresses of the
// host and port that were given.
func (d *dialogue) dial(ctx context.Context, _, hostPort string) (net.Conn, error) {
	if hostPort != d.addr.hostPort() {
		return nil, d.fail(&attemptError{class: classRedirect})
	}
	c, err := d.guard.dial(ctx, d.vetted)
	if err != nil {
		e := network(err, false)
		if e.class == classTimeout { // nobody answered the first packet
			e = &attemptError{class: classNoRoute, err: err}
		}
		return nil, d.fail(e)
	}
	m := newMeter(unannounced(c), d.limit)
	d.mu.Lock()
	d.conn = m
	d.mu.Unlock()
	return m, nil
}

// response sees each answer before the library acts on it.
func (d *dialogue) response(res *base.Response) {
	d.mu.Lock()
	d.answers++
	d.mu.Unlock()
	if bytes.HasPrefix(res.Body, []byte("v=0")) {
		res.Body = tidySDP(res.Body)
		res.Header["Content-Type"] = base.HeaderValue{"application/sdp"}
	}
	if th, ok := res.Header["Transport"]; ok {
		res.Header["Transport"] = withoutAddresses(th)
	}
	if res.StatusCode >= base.StatusMovedPermanently && res.StatusCode <= base.StatusUseProxy {
		d.mu.Lock()
		d.redirects++
		n := d.redirects
		d.mu.Unlock()
		if n > maxRedirects || !d.sameHost(res.Header["Location"]) {
			delete(res.Header, "Location")
			_ = d.fail(&attemptError{class: classRedirect, status: int(res.StatusCode)})
		}
	}
}

// sameHost reports whether a redirect stays on the scheme, host and port given.
func (d *dialogue) sameHost(loc base.HeaderValue) bool {
	if len(loc) != 1 {
		return false
	}
	u, err := url.Parse(loc[0])
	if err != nil {
		return false
	}
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	a, err := parseURL(u.String())
	return err == nil && a.scheme == d.addr.scheme && a.hostPort() == d.addr.hostPort()
}

// withoutAddresses removes source= and destination= from a Transport header, so
// that packets go to and come from the address that was dialled and no other.
func withoutAddresses(h base.HeaderValue) base.HeaderValue {
	out := make(base.HeaderValue, len(h))
	for i, v := range h {
		parts := strings.Split(v, ";")
		keep := parts[:0]
		for _, p := range parts {
			k, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(p)), "=")
			if k = strings.TrimSpace(k); k != "source" && k != "destination" {
				keep = append(keep, p)
			}
		}
		out[i] = strings.Join(keep, ";")
	}
	return out
}

// sort turns an error of the conversation into an attemptError.
func (d *dialogue) sort(ctx context.Context, err error) error {
	d.mu.Lock()
	failure, leaf, conn, answers := d.failure, d.leaf, d.conn, d.answers
	d.mu.Unlock()
	if failure != nil {
		return failure
	}
	if conn != nil && conn.over.Load() {
		return &attemptError{class: classNotCamera, err: errors.New("too many bytes before the first picture")}
	}
	var status liberrors.ErrClientBadStatusCode
	var auth liberrors.ErrClientAuthSetup
	var slow liberrors.ErrClientRequestTimedOut
	var wantsTCP liberrors.ErrClientServerRequestedTCP
	var wantsUDP liberrors.ErrClientServerRequestedUDP
	switch {
	case ctx.Err() != nil, errors.As(err, &slow):
		if answers == 0 && conn != nil && conn.any.Load() {
			return &attemptError{class: classNotCamera, err: err} // it talks, but not RTSP
		}
		return &attemptError{class: classTimeout, err: err}
	case errors.As(err, &status):
		return d.status(int(status.Code), err)
	case errors.As(err, &auth):
		return &attemptError{class: classLogin, detail: "The camera asks for a kind of login that is not known.", err: err}
	case errors.As(err, &wantsTCP), errors.As(err, &wantsUDP):
		return &attemptError{class: classTransport, err: err}
	}
	e := network(err, false)
	if e.class == classTLS {
		e.detail = leaf
	}
	return e
}

func (d *dialogue) status(code int, err error) *attemptError {
	switch code {
	case 401, 403, 407:
		e := &attemptError{class: classLogin, status: code, err: err}
		if d.user == "" {
			e.detail = "The camera asks for a user name and a password."
		}
		return e
	case 461:
		return &attemptError{class: classTransport, status: code, err: err}
	case 400, 501, 505:
		return &attemptError{class: classNotCamera, status: code, err: err}
	}
	return &attemptError{class: classPath, status: code, err: err}
}

// tlsConfig trusts the system's roots, or exactly the pinned certificate. Each
// client gets its own: the library writes into it.
func tlsConfig(host, pin string, d *dialogue) *tls.Config {
	pin = strings.ToLower(strings.NewReplacer(":", "", " ", "", "-", "").Replace(pin))
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // VerifyConnection does it, and keeps the fingerprint to show
		VerifyConnection: func(cs tls.ConnectionState) error {
			leaf := cs.PeerCertificates[0]
			sum := sha256.Sum256(leaf.Raw)
			have := hex.EncodeToString(sum[:])
			d.mu.Lock()
			d.leaf = have
			d.mu.Unlock()
			if pin != "" {
				if pin == have {
					return nil
				}
				return d.fail(&attemptError{class: classTLS, detail: have})
			}
			rest := x509.NewCertPool()
			for _, c := range cs.PeerCertificates[1:] {
				rest.AddCert(c)
			}
			if _, err := leaf.Verify(x509.VerifyOptions{DNSName: host, Intermediates: rest}); err != nil {
				return d.fail(&attemptError{class: classTLS, detail: have, err: err})
			}
			return nil
		},
	}
}

// listenPacket opens a UDP socket with a buffer for one large key frame.
func listenPacket(network, address string) (net.PacketConn, error) {
	pc, err := net.ListenPacket(network, address)
	if err != nil {
		return nil, err
	}
	if u, ok := pc.(*net.UDPConn); ok {
		_ = u.SetReadBuffer(2 << 20) // as much as the system gives
	}
	return pc, nil
}
