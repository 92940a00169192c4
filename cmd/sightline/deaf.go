package main

import (
	"context"
	"time"

	"sightline/internal/kv"
)

// deafStore never hints: what changed is heard by asking alone. It is what a
// server on Redis has while its hints are lost, for measuring that.
type deafStore struct{ kv.Store }

// Watch hints once, at the start.
func (s deafStore) Watch(ctx context.Context, _ kv.Space) <-chan struct{} {
	ch := make(chan struct{}, 1)
	ch <- struct{}{}
	context.AfterFunc(ctx, func() { close(ch) })
	return ch
}

// hidden are switches of a server that no operator needs.
type hidden struct {
	DropHints    bool          `hidden:"" name:"drop-hints" help:"Hear of changes only by asking for them. For measuring."`
	StoreTimeout time.Duration `hidden:"" name:"store-timeout" help:"How long one call of the store may take, where the default is too short for a test."`
}
