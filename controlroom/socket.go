package controlroom

import (
	"context"
	"sync"
	"time"

	"sightline/authz"
	"sightline/internal/fault"
)

// Close codes of the socket: 4000-4499 = come back with back-off, 4500-4999 = stop.
const (
	CloseRestart     = 4000
	CloseSlow        = 4001
	CloseNoPing      = 4002
	CloseLoginEnded  = 4500
	CloseLinkRemoved = 4501
	CloseProtocol    = 4502
	CloseSuspended   = 4503
)

// Socket is the server half of a tab's one socket: channels events and wall in one
// queue of at most 256 messages or 1 MB; a client that reads slower is closed with
// CloseSlow. Safe for concurrent use.
type Socket struct {
	room    *Room
	subject authz.Subject
	out     *outbox
	done    chan struct{} // closed by fail
	kick    chan struct{} // capacity 1: look at the records again
	cancel  context.CancelFunc

	mu      sync.Mutex
	hello   bool
	session *session
	code    int
	text    string
	failed  bool
	left    bool
	budget  budget
	about   interest // what the records it tells of mention
	pending interest // of about, mentioned since the last look
	missed  interest // mentioned while a look runs; nil outside
	hand    *hand    // on the camera that is steered; nil: none
}

// Connect makes the socket of one tab. The caller pumps text messages: Receive what
// arrives, write what Next yields, and closes the transport with Code when Done.
// Close must be called in any case.
func (r *Room) Connect(ctx context.Context, sub authz.Subject) (*Socket, error) {
	if sub.Session() == "" {
		return nil, fault.New(fault.Unauthenticated, fault.CodeNotSignedIn, "Sign in first.")
	}
	s := &Socket{
		room: r, subject: sub, out: newOutbox(), done: make(chan struct{}), kick: make(chan struct{}, 1),
		budget: budget{at: r.deps.clock.Now(), left: burst},
	}
	s.about = interest{}.with(sub.Account, sub.Login, sub.Token, sub.Link, sub.Visit)
	if err := r.sockets.add(s, r.cfg.Limits.Sockets); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx == nil || r.ctx.Err() != nil {
		r.sockets.remove(s)
		return nil, unavailable()
	}
	wctx, cancel := context.WithCancel(r.ctx)
	s.cancel = cancel
	r.wg.Go(func() { s.watch(wctx) })
	if r.cfg.Images != nil && s.subject.Kind == authz.AccountSubject {
		r.wg.Go(func() { s.followImages(wctx) })
	}
	return s, nil
}

// Next returns the next text message for the client, or false when the socket is
// done and all that was queued before its end has been handed out, or ctx ends.
// One reader.
func (s *Socket) Next(ctx context.Context) ([]byte, bool) { return s.out.next(ctx) }

// Done is closed when the server ends the socket; Code then says why.
func (s *Socket) Done() <-chan struct{} { return s.done }

// Code is the close code and its reason text after Done.
func (s *Socket) Code() (int, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.code, s.text
}

// Close is called by the transport when the client has gone. Idempotent. The
// viewing session lives on for a while, so that a new socket can take it over.
func (s *Socket) Close() {
	s.mu.Lock()
	left, v := s.left, s.session
	s.left, s.session = true, nil
	s.mu.Unlock()
	if left {
		return
	}
	s.letGo()
	s.cancel()
	s.out.end(true)
	s.room.sockets.remove(s)
	if v != nil {
		v.leaveSocket(s)
	}
}

// fail ends the socket from this side. It takes no lock but its own.
func (s *Socket) fail(code int, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed {
		return
	}
	s.failed, s.code, s.text = true, code, text
	s.out.end(code == CloseSlow)
	close(s.done)
}

// send queues a message; a client that does not read is given up. It may be
// called with a session's lock held.
func (s *Socket) send(m serverMessage) { s.sendText(encode(m)) }

func (s *Socket) sendText(b []byte) {
	if !s.out.put(b) {
		s.room.deps.metrics.slow.Inc()
		s.fail(CloseSlow, "too slow")
	}
}

// poke makes the socket look at the records it tells about.
func (s *Socket) poke() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// join makes the socket the session's, in place of one before, and tells everything once.
func (s *session) join(sock *Socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.socket = sock
	sock.send(s.wholeLocked())
}

// leaveSocket forgets the socket if it is still the session's.
func (s *session) leaveSocket(sock *Socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.socket == sock {
		s.socket, s.alone = nil, s.clock.Now()
	}
}

// budget bounds how many messages a client may send: a token bucket.
type budget struct {
	at   time.Time
	left float64
}

const (
	burst  = 120 // messages at once
	refill = 20  // messages a second
)

func (b *budget) take(now time.Time) bool {
	b.left = min(burst, b.left+max(0, now.Sub(b.at).Seconds())*refill)
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

// sockets are the open sockets of this node.
type sockets struct {
	mu  sync.Mutex
	all map[*Socket]bool
}

func (r *sockets) add(s *Socket, limit int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for o := range r.all {
		if o.subject.Session() == s.subject.Session() {
			n++
		}
	}
	if n >= limit {
		return fault.New(fault.Conflict, string(authz.ReasonTooManyViewers), "Too many pages are open at once. Close one.")
	}
	r.all[s] = true
	return nil
}

func (r *sockets) remove(s *Socket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.all, s)
}

func (r *sockets) list() []*Socket {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]*Socket, 0, len(r.all))
	for s := range r.all {
		out = append(out, s)
	}
	return out
}
