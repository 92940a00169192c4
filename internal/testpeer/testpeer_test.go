package testpeer

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/pion/rtp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// packet encrypts nothing: it is what pion hands over after decryption.
func packet(ssrc uint32, seq uint16, ts uint32, marker bool, payload ...byte) []byte {
	b, err := (&rtp.Packet{Header: rtp.Header{Version: 2, SSRC: ssrc, SequenceNumber: seq, Timestamp: ts, Marker: marker, PayloadType: 96}, Payload: payload}).Marshal()
	if err != nil {
		panic(err)
	}
	return b
}

func TestCounting(t *testing.T) {
	tr := &track{mid: "0", ssrc: 1, rtx: 2, codecs: map[uint8]int{96: codecH264}}
	p := &Peer{ssrcs: map[uint32]*track{1: tr, 2: tr}, tracks: []*track{tr}}
	media, again := &counter{p: p, ssrc: 1}, &counter{p: p, ssrc: 2}
	key, delta := []byte{0x65, 1, 2}, []byte{0x41, 1, 2}
	for _, b := range [][]byte{
		packet(1, 65534, 100, true, key...), // a whole key frame
		packet(1, 65535, 200, true, delta...),
		packet(1, 2, 300, true, delta...), // 0 and 1 are missing
		packet(1, 0, 250, true, delta...), // 0 was only late
		packet(1, 3, 400, false, delta...),
		packet(1, 5, 400, true, key...), // not whole: 4 is missing
	} {
		if _, err := media.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := again.Write(packet(2, 9, 250, true, binary.BigEndian.AppendUint16(nil, 1)...)); err != nil {
		t.Fatal(err)
	}
	s := p.Stats()[0]
	if s.Packets != 6 || s.Missing != 2 || s.RTX != 1 || s.Repaired != 1 || s.Keys != 1 || s.Backwards != 0 {
		t.Errorf("%+v", s)
	}
	if s.FirstKey.IsZero() || p.LastPacket().IsZero() {
		t.Error("no times")
	}
}

func TestPortDropsKnowsOwnSocket(t *testing.T) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for tries := 1; ; tries++ { // the list may leave a socket out while others come and go
		drops, err := PortDrops()
		if err != nil {
			t.Fatal(err)
		}
		n, ok := drops[c.LocalAddr().(*net.UDPAddr).Port]
		if ok && n == 0 {
			return
		}
		if ok || tries == 20 {
			t.Fatalf("own port: %d drops, listed %v", n, ok)
		}
	}
}

func TestWHEP(t *testing.T) {
	deleted := make(chan string, 1)
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer secret":
			w.WriteHeader(http.StatusUnauthorized)
		case r.Method == http.MethodDelete:
			deleted <- r.URL.Path
		default:
			b, _ := io.ReadAll(r.Body)
			w.Header().Set("Location", "/whep/cam/42")
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write(append([]byte("answer to "), b...))
		}
	}))
	defer h.Close()
	ctx := context.Background()
	exchange, after := WHEP(h.Client(), h.URL+"/whep/cam", "secret")
	if err := after(ctx); err == nil {
		t.Error("deleted what was never made")
	}
	answer, err := exchange(ctx, "offer")
	if err != nil || answer != "answer to offer" {
		t.Fatalf("%q, %v", answer, err)
	}
	if err := after(ctx); err != nil {
		t.Fatal(err)
	}
	if at := <-deleted; at != "/whep/cam/42" {
		t.Errorf("deleted %s", at)
	}
	exchange, _ = WHEP(h.Client(), h.URL+"/whep/cam", "")
	if _, err := exchange(ctx, "offer"); err == nil {
		t.Error("a refusal is no error")
	}
}

// A refused offer leaves nothing behind (the goroutine check sees it).
func TestJoinRefused(t *testing.T) {
	no := errors.New("no")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := Join(ctx, Config{Video: 6, Audio: true, H265: true, Exchange: func(context.Context, string) (string, error) { return "", no }})
	if !errors.Is(err, no) {
		t.Errorf("error %v", err)
	}
}

// What a stopped machine takes is not the product's time; what the product takes is.
func TestPauses(t *testing.T) {
	w := NewPauses()
	defer w.Close()
	began := time.Now()
	w.mu.Lock() // as a machine that stands still
	time.Sleep(300 * time.Millisecond)
	w.mu.Unlock()
	if d := w.In(began, time.Now()); d < 250*time.Millisecond {
		t.Errorf("of 300 ms %v were noticed", d)
	}
	if d := w.In(began.Add(-time.Hour), began.Add(-time.Minute)); d != 0 {
		t.Errorf("%v before it began", d)
	}
	began = time.Now()
	for time.Since(began) < 100*time.Millisecond { // busy is not still
		time.Sleep(time.Millisecond)
	}
	if d, all := w.Took(began), time.Since(began); d > all || d < 0 {
		t.Errorf("%v of %v", d, all)
	}
}
