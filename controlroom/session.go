package controlroom

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"sightline/authz"
	"sightline/internal/clock"
	"sightline/sfu"
)

// sessionDeps is what all viewing sessions of a room share.
type sessionDeps struct {
	decider decider
	fleet   fleet
	names   func(camera string) string // as far as known on this node
	stills  stillCameras               // nil: there are none
	limits  Limits
	clock   clock.Clock
	log     *slog.Logger
	metrics *metrics
	budgets Budgets
	visits  VisitLog    // nil: none
	egress  *egressBook // nil: none
	owners  func(camera string) string
	guests  *guestMetrics // nil: none
}

// session is one viewing session: what one screen watches. A loop goroutine of
// its own brings what is attached in line with what is wanted; everybody else
// only notes a fact under mu and wakes the loop.
type session struct {
	sessionDeps
	id      string
	subject authz.Subject
	whep    string // "auto", "sub" or "main" for a player of others, else ""
	peer    peer   // set before ready
	ready   atomic.Bool
	allow   *allowance // nil: nothing is budgeted
	from    netip.Addr // client address of a guest

	wake   chan struct{} // capacity 1
	passed chan struct{} // closed after the loop's first pass
	said   chan struct{} // closed when the page has been told of the end
	done   chan struct{} // closed when everything has been given back

	mu        sync.Mutex
	want      []TileWant // complete list, by cell
	version   uint64
	sound     int // cell, -1 = none
	hidden    bool
	frozen    bool
	lastInput time.Time
	tried     time.Time
	recheck   bool         // something changed: ask again for what was denied
	anew      map[int]bool // cells whose client sees nothing of what is sent
	socket    *Socket
	alone     time.Time // since when there is no socket
	end       *ending   // set once
	seq       uint64
	told      map[int][]byte // cell → its last told state as JSON
	toldFor   uint64         // version told is about
	states    []TileState

	cameras atomic.Pointer[map[string]bool] // of want, for those who look from outside
	viewed  atomic.Int64                    // viewing time so far, ns
	sentMu  sync.Mutex
	sent    map[string]uint64 // bytes by mid as last counted; guarded by sentMu
	on      map[string]string // camera by mid, the last one it carried; guarded by sentMu

	tiles []*tile // loop only, one per wanted cell
	ear   *ear    // loop only: the sounding tile's sound
}

// ending is why a session ends.
type ending struct {
	reason string // a decision or media reason; "" = the client's own wish
	gone   bool   // the client is told that the session is gone and should make a new one
}

func newSession(d sessionDeps, id string, sub authz.Subject) *session {
	now := d.clock.Now()
	s := &session{
		sessionDeps: d, id: id, subject: sub, sound: -1,
		wake: make(chan struct{}, 1), passed: make(chan struct{}), said: make(chan struct{}), done: make(chan struct{}),
		lastInput: now, alone: now, told: map[int][]byte{},
	}
	s.log = d.log.With("viewing", id)
	s.cameras.Store(&map[string]bool{})
	return s
}

// poke makes the loop look again. Never blocks.
func (s *session) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// setTiles takes the client's complete list; an older version than the last is ignored.
func (s *session) setTiles(version uint64, tiles []TileWant) {
	cams := map[string]bool{}
	for _, t := range tiles {
		if t.Camera != "" {
			cams[t.Camera] = true
		}
	}
	s.mu.Lock()
	if version >= s.version {
		s.want, s.version = tiles, version
		s.cameras.Store(&cams)
	}
	s.mu.Unlock()
	s.poke()
}

// change notes a fact under the lock and wakes the loop.
func (s *session) change(f func()) {
	s.mu.Lock()
	f()
	s.mu.Unlock()
	s.poke()
}

// stop asks the loop to end; the first reason counts. It does not wait.
func (s *session) stop(e ending) {
	s.mu.Lock()
	if s.end == nil {
		s.end = &e
	}
	s.mu.Unlock()
	s.poke()
}

func (s *session) ending() *ending {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.end
}

// onPeer is told by the peer what becomes of the connection.
func (s *session) onPeer(st sfu.PeerState) {
	if st == sfu.PeerClosed {
		s.stop(ending{reason: string(sfu.ReasonStalled), gone: true})
	}
}

// run is the loop. It returns when the session has ended and given everything back.
func (s *session) run(ctx context.Context) {
	defer close(s.done)
	defer s.cleanup()
	defer func() {
		if p := recover(); p != nil {
			s.metrics.panics.Inc()
			s.log.Error("viewing session failed", "panic", p, "stack", string(debug.Stack()))
			s.stop(ending{reason: "internal", gone: true})
		}
		s.open()
	}()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for s.ending() == nil && ctx.Err() == nil {
		next := s.pass(ctx)
		s.open()
		timer.Reset(max(next, 10*time.Millisecond))
		select {
		case <-s.wake:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}

// open lets those wait no longer who wait for the first pass.
func (s *session) open() {
	select {
	case <-s.passed:
	default:
		close(s.passed)
	}
}

// cleanup gives everything back and says farewell. A panic in here is contained too:
// the peer is closed in any case.
func (s *session) cleanup() {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("viewing session failed to clean up", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	defer s.peer.Close()
	defer close(s.said)
	s.stop(ending{reason: string(sfu.ReasonDraining)}) // when ctx ended the loop
	s.hush()
	for _, t := range s.tiles {
		s.drop(t)
	}
	s.countEgress()
	e := s.ending()
	if e.reason != "" && !e.gone {
		s.tellEnd(e.reason)
	}
	s.mu.Lock()
	sock := s.socket
	s.socket = nil
	s.mu.Unlock()
	if sock != nil && e.gone {
		sock.send(serverMessage{Type: "viewing_gone", Viewing: s.id})
	}
}

// snapshot is the last told state of every wanted cell.
func (s *session) snapshot() []TileState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]TileState{}, s.states...)
}

// live reports whether a frame was forwarded in the last 4 s (spec ruling 14).
func (s *session) live(now int64) bool {
	last := s.peer.LastForwarded()
	return last != 0 && now-last < int64(4*time.Second)
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own types: cannot fail
	}
	return b
}
