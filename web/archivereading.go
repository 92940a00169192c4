package web

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"sightline/authz"
	"sightline/controlroom/archive"
	"sightline/internal/clock"
	"sightline/internal/fault"
)

const (
	readChunk   = 64 << 10               // bytes read and written at once
	unsentMost  = 128 << 10              // bytes of an answer that wait in the system for a slow reader
	chunkWait   = 20 * time.Second       // a reader that does not take a chunk meanwhile is gone
	standsEvery = 500 * time.Millisecond // how often what a running answer rests on is looked at, beside its lease
	drainWait   = 2 * time.Second        // running answers of a server that closes
	readsAtOnce = 48                     // of one account: a wall of 16, and then some
	listsAtOnce = 24                     // of one account: playlists, coverage and days
	readsAtAll  = 1024                   // of everybody
)

var errCut = errors.New("web: the right to what is read has ended")

// readings are the answers with footage that run.
type readings struct {
	mu      sync.Mutex
	all     int
	reads   map[string]int // by account
	lists   map[string]int
	running map[*reading]struct{}
	closed  bool

	stills stillLines
}

// enter counts one answer of an account, or says that there are too many. done is
// called once, when the answer is over.
func (s *readings) enter(account string, read bool) (done func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reads == nil {
		s.reads, s.lists, s.running = map[string]int{}, map[string]int{}, map[*reading]struct{}{}
	}
	of, most := s.lists, listsAtOnce
	if read {
		of, most = s.reads, readsAtOnce
	}
	if of[account] >= most || s.all >= readsAtAll {
		return nil, fault.New(fault.RateLimited, string(authz.ReasonRateLimited), "Too much is read at once. Wait a moment.").After(time.Second)
	}
	of[account]++
	s.all++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.all--
		if of[account]--; of[account] == 0 {
			delete(of, account)
		}
	}), nil
}

// close lets running answers go on for a moment and cuts the rest.
func (s *readings) close() {
	s.mu.Lock()
	s.closed = true
	var rest []*reading
	for r := range s.running {
		rest = append(rest, r)
	}
	s.mu.Unlock()
	for _, r := range rest {
		r.cut()
	}
}

// reading is one running answer: a body that ends when the right to it does. The
// library calls WriteTo and Close on one goroutine; cut may come from any.
type reading struct {
	s        *Server
	conn     net.Conn
	lease    *authz.Lease
	ticket   *archive.Ticket // nil: a login
	archive  Archive
	camera   string
	id       string
	from, to int64
	frags    []archive.Fragment // what is answered
	done     func()

	mu    sync.Mutex
	over  bool // the connection is not its any more
	gone  bool // cut
	watch *time.Timer
}

// leave says that nothing is answered any more, so the connection is not to be cut.
func (r *reading) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
	if r.watch != nil {
		r.watch.Stop()
	}
}

// begin puts it among the running ones.
func (r *reading) begin() {
	setUnsent(r.conn, unsentMost)
	all := &r.s.readings
	all.mu.Lock()
	all.running[r] = struct{}{}
	r.s.metrics.footage.Inc()
	closed := all.closed
	all.mu.Unlock()
	r.mu.Lock()
	r.watch = time.AfterFunc(standsEvery, r.look)
	r.mu.Unlock()
	if closed {
		r.cut()
	}
}

// look ends the answer when what it rests on has changed in a way that does not
// end its lease: bounds that were drawn closer, a ticket's login.
func (r *reading) look() {
	r.mu.Lock()
	over := r.over || r.gone
	r.mu.Unlock()
	if over {
		return
	}
	if !r.stands() || !r.s.stillStands(r) {
		r.cut()
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.over && !r.gone {
		r.watch.Reset(standsEvery)
	}
}

// stands reports whether the lease stands and still covers all that is answered.
func (r *reading) stands() bool {
	return r.lease.ValidUntil() > clock.Mono() && covered(r.lease.Decision().Footage, r.frags)
}

func (r *reading) within() (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.s.base, standsEvery)
}

// cut ends the connection at once. What the system has not sent yet is dropped.
func (r *reading) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over || r.gone {
		return
	}
	r.gone = true
	r.s.metrics.cut.Inc()
	if r.conn != nil {
		reset(r.conn)
	}
}

// WriteTo writes the answer.
func (r *reading) WriteTo(w io.Writer) (int64, error) {
	buf := make([]byte, readChunk)
	sent := int64(0)
	for at := r.from; at < r.to; {
		if !r.stands() {
			r.cut()
		}
		r.mu.Lock()
		gone := r.gone
		r.mu.Unlock()
		if gone {
			return sent, errCut
		}
		n, err := r.archive.ReadAt(r.s.base, r.camera, r.id, buf[:min(int64(len(buf)), r.to-at)], at)
		if n == 0 {
			if err == nil {
				err = io.ErrUnexpectedEOF
			}
			return sent, err
		}
		_ = r.conn.SetWriteDeadline(time.Now().Add(chunkWait))
		if n, err = w.Write(buf[:n]); err != nil {
			return sent + int64(n), err
		}
		r.s.metrics.read.Add(float64(n))
		at += int64(n)
		sent += int64(n)
	}
	return sent, nil
}

// Read is not called: the library prefers WriteTo.
func (r *reading) Read([]byte) (int, error) { return 0, errors.ErrUnsupported }

// Close ends the answer; the connection may go on with another request.
func (r *reading) Close() error {
	r.leave()
	r.lease.Release()
	all := &r.s.readings
	all.mu.Lock()
	delete(all.running, r)
	r.s.metrics.footage.Dec()
	all.mu.Unlock()
	r.done()
	return nil
}

// plainConn is the socket below what is wrapped around it.
func plainConn(c net.Conn) *net.TCPConn {
	for {
		switch w := c.(type) {
		case *net.TCPConn:
			return w
		case *tls.Conn:
			c = w.NetConn()
		case *lingerConn:
			c = w.Conn
		default:
			return nil
		}
	}
}

// reset closes a connection so that nothing more of it is sent.
func reset(c net.Conn) {
	if t := plainConn(c); t != nil {
		_ = t.SetLinger(0)
		_ = t.Close()
		return
	}
	_ = c.SetDeadline(time.Unix(1, 0))
}
