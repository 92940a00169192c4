package measure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Cut is what the viewers saw of their right being taken away.
type Cut struct {
	Way          string
	Acknowledged time.Duration // from sending the request to its answer; the longest of several
	LastPacket   Durations     // a viewer: from sending the request to its last packet (spec ruling 5)
	AfterAck     Durations     // a viewer: from the answer to its last packet; 0 when that came before
	Told         Durations     // a viewer with a page: from sending the request to the word of why
}

func (c Cut) String() string {
	return fmt.Sprintf("%s: answered in %v; last packet: %v; after the answer: max %v; told: %v",
		c.Way, c.Acknowledged.Round(time.Millisecond/10), c.LastPacket, c.AfterAck.Max().Round(time.Millisecond/10), c.Told)
}

// watcher is one viewer with pictures: a wall or a player.
type watcher interface {
	Playing() bool
	LastPacket() time.Time
	Heard(key string) time.Time // zero: never
	Close()
}

// party is the viewers that one request cuts.
type party struct {
	watchers []watcher
	cut      func(ctx context.Context) error
	told     []string // what a page hears of it, any of them; nil: players have no page
}

const (
	settle = time.Second     // pictures flow for so long before the request
	silent = 3 * time.Second // after the request: what is not over 1 s before its end missed the worst case of 2 s
)

// Revoke brings n viewers, spread over the given base URLs (one a node), to
// watch by a right, takes it away on the first node and measures on the viewers'
// own clock. The demo is as before when it returns without an error.
func Revoke(ctx context.Context, d Demo, bases []string, w Way, n int) (Cut, error) {
	out := Cut{Way: string(w)}
	l := &lab{demo: d, bases: bases, owner: NewClient(bases[0], d.Accounts[0].Token)}
	defer l.close()
	prepare, ok := ways[w]
	if !ok {
		return out, fmt.Errorf("there is no way %q", w)
	}
	parties, err := prepare(Patient(ctx), l, n)
	if err != nil {
		return out, fmt.Errorf("%s: %w", w, err)
	}
	if err := out.measure(ctx, parties); err != nil {
		return out, fmt.Errorf("%s: %w", w, err)
	}
	return out, l.restore(Patient(ctx))
}

func (c *Cut) measure(ctx context.Context, parties []party) error {
	i := 0
	for _, p := range parties {
		for _, w := range p.watchers {
			i++
			if err := until(ctx, time.Minute, fmt.Sprintf("pictures at viewer %d", i), w.Playing); err != nil {
				return err
			}
		}
	}
	if err := pause(ctx, settle); err != nil {
		return err
	}
	type times struct{ sent, answered time.Time }
	at := make([]times, len(parties))
	for i, p := range parties {
		if err := until(ctx, time.Minute, "pictures that flow at every viewer", p.flows); err != nil {
			return err
		}
		at[i].sent = time.Now()
		if err := p.end(ctx); err != nil {
			return err
		}
		at[i].answered = time.Now()
		c.Acknowledged = max(c.Acknowledged, at[i].answered.Sub(at[i].sent))
	}
	if err := pause(ctx, silent); err != nil {
		return err
	}
	if err := until(ctx, 20*time.Second, "word of why at every viewer", func() bool { return told(parties) }); err != nil && ctx.Err() != nil {
		return err
	}
	i = 0
	for k, p := range parties {
		for _, w := range p.watchers {
			i++
			if err := c.count(w, p.told, at[k].sent, at[k].answered); err != nil {
				return fmt.Errorf("viewer %d %w", i, err)
			}
		}
	}
	return nil
}

// flows reports whether every viewer has just received something: a machine that
// stood still for a second would show nobody when the request is sent.
func (p party) flows() bool {
	for _, w := range p.watchers {
		if time.Since(w.LastPacket()) > settle/2 {
			return false
		}
	}
	return true
}

// end makes the request. What a server whose store was late could not do is asked
// for again, as its answer says, and the time goes on; what was done by then all
// the same is not there any more, or nobody may ask for it.
func (p party) end(ctx context.Context) error {
	err := p.cut(ctx)
	for tries := 0; isStatus(err, http.StatusServiceUnavailable) && tries < 20; tries++ {
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
		if err = p.cut(ctx); isStatus(err, http.StatusNotFound) || isStatus(err, http.StatusUnauthorized) {
			return nil
		}
	}
	return err
}

// told reports whether every page has heard why its pictures ended.
func told(parties []party) bool {
	for _, p := range parties {
		for _, w := range p.watchers {
			if len(p.told) > 0 && firstHeard(w, p.told).IsZero() {
				return false
			}
		}
	}
	return true
}

// firstHeard is when the first of the words came, zero when none did.
func firstHeard(w watcher, words []string) (first time.Time) {
	for _, key := range words {
		if at := w.Heard(key); !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// count adds one viewer's times.
func (c *Cut) count(w watcher, words []string, sent, answered time.Time) error {
	last := w.LastPacket()
	if time.Since(last) < time.Second {
		return fmt.Errorf("still receives, %v after the request", time.Since(sent).Round(time.Millisecond))
	}
	if idle := sent.Sub(last); idle > time.Second {
		return fmt.Errorf("had received nothing for %v when the request was sent", idle)
	}
	c.LastPacket = append(c.LastPacket, max(last.Sub(sent), 0))
	c.AfterAck = append(c.AfterAck, max(last.Sub(answered), 0))
	if len(words) == 0 {
		return nil
	}
	first := firstHeard(w, words)
	if first.IsZero() {
		return fmt.Errorf("was not told why its pictures ended: none of %v", words)
	}
	c.Told = append(c.Told, max(first.Sub(sent), 0))
	return nil
}

// lab makes what a measurement needs and takes it away again.
type lab struct {
	demo  Demo
	bases []string
	owner *Client

	watchers []watcher
	undo     []func(context.Context) error
}

// later is done at the end, newest first.
func (l *lab) later(fn func(context.Context) error) { l.undo = append(l.undo, fn) }

func (l *lab) restore(ctx context.Context) error {
	for i := len(l.undo) - 1; i >= 0; i-- {
		fn := l.undo[i]
		l.undo = l.undo[:i]
		if err := insist(ctx, fn); err != nil {
			return fmt.Errorf("putting things back: %w", err)
		}
	}
	return nil
}

// insist tries again for a while what a server could not do for the moment: its
// store may be behind on a busy machine.
func insist(ctx context.Context, fn func(context.Context) error) error {
	for end := time.Now().Add(time.Minute); ; {
		err := fn(ctx)
		if err == nil || !isStatus(err, http.StatusServiceUnavailable) && !errors.Is(err, context.DeadlineExceeded) || time.Now().After(end) {
			return err
		}
		if pause(ctx, time.Second) != nil {
			return err
		}
	}
}

func (l *lab) close() {
	var wg sync.WaitGroup
	for _, w := range l.watchers {
		wg.Go(w.Close)
	}
	wg.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	_ = l.restore(ctx) // of a measurement that failed: its own error is the one to tell
}

// watch lets n viewers join, a few at once and under the offers' limit of a
// server, and keeps them to be closed at the end. They are in the order of i.
func (l *lab) watch(ctx context.Context, n int, join func(ctx context.Context, i int) (watcher, error)) ([]watcher, error) {
	all := make([]watcher, n)
	err := inTurn(ctx, 0, n, func(ctx context.Context, i int) (err error) {
		for range 5 { // a machine that is all taken makes a handshake time out, and a store late
			if all[i], err = join(ctx, i); err == nil || pause(ctx, time.Second) != nil {
				break
			}
		}
		return err
	})
	for _, w := range all {
		if w != nil {
			l.watchers = append(l.watchers, w)
		}
	}
	return all, err
}
