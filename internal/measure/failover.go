package measure

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Outage is what a failover of the store was to those who used the program.
type Outage struct {
	Acknowledged int           // changes over the API, before, during and after it
	Refused      int           // changes answered 503
	Missing      int           // acknowledged changes that are not there afterwards
	Away         time.Duration // longest from one acknowledged change to the next
	Still        time.Duration // longest time in which a viewer received nothing
	Cut          Cut           // a revocation afterwards
}

func (o Outage) String() string {
	return fmt.Sprintf("%d changes acknowledged, %d refused, %d missing; no change for %v; viewers without a packet for at most %v; afterwards: %v",
		o.Acknowledged, o.Refused, o.Missing, o.Away.Round(time.Millisecond), o.Still.Round(time.Millisecond), o.Cut)
}

// Failover lets n guests watch, spread over the given base URLs, makes changes
// over the API without a pause, calls fail, which takes the store's primary away
// and returns when there is another one that stays, and then cuts the guests.
func Failover(ctx context.Context, d Demo, bases []string, n int, fail func()) (Outage, error) {
	var out Outage
	l := &lab{demo: d, bases: bases, owner: NewClient(bases[0], d.Accounts[0].Token)}
	defer l.close()
	parties, err := ways[LinkRemoved](Patient(ctx), l, n)
	if err != nil {
		return out, err
	}
	for i, w := range l.watchers {
		if err := until(ctx, time.Minute, fmt.Sprintf("pictures at viewer %d", i+1), w.Playing); err != nil {
			return out, err
		}
	}
	during, stop := context.WithCancel(ctx)
	defer stop()
	var side sync.WaitGroup
	defer side.Wait()
	defer stop()
	changes := &changes{c: l.owner, there: map[string]bool{}}
	side.Go(func() { changes.run(during) })
	side.Go(func() { out.Still = stillness(during, l.watchers) })
	if err := pause(ctx, 2*time.Second); err != nil {
		return out, err
	}
	fail()
	before := changes.count()
	err = until(ctx, time.Minute, "changes to be acknowledged again", func() bool { return changes.count() > before+10 })
	stop()
	side.Wait()
	if err != nil {
		return out, err
	}
	out.Acknowledged, out.Refused, out.Away = changes.acknowledged, changes.refused, changes.away
	if out.Missing, err = changes.missing(Patient(ctx)); err != nil {
		return out, err
	}
	out.Cut.Way = string(LinkRemoved)
	if err := out.Cut.measure(ctx, parties); err != nil {
		return out, err
	}
	return out, l.restore(Patient(ctx))
}

// stillness is the longest time in which one of the viewers received nothing, but
// for the time in which this process itself, and so the machine, stood still.
func stillness(ctx context.Context, watchers []watcher) (longest time.Duration) {
	const every, late = 10 * time.Millisecond, 100 * time.Millisecond
	stood := time.Duration(0)
	lasts, since := make([]time.Time, len(watchers)), make([]time.Duration, len(watchers))
	for before := time.Now(); pause(ctx, every) == nil; {
		now := time.Now()
		if over := now.Sub(before) - every; over > late {
			stood += over
		}
		before = now
		for i, w := range watchers {
			if last := w.LastPacket(); last != lasts[i] {
				lasts[i], since[i] = last, stood
			}
			longest = max(longest, now.Sub(lasts[i])-(stood-since[i]))
		}
	}
	return longest
}

// changes makes groups and deletes them again, and keeps what was acknowledged.
type changes struct {
	c     *Client
	there map[string]bool // by group: whether it must be there; not in it = nobody knows

	mu                    sync.Mutex
	acknowledged, refused int
	last                  time.Time
	away                  time.Duration
}

func (c *changes) count() int { c.mu.Lock(); defer c.mu.Unlock(); return c.acknowledged }

func (c *changes) run(ctx context.Context) {
	for i := 0; pause(ctx, 20*time.Millisecond) == nil; i++ {
		var group struct{ ID string }
		if !c.try("POST", "/api/v1/groups", map[string]string{"name": fmt.Sprintf("Failover %d", i)}, &group) {
			continue
		}
		c.there[group.ID] = true
		if i%20 == 0 { // some stay
			continue
		}
		delete(c.there, group.ID)
		if c.try("DELETE", "/api/v1/groups/"+group.ID, nil, nil) {
			c.there[group.ID] = false
		}
	}
}

// try makes one change and finishes it also when the measurement ends meanwhile.
func (c *changes) try(method, path string, in, out any) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err := c.c.Do(ctx, method, path, in, out)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		if isStatus(err, http.StatusServiceUnavailable) {
			c.refused++
		}
		return false
	}
	now := time.Now()
	if !c.last.IsZero() {
		c.away = max(c.away, now.Sub(c.last))
	}
	c.last = now
	c.acknowledged++
	return true
}

// missing compares with what is there now and takes it away.
func (c *changes) missing(ctx context.Context) (n int, err error) {
	var is struct{ Groups []struct{ ID string } }
	if err := c.c.Do(ctx, "GET", "/api/v1/groups", nil, &is); err != nil {
		return 0, err
	}
	found := map[string]bool{}
	for _, g := range is.Groups {
		found[g.ID] = true
	}
	for id, want := range c.there {
		if found[id] != want {
			n++
		}
		if found[id] {
			if err := c.c.Do(ctx, "DELETE", "/api/v1/groups/"+id, nil, nil); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}
