package events

import (
	"context"
	"errors"
	"runtime/debug"
	"sync"
	"time"

	"sightline/internal/clock"
	"sightline/internal/event"
	"sightline/internal/kv"
)

const (
	slack   = 2 * time.Second  // a write of another node may be on its way for so long
	again   = 2 * time.Second  // how often the recorder is told that an event goes on
	walk    = 30 * time.Second // hints of the store may be lost
	endings = 3 * time.Second  // of ending everything when the server stops
)

// Run ends events, keeps their number and age within limits, watches cameras'
// connections and streams, and tells the recorder of what other nodes heard,
// until ctx ends; it returns its error.
func (e *Events) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { e.keep(ctx) })
	if e.cfg.Fleet != nil {
		wg.Go(func() { e.guarded(ctx, "connections", e.watchLinks) })
		wg.Go(func() { e.guarded(ctx, "detection", e.detect) })
	}
	wg.Go(func() { e.ends(ctx) })
	c := &event.Consumer{Store: e.cfg.Store, Space: kv.Control, Name: "events", Handle: e.heard, Log: e.cfg.Log}
	return c.Run(ctx)
}

// guarded runs a part whose mistakes must not end the others.
func (e *Events) guarded(ctx context.Context, name string, fn func(context.Context)) {
	for ctx.Err() == nil {
		func() {
			defer func() {
				if v := recover(); v != nil {
					e.cfg.Log.Error("a part of the events panicked and begins anew", "part", name, "panic", v, "stack", string(debug.Stack()))
				}
			}()
			fn(ctx)
		}()
		if ctx.Err() == nil {
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
}

// ends looks every second, or more often where events end sooner, which events
// are over; then, when the server stops, it ends those that are this node's.
func (e *Events) ends(ctx context.Context) {
	hints := e.cfg.Store.Watch(ctx, event.CameraEvents)
	tick := time.NewTicker(min(time.Second, max(e.cfg.Silence/8, 10*time.Millisecond)))
	defer tick.Stop()
	asked, looked := true, int64(0)
	for {
		select {
		case <-ctx.Done():
			e.stop(context.WithoutCancel(ctx))
			return
		case _, ok := <-hints:
			if !ok {
				hints = nil
			}
			asked = true
			continue
		case <-tick.C:
		}
		e.overdue(ctx)
		e.persist(ctx)
		if e.cfg.Alone && looked != 0 && !e.elsewhere() { // nobody else writes
			continue
		}
		if asked || e.elsewhere() || clock.Mono()-looked > int64(walk) {
			if e.look(ctx) == nil {
				asked, looked = false, clock.Mono()
			}
		}
	}
}

func (e *Events) elsewhere() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.others) > 0
}

// overdue ends what nothing was heard of for long enough, and tells the recorder
// of what goes on without new reports.
func (e *Events) overdue(ctx context.Context) {
	now := clock.Mono()
	var over []place
	var on []string
	e.mu.Lock()
	for p, run := range e.running {
		wait := e.cfg.Silence
		if run.Held {
			wait = e.cfg.Hold
		}
		switch {
		case run.ended:
			over = append(over, p) // the store did not take it
		case now-run.last >= int64(wait):
			run.ended, run.rest = true, true
			over = append(over, p)
		case run.Held && now-run.last > int64(again) && recorded(p.kind):
			on = append(on, p.camera)
		}
	}
	e.mu.Unlock()
	for _, camera := range on {
		e.tell(camera)
	}
	for _, p := range over {
		if err := e.finish(ctx, p); err != nil {
			e.cfg.Log.Warn("the end of events is written down later", "err", err)
			return
		}
	}
}

func (e *Events) finish(ctx context.Context, p place) error {
	turn := e.turn(p)
	turn.Lock()
	defer turn.Unlock()
	return e.close(ctx, p, e.now().UnixMilli())
}

// persist tells the store of reports that came since, a few seconds late at
// most, so that a node that dies leaves events that are right until shortly before.
func (e *Events) persist(ctx context.Context) {
	type late struct {
		p place
		o open
	}
	var all []late
	e.mu.Lock()
	for p, run := range e.running {
		if !run.ended && run.Seen-run.stored >= (e.cfg.Silence/2).Milliseconds() {
			all = append(all, late{p, run.open})
		}
	}
	e.mu.Unlock()
	for len(all) > 0 && ctx.Err() == nil {
		batch := all[:min(len(all), 200)]
		all = all[len(batch):]
		keys := make([]string, len(batch))
		for i, l := range batch {
			keys[i] = l.p.open()
		}
		snap, err := e.read(ctx, keys)
		if err != nil {
			return // the next time
		}
		var conds []kv.Condition
		var writes []kv.Write
		stored := map[place]int64{}
		for i, l := range batch {
			has, ok := parse[open](snap.Values[i])
			if !ok || has.ID != l.o.ID { // another node ended it
				e.forsake(l.p, l.o.ID)
				continue
			}
			l.o.Seen, l.o.Held = max(l.o.Seen, has.Seen), l.o.Held || has.Held
			l.o.Due = e.due(l.o)
			stored[l.p] = l.o.Seen
			conds = append(conds, kv.Condition{Key: keys[i], Version: snap.Values[i].Version})
			writes = append(writes, kv.Write{Key: keys[i], Data: encode(l.o)})
		}
		if len(writes) == 0 || e.commit(ctx, conds, writes) != nil {
			continue // the next time, soon
		}
		e.mu.Lock()
		for p, seen := range stored {
			if run := e.running[p]; run != nil {
				run.stored = seen
			}
		}
		e.mu.Unlock()
	}
}

// forsake drops an event that another node ended; the next report begins a new one.
func (e *Events) forsake(p place, id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if run := e.running[p]; run != nil && run.ID == id {
		delete(e.running, p)
	}
}

// look reads what goes on at all nodes: the recorder here is told of it, and
// what a node left that is gone is ended at what it last said.
func (e *Events) look(ctx context.Context) error {
	found := map[place]open{}
	from := ""
	for {
		snap, err := e.read(ctx, nil, kv.Scan{Prefix: pOpen, From: from, Limit: 1000})
		if err != nil {
			return err
		}
		for _, v := range snap.Scans[0] {
			camera, kind := cut(v.Key, pOpen)
			if o, ok := parse[open](v); ok {
				found[place{camera, kind}] = o
			}
		}
		if len(snap.Scans[0]) < 1000 {
			break
		}
		from = snap.Scans[0][999].Key + "\x00"
	}
	now := e.now().UnixMilli()
	var over []place
	told := map[string]bool{}
	e.mu.Lock()
	before := e.others
	e.others = map[place]open{}
	for p, o := range found {
		if e.running[p] != nil {
			continue
		}
		e.others[p] = o
		if now >= o.Due {
			over = append(over, p)
			continue
		}
		was, known := before[p]
		if recorded(p.kind) && (!known || was.ID != o.ID || was.Seen != o.Seen || o.Held) {
			told[p.camera] = true
		}
	}
	e.mu.Unlock()
	for camera := range told {
		e.tell(camera)
	}
	for _, p := range over {
		if err := e.leave(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// leave ends an event of a node that says nothing more, when it last said something.
func (e *Events) leave(ctx context.Context, p place) error {
	turn := e.turn(p)
	turn.Lock()
	defer turn.Unlock()
	snap, err := e.read(ctx, []string{p.open()})
	if err != nil {
		return err
	}
	o, ok := parse[open](snap.Values[0])
	if !ok || snap.Now.UnixMilli() < o.Due {
		return nil
	}
	err = e.commit(ctx, []kv.Condition{{Key: p.open(), Version: snap.Values[0].Version}},
		[]kv.Write{o.ended(p.camera, o.Seen), {Key: p.open(), Delete: true}})
	if errors.Is(err, kv.ErrConflict) {
		return nil // it is not over, or another node was quicker
	}
	if err == nil {
		e.drop(p)
	}
	return err
}

// stop ends this node's events at their newest reports: nobody watches any more.
func (e *Events) stop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, endings)
	defer cancel()
	e.mu.Lock()
	var all []place
	for p, run := range e.running {
		run.ended, run.rest = true, true
		all = append(all, p)
	}
	e.mu.Unlock()
	for _, p := range all {
		if err := e.finish(ctx, p); err != nil {
			e.cfg.Log.Warn("events that go on are ended at the next start", "err", err)
			return
		}
	}
}
