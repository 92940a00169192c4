package rediskv

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Sentinels are asked this often, and believed for so long.
const (
	lookEvery = 200 * time.Millisecond
	believed  = 2 * time.Second
)

// lookout asks all Sentinels again and again who the primary is, and believes
// what more than half of those in the address say: a Sentinel that was cut off
// together with an old primary does not lead back to it.
type lookout struct {
	name      string
	log       *slog.Logger
	sentinels []*redis.Client
	dialer    *dialer
	changed   func(addr string) // the primary is this one now; called on the lookout's goroutine
	cancel    context.CancelFunc
	done      sync.WaitGroup

	mu    sync.Mutex
	addr  string        // "" = none known yet
	at    time.Time     // when those who agreed last were asked
	first chan struct{} // closed at the first answer
}

func newLookout(o redis.UniversalOptions, log *slog.Logger, changed func(string)) *lookout {
	l := &lookout{name: o.MasterName, log: log, changed: changed, dialer: newDialer(o.TLSConfig), first: make(chan struct{})}
	for _, addr := range o.Addrs {
		one := o
		one.Addrs, one.MasterName, one.DB = []string{addr}, "", 0
		one.Username, one.Password = o.SentinelUsername, o.SentinelPassword
		one.Dialer, one.PoolSize, one.PipelinePoolSize = l.dialer.dial, 2, -1
		l.sentinels = append(l.sentinels, redis.NewClient(one.Simple()))
	}
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	l.done.Go(func() { l.run(ctx, o.ReadTimeout) })
	return l
}

func (l *lookout) run(ctx context.Context, timeout time.Duration) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		asked := time.Now()
		if addr := l.ask(ctx, min(timeout, time.Second)); addr != "" {
			l.believe(addr, asked)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// ask returns the address that more than half name, or "". It does not wait for
// the others.
func (l *lookout) ask(ctx context.Context, timeout time.Duration) string {
	answers := make(chan string, len(l.sentinels))
	for _, s := range l.sentinels {
		l.done.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			addr, err := s.Do(ctx, "SENTINEL", "get-master-addr-by-name", l.name).StringSlice()
			if err != nil || len(addr) != 2 {
				answers <- ""
				return
			}
			answers <- net.JoinHostPort(addr[0], addr[1])
		})
	}
	votes := map[string]int{}
	for range l.sentinels {
		if addr := <-answers; addr != "" {
			if votes[addr]++; votes[addr] > len(l.sentinels)/2 {
				return addr
			}
		}
	}
	return ""
}

func (l *lookout) believe(addr string, asked time.Time) {
	l.mu.Lock()
	old := l.addr
	l.addr, l.at = addr, asked
	if old == "" {
		close(l.first)
	}
	l.mu.Unlock()
	if old == addr {
		return
	}
	if old != "" {
		l.log.Warn("the Sentinels have another primary of the store", "was", old, "is", addr)
	}
	l.changed(addr)
}

// known waits for the first answer.
func (l *lookout) known(ctx context.Context) error {
	select {
	case <-l.first:
		return nil
	case <-ctx.Done():
		return errNoPrimary
	}
}

// address is where the primary was last said to be; "" before the first answer.
func (l *lookout) address() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.addr
}

// sure reports whether more than half of the Sentinels have said lately who the
// primary is.
func (l *lookout) sure() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.addr != "" && time.Since(l.at) < believed
}

func (l *lookout) close() {
	l.cancel()
	l.dialer.stop()
	l.done.Wait()
	for _, s := range l.sentinels {
		_ = s.Close()
	}
	l.dialer.wait()
}
