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
	type arrival struct {
		n  int
		at time.Duration // since began
	}
	came := make(chan arrival, 60)
	began := time.Now()
	go func() { // until c is closed
		defer close(came)
		for b := make([]byte, 2048); ; {
			if _, err := c.Read(b); err != nil {
				return
			}
			came <- arrival{int(b[0]), time.Since(began)}
		}
	}()
	for i := range 60 { // 60 kB into a queue of 20
		b := make([]byte, 972)
		b[0] = byte(i)
		if _, err := c.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	// However slow this machine is: what is dropped is dropped by then.
	var s testpeer.LinkStats
	var dropped time.Duration
	for end := began.Add(30 * time.Second); s.Passed+s.Overflowed < 60; <-time.After(time.Millisecond) {
		if was := s.Overflowed; time.Now().After(end) {
			t.Fatalf("of 60 packets %+v", s)
		} else if s = l.Down(); s.Overflowed > was {
			dropped = time.Since(began)
		}
	}
	const each = 8 * time.Millisecond // 1000 bytes at 1 Mbit/s
	last := -1
	for i := range int(s.Passed) {
		var p arrival
		select {
		case p = <-came:
		case <-time.After(30 * time.Second):
			t.Fatalf("%d packets came of %+v", i, s)
		}
		if soonest := 30*time.Millisecond + time.Duration(i+1)*each; p.at < soonest {
			t.Errorf("packet %d came after %v, the line lets it through at %v", i+1, p.at, soonest)
		}
		if p.n <= last {
			t.Errorf("packet %d after %d", p.n, last)
		}
		last = p.n
	}
	if most := 22 + uint64(dropped/each); s.Passed < 20 || s.Passed > most {
		t.Errorf("%+v: the queue holds 20, and %v went by until it was the last time full", s, dropped)
	}
	_ = c.Close()
	for p := range came {
		t.Errorf("packet %d came in excess", p.n)
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
