package notice

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"sightline/authz"
	"sightline/internal/event"
	"sightline/internal/kv"
)

// followCameras follows what cameras report until ctx ends. Its feed is apart from
// that of the control space: many movements hold back no offer.
func (b *Board) followCameras(ctx context.Context) {
	c := &event.Consumer{Store: b.cfg.Store, Space: event.CameraEvents, Name: boardConsumer, Handle: b.cameraEvent, Log: b.cfg.Log}
	if err := c.Run(ctx); err != nil && ctx.Err() == nil {
		b.cfg.Log.Error("notices of cameras have stopped", "err", err)
	}
}

// cameraEvent takes one event of a camera. A repeat of it changes nothing.
func (b *Board) cameraEvent(ctx context.Context, e event.Entry) error {
	ev, ok := e.Event.(event.CameraEvent)
	if !ok || !authz.ValidID(ev.Camera) {
		return nil
	}
	kind, ok := ofEvent(ev.Kind)
	at := time.UnixMilli(ev.At)
	if ev.At <= 0 {
		at = e.At
	}
	switch {
	case !ok:
		return nil
	case kind == CameraLost:
		return b.lost(ctx, ev.Camera, ev.ID, at)
	case kind == CameraBack:
		return b.back(ctx, ev.Camera, at)
	}
	if now, err := b.first(ctx, ev.Camera+"/"+kind, e.ID, at); err != nil || !now {
		return err
	}
	r := record{Kind: kind, At: at.UnixMilli(), Camera: ev.Camera, Text: oneLine(clip(ev.Text, textMost))}
	if kind == Storage {
		r.Text, r.Reason = "", "disk_failed"
		return b.tellOwner(ctx, e.ID, r)
	}
	if kind != Still {
		b.image(ev.Camera, ev.ID)
	}
	return b.tellAll(ctx, e.ID, r)
}

// textMost is the longest text of a hook that is told, in characters.
const textMost = 120

func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// tellAll tells everybody who may be told what a camera saw: each is decided now.
func (b *Board) tellAll(ctx context.Context, cause string, r record) error {
	accounts, err := b.cfg.Authority.Told(ctx, r.Camera)
	if err != nil {
		return err
	}
	k, _ := kindOf(r.Kind)
	for _, a := range accounts {
		to, err := b.cfg.Authority.Recipient(ctx, a, k.act, r.Camera)
		if err != nil {
			return err
		}
		if !to.May() {
			continue
		}
		if err := b.add(ctx, cause, a, r, nil); err != nil {
			return err
		}
	}
	return nil
}

// tellOwner tells a camera's owner only.
func (b *Board) tellOwner(ctx context.Context, cause string, r record) error {
	accounts, err := b.cfg.Authority.Told(ctx, r.Camera)
	if err != nil || len(accounts) == 0 {
		return err
	}
	return b.add(ctx, cause, accounts[0], r, nil)
}

// last is when something was told of a camera and kind, and of which event.
type last struct {
	V     int    `json:"v"`
	At    int64  `json:"at"` // Unix ms
	Cause string `json:"cause"`
}

// recent remembers on this node what was told last, so that a camera that is busy
// costs no read for every event. It forgets by itself what is older than Every.
type recent struct {
	mu sync.Mutex
	at map[string]int64
}

// first reports whether something may be told of what ("camera/kind") at a time:
// once in Every, on all nodes together. The event that was told may come again.
func (b *Board) first(ctx context.Context, what, cause string, at time.Time) (bool, error) {
	return b.firstIn(ctx, what, cause, at, b.cfg.Every)
}

// firstIn is first with another time than Every.
func (b *Board) firstIn(ctx context.Context, what, cause string, at time.Time, in time.Duration) (bool, error) {
	every := in.Milliseconds()
	near := func(t int64) bool { d := at.UnixMilli() - t; return d < every && d > -every }
	if t, ok := b.recent.get(what); ok && near(t) {
		if again, err := b.readLast(ctx, what); err != nil || again.Cause == cause {
			return err == nil, err
		}
		b.drops.WithLabelValues(tooSoon).Inc()
		return false, nil
	}
	for range 5 {
		snap, err := b.cfg.Store.Read(ctx, event.CameraEvents, []string{pLast + what}, nil)
		if err != nil {
			return false, err
		}
		v := snap.Values[0]
		was := parseLast(v)
		if v.Exists() && near(was.At) {
			b.recent.put(what, was.At, every)
			if was.Cause != cause {
				b.drops.WithLabelValues(tooSoon).Inc()
			}
			return was.Cause == cause, nil
		}
		_, err = b.commit(ctx, event.CameraEvents, []kv.Condition{v.Same()}, kv.Write{Key: v.Key, Data: kv.Encode(last{V: recordVersion, At: at.UnixMilli(), Cause: cause})})
		if errors.Is(err, kv.ErrConflict) {
			continue
		}
		if err == nil {
			b.recent.put(what, at.UnixMilli(), every)
		}
		return err == nil, err
	}
	return false, errors.New("notice: " + what + " is told by several nodes at once")
}

func (b *Board) readLast(ctx context.Context, what string) (last, error) {
	snap, err := b.cfg.Store.Read(ctx, event.CameraEvents, []string{pLast + what}, nil)
	if err != nil {
		return last{}, err
	}
	return parseLast(snap.Values[0]), nil
}

func parseLast(v kv.Value) last {
	l, _ := kv.Decode[last](v, recordVersion)
	return l
}

func (r *recent) get(what string) (int64, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, ok := r.at[what]
	return t, ok
}

func (r *recent) put(what string, at, every int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at == nil || len(r.at) > 10_000 {
		old := r.at
		r.at = map[string]int64{}
		for k, t := range old {
			if t > at-every {
				r.at[k] = t
			}
		}
	}
	r.at[what] = at
}

// cameraChanged forgets what was kept of a camera that is gone, and its owner's
// notices of it; those of others vanish with their access.
func (b *Board) cameraChanged(ctx context.Context, ev event.CameraChanged) error {
	if !ev.Removed || !authz.ValidID(ev.Camera) || !authz.ValidID(ev.Owner) {
		return nil
	}
	if err := b.forgetLast(ctx, ev.Camera); err != nil {
		return err
	}
	return b.dropSeen(ctx, ev.Owner, ev.Camera)
}

// forgetLast removes what was kept of a camera, or an account, that is gone.
func (b *Board) forgetLast(ctx context.Context, id string) error {
	snap, err := b.cfg.Store.Read(ctx, event.CameraEvents, []string{pLost + id}, []kv.Scan{{Prefix: pLast + id + "/", Limit: 100}})
	if err != nil {
		return err
	}
	var writes []kv.Write
	for _, v := range append(snap.Scans[0], snap.Values...) {
		if v.Exists() {
			writes = append(writes, kv.Write{Key: v.Key, Delete: true})
		}
	}
	return b.commitAll(ctx, event.CameraEvents, writes)
}

// dropSeen takes what a camera saw off an account's board, and out of what waits.
func (b *Board) dropSeen(ctx context.Context, account, camera string) error {
	seen := func(r record) bool {
		k, _ := kindOf(r.Kind)
		return k.saw && r.Camera == camera
	}
	snap, err := b.cfg.Store.Read(ctx, kv.Bulk(account), nil, []kv.Scan{{Prefix: pNotice}, {Prefix: pJob}})
	if err != nil {
		return err
	}
	var writes []kv.Write
	for _, v := range snap.Scans[0] {
		if r, err := parse(v); err == nil && seen(r) {
			writes = append(writes, kv.Write{Key: v.Key, Delete: true},
				kv.Write{Key: pUnread + strings.TrimPrefix(v.Key, pNotice), Delete: true})
		}
	}
	for _, v := range snap.Scans[1] {
		if j, err := parseJob(v); err == nil && seen(j.Record) {
			writes = append(writes, kv.Write{Key: v.Key, Delete: true})
		}
	}
	return b.write(ctx, account, writes)
}
