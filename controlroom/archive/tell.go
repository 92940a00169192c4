package archive

import (
	"context"
	"fmt"
	"time"

	"sightline/internal/event"
	"sightline/internal/kv"
)

// told is what people know of a disk, and what is so.
type told struct {
	now     Alarm
	cameras map[string]bool // that were hit since it was last well
	said    string          // reason that was told last, "" or AlarmOver: it is well
	at      time.Time       // and when
}

const (
	tellMost = 200              // cameras of one telling; their owners are told of one at least
	tellRest = 60 * time.Second // between two tellings of a disk: one that comes and goes is not told each time
	tellLook = time.Second
)

// Alarm tells the instance's administrators, and owners of cameras that should be
// recorded there, that a disk stopped taking footage or takes it again. A disk on
// which nothing should be recorded is told to nobody. It does not wait.
func (r *Recordings) Alarm(al Alarm) {
	hit := r.cfg.Archive.hitBy(al.Disk)
	r.mu.Lock()
	t := r.told[al.Disk]
	if t == nil {
		t = &told{cameras: map[string]bool{}}
		r.told[al.Disk] = t
	}
	t.now = al
	if al.Reason != AlarmOver {
		for _, id := range hit {
			t.cameras[id] = true
		}
	}
	r.mu.Unlock()
	poke(r.news)
}

// tell writes what changed into the feed until ctx ends. What the store does not
// take is written when it does.
func (r *Recordings) tell(ctx context.Context) {
	tick := time.NewTicker(tellLook)
	defer tick.Stop()
	for {
		for _, ev := range r.untold() {
			_, err := r.cfg.Store.Commit(ctx, kv.Txn{ID: kv.NewID(r.cfg.Clock.Now()), Space: kv.Control, Writes: []kv.Write{event.WriteAs(tellID(ev), ev)}})
			if err != nil {
				if ctx.Err() == nil {
					r.log.Debug("the state of a disk could not be told yet", "disk", ev.Disk, "err", err)
				}
				continue
			}
			r.mu.Lock()
			t := r.told[ev.Disk]
			t.said, t.at = ev.Reason, r.cfg.Clock.Now()
			if ev.Reason == AlarmOver {
				t.cameras = map[string]bool{}
			}
			r.mu.Unlock()
		}
		select {
		case <-ctx.Done():
			return
		case <-r.news:
		case <-tick.C:
		}
	}
}

// untold are the disks of which people know something else than is so.
func (r *Recordings) untold() []event.StorageTrouble {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []event.StorageTrouble
	for path, t := range r.told {
		well := t.said == "" || t.said == AlarmOver
		switch {
		case t.now.Reason == t.said, well && t.now.Reason == AlarmOver, len(t.cameras) == 0:
			continue
		case !t.at.IsZero() && r.cfg.Clock.Now().Sub(t.at) < tellRest:
			continue
		}
		ev := event.StorageTrouble{Node: r.cfg.Node, Disk: path, Reason: t.now.Reason, At: t.now.At.UnixMilli()}
		for id := range t.cameras {
			if len(ev.Cameras) < tellMost {
				ev.Cameras = append(ev.Cameras, id)
			}
		}
		out = append(out, ev)
	}
	return out
}

func tellID(ev event.StorageTrouble) string {
	return fmt.Sprintf("storage/%s/%s/%s/%d", ev.Node, ev.Disk, ev.Reason, ev.At)
}
