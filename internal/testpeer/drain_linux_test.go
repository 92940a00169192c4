package testpeer

import (
	"context"
	"net"
	"testing"
	"time"
)

// A light viewer counts RTP by its clear header, with the gap, and leaves
// everything else to be read.
func TestDrain(t *testing.T) {
	d, err := NewDrain()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	tr := &track{mid: "0", ssrc: 1, rtx: 2, codecs: map[uint8]int{96: codecH264}}
	p := &Peer{ssrcs: map[uint32]*track{1: tr, 2: tr}, tracks: []*track{tr}, closed: make(chan struct{})}
	sock, err := d.listen(&net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}, p)
	if err != nil {
		t.Fatal(err)
	}
	from, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	sealed := make([]byte, 16)
	before := time.Now()
	for seq := range uint16(100) {
		if seq == 40 || seq == 41 {
			continue
		}
		if _, err := from.WriteTo(packet(1, seq, uint32(seq/10), seq%10 == 9, sealed...), sock.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := from.WriteTo([]byte("\x00\x01 as STUN begins"), sock.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	n, at, err := sock.ReadFrom(b)
	if err != nil || b[n-1] != 's' || at.String() != from.LocalAddr().String() {
		t.Fatalf("%q from %v, %v", b[:n], at, err)
	}
	s := p.Stats()[0]
	if s.Packets != 98 || s.Missing != 2 || s.Frames != 10 || s.Bytes != 0 {
		t.Errorf("%+v", s)
	}
	if late := s.LastPacket.Sub(before); late < 0 || late > time.Minute {
		t.Errorf("arrived %v after it was sent", late)
	}
	if _, err := sock.WriteTo([]byte("answer"), from.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	if n, _, err := from.ReadFrom(b); err != nil || string(b[:n]) != "answer" {
		t.Errorf("%q, %v", b[:n], err)
	}
	if err := sock.Close(); err != nil {
		t.Error(err)
	}
	if _, _, err := sock.ReadFrom(b); err == nil {
		t.Error("reads after close")
	}
}

// What is refused leaves no socket in the drain.
func TestDrainRefused(t *testing.T) {
	d, err := NewDrain()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err = Join(ctx, Config{Drain: d, TWCC: true, Exchange: func(context.Context, string) (string, error) { return "", context.Canceled }})
	if err == nil {
		t.Error("joined nothing")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.socks) != 0 {
		t.Errorf("%d sockets are left", len(d.socks))
	}
}
