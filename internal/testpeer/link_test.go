package testpeer_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"sightline/internal/testpeer"
)

// echo answers every datagram.
func echo(t *testing.T) string {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 2048)
		for {
			n, from, err := c.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			_, _ = c.WriteToUDPAddrPort(b[:n], from)
		}
	}()
	t.Cleanup(func() { _ = c.Close(); <-done })
	return c.LocalAddr().String()
}

// A link delays, limits and drops as told, in order.
func TestLink(t *testing.T) {
	l, err := testpeer.NewLink("127.0.0.1:0", echo(t), testpeer.Shape{Bits: 1_000_000, Queue: 20_000, Delay: 30 * time.Millisecond}, testpeer.Shape{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(l.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	began := time.Now()
	for i := range 60 { // 60 kB into a queue of 20
		b := make([]byte, 972)
		b[0] = byte(i)
		if _, err := c.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	_ = c.SetReadDeadline(time.Now().Add(2 * time.Second))
	b := make([]byte, 2048)
	got, last := 0, -1
	for {
		if _, err := c.Read(b); err != nil {
			break
		}
		if got == 0 && time.Since(began) < 30*time.Millisecond {
			t.Error("the first packet came before its delay")
		}
		if int(b[0]) <= last {
			t.Errorf("packet %d after %d", b[0], last)
		}
		last = int(b[0])
		if got++; got == 20 && time.Since(began) < 150*time.Millisecond {
			t.Errorf("20 kB after %v over 1 Mbit/s", time.Since(began))
		}
		_ = c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	}
	if s := l.Down(); got < 19 || got > 30 || s.Overflowed != uint64(60-got) {
		t.Errorf("%d packets came, %+v", got, s)
	}
}

func TestLinkRewritesCandidates(t *testing.T) {
	l, err := testpeer.NewLink("127.0.0.1:0", "127.0.0.1:9", testpeer.Shape{}, testpeer.Shape{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := l.Rewrite("v=0\r\na=candidate:u0 1 udp 1 192.0.2.1 8189 typ host\r\na=candidate:u1 1 udp 1 192.0.2.2 8189 typ host\r\na=candidate:t0 1 tcp 1 192.0.2.1 8189 typ host tcptype passive\r\na=mid:0\r\n")
	if strings.Contains(s, "192.0.2") || strings.Count(s, "a=candidate") != 1 || !strings.Contains(s, l.Addr().Addr().String()) {
		t.Errorf("%q", s)
	}
}
