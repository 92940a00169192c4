package redislimit

import (
	"context"
	_ "embed"
	"errors"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"sightline/internal/kv"
	"sightline/ratelimit"
)

//go:embed lua/window.lua
var windowLua string

//go:embed lua/slots.lua
var slotsLua string

//go:embed lua/visits.lua
var visitsLua string

var (
	_ ratelimit.SlotReader   = (*Limiter)(nil)
	_ ratelimit.UpdateReader = (*Updates)(nil)
)

// SlotUsage implements ratelimit.SlotReader.
func (l *Limiter) SlotUsage(ctx context.Context, link string) (ratelimit.Window, error) {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	tag := l.cfg.Prefix + "{slots:" + link + "}:"
	reply, err := redis.NewScript(slotsLua).Run(ctx, l.client, []string{tag + "taken", tag + "uses"},
		l.offset.Milliseconds(), l.cfg.Keep.Milliseconds(), ratelimit.Part(l.cfg.Keep).Milliseconds()).Slice()
	if err != nil {
		return ratelimit.Window{}, kv.Unavailable(err)
	}
	n, err := numbers(reply, len(reply))
	if err == nil && (len(n) < 2 || int64(len(n)) < 2+n[1]) {
		err = errors.New("redislimit: a short reply")
	}
	if err != nil {
		return ratelimit.Window{}, kv.Unavailable(err)
	}
	w := ratelimit.Window{Budget: l.cfg.Slots, Now: time.UnixMilli(n[0])}
	for _, at := range n[2 : 2+n[1]] {
		w.Frees = append(w.Frees, time.UnixMilli(at).Add(l.cfg.Keep))
	}
	for _, at := range n[2+n[1]:] {
		w.Uses = append(w.Uses, time.UnixMilli(at))
	}
	slices.SortFunc(w.Uses, time.Time.Compare)
	return w, nil
}

// UpdateUsage implements ratelimit.UpdateReader.
func (u *Updates) UpdateUsage(ctx context.Context, link string) (ratelimit.Window, error) {
	ctx, cancel := context.WithTimeout(ctx, u.cfg.Timeout)
	defer cancel()
	return window(ctx, u.client, u.cfg.Prefix+"{updates:"+link+"}:log", u.offset, u.cfg.Window, u.cfg.Budget)
}

func window(ctx context.Context, client redis.UniversalClient, key string, offset, keep time.Duration, budget int) (ratelimit.Window, error) {
	reply, err := redis.NewScript(windowLua).Run(ctx, client, []string{key}, offset.Milliseconds(), keep.Milliseconds()).Slice()
	if err == nil && len(reply) == 0 {
		err = errors.New("redislimit: an empty reply")
	}
	if err != nil {
		return ratelimit.Window{}, kv.Unavailable(err)
	}
	n, err := numbers(reply, len(reply))
	if err != nil {
		return ratelimit.Window{}, kv.Unavailable(err)
	}
	w := ratelimit.Window{Budget: budget, Now: time.UnixMilli(n[0])}
	for _, at := range n[1:] {
		w.Frees, w.Uses = append(w.Frees, time.UnixMilli(at).Add(keep)), append(w.Uses, time.UnixMilli(at))
	}
	return w, nil
}

// SlotVisits implements ratelimit.SlotReader.
func (l *Limiter) SlotVisits(ctx context.Context, link string) (map[string]bool, error) {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	tag := l.cfg.Prefix + "{slots:" + link + "}:"
	list, err := redis.NewScript(visitsLua).Run(ctx, l.client, []string{tag + "taken", tag + "visits"}, l.offset.Milliseconds(), l.cfg.Keep.Milliseconds()).StringSlice()
	if err != nil {
		return nil, kv.Unavailable(err)
	}
	out := make(map[string]bool, len(list))
	for _, v := range list {
		out[v] = true
	}
	return out, nil
}
