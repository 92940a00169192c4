package gallery

import (
	"context"
	"time"
)

// Room is how much room there is for the bytes of images, for the administrator.
type Room struct {
	Kind    string `json:"kind"`           // disk, s3
	State   string `json:"state"`          // ok, disk_full (nothing new is kept), disk_failed (it does not answer); of s3 always ok: it is not asked
	Free    *int64 `json:"free,omitempty"` // bytes of the file system; none of s3
	Reserve int64  `json:"reserve"`        // bytes that stay free
}

// roomWait is how long a file system may take to say how much room it has.
const roomWait = 2 * time.Second

// roomAsk is one question to the file system of images; free and ok are there
// when done is closed.
type roomAsk struct {
	done chan struct{}
	free int64
	ok   bool
}

// Room asks the file system of images. One question is open at a time: who asks
// meanwhile waits for it too, so one that hangs holds one goroutine.
func (g *Gallery) Room(ctx context.Context) Room {
	out := Room{Kind: g.cfg.Blobs.Kind(), State: "ok", Reserve: g.cfg.Reserve}
	if out.Kind != "disk" {
		return out
	}
	q := g.askRoom(context.WithoutCancel(ctx))
	late := time.NewTimer(roomWait)
	defer late.Stop()
	select {
	case <-q.done:
	case <-late.C:
	case <-ctx.Done():
	}
	select {
	case <-q.done: // it may have come with the end of the wait
	default:
		out.State = "disk_failed"
		return out
	}
	switch {
	case !q.ok:
		out.State = "disk_failed"
		return out
	case q.free < g.cfg.Reserve:
		out.State = "disk_full"
	}
	out.Free = &q.free
	return out
}

func (g *Gallery) askRoom(ctx context.Context) *roomAsk {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.asked != nil {
		return g.asked
	}
	q := &roomAsk{done: make(chan struct{})}
	g.asked = q
	go func() {
		q.free, q.ok = g.cfg.Blobs.Free(ctx)
		g.mu.Lock()
		g.asked = nil
		g.mu.Unlock()
		close(q.done)
	}()
	return q
}
