package controlroom

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/fault"
)

func TestNoSocketFor30sClosesButWHEPStays(t *testing.T) {
	tr := fakeRoom(t, "c0")
	s, p, _ := tr.open(t, olena, cameraTiles("c0")...)
	w, _, err := tr.begin(t.Context(), olena, "auto", "offer", 0, cameraTiles("c0"), Client{})
	if err != nil {
		t.Fatal(err)
	}
	sock := tr.connect(t, olena)
	sock.say(t, `{"type":"hello","viewing":"`+s.id+`"}`)
	tr.clock.Advance(10 * time.Minute)
	tr.tick(0)
	if s.ending() != nil {
		t.Fatal("closed under a socket")
	}
	sock.Close()
	tr.clock.Advance(29 * time.Second)
	tr.tick(0)
	if s.ending() != nil {
		t.Fatal("closed too early")
	}
	// A new socket takes it over with one whole snapshot.
	sock = tr.connect(t, olena)
	sock.say(t, `{"type":"hello","viewing":"`+s.id+`","seq":1}`)
	m := sock.wait(t, "tiles")
	if tiles := m["tiles"].([]any); len(tiles) != 1 || tiles[0].(map[string]any)["state"] != StateLive || m["seq"] == nil {
		t.Fatalf("snapshot %v", m)
	}
	sock.Close()
	tr.clock.Advance(30 * time.Second)
	tr.tick(0)
	<-s.done
	if !p.closed {
		t.Fatal("the peer is still there")
	}
	if w.ending() != nil {
		t.Fatal("a player of others needs no socket")
	}
}

func TestF21_ClientThatNeverReadsIsClosed(t *testing.T) {
	tr := fakeRoom(t, "c0", "c1")
	s, _, _ := tr.open(t, olena, cameraTiles("c0")...)
	sock := tr.connect(t, olena)
	sock.say(t, `{"type":"hello","viewing":"`+s.id+`"}`)
	for i := range 2 * outboxMessages {
		tr.clock.Advance(100 * time.Millisecond)
		sock.Socket.Receive(t.Context(), []byte(`{"type":"ping","t":`+string('0'+rune(i%10))+`}`))
	}
	select {
	case <-sock.Done():
	case <-time.After(30 * time.Second):
		t.Fatal("still open")
	}
	if code, _ := sock.Code(); code != CloseSlow {
		t.Fatalf("code %d", code)
	}
	sock.out.mu.Lock()
	left := len(sock.out.queue)
	sock.out.mu.Unlock()
	if left != 0 {
		t.Fatalf("%d messages kept for nobody", left)
	}
	s.setTiles(2, cameraTiles("c0", "c1")) // the session is not held up by it
	eventually(t, "session goes on", func() bool { return s.at(1).State == StateLive })
}

func TestSocketProtocolErrors(t *testing.T) {
	tr := fakeRoom(t, "c0")
	for name, lines := range map[string][]string{
		"no hello":       {`{"type":"ping","t":1}`},
		"no json":        {`{"type":"hello"}`, `{"type"`},
		"two tiles":      nil,
		"unknown":        nil,
		"cell twice":     nil,
		"camera + still": nil,
		"flood":          nil,
		"too long":       {`{"type":"hello"}`, `{"type":"` + strings.Repeat("x", maxText) + `"}`},
	} {
		t.Run(name, func(t *testing.T) {
			sock := tr.connect(t, olena)
			if lines == nil {
				s, _, _ := tr.open(t, olena, cameraTiles("c0")...)
				lines = []string{`{"type":"hello","viewing":"` + s.id + `"}`}
				switch name {
				case "two tiles":
					lines = append(lines, `{"type":"tiles","version":2,"tiles":[`+strings.Repeat(`{"cell":1,"camera":"c0"},`, 16)+`{"cell":2,"camera":"c0"}]}`)
				case "unknown":
					lines = append(lines, `{"type":"party"}`)
				case "cell twice":
					lines = append(lines, `{"type":"tiles","version":2,"tiles":[{"cell":1,"camera":"c0"},{"cell":1,"camera":"c0"}]}`)
				case "camera + still":
					lines = append(lines, `{"type":"tiles","version":2,"tiles":[{"cell":1,"camera":"c0","still":1}]}`)
				case "flood":
					for range burst + 1 {
						lines = append(lines, `{"type":"input"}`)
					}
				}
			}
			for _, l := range lines {
				sock.Socket.Receive(t.Context(), []byte(l))
			}
			select {
			case <-sock.Done():
			default:
				t.Fatal("still open")
			}
			if code, text := sock.Code(); code != CloseProtocol || text == "" {
				t.Fatalf("code %d %q", code, text)
			}
		})
	}
}

func TestDrainTellsAndRefuses(t *testing.T) {
	tr := fakeRoom(t, "c0")
	s, _, _ := tr.open(t, olena, cameraTiles("c0")...)
	sock := tr.connect(t, olena)
	sock.say(t, `{"type":"hello","viewing":"`+s.id+`"}`)
	tr.Drain()
	sock.wait(t, "draining")
	_, err := tr.Open(t.Context(), olena, OpenRequest{SDP: "o", Tiles: cameraTiles("c0")})
	if !fault.Is(err, fault.Unavailable) || fault.Code(err) != "draining" {
		t.Fatalf("new session: %v", err)
	}
	if s.ending() != nil {
		t.Fatal("a running session was ended by draining")
	}
	tr.Close()
	if code, _ := sock.Code(); code != CloseRestart {
		t.Fatalf("code %d", code)
	}
	<-s.done
}

// testSocket reads what a socket is told.
type testSocket struct {
	*Socket
}

func (tr *testRoom) connect(t *testing.T, sub authz.Subject) *testSocket {
	t.Helper()
	// The watcher of records needs a real authority; the wall channel does not.
	s := &Socket{room: tr.Room, subject: sub, out: newOutbox(), done: make(chan struct{}), kick: make(chan struct{}, 1),
		cancel: func() {}, budget: budget{at: tr.clock.Now(), left: burst}, about: interest{}}
	if err := tr.sockets.add(s, 100); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return &testSocket{s}
}

func (s *testSocket) say(t *testing.T, text string) {
	t.Helper()
	s.Receive(t.Context(), []byte(text))
	select {
	case <-s.Done():
		code, why := s.Code()
		t.Fatalf("%s: closed %d %s", text, code, why)
	default:
	}
}

// wait reads until a message of the type.
func (s *testSocket) wait(t *testing.T, kind string) map[string]any {
	t.Helper()
	for {
		b, ok := s.Next(t.Context())
		if !ok {
			t.Fatalf("the socket ended without %q", kind)
		}
		var m map[string]any
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		if m["type"] == kind {
			return m
		}
	}
}
