// Package event is the durable feed: typed events written in the same commit as
// their cause and read by consumers that keep a cursor, at least once. Each
// space has its own feed and cursors. Every event type is here, one file a
// producer.
package event

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"sightline/internal/clock"
	"sightline/internal/kv"
)

// Event is one typed event. Its JSON form is stored, so fields are only added.
type Event interface{ Type() string }

// Entry is one event as a consumer sees it.
type Entry struct {
	ID    string    // the same on every delivery; consumers are idempotent by it
	Key   string    // its place in the feed of the space; sorts in commit order
	At    time.Time // when it was written, on the writer's clock
	Space kv.Space
	Event Event // an Unknown where a newer version wrote a type this one lacks
}

// Unknown is an event of a type or form that this version does not know.
// Consumers pass it over.
type Unknown struct {
	Name string
	Data []byte
}

// Type is the name it was stored under.
func (u Unknown) Type() string { return u.Name }

// The feed is under feedPrefix in commit order, the cursors under cursorPrefix.
const (
	feedPrefix   = "ev/"
	cursorPrefix = "evc/"
	version      = 1
)

// record is the stored form.
type record struct {
	V    int             `json:"v"`
	ID   string          `json:"id"`
	At   int64           `json:"at"` // Unix ms
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

// Write returns the write that appends e to the feed of the commit's space. Put
// it into the Txn of the cause; a repeated Txn keeps the ID.
func Write(e Event) kv.Write {
	var b [16]byte
	rand.Read(b[:])
	return WriteAs(hex.EncodeToString(b[:]), e)
}

// WriteAs is Write with an ID made from the cause, for events about what is not
// in the store and may be reported more than once.
func WriteAs(id string, e Event) kv.Write {
	data, err := json.Marshal(e)
	if err != nil {
		panic(fmt.Sprintf("event: %s has a field that JSON cannot hold: %v", e.Type(), err)) // a mistake in its type
	}
	raw, err := json.Marshal(record{V: version, ID: id, At: clock.System.Now().UnixMilli(), Type: e.Type(), Data: data})
	if err != nil {
		panic(err) // the parts above cannot fail
	}
	return kv.Write{Key: feedPrefix, Data: raw, Stamp: true}
}

// read turns a stored value into an Entry; what cannot be understood becomes Unknown.
func read(space kv.Space, v kv.Value) Entry {
	e := Entry{Key: v.Key, Space: space}
	var r record
	if err := json.Unmarshal(v.Data, &r); err != nil {
		e.ID, e.Event = v.Key, Unknown{Data: v.Data}
		return e
	}
	e.ID, e.At, e.Event = r.ID, time.UnixMilli(r.At), Unknown{Name: r.Type, Data: r.Data}
	if r.V == version {
		if known := decode(r.Type, r.Data); known != nil {
			e.Event = known
		}
	}
	return e
}
