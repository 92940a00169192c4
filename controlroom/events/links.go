package events

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"sightline/ingest"
	"sightline/internal/clock"
	"sightline/internal/event"
	"sightline/internal/kv"
)

// links follows cameras' connections. A camera is lost when it showed pictures
// and shows none for LostAfter, on any node; it is back when it shows some for
// BackAfter. One that nobody is to pull is neither. What was last told is in the
// store, so that a camera that died while the server was down is told of too,
// Settle after the start, and one that was lost before is told to be back.
type links struct {
	mu   sync.Mutex
	seen map[string]*link // by camera

	// Of the goroutine that watches.
	told map[string]connection // as last read
	away map[string]viewed     // what other nodes see
	said map[string]bool       // what this node told others it sees
	at   int64                 // clock.Mono of when
}

// link is a camera's connection as this node sees it.
type link struct {
	on, live bool
	since    int64 // clock.Mono, of both
	was      bool  // it was live since it is on
}

// viewed is what a node tells the others of its cameras.
type viewed struct {
	V    int      `json:"v"`
	At   int64    `json:"at"`   // Unix ms
	Live []string `json:"live"` // cameras that show pictures, sorted
}

const (
	viewEvery = 10 * time.Second
	viewFresh = 35 * time.Second
	viewGone  = 24 * time.Hour // what nodes said that are no more
)

func (e *Events) watchLinks(ctx context.Context) {
	hints := e.cfg.Store.Watch(ctx, event.CameraEvents)
	stop := e.cfg.Fleet.Watch(func(id string, s ingest.CameraState) {
		e.links.mu.Lock()
		defer e.links.mu.Unlock()
		e.links.move(id, s, clock.Mono())
	})
	defer stop()
	e.links.said = nil
	tick := time.NewTicker(min(time.Second, max(e.cfg.BackAfter/4, 10*time.Millisecond)))
	defer tick.Stop()
	asked, looked := true, int64(0)
	for {
		select {
		case <-ctx.Done():
			return
		case _, ok := <-hints:
			if !ok {
				hints = nil
			}
			asked = true
			continue
		case <-tick.C:
		}
		now := clock.Mono()
		e.refresh(now)
		if (asked && !e.cfg.Alone) || looked == 0 || now-looked > int64(walk) {
			if err := e.readLinks(ctx); err != nil {
				continue
			}
			asked, looked = false, now
		}
		if err := e.judge(ctx, now); err != nil && ctx.Err() == nil {
			e.cfg.Log.Warn("lost cameras are told of later", "err", err)
		}
		e.view(ctx, now)
	}
}

// move takes a camera's state. mu is held.
func (l *links) move(id string, s ingest.CameraState, now int64) {
	on, live := false, false
	for _, layer := range s.Layers {
		on = on || layer.Status != ingest.Idle && layer.Status != ""
		live = live || layer.Status == ingest.Live
	}
	k := l.seen[id]
	if k == nil {
		k = &link{since: now}
		l.seen[id] = k
	}
	if !on {
		k.was = false
	}
	if k.on != on || k.live != live {
		k.on, k.live, k.since = on, live, now
	}
	k.was = k.was || live
}

// refresh asks the fleet about the cameras it has: a state that lasts tells nobody.
func (e *Events) refresh(now int64) {
	e.links.mu.Lock()
	defer e.links.mu.Unlock()
	for id := range e.links.told { // those of before the start
		if e.links.seen[id] == nil {
			e.links.seen[id] = &link{since: now}
		}
	}
	for id := range e.links.seen {
		if s, ok := e.cfg.Fleet.State(id); ok {
			e.links.move(id, s, now)
		} else {
			delete(e.links.seen, id)
		}
	}
}

// readLinks reads what was last told, and what other nodes see.
func (e *Events) readLinks(ctx context.Context) error {
	told, away := map[string]connection{}, map[string]viewed{}
	var gone []kv.Write
	from := ""
	for {
		snap, err := e.read(ctx, nil, kv.Scan{Prefix: pState, From: from, Limit: page}, kv.Scan{Prefix: pNode, Limit: page})
		if err != nil {
			return err
		}
		for _, v := range snap.Scans[0] {
			if c, ok := parse[connection](v); ok {
				told[strings.TrimPrefix(v.Key, pState)] = c
			}
		}
		for _, v := range snap.Scans[1] {
			n, ok := parse[viewed](v)
			switch {
			case !ok || v.Key == pNode+e.cfg.Node:
			case n.At < e.now().Add(-viewGone).UnixMilli():
				gone = append(gone, kv.Write{Key: v.Key, Delete: true})
			default:
				away[v.Key] = n
			}
		}
		if len(snap.Scans[0]) < page {
			break
		}
		from = snap.Scans[0][page-1].Key + "\x00"
	}
	e.links.told, e.links.away = told, away
	if len(gone) > 0 {
		return e.commit(ctx, nil, gone)
	}
	return nil
}

// judge tells of cameras that were lost or are back.
func (e *Events) judge(ctx context.Context, now int64) error {
	type turn struct {
		id   string
		lost bool
	}
	var turns []turn
	e.links.mu.Lock()
	for id, k := range e.links.seen {
		told, known := e.links.told[id]
		for_ := time.Duration(now - k.since)
		switch {
		case !k.on:
		case k.live && (!known || told.Lost) && for_ >= e.cfg.BackAfter:
			turns = append(turns, turn{id, false})
		case !k.live && known && !told.Lost && (k.was && for_ >= e.cfg.LostAfter || for_ >= e.cfg.Settle) && !e.seenElsewhere(id):
			turns = append(turns, turn{id, true})
		}
	}
	e.links.mu.Unlock()
	asked := e.cfg.Alone
	for _, t := range turns {
		if t.lost && !asked { // the hint of what another node sees may be lost
			if err := e.readLinks(ctx); err != nil {
				return err
			}
			asked = true
		}
		if t.lost && e.seenElsewhere(t.id) {
			continue
		}
		if err := e.turned(ctx, t.id, t.lost); err != nil {
			return err
		}
	}
	return nil
}

func (e *Events) seenElsewhere(id string) bool {
	fresh := e.now().Add(-viewFresh).UnixMilli()
	for _, n := range e.links.away {
		if _, found := slices.BinarySearch(n.Live, id); found && n.At >= fresh {
			return true
		}
	}
	return false
}

// turned writes that a camera was lost or is back, unless another node did. The
// first time a camera is seen is no return.
func (e *Events) turned(ctx context.Context, id string, lost bool) error {
	snap, err := e.read(ctx, []string{pState + id})
	if err != nil {
		return err
	}
	was, known := parse[connection](snap.Values[0])
	if known && was.Lost == lost {
		e.links.told[id] = was
		return nil
	}
	at := e.now()
	next := connection{V: version, Lost: lost, At: at.UnixMilli()}
	writes := []kv.Write{{Key: pState + id, Data: encode(next)}}
	kind := Back
	if lost {
		kind = Lost
	}
	if known {
		writes = append(writes, row{Kind: kind, Source: FromServer, From: next.At, To: next.At}.begins(id, newID(at))...)
	}
	err = e.commit(ctx, []kv.Condition{{Key: pState + id, Version: snap.Values[0].Version}}, writes)
	if errors.Is(err, kv.ErrConflict) {
		delete(e.links.told, id) // read again at the next hint
		return nil
	}
	if err != nil {
		return err
	}
	e.links.told[id] = next
	if known {
		e.began(place{id, kind})
	}
	return nil
}

// view tells other nodes which cameras show pictures here.
func (e *Events) view(ctx context.Context, now int64) {
	if e.cfg.Alone {
		return
	}
	live := map[string]bool{}
	e.links.mu.Lock()
	for id, k := range e.links.seen {
		if k.live {
			live[id] = true
		}
	}
	e.links.mu.Unlock()
	same := e.links.said != nil && len(live) == len(e.links.said)
	for id := range live {
		same = same && e.links.said[id]
	}
	if same && now-e.links.at < int64(viewEvery) {
		return
	}
	ids := make([]string, 0, len(live))
	for id := range live {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	n := viewed{V: version, At: e.now().UnixMilli(), Live: ids}
	if e.commit(ctx, nil, []kv.Write{{Key: pNode + e.cfg.Node, Data: encode(n)}}) == nil {
		e.links.said, e.links.at = live, now
	}
}
