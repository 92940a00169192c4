package measure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/fasthttp/websocket"

	"sightline/internal/testpeer"
)

// Wall is a viewing session as a browser holds one: a peer connection with one
// tile a camera, and the socket.
type Wall struct {
	ID   string
	Peer *testpeer.Peer

	c      *Client
	prefix string
	ws     *websocket.Conn
	mu     sync.Mutex
	heard  map[string]time.Time // first arrival of a message by "type" or "type:state:reason"
	state  map[int]string       // newest of each cell
	closed chan struct{}
}

type tile struct {
	Cell   int    `json:"cell"`
	Camera string `json:"camera,omitempty"`
	Px     int    `json:"px"`
	Focus  bool   `json:"focus"`
	State  string `json:"state,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// OpenWall opens a viewing session with one tile a camera. prefix is "/api/v1"
// for an account, "/g/<link>" for a guest. cfg.Exchange is filled in.
func OpenWall(ctx context.Context, c *Client, prefix string, cameras []string, px int, cfg testpeer.Config) (*Wall, error) {
	w := &Wall{c: c, prefix: prefix, heard: map[string]time.Time{}, state: map[int]string{}, closed: make(chan struct{})}
	tiles := make([]tile, len(cameras))
	for i, id := range cameras {
		tiles[i] = tile{Cell: i, Camera: id, Px: px}
	}
	cfg.Video = len(cameras)
	cfg.Exchange = func(ctx context.Context, offer string) (string, error) {
		var out struct{ ID, SDP string }
		in := map[string]any{"sdp": offer, "version": 1, "tiles": tiles}
		if err := c.Do(ctx, "POST", prefix+"/viewing", in, &out); err != nil {
			return "", fmt.Errorf("viewing: %w", err)
		}
		w.ID = out.ID
		return out.SDP, nil
	}
	var err error
	if w.Peer, err = testpeer.Join(ctx, cfg); err != nil {
		return nil, err
	}
	err = again(ctx, func() (err error) {
		w.ws, err = c.Socket(ctx, prefix+"/socket")
		return err
	})
	if err != nil {
		w.Peer.Close()
		return nil, err
	}
	if err := w.Say(map[string]any{"type": "hello", "viewing": w.ID}); err != nil {
		w.Peer.Close()
		w.ws.Close()
		return nil, err
	}
	go w.read()
	return w, nil
}

// Say sends one message over the socket.
func (w *Wall) Say(v any) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ws.SetWriteDeadline(time.Now().Add(30 * time.Second))
	return w.ws.WriteJSON(v)
}

func (w *Wall) read() {
	defer close(w.closed)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		t := time.NewTicker(5 * time.Second)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				w.Say(map[string]any{"type": "ping", "t": time.Now().UnixMilli()})
			case <-stop:
				return
			}
		}
	}()
	for {
		_, b, err := w.ws.ReadMessage()
		now := time.Now()
		if err != nil {
			w.mu.Lock()
			if ce := (*websocket.CloseError)(nil); errors.As(err, &ce) {
				w.note(fmt.Sprintf("close:%d", ce.Code), now)
			}
			w.mu.Unlock()
			return
		}
		var m struct {
			Type  string
			Tiles []tile
			tile
		}
		if json.Unmarshal(b, &m) != nil {
			continue
		}
		w.mu.Lock()
		w.note(m.Type, now)
		if m.Type == "tile" {
			w.note("tile:"+m.State+":"+m.Reason, now)
			w.state[m.Cell] = m.State
		}
		for _, t := range m.Tiles {
			w.note("tile:"+t.State+":"+t.Reason, now)
			w.state[t.Cell] = t.State
		}
		w.mu.Unlock()
	}
}

func (w *Wall) note(key string, at time.Time) {
	if _, ok := w.heard[key]; !ok {
		w.heard[key] = at
	}
}

// Heard returns when a message was first heard: "link_removed",
// "tile:ended:revoked", "close:4501" …; zero when it was not.
func (w *Wall) Heard(key string) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.heard[key]
}

// State is what the server last said of a cell, "" before its first word.
func (w *Wall) State(cell int) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state[cell]
}

// LastPacket is the newest arrival on any tile, on this process's clock.
func (w *Wall) LastPacket() time.Time {
	var last time.Time
	for _, s := range w.Peer.Stats() {
		if s.LastPacket.After(last) {
			last = s.LastPacket
		}
	}
	return last
}

// Playing reports whether every tile has had its first key frame.
func (w *Wall) Playing() bool {
	for _, s := range w.Peer.Stats() {
		if s.FirstKey.IsZero() {
			return false
		}
	}
	return true
}

// Close leaves without a goodbye to the server, as a closed browser does.
func (w *Wall) Close() {
	w.ws.Close()
	<-w.closed
	w.Peer.Close()
}
