package rediskv

import (
	"context"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"sightline/internal/kv"
)

// hintFeed turns messages of one pub/sub connection into hints. It is
// subscribed to what is watched and to nothing else; (un)subscribing happens on
// its own goroutine, because Redis may be away.
type hintFeed struct {
	pubsub *redis.PubSub
	prefix string
	hints  *kv.Hints
	ctx    context.Context
	cancel context.CancelFunc
	wake   chan struct{}
	done   sync.WaitGroup
}

func newHintFeed(client redis.UniversalClient, cfg Config, hints *kv.Hints) *hintFeed {
	ctx, cancel := context.WithCancel(context.Background())
	f := &hintFeed{
		pubsub: client.Subscribe(ctx), prefix: channel(cfg.Prefix, ""), hints: hints,
		ctx: ctx, cancel: cancel, wake: make(chan struct{}, 1),
	}
	poke := func(kv.Space) {
		select {
		case f.wake <- struct{}{}:
		default:
		}
	}
	hints.First, hints.Last = poke, poke
	messages := f.pubsub.ChannelWithSubscriptions(redis.WithChannelSize(1024))
	f.done.Add(2)
	go f.receive(messages)
	go f.subscribe()
	return f
}

func (f *hintFeed) close() {
	f.cancel()
	_ = f.pubsub.Close()
	f.done.Wait()
}

// receive signals on every message, and on every confirmed subscription: what
// was published before it, or while the connection was away, is covered by it.
func (f *hintFeed) receive(messages <-chan any) {
	defer f.done.Done()
	for m := range messages {
		name := ""
		switch m := m.(type) {
		case *redis.Message:
			name = m.Channel
		case *redis.Subscription:
			name = m.Channel
		}
		if space, ok := strings.CutPrefix(name, f.prefix); ok {
			f.hints.Signal(kv.Space(space))
		}
	}
}

// subscribe makes the subscriptions equal to what is watched. The client
// repeats them by itself on each new connection, also when a call here failed.
func (f *hintFeed) subscribe() {
	defer f.done.Done()
	have := map[string]bool{}
	for {
		select {
		case <-f.ctx.Done():
			return
		case <-f.wake:
		}
		want := map[string]bool{}
		for _, s := range f.hints.Spaces() {
			want[f.prefix+string(s)] = true
		}
		var add, drop []string
		for name := range want {
			if !have[name] {
				add = append(add, name)
			}
		}
		for name := range have {
			if !want[name] {
				drop = append(drop, name)
			}
		}
		if len(add) > 0 {
			_ = f.pubsub.Subscribe(f.ctx, add...)
		}
		if len(drop) > 0 {
			_ = f.pubsub.Unsubscribe(f.ctx, drop...)
		}
		have = want
	}
}
