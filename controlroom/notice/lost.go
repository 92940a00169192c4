package notice

import (
	"context"
	"errors"
	"strings"
	"time"

	"sightline/authz"
	"sightline/internal/event"
	"sightline/internal/kv"
)

// lost is a camera whose connection was lost, until it is well for Steady. A camera
// that comes and goes is one trouble: it is told once that it is lost, and once
// that it is back.
type lost struct {
	V     int    `json:"v"`
	Cause string `json:"cause"`           // event that began it
	Since int64  `json:"since"`           // Unix ms
	Back  int64  `json:"back,omitempty"`  // Unix ms: well since; 0: it is lost now
	Told  int64  `json:"told,omitempty"`  // Unix ms: told that it is lost
	Newer int64  `json:"newer,omitempty"` // Unix ms of the newest report: older ones say nothing new
}

// lost notes that a camera lost its connection, and tells it: who reports that has
// waited whether it comes back.
func (b *Board) lost(ctx context.Context, camera, cause string, at time.Time) error {
	err := b.changeLost(ctx, camera, func(l *lost) bool {
		switch {
		case l.Cause == "":
			*l = lost{Cause: cause, Since: at.UnixMilli(), Newer: at.UnixMilli()}
		case at.UnixMilli() < l.Newer || l.Back == 0:
			return false
		default:
			l.Back, l.Newer = 0, at.UnixMilli()
		}
		return true
	})
	if err != nil {
		return err
	}
	snap, err := b.cfg.Store.Read(ctx, event.CameraEvents, []string{pLost + camera}, nil)
	if err != nil || !snap.Values[0].Exists() {
		return err
	}
	if err = b.lookLost(ctx, snap.Values[0]); errors.Is(err, kv.ErrConflict) {
		return nil // another node has
	}
	return err
}

// back notes that a camera has its connection again.
func (b *Board) back(ctx context.Context, camera string, at time.Time) error {
	return b.changeLost(ctx, camera, func(l *lost) bool {
		if l.Cause == "" || l.Back != 0 || at.UnixMilli() < l.Newer {
			return false
		}
		l.Back, l.Newer = at.UnixMilli(), at.UnixMilli()
		return true
	})
}

func (b *Board) changeLost(ctx context.Context, camera string, change func(*lost) bool) error {
	for range 5 {
		snap, err := b.cfg.Store.Read(ctx, event.CameraEvents, []string{pLost + camera}, nil)
		if err != nil {
			return err
		}
		v := snap.Values[0]
		l := parseLost(v)
		if !change(&l) {
			return nil
		}
		if err := b.putLost(ctx, v, &l); !errors.Is(err, kv.ErrConflict) {
			return err
		}
	}
	return errors.New("notice: the state of a camera is changed by several nodes at once")
}

// putLost replaces what was read; nil deletes it.
func (b *Board) putLost(ctx context.Context, v kv.Value, l *lost) error {
	w := kv.Write{Key: v.Key, Delete: true}
	if l != nil {
		l.V = recordVersion
		w = kv.Write{Key: v.Key, Data: kv.Encode(l)}
	}
	_, err := b.commit(ctx, event.CameraEvents, []kv.Condition{v.Same()}, w)
	return err
}

func parseLost(v kv.Value) lost {
	l, _ := kv.Decode[lost](v, recordVersion)
	return l
}

// watchLost tells of cameras that are back for good, and of those that are lost
// again so soon after they were told of that it had to wait, until ctx ends. Every
// node does so: a notice made twice is one.
func (b *Board) watchLost(ctx context.Context) {
	eachKept(ctx, b.cfg.Store, event.CameraEvents, pLost, min(5*time.Second, b.cfg.Steady/2), func(v kv.Value) {
		if err := b.lookLost(ctx, v); err != nil && ctx.Err() == nil && !errors.Is(err, kv.ErrConflict) {
			b.cfg.Log.Debug("a lost camera is looked at again", "err", err)
		}
	})
}

// lookLost moves one camera on when its time has come.
func (b *Board) lookLost(ctx context.Context, v kv.Value) error {
	camera, l, now := strings.TrimPrefix(v.Key, pLost), parseLost(v), b.cfg.Clock.Now()
	switch {
	case l.Cause == "":
		return b.putLost(ctx, v, nil) // of no form we know
	case l.Back != 0 && now.UnixMilli()-l.Back >= b.cfg.Steady.Milliseconds():
		if l.Told != 0 {
			if err := b.tellAll(ctx, "back "+l.Cause, record{Kind: CameraBack, At: l.Back, Camera: camera}); err != nil {
				return err
			}
		}
		return b.putLost(ctx, v, nil)
	case l.Back == 0 && l.Told == 0:
		return b.tellLost(ctx, v, camera, l, now)
	}
	return nil
}

func (b *Board) tellLost(ctx context.Context, v kv.Value, camera string, l lost, now time.Time) error {
	accounts, err := b.cfg.Authority.Told(ctx, camera)
	if err != nil {
		return err
	}
	if len(accounts) == 0 {
		return b.putLost(ctx, v, nil) // it is gone
	}
	owner, err := b.cfg.Authority.Recipient(ctx, accounts[0], authz.ActNotices, camera)
	if err != nil {
		return err
	}
	if owner.Camera != nil && !owner.Camera.Enabled {
		return b.putLost(ctx, v, nil) // switched off: that is no loss
	}
	if first, err := b.first(ctx, camera+"/"+CameraLost, l.Cause, now); err != nil || !first {
		return err // told not long ago: if it is lost still, later
	}
	if err := b.tellAll(ctx, "lost "+l.Cause, record{Kind: CameraLost, At: l.Since, Camera: camera}); err != nil {
		return err
	}
	l.Told = now.UnixMilli()
	return b.putLost(ctx, v, &l)
}
