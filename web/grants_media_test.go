package web

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"sightline/internal/testcam"
	"sightline/internal/testpeer"
)

// shifted is a clock that goes as the machine's does, from another instant, until
// it is told to stand.
type shifted struct {
	by   atomic.Int64
	held atomic.Pointer[time.Time]
}

func shiftedTo(t time.Time) *shifted {
	s := &shifted{}
	s.by.Store(int64(time.Until(t)))
	return s
}

func (s *shifted) Now() time.Time {
	if at := s.held.Load(); at != nil {
		return *at
	}
	return time.Now().Add(time.Duration(s.by.Load()))
}

// jump sets it forward.
func (s *shifted) jump(d time.Duration) {
	s.by.Add(int64(d))
	if at := s.held.Load(); at != nil {
		next := at.Add(d)
		s.held.Store(&next)
	}
}

// stand holds it at an instant for good; from then on it only jumps.
func (s *shifted) stand(at time.Time) { s.held.Store(&at) }

// until is when it says t, while it goes.
func (s *shifted) until(t time.Time) (at time.Time) { return time.Now().Add(t.Sub(s.Now())) }

// screen is one tile of an account's wall: a real peer and a real socket.
type screen struct {
	h    *harness
	t    *testing.T
	peer *testpeer.Peer
	conn *websocket.Conn

	mu    sync.Mutex // of writes too
	state string
	why   string
	mid   string
	at    time.Time // when the state came

	visitIs, visitWhy string // of a guest
	visitAt           time.Time
	changed           map[string]int // "changed" messages, by what
}

// heard is how often the page was told that something has changed.
func (s *screen) heard(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed[what]
}

// visit is what a guest's page was told last of his visit.
func (s *screen) visit() (state, why string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.visitIs, s.visitWhy, s.visitAt
}

// watch opens a viewing session on a camera, as a page does.
func (h *harness) watch(t *testing.T, c *caller, cam string) *screen {
	t.Helper()
	return h.watchAt(t, "/api/v1", c, cam)
}

// watchAt is watch under another address than an account's.
func (h *harness) watchAt(t *testing.T, at string, c *caller, cam string) *screen {
	t.Helper()
	s := &screen{h: h, t: t}
	var id string
	var err error
	s.peer, err = testpeer.Join(t.Context(), testpeer.Config{Video: 2, Audio: true, Exchange: func(_ context.Context, offer string) (string, error) {
		res := h.do("POST", at+"/viewing", map[string]any{"sdp": offer, "version": 1, "tiles": []row{{"cell": 0, "camera": cam, "px": 320, "focus": false}}}, c)
		if res.StatusCode != 201 {
			return "", fmt.Errorf("%s", res.body)
		}
		id = res.field("id")
		return res.field("sdp"), nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.peer.Close)
	s.conn, _, err = h.dial(at+"/socket", c, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.say(row{"type": "hello", "viewing": id})
	done := make(chan struct{})
	go s.listen(done)
	stop := make(chan struct{})
	go func() {
		tick := time.NewTicker(3 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				s.say(row{"type": "ping", "t": 1})
			case <-stop:
				return
			}
		}
	}()
	t.Cleanup(func() { close(stop); _ = s.conn.Close(); <-done })
	return s
}

func (s *screen) say(v any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.conn.WriteJSON(v)
}

type tileOf struct {
	Type, State, Reason, Mid string
	What                     string
	Cell                     int
	Next                     *time.Time
	Tiles                    []tileOf
}

func (s *screen) listen(done chan struct{}) {
	defer close(done)
	for {
		_, text, err := s.conn.ReadMessage()
		if err != nil {
			return
		}
		var m tileOf
		if json.Unmarshal(text, &m) != nil {
			continue
		}
		if m.Type == "tile" {
			m.Tiles = []tileOf{m}
		}
		s.mu.Lock()
		if s.changed == nil {
			s.changed = map[string]int{}
		}
		if m.Type == "changed" {
			s.changed[m.What]++
		}
		if m.Type == "visit" {
			s.visitIs, s.visitWhy, s.visitAt = m.State, m.Reason, time.Now()
		}
		for _, tile := range m.Tiles {
			s.state, s.why, s.mid, s.at = tile.State, tile.Reason, tile.Mid, time.Now()
		}
		s.mu.Unlock()
	}
}

func (s *screen) tile() (state, why, mid string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state, s.why, s.mid, s.at
}

// plays waits for the tile to be live and for new frames on it.
func (s *screen) plays(what string) {
	s.t.Helper()
	frames := func() (n uint64) {
		_, _, mid, _ := s.tile()
		for _, st := range s.peer.Stats() {
			if st.Mid == mid {
				n = st.Frames
			}
		}
		return n
	}
	s.h.poll(what+": live", func() bool { state, _, mid, _ := s.tile(); return state == "live" && mid != "" })
	was := frames()
	s.h.poll(what+": frames", func() bool { return frames() > was+3 })
}

// ends waits for the tile to say why and for silence, and checks that both came
// soon after from, and not before it.
func (s *screen) ends(what string, from time.Time, reason string) {
	s.t.Helper()
	s.h.poll(what+": "+reason, func() bool { _, why, _, _ := s.tile(); return why == reason })
	if state, _, _, at := s.tile(); state == "live" || at.Sub(from) > soon {
		s.t.Errorf("%s: the tile is %s, told after %v", what, state, at.Sub(from))
	}
	s.silence(what, from)
}

// silence waits until nothing comes any more, whatever is told about it.
func (s *screen) silence(what string, from time.Time) {
	s.t.Helper()
	var last time.Time
	s.h.poll(what+": silence", func() bool {
		last = time.Time{}
		for _, st := range s.peer.Stats() {
			if st.LastPacket.After(last) {
				last = st.LastPacket
			}
		}
		return time.Since(last) > 700*time.Millisecond && time.Since(from) > 700*time.Millisecond
	})
	if d := last.Sub(from); d > soon || d < -3*time.Second { // frames that were late in coming are counted late
		s.t.Errorf("%s: the last packet came %v after", what, d)
	}
}

// Rows R17, R19, R22, R23, R25 and R30 on a running picture: a real camera, a
// real peer, changes over HTTP.
func TestR17_R19_R22_R23_R30_OnARunningPicture(t *testing.T) {
	noon := time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC) // a Wednesday
	clk := shiftedTo(noon.Add(-10 * time.Minute))
	h := newHarnessAt(t, clk)
	owner, bob := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby")
	clip, err := testcam.TestClip(10, 320, 180, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	real, err := testcam.New(testcam.Config{Main: clip, Sub: clip, User: "admin", Password: "geheim"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(real.Close)
	cam := h.do("POST", "/api/v1/cameras", map[string]any{"name": "Yard", "main": real.Main(), "sub": real.Sub(), "user": "admin",
		"password": "geheim", "zone": "UTC"}, owner).want(t, 201).field("id")
	tab := read[tableOf](t, h.save(owner, cam, 0, row{"account": bob.account.ID, "levels": []string{"online"}}).want(t, 200))
	g := tab.Rows[0].GrantID
	change := func(r row) time.Time {
		t.Helper()
		r["grant_id"] = g
		if r["levels"] == nil {
			r["levels"] = []string{"online"}
		}
		version := h.table(owner, cam).Version
		began := time.Now()
		h.save(owner, cam, version, r).want(t, 200)
		return began
	}

	ahead := func(of time.Time) { clk.jump(of.Add(-4 * time.Second).Sub(clk.Now())) }

	s := h.watch(t, bob, cam)
	h.poll("offer_pending", func() bool { _, why, _, _ := s.tile(); return why == "offer_pending" }) // R25
	h.do("POST", "/api/v1/offers/"+g+"/accept", nil, bob).want(t, 204)
	s.plays("after accepting")
	h.poll("the owner to be told that he is being watched", func() bool { return h.table(owner, cam).Rows[0].Watching })

	s.ends("Online removed", change(row{"levels": []string{"archive"}}), "level_missing")
	if h.table(owner, cam).Rows[0].Watching {
		t.Error("the owner is told of somebody who is not watching")
	}
	change(row{})
	s.plays("Online again, without an answer")

	began := time.Now()
	h.do("POST", "/api/v1/offers/"+g+"/reject", nil, bob).want(t, 204)
	s.ends("left", began, "offer_rejected")
	h.do("POST", "/api/v1/offers/"+g+"/accept", nil, bob).want(t, 204)
	s.plays("accepted again")

	until := clk.Now().Add(time.Minute).UTC()
	change(row{"until": until})
	s.plays("until it ends")
	ahead(until)
	s.ends("active until", clk.until(until), "expired")
	change(row{"until": clk.Now().Add(24 * time.Hour).UTC()})
	s.plays("extended, without an answer")

	// 10:00 to 12:00 and from 12:15 on.
	change(row{"schedule": row{"intervals": []row{{"day": 3, "from": 600, "to": 720}, {"day": 3, "from": 735, "to": 900}}}})
	s.plays("in its hours")
	ahead(noon)
	s.ends("the end of its hours", clk.until(noon), "outside_schedule")
	seen := read[struct {
		Access struct {
			Reason string
			Next   *time.Time
		}
	}](t, h.do("GET", "/api/v1/cameras/"+cam, nil, bob).want(t, 200))
	if seen.Access.Reason != "outside_schedule" || seen.Access.Next == nil || !seen.Access.Next.Equal(noon.Add(15*time.Minute)) {
		t.Errorf("%+v", seen)
	}
	// No clock of a machine jumps by a quarter of an hour: the change makes the
	// tile look at it. The start itself comes without anything.
	start := noon.Add(15 * time.Minute)
	ahead(start)
	change(row{"schedule": row{"intervals": []row{{"day": 3, "from": 735, "to": 900}}}})
	if state, why, _, _ := s.tile(); clk.Now().Before(start) && (state == "live" || why != "outside_schedule") {
		t.Errorf("before the next start it is %s %s", state, why)
	}
	s.plays("by itself at the next start")
	if _, _, _, at := s.tile(); at.Before(clk.until(start)) {
		t.Error("it plays before its next start")
	}

	version := h.table(owner, cam).Version
	began = time.Now()
	h.save(owner, cam, version).want(t, 200)
	s.ends("deleted", began, "revoked")
	hidden := string(h.do("GET", "/api/v1/nothing", nil, bob).body)
	if res := h.do("GET", "/api/v1/cameras/"+cam, nil, bob); res.StatusCode != 404 || string(res.body) != hidden {
		t.Errorf("%d %s", res.StatusCode, res.body)
	}
}
