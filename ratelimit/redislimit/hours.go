package redislimit

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"sightline/internal/kv"
	"sightline/ratelimit"
)

//go:embed lua/hours.lua
var hoursLua string

// hoursAtOnce is how many links' scripts are on their way at once.
const hoursAtOnce = 8

// HoursConfig: zero values mean the defaults.
type HoursConfig struct {
	ratelimit.HoursRules
	Timeout time.Duration // of every call; 0 = 250 ms
	Prefix  string        // of every key; "" = "sightline:"
}

// Hours implements ratelimit.Hours with one script a link, by the clock of Redis.
type Hours struct {
	client redis.UniversalClient
	cfg    HoursConfig
	script *redis.Script
	offset time.Duration // added to Redis TIME; only tests set it
}

var _ ratelimit.Hours = (*Hours)(nil)

// NewHours takes over client (from rediskv.Dial) and closes it in Close.
func NewHours(client redis.UniversalClient, cfg HoursConfig) *Hours {
	cfg.HoursRules = cfg.WithDefaults()
	if cfg.Timeout <= 0 {
		cfg.Timeout = 250 * time.Millisecond
	}
	if cfg.Prefix == "" {
		cfg.Prefix = "sightline:"
	}
	return &Hours{client: client, cfg: cfg, script: redis.NewScript(hoursLua)}
}

// Close closes the client.
func (h *Hours) Close() error { return h.client.Close() }

// Report implements ratelimit.Hours.
func (h *Hours) Report(ctx context.Context, links []ratelimit.HoursReport) ([]ratelimit.HoursAnswer, error) {
	for _, l := range links {
		if err := l.Check(); err != nil {
			return nil, err
		}
	}
	answers, errs := make([]ratelimit.HoursAnswer, len(links)), make([]error, len(links))
	gate := make(chan struct{}, hoursAtOnce)
	var wg sync.WaitGroup
	for i, l := range links {
		gate <- struct{}{}
		wg.Go(func() {
			defer func() { <-gate }()
			n, err := h.run(ctx, l, false)
			if err != nil {
				errs[i] = err
				return
			}
			answers[i] = h.answer(n)
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, kv.Unavailable(err)
	}
	return answers, nil
}

// Usage implements ratelimit.Hours.
func (h *Hours) Usage(ctx context.Context, link string) (ratelimit.HoursUsage, error) {
	l := ratelimit.HoursReport{Link: link}
	if err := l.Check(); err != nil {
		return ratelimit.HoursUsage{}, err
	}
	n, err := h.run(ctx, l, true)
	if err != nil {
		return ratelimit.HoursUsage{}, kv.Unavailable(err)
	}
	u := ratelimit.HoursUsage{HoursAnswer: h.answer(n), Addresses: int(n[3])}
	for i := 4; i+1 < len(n); i += 2 {
		u.Buckets = append(u.Buckets, ratelimit.HoursBucket{At: time.UnixMilli(n[i]), Used: time.Duration(n[i+1]) * time.Millisecond})
	}
	return u, nil
}

func (h *Hours) run(ctx context.Context, l ratelimit.HoursReport, detail bool) ([]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, h.cfg.Timeout)
	defer cancel()
	tag := h.cfg.Prefix + "{hours:" + l.Link + "}:"
	keys := []string{tag + "buckets", tag + "index", tag + "sum", tag + "totals", tag + "seen", tag + "addresses"}
	every := 0
	if detail {
		every = 1
	}
	args := []any{h.offset.Milliseconds(), h.cfg.Window.Milliseconds(), h.cfg.Bucket.Milliseconds(), h.cfg.Budget.Milliseconds(), ratelimit.MaxAddresses, every}
	for _, s := range l.Sessions {
		from := ""
		if s.From.IsValid() {
			from = ratelimit.Prefix(s.From)
		}
		args = append(args, s.ID, s.Total.Milliseconds(), from)
	}
	reply, err := h.script.Run(ctx, h.client, keys, args...).Slice()
	if err != nil {
		return nil, err
	}
	if len(reply) < 4 || len(reply)%2 != 0 {
		return nil, fmt.Errorf("redislimit: %d items in the reply", len(reply))
	}
	return numbers(reply, len(reply))
}

func (h *Hours) answer(n []int64) ratelimit.HoursAnswer {
	a := ratelimit.HoursAnswer{Used: time.Duration(n[0]) * time.Millisecond, Budget: h.cfg.Budget, Now: time.UnixMilli(n[2])}
	if a.Over = a.Used >= a.Budget; a.Over && n[1] > 0 {
		a.Free = time.UnixMilli(n[1])
	}
	return a
}
