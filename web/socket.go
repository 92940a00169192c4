package web

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"

	"sightline/authz"
	"sightline/controlroom"
)

const (
	socketMessage = 64 << 10        // bytes of one message of a client
	socketWrite   = 5 * time.Second // for one message to a client
	socketLinger  = time.Second     // for the client to answer a close frame
	socketStart   = 30 * time.Second
)

// sockets are the open ones of this server. The zero value is ready.
type sockets struct {
	mu     sync.Mutex
	closed bool
	all    map[*tab]struct{}
	gone   sync.WaitGroup
}

// tab is the transport's half of one tab's socket. What is said on it is
// controlroom's.
type tab struct {
	conn    *websocket.Conn
	sock    *controlroom.Socket
	cancel  context.CancelFunc // ends the writer's wait
	restart atomic.Bool        // the server closes
	closing atomic.Bool        // a close frame was sent; what still arrives is dropped
}

func (l *sockets) add(t *tab) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	if l.all == nil {
		l.all = map[*tab]struct{}{}
	}
	l.all[t] = struct{}{}
	l.gone.Add(1)
	return true
}

func (l *sockets) remove(t *tab) {
	l.mu.Lock()
	delete(l.all, t)
	l.mu.Unlock()
	l.gone.Done()
}

// close ends every socket with 4000; new ones are refused.
func (l *sockets) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for t := range l.all {
		t.restart.Store(true)
		t.cancel()
	}
}

// wait returns when all sockets are gone; after socketLinger their connections are cut.
func (l *sockets) wait() {
	cut := time.AfterFunc(2*socketLinger, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		for t := range l.all {
			_ = t.conn.Close()
		}
	})
	defer cut.Stop()
	l.gone.Wait()
}

var errUpgrade = fiberError(fiber.ErrUpgradeRequired)

// openSocket upgrades to the one socket of a tab. The Origin must be exactly
// ours (threat T18); only a client with a bearer token may have none.
func openSocket(r *request) error {
	own := r.origins()
	if r.rt.who == account && r.hasBearer() {
		own = append(own, "")
	}
	if !websocket.IsWebSocketUpgrade(r.c) {
		return errUpgrade
	}
	if !isOneOf(string(r.c.Request().Header.Peek("Origin")), own) {
		return errCrossSite
	}
	sock, err := r.s.cfg.Room.Connect(r.ctx, r.subject)
	if err != nil {
		return err
	}
	// A client that goes away during the upgrade never reaches the handler.
	lost := time.AfterFunc(socketStart, sock.Close)
	s, kind := r.s, "account"
	if r.subject.Kind == authz.GuestSubject {
		kind = "guest"
	}
	upgrade := websocket.New(func(conn *websocket.Conn) {
		if lost.Stop() {
			s.runSocket(conn, sock, kind)
		}
	}, websocket.Config{
		Origins:           own,
		HandshakeTimeout:  5 * time.Second,
		ReadBufferSize:    4 << 10,
		WriteBufferSize:   4 << 10,
		EnableCompression: false, // threat T29
		RecoverHandler: func(*websocket.Conn) {
			if v := recover(); v != nil {
				s.log.Error("socket panicked", "panic", v, "stack", string(debug.Stack()))
			}
		},
	})
	if err := upgrade(r.c); err != nil {
		lost.Stop()
		sock.Close()
		return err
	}
	return nil
}

// runSocket pumps one socket until either side ends it. The reader is this
// goroutine; the writer is a second one that has ended when this returns.
func (s *Server) runSocket(conn *websocket.Conn, sock *controlroom.Socket, kind string) {
	defer sock.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	t := &tab{conn: conn, sock: sock, cancel: cancel}
	if !s.sockets.add(t) {
		s.closeSocket(t, controlroom.CloseRestart, "restart")
		return
	}
	defer s.sockets.remove(t)
	gauge := s.metrics.sockets.WithLabelValues(kind)
	gauge.Inc()
	defer gauge.Dec()

	written := make(chan struct{})
	go func() {
		defer close(written)
		defer func() {
			if v := recover(); v != nil {
				s.log.Error("socket writer panicked", "panic", v, "stack", string(debug.Stack()))
				_ = conn.Close()
			}
		}()
		s.writeSocket(ctx, t)
	}()
	defer func() {
		cancel()
		_ = conn.Close()
		<-written
	}()
	s.readSocket(ctx, t)
}

// readSocket hands messages on until the connection ends. After a close frame
// of ours it only waits for the client's.
func (s *Server) readSocket(ctx context.Context, t *tab) {
	t.conn.SetReadLimit(1 << 20)
	for {
		_ = t.conn.SetReadDeadline(time.Now().Add(s.cfg.SocketIdle))
		if t.closing.Load() {
			_ = t.conn.SetReadDeadline(time.Now().Add(socketLinger))
		}
		kind, text, err := readMessage(t.conn)
		switch {
		case err != nil:
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() && !t.closing.Load() {
				s.closeSocket(t, controlroom.CloseNoPing, "no message for too long")
			}
			return
		case t.closing.Load():
		case kind != websocket.TextMessage:
			s.closeSocket(t, controlroom.CloseProtocol, "text messages only")
		case len(text) > socketMessage:
			s.closeSocket(t, controlroom.CloseProtocol, "message too large")
		default:
			t.sock.Receive(ctx, text)
		}
	}
}

// readMessage reads one message, of which at most one byte over the limit is kept.
func readMessage(conn *websocket.Conn) (kind int, text []byte, err error) {
	kind, rd, err := conn.NextReader()
	if err != nil {
		return 0, nil, err
	}
	text, err = io.ReadAll(io.LimitReader(rd, socketMessage+1))
	return kind, text, err
}

// writeSocket sends what controlroom has to say, and a close frame when that,
// or the server, ends. The reader closes the connection.
func (s *Server) writeSocket(ctx context.Context, t *tab) {
	for {
		text, ok := t.sock.Next(ctx)
		if !ok {
			break
		}
		if t.closing.Load() {
			continue
		}
		_ = t.conn.SetWriteDeadline(time.Now().Add(socketWrite))
		if err := t.conn.WriteMessage(websocket.TextMessage, text); err != nil {
			_ = t.conn.Close() // wakes the reader
			return
		}
	}
	// The queue may end a moment before Done says so.
	select {
	case <-t.sock.Done():
	case <-ctx.Done():
	}
	select {
	case <-t.sock.Done():
		if code, text := t.sock.Code(); code != 0 {
			s.closeSocket(t, code, text)
		}
	default:
		if t.restart.Load() {
			s.closeSocket(t, controlroom.CloseRestart, "restart")
		}
	}
}

// closeSocket sends the close frame, once, and gives the client a moment to answer it.
func (s *Server) closeSocket(t *tab, code int, text string) {
	if t.closing.Swap(true) {
		return
	}
	s.metrics.closes.WithLabelValues(strconv.Itoa(code)).Inc()
	if len(text) > 100 {
		text = text[:100]
	}
	_ = t.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, text), time.Now().Add(socketWrite))
	_ = t.conn.SetReadDeadline(time.Now().Add(socketLinger))
}
