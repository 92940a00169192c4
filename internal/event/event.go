// Package event is the durable feed: typed events written in the same commit as
// their cause, read by consumers that keep a cursor, at least once.
package event

import (
	"context"
	"log/slog"
	"time"

	"sightline/internal/kv"
)

// Event is one typed event; every type is in this package, one file a producer.
type Event interface{ Type() string }

// Entry is one event as a consumer sees it.
type Entry struct {
	ID    string    // the same on every delivery; consumers are idempotent by it
	Key   string    // its place in the feed of the space; sorts in commit order
	At    time.Time // when it was written, on the writer's clock
	Space kv.Space
	Event Event
}

// Write returns the write that appends e to the feed of the commit's space.
func Write(e Event) kv.Write { panic("soon") }

// WriteAs is Write with an ID made by the caller from the cause.
func WriteAs(id string, e Event) kv.Write { panic("soon") }

// Consumer follows the feed of one space.
type Consumer struct {
	Store  kv.Store
	Space  kv.Space
	Name   string
	Handle func(context.Context, Entry) error
	Log    *slog.Logger
}

// Run delivers events until ctx ends.
func (c *Consumer) Run(ctx context.Context) error { panic("soon") }

// Follow runs a Consumer with the default times.
func Follow(ctx context.Context, store kv.Store, space kv.Space, consumer string, fn func(context.Context, Entry) error) error {
	panic("soon")
}

// Register makes sure that consumer has a cursor, so that nothing is trimmed before it has run.
func Register(ctx context.Context, store kv.Store, space kv.Space, consumer string) error {
	panic("soon")
}
