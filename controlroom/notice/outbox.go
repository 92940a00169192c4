package notice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"sightline/authz"
	"sightline/internal/clock"
	"sightline/internal/kv"
)

// job is a notice that is to leave by one channel. It is made in the commit of the
// notice, and gone when it has left: no restart loses one. What it says is
// decided when it is sent.
type job struct {
	V       int      `json:"v"`
	Record  record   `json:"record"`
	First   int64    `json:"first"` // Unix ms: since when it waits
	Due     int64    `json:"due"`   // Unix ms
	Tries   int      `json:"tries,omitempty"`
	Gathers bool     `json:"gathers,omitempty"` // by mail: in one letter with others
	Instead bool     `json:"instead,omitempty"` // by mail: for a push of the quiet hours
	Left    []string `json:"left,omitempty"`    // targets it has not reached, after the first try
}

// jobPrefix begins the keys of an account's jobs of a channel; the notice's id
// follows, so that they are in the order of time.
func jobPrefix(channel string) string { return pJob + channel + "/" }

func parseJob(v kv.Value) (job, error) {
	var j job
	if err := json.Unmarshal(v.Data, &j); err != nil {
		return j, fmt.Errorf("job %s: %w", v.Key, err)
	}
	if j.V != recordVersion {
		return j, fmt.Errorf("job %s has form %d", v.Key, j.V)
	}
	return j, nil
}

// outKey says in the control space that something of an account is due: it sorts
// by time.
func outKey(due time.Time, account string) string {
	return fmt.Sprintf("%s%015d/%s", pOut, max(due.UnixMilli(), 0), account)
}

func parseOut(key string) (due time.Time, account string, ok bool) {
	at, account, ok := strings.Cut(strings.TrimPrefix(key, pOut), "/")
	ms, err := strconv.ParseInt(at, 10, 64)
	return time.UnixMilli(ms), account, ok && err == nil && authz.ValidID(account)
}

const (
	outLook  = 3 * time.Second  // how often a node looks for what is due
	outBusy  = 16               // accounts one node sends for at once
	outTurn  = 45 * time.Second // how long one account's turn may take
	outLease = 90 * time.Second // how long nobody else sends for it
	outScan  = 500
)

// sender is what this node sends now.
type sender struct {
	holder string
	kick   chan struct{}
	mu     sync.Mutex
	busy   map[string]bool
}

func (s *sender) init() {
	s.holder, s.kick, s.busy = authz.NewID(), make(chan struct{}, 1), map[string]bool{}
}

func (s *sender) poke() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// take begins an account's turn on this node; false: it has one, or too many have.
func (s *sender) take(account string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[account] || len(s.busy) >= outBusy {
		return false
	}
	s.busy[account] = true
	return true
}

func (s *sender) done(account string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, account)
}

// sendAll sends what is due until ctx ends.
func (b *Board) sendAll(ctx context.Context) {
	if b.cfg.Letters == nil && len(b.cfg.Channels) == 0 {
		return
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	for clock.Around(ctx, outLook, b.sender.kick) {
		snap, err := b.cfg.Store.Read(ctx, kv.Control, nil, []kv.Scan{{Prefix: pOut, Limit: outScan}})
		if err != nil {
			continue // the store's own log says so
		}
		now := b.cfg.Clock.Now()
		due := map[string][]kv.Value{}
		for _, v := range snap.Scans[0] {
			at, account, ok := parseOut(v.Key)
			if ok && at.After(now) {
				break
			}
			due[account] = append(due[account], v) // "": of no form we know; it goes
		}
		for account, hints := range due {
			if !b.sender.take(account) {
				continue
			}
			wg.Go(func() {
				defer b.sender.done(account)
				if err := b.turn(ctx, account, hints); err != nil && ctx.Err() == nil {
					b.cfg.Log.Debug("what is to be sent is looked at again", "err", err)
				}
			})
		}
	}
}

// lease says which node sends for an account.
type lease struct {
	V      int    `json:"v"`
	Holder string `json:"holder"`
	Until  int64  `json:"until"` // Unix ms
}

// turn sends what is due for an account, and notes when more is. hints are what
// said so.
func (b *Board) turn(ctx context.Context, account string, hints []kv.Value) error {
	if account == "" {
		return b.swap(ctx, hints, time.Time{}, "")
	}
	space, now := kv.Bulk(account), b.cfg.Clock.Now()
	snap, err := b.cfg.Store.Read(ctx, space, []string{kLease}, []kv.Scan{{Prefix: pJob}})
	if err != nil {
		return err
	}
	if dueOf(snap.Scans[0], now) {
		v := snap.Values[0]
		if held, ok := kv.Decode[lease](v, recordVersion); ok && held.Until > now.UnixMilli() && held.Holder != b.sender.holder {
			return nil // another node does
		}
		mine := kv.Encode(lease{V: recordVersion, Holder: b.sender.holder, Until: now.Add(outLease).UnixMilli()})
		got, err := b.commit(ctx, space, []kv.Condition{v.Same()}, kv.Write{Key: kLease, Data: mine})
		if errors.Is(err, kv.ErrConflict) {
			return nil
		}
		if err != nil {
			return err
		}
		err = b.sendFor(ctx, account, now)
		b.release(ctx, space, got.Revision)
		if err != nil {
			return err
		}
	}
	if snap, err = b.cfg.Store.Read(ctx, space, nil, []kv.Scan{{Prefix: pJob}}); err != nil {
		return err
	}
	return b.swap(ctx, hints, nextOf(snap.Scans[0]), account)
}

// release lets other nodes send for an account, also when this one is about to
// end: they would wait for the lease's end.
func (b *Board) release(ctx context.Context, space kv.Space, version uint64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	_, err := b.commit(ctx, space, []kv.Condition{{Key: kLease, Version: version}}, kv.Write{Key: kLease, Delete: true})
	if err != nil && !errors.Is(err, kv.ErrConflict) {
		b.cfg.Log.Debug("the turn of an account ends by itself", "err", err)
	}
}

// swap takes back the hints that were followed, unless they were given anew, and
// gives one for next; zero: nothing is left.
func (b *Board) swap(ctx context.Context, hints []kv.Value, next time.Time, account string) error {
	if !next.IsZero() {
		if _, err := b.commit(ctx, kv.Control, nil, kv.Write{Key: outKey(next, account)}); err != nil {
			return err
		}
	}
	for _, v := range hints {
		if !next.IsZero() && v.Key == outKey(next, account) {
			continue
		}
		_, err := b.commit(ctx, kv.Control, []kv.Condition{v.Same()}, kv.Write{Key: v.Key, Delete: true})
		if err != nil && !errors.Is(err, kv.ErrConflict) {
			return err
		}
	}
	return nil
}

func dueOf(jobs []kv.Value, now time.Time) bool {
	for _, v := range jobs {
		if j, err := parseJob(v); err == nil && j.Due <= now.UnixMilli() {
			return true
		}
	}
	return false
}

// nextOf is when the earliest job is due; zero where there is none that can be read.
func nextOf(jobs []kv.Value) (next time.Time) {
	for _, v := range jobs {
		if j, err := parseJob(v); err == nil && (next.IsZero() || time.UnixMilli(j.Due).Before(next)) {
			next = time.UnixMilli(j.Due)
		}
	}
	return next
}

// round is what is to be sent for an account in its turn.
type round struct {
	account string
	to      authz.Recipient
	choices choices
	zone    *time.Location
	muted   map[string]bool
	letter  time.Time // when the last one went
	jobs    map[string][]waitingJob
}

type waitingJob struct {
	key, id string
	job
}

// sendFor sends what is due now; the caller has the account's turn.
func (b *Board) sendFor(ctx context.Context, account string, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, outTurn)
	defer cancel()
	d, err := b.readDue(ctx, account, now)
	if err != nil {
		return err
	}
	if d.to.Account.ID == "" || d.to.Account.State != authz.AccountActive {
		return b.discard(ctx, d, withdrawn)
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, ch := range b.cfg.Channels {
		wg.Go(func() {
			for _, j := range d.jobs[ch.Name()] {
				if ctx.Err() != nil {
					return
				}
				b.sendJob(ctx, ch, d, j)
			}
		})
	}
	return b.sendLetter(ctx, d, d.jobs[ByMail])
}

func (b *Board) readDue(ctx context.Context, account string, now time.Time) (round, error) {
	d := round{account: account, muted: map[string]bool{}, jobs: map[string][]waitingJob{}}
	snap, err := b.cfg.Store.Read(ctx, kv.Bulk(account), []string{kChoices, kLetter}, []kv.Scan{{Prefix: pJob}, {Prefix: pMute}})
	if err != nil {
		return d, err
	}
	if d.to, err = b.cfg.Authority.Recipient(ctx, account, authz.ActSelf, ""); err != nil {
		return d, err
	}
	d.choices = parseChoices(snap.Values[0])
	d.zone = d.choices.zoneOf(d.to.Account.Zone)
	d.letter = time.UnixMilli(parseLast(snap.Values[1]).At)
	for _, v := range snap.Scans[1] {
		d.muted[strings.TrimPrefix(v.Key, pMute)] = true
	}
	for _, v := range snap.Scans[0] {
		j, err := parseJob(v)
		if err != nil || j.Due > now.UnixMilli() {
			continue
		}
		channel, id, _ := strings.Cut(strings.TrimPrefix(v.Key, pJob), "/")
		d.jobs[channel] = append(d.jobs[channel], waitingJob{key: v.Key, id: id, job: j})
	}
	return d, nil
}

// discard drops everything that is due.
func (b *Board) discard(ctx context.Context, d round, outcome string) error {
	var writes []kv.Write
	for channel, jobs := range d.jobs {
		for _, j := range jobs {
			b.sends.WithLabelValues(channel, outcome).Inc()
			writes = append(writes, kv.Write{Key: j.key, Delete: true})
		}
	}
	return b.settle(ctx, d.account, writes)
}

// settle writes what became of jobs, also when the program is about to end: what
// is out should not go again.
func (b *Board) settle(ctx context.Context, account string, writes []kv.Write) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := b.commitAll(ctx, kv.Bulk(account), writes)
	if err != nil {
		b.cfg.Log.Warn("what became of notices could not be noted; they may go again", "err", err)
	}
	return err
}
