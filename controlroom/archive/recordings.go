package archive

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"sightline/authz"
	"sightline/internal/clock"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

// Recordings keeps each camera's policy in the store and an Archive in step with
// it: a policy applies within a second on the node that records, and a camera
// that is gone takes its footage along.
//
// A policy is a record of its own in the control space, recording/<camera>,
// beside the camera's: it changes without the camera, and no decision reads it.
// There is none as long as nobody chose one; then nothing is recorded.
type Recordings struct {
	cfg  RecordingsConfig
	log  *slog.Logger
	turn turn

	mu       sync.Mutex
	loaded   bool   // the store was read once
	epoch    string // of it
	revision uint64 // up to which it was followed
	byID     map[string]*followed
	gone     map[string]bool  // cameras whose footage is to be removed
	told     map[string]*told // by disk: what people know of it
	wake     chan struct{}    // something is in gone
	news     chan struct{}    // something is in told
	look     chan struct{}    // the store has news
}

// RecordingsConfig is what Recordings are made of. Store and Authority are required.
type RecordingsConfig struct {
	Store     kv.Store
	Authority authority
	Archive   *Archive     // nil: this node has no disks for footage
	Node      string       // its name, told where footage is asked for on another one
	Log       *slog.Logger // nil: discard
	Clock     clock.Clock  // nil: the machine's
}

// authority decides who may choose how a camera is recorded.
type authority interface {
	Check(ctx context.Context, s authz.Subject, act authz.Action, o authz.Object) (authz.Decision, error)
	CameraOf(ctx context.Context, s authz.Subject, id string) (authz.CameraAccess, error)
	WriteForCameraAs(ctx context.Context, s authz.Subject, id, what string, more []string, fn func(ctx context.Context, owner string) ([]kv.Condition, []kv.Write, error)) error
}

// Recording is how a camera is recorded, and whether it is.
type Recording struct {
	Policy    Policy `json:"policy"`
	Version   uint64 `json:"version"` // to send back with a change; 0: nothing was chosen yet
	Status    Status `json:"status"`
	Available bool   `json:"available"`      // false: no server of this installation keeps footage
	Node      string `json:"node,omitempty"` // the server that records, where it is another one: status is then empty
}

// policyRecord is the stored form.
type policyRecord struct {
	V      int    `json:"v"`
	Camera string `json:"camera"`
	Owner  string `json:"owner"`
	Policy Policy `json:"policy"`
}

const (
	pRecording    = "recording/" // + camera: policyRecord
	recordVersion = 1
)

func decodePolicy(data []byte) (policyRecord, error) {
	var r policyRecord
	if err := json.Unmarshal(data, &r); err != nil || r.V != recordVersion {
		return r, errors.New("archive: a stored policy is of an unknown version or damaged")
	}
	p, err := r.Policy.Check()
	r.Policy = p
	return r, err
}

// NewRecordings wires Recordings; nothing happens before Run.
func NewRecordings(cfg RecordingsConfig) (*Recordings, error) {
	if cfg.Store == nil || cfg.Authority == nil {
		return nil, errors.New("archive: store and authority are required")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	r := &Recordings{cfg: cfg, log: cfg.Log, byID: map[string]*followed{}, gone: map[string]bool{}, told: map[string]*told{}, news: make(chan struct{}, 1),
		wake: make(chan struct{}, 1), look: make(chan struct{}, 1)}
	r.turn = turn{r: r, alone: cfg.Store.Kind() == "bolt"}
	r.turn.mine.Store(r.turn.alone && cfg.Archive != nil)
	return r, nil
}

// Recording is how an own camera is recorded; others get the decision's error.
func (r *Recordings) Recording(ctx context.Context, s authz.Subject, camera string) (Recording, error) {
	if err := r.may(ctx, s, camera); err != nil {
		return Recording{}, err
	}
	return r.read(ctx, camera)
}

// SetRecording chooses how an own camera is recorded. version is that of the
// Recording that was changed: fault.Conflict "stale" when there is a newer one.
func (r *Recordings) SetRecording(ctx context.Context, s authz.Subject, camera string, version uint64, p Policy) (Recording, error) {
	if err := r.may(ctx, s, camera); err != nil {
		return Recording{}, err
	}
	p, err := p.Check()
	if err != nil {
		return Recording{}, err
	}
	a, err := r.cfg.Authority.CameraOf(ctx, s, camera)
	if err != nil {
		return Recording{}, err
	}
	if a.Camera.Kind == authz.CameraStill && p.Mode != ModeOff {
		return Recording{}, fault.Field("mode", fault.CodeBadValue, "A still camera sends images and no video; there is nothing to record.")
	}
	err = r.cfg.Authority.WriteForCameraAs(ctx, s, camera, authz.LogRecording, []string{"mode", p.Mode}, func(ctx context.Context, owner string) ([]kv.Condition, []kv.Write, error) {
		v, err := r.stored(ctx, camera)
		if err != nil {
			return nil, nil, err
		}
		if v.Version != version {
			return nil, nil, fault.New(fault.Conflict, string(authz.ReasonStale), "Somebody changed this meanwhile. Load it again.")
		}
		data, err := json.Marshal(policyRecord{V: recordVersion, Camera: camera, Owner: owner, Policy: p})
		if err != nil {
			return nil, nil, err
		}
		return []kv.Condition{{Key: v.Key, Version: v.Version}}, []kv.Write{{Key: v.Key, Data: data}}, nil
	})
	if err != nil {
		return Recording{}, err
	}
	poke(r.look)
	return r.read(ctx, camera)
}

func (r *Recordings) may(ctx context.Context, s authz.Subject, camera string) error {
	d, err := r.cfg.Authority.Check(ctx, s, authz.ActManage, authz.Object{Camera: camera})
	if err != nil {
		return err
	}
	return d.Fault()
}

func (r *Recordings) stored(ctx context.Context, camera string) (kv.Value, error) {
	snap, err := r.cfg.Store.Read(ctx, kv.Control, []string{pRecording + camera}, nil)
	if err != nil {
		return kv.Value{}, kv.Unavailable(err)
	}
	return snap.Values[0], nil
}

func (r *Recordings) read(ctx context.Context, camera string) (Recording, error) {
	v, err := r.stored(ctx, camera)
	if err != nil {
		return Recording{}, err
	}
	out := Recording{Version: v.Version, Available: r.cfg.Archive != nil}
	out.Policy, _ = Policy{}.Check()
	if v.Exists() {
		rec, err := decodePolicy(v.Data)
		if err != nil {
			return Recording{}, fault.Wrap(err, fault.Internal, fault.CodeInternal, "How this camera is recorded cannot be read.")
		}
		out.Policy = rec.Policy
	}
	if node := r.turn.elsewhere(); node != "" {
		out.Available, out.Node = true, node
	}
	if r.cfg.Archive != nil {
		out.Status = r.cfg.Archive.Status(camera)
	}
	return out, nil
}

func poke(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// mark notes on the disks how far the store was followed, so that an older one is
// known as such.
func (r *Recordings) mark() {
	r.mu.Lock()
	epoch, revision := r.epoch, r.revision
	r.mu.Unlock()
	for _, d := range r.cfg.Archive.disks {
		if epoch == "" || d.trouble() != "" {
			continue
		}
		if _, err := d.belongs(epoch, revision); err != nil {
			r.log.Debug("a disk does not take how far the store was followed", "disk", d.cfg.Path, "err", err)
		}
	}
}

// exists asks the store whether there is such a camera.
func (r *Recordings) exists(ctx context.Context, camera string) (bool, error) {
	snap, err := r.cfg.Store.Read(ctx, kv.Control, []string{authz.CameraPrefix + camera}, nil)
	return err == nil && snap.Values[0].Exists(), err
}

const deleteAgain = 30 * time.Second // a removal that failed

// remove removes the footage of cameras that are gone, until ctx ends. What
// fails is tried again; a start looks for what was left.
func (r *Recordings) remove(ctx context.Context) {
	again := time.NewTicker(deleteAgain)
	defer again.Stop()
	for {
		r.mu.Lock()
		var ids []string
		for id := range r.gone {
			ids = append(ids, id)
		}
		r.mu.Unlock()
		for _, id := range ids {
			if there, err := r.exists(ctx, id); err != nil || there {
				if err == nil {
					r.mu.Lock()
					delete(r.gone, id)
					r.mu.Unlock()
				}
				continue
			}
			if err := r.cfg.Archive.Delete(ctx, id); err != nil {
				if ctx.Err() == nil {
					r.log.Warn("footage of a camera that is gone could not be removed yet", "camera", id, "err", err)
				}
				continue
			}
			r.mu.Lock()
			delete(r.gone, id)
			r.mu.Unlock()
			r.log.Info("footage of a camera that is gone was removed", "camera", id)
		}
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-again.C:
			r.mark()
		}
	}
}
