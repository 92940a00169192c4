package events

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"sightline/authz"
	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

// Keys of the space event.CameraEvents.
const (
	pEvent = "e/" // + camera/id: row
	pOpen  = "o/" // + camera/kind: open, an event that goes on
	pState = "s/" // + camera: connection
	pNode  = "n/" // + node: what it sees
)

const (
	version = 1
	tries   = 6         // of a commit that others got in the way of
	longest = time.Hour // of one event: what goes on is a new one then
)

// row is a stored event.
type row struct {
	V      int    `json:"v"`
	Kind   string `json:"kind"`
	Source string `json:"source"`
	Text   string `json:"text,omitempty"`
	From   int64  `json:"from"`         // Unix ms
	To     int64  `json:"to,omitempty"` // 0: it goes on
}

// open is an event that goes on, for all nodes. What is in it is up to a few
// seconds behind what the nodes with the reports know.
type open struct {
	V    int    `json:"v"`
	ID   string `json:"id"`
	Row  row    `json:"row"`
	Seen int64  `json:"seen"`           // Unix ms of the newest report
	Held bool   `json:"held,omitempty"` // the newest report said that it goes on
	Due  int64  `json:"due"`            // Unix ms when it is over if nobody says more
}

// connection is what was last told of a camera's.
type connection struct {
	V    int   `json:"v"`
	Lost bool  `json:"lost,omitempty"`
	At   int64 `json:"at"`
}

type place struct{ camera, kind string }

func (p place) open() string { return pOpen + p.camera + "/" + p.kind }

func eventKey(camera, id string) string { return pEvent + camera + "/" + id }

// newID sorts by its time.
func newID(at time.Time) string {
	var b [10]byte
	rand.Read(b[:])
	return authz.TimedID(at, b)
}

func firstID(at time.Time) string { return authz.TimedID(at, [10]byte{}) }

func (r row) event(camera, id string) Event {
	ev := Event{ID: id, Camera: camera, Kind: r.Kind, Source: r.Source, Text: r.Text, From: time.UnixMilli(r.From).UTC()}
	if r.To != 0 {
		ev.To = time.UnixMilli(r.To).UTC()
	}
	return ev
}

// begins are the writes of an event's beginning: itself and its place in the feed.
func (r row) begins(camera, id string) []kv.Write {
	return []kv.Write{r.write(camera, id), event.WriteAs(id, event.CameraEvent{ID: id, Camera: camera, Kind: r.Kind, Source: r.Source, Text: r.Text, At: r.From})}
}

func (r row) write(camera, id string) kv.Write {
	r.V = version
	return kv.Write{Key: eventKey(camera, id), Data: encode(r)}
}

// ended is the write that ends an event, never before it began.
func (o open) ended(camera string, to int64) kv.Write {
	o.Row.To = max(to, o.Row.From)
	return o.Row.write(camera, o.ID)
}

func parse[T row | open | connection | viewed](v kv.Value) (out T, ok bool) { return decode[T](v) }

// decode reads a record of ours; ok is false where there is none, or one of
// another version.
func decode[T any](v kv.Value) (out T, ok bool) {
	var head struct {
		V int `json:"v"`
	}
	if !v.Exists() || json.Unmarshal(v.Data, &head) != nil || head.V != version {
		return out, false
	}
	return out, json.Unmarshal(v.Data, &out) == nil
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own types: cannot fail
	}
	return b
}

// cut takes a key apart behind its prefix.
func cut(key, prefix string) (camera, rest string) {
	camera, rest, _ = strings.Cut(strings.TrimPrefix(key, prefix), "/")
	return camera, rest
}

// read is one round trip to the events; it learns the store's time by it.
func (e *Events) read(ctx context.Context, keys []string, scans ...kv.Scan) (kv.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, e.cfg.Timeout)
	defer cancel()
	asked := e.cfg.Clock.Now()
	snap, err := e.cfg.Store.Read(ctx, event.CameraEvents, keys, scans)
	if err == nil && !snap.Now.IsZero() {
		e.hear(asked, snap.Now, e.cfg.Clock.Now())
	}
	return snap, away(err)
}

// hear learns the store's clock from a call: it read store somewhere between the
// two moments of this node's clock. What is known already stays unless that shows
// it wrong, so a call that was slow makes no event late.
func (e *Events) hear(asked, store, answered time.Time) {
	least, most := int64(store.Sub(answered)), int64(store.Sub(asked))
	for {
		was := e.ahead.Load()
		is := min(max(was, least), most)
		if is == was || e.ahead.CompareAndSwap(was, is) {
			return
		}
	}
}

// commit writes to the events' space. What has begun is finished though its
// caller goes away.
func (e *Events) commit(ctx context.Context, conds []kv.Condition, writes []kv.Write) error {
	txn := kv.Txn{ID: kv.NewID(e.now()), Space: event.CameraEvents, Conditions: conds, Writes: writes}
	ctx = context.WithoutCancel(ctx)
	for try := 0; ; try++ {
		err := func() error {
			ctx, cancel := context.WithTimeout(ctx, e.cfg.Timeout)
			defer cancel()
			_, err := e.cfg.Store.Commit(ctx, txn)
			return err
		}()
		if !fault.Is(err, fault.Unknown) || try == 2 {
			return away(err)
		}
	}
}

// now is the store's time, as far as this node knows.
func (e *Events) now() time.Time {
	return e.cfg.Clock.Now().Add(time.Duration(e.ahead.Load()))
}

// away gives what the store said a public half; a conflict stays what it is.
func away(err error) error {
	var f *fault.Error
	if err == nil || errors.Is(err, kv.ErrConflict) || errors.As(err, &f) && f.Kind != fault.Internal {
		return err
	}
	return fault.Wrap(err, fault.Unavailable, fault.CodeBusy, "The events cannot be reached right now. Try again in a moment.").After(2 * time.Second)
}
