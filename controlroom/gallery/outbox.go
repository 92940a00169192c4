package gallery

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"sightline/authz"
	"sightline/internal/kv"
)

// box is one outbox row: an image and who is still to receive it. It is written
// in the image's own commit, so an acknowledged image is on its way for good.
type box struct {
	V         int      `json:"v"`
	Row       row      `json:"row"`
	Receivers []string `json:"receivers"`
	Holder    string   `json:"holder,omitempty"` // node that delivers it
	Until     int64    `json:"until,omitempty"`  // Unix ms, end of the holder's claim
}

// parcel is an outbox row with its place.
type parcel struct {
	sender string
	id     string // of the image
	part   int
	box    box
}

func (p parcel) key() string { return fmt.Sprintf("%s%s/%03d", pOutbox, p.id, p.part) }

const (
	parcelMost = 100 // receivers of one outbox row
	couriers   = 8   // rows of receivers committed at once: the store gathers them
	claimLimit = time.Minute
)

// pack divides the receivers of an image into outbox rows.
func pack(sender, id string, r row, receivers []string) []parcel {
	r.Sender, r.Once, r.Favoured, r.Tags = sender, "", false, nil
	var out []parcel
	for i := 0; i < len(receivers); i += parcelMost {
		to := receivers[i:min(i+parcelMost, len(receivers))]
		out = append(out, parcel{sender: sender, id: id, part: len(out), box: box{V: rowVersion, Row: r, Receivers: to}})
	}
	return out
}

// post hands parcels of this node to its couriers; what finds no room in the
// queue is found by the next walk.
func (g *Gallery) post(parcels []parcel) {
	for _, p := range parcels {
		select {
		case g.due <- p:
		default:
		}
	}
}

// courier delivers what this node accepted, until ctx ends.
func (g *Gallery) courier(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case p := <-g.due:
			if err := g.deliver(ctx, p); err != nil && ctx.Err() == nil {
				g.cfg.Log.Warn("copies of an image wait for the next round", "err", err)
			}
		}
	}
}

// deliver hands one parcel to all its receivers and then removes it.
func (g *Gallery) deliver(ctx context.Context, p parcel) error {
	if !g.busy(p.key(), true) {
		return nil // another courier of this node is at it
	}
	defer g.busy(p.key(), false)
	// Half a claim: when another node takes over, this one has stopped.
	ctx, cancel := context.WithTimeout(ctx, claimLimit/2)
	defer cancel()
	ok, err := g.claim(ctx, &p)
	if err != nil || !ok {
		return err
	}
	accounts, err := g.cfg.Authority.AccountsByID(ctx, p.box.Receivers)
	if err != nil {
		return err
	}
	var to []authz.Account
	for _, id := range p.box.Receivers {
		if acc, ok := accounts[id]; ok { // who closed his account meanwhile has no gallery
			to = append(to, acc)
		}
	}
	if len(to) > 0 {
		// errGone: it was delivered long ago, and the sender's image has gone since.
		if err := g.handOver(ctx, p, to); err != nil && !errors.Is(err, errGone) {
			return err
		}
	}
	g.metrics.delivered.Observe(g.cfg.Clock.Now().Sub(time.UnixMilli(p.box.Row.At)).Seconds())
	return g.change(ctx, p.sender, []string{p.key()}, func(map[string]kv.Value, time.Time) (kv.Txn, error) {
		return kv.Txn{Writes: []kv.Write{{Key: p.key(), Delete: true}}}, nil
	})
}

// handOver writes references first, then rows; who has no room keeps neither.
func (g *Gallery) handOver(ctx context.Context, p parcel, to []authz.Account) error {
	ids := make([]string, len(to))
	for i, acc := range to {
		ids[i] = acc.ID
	}
	hash := p.box.Row.Hash
	if err := g.refs.share(ctx, hash, ids...); err != nil {
		return err
	}
	var mu sync.Mutex
	var errs []error
	var without []string
	next := make(chan authz.Account)
	var wg sync.WaitGroup
	for range min(couriers, len(to)) {
		wg.Go(func() {
			for acc := range next {
				took, err := g.receive(ctx, acc, p)
				mu.Lock()
				if err != nil {
					errs = append(errs, err)
				} else if !took {
					without = append(without, acc.ID)
				}
				mu.Unlock()
			}
		})
	}
	for _, acc := range to {
		next <- acc
	}
	close(next)
	wg.Wait()
	if len(without) > 0 {
		var drop []string
		for _, id := range without {
			if needed, err := g.rows(ctx, id, hash); err != nil || !needed {
				drop = append(drop, id)
			}
		}
		if len(drop) > 0 {
			errs = append(errs, g.refs.drop(ctx, hash, g.leaving, drop...))
		}
	}
	return errors.Join(errs...)
}

// receive puts the copy into one account. False: it has no room (R54), or had
// the image already: through another group, or by an earlier try (R53).
func (g *Gallery) receive(ctx context.Context, acc authz.Account, p parcel) (took bool, err error) {
	r := p.box.Row
	full := false
	r.Day = time.UnixMilli(r.At).In(zone(acc.Zone)).Format(time.DateOnly)
	keys := []string{pRow + p.id, pTrash + p.id, kSums, pDay + r.Day, turnKey(r.Hash)}
	err = g.change(ctx, acc.ID, keys, func(at map[string]kv.Value, now time.Time) (kv.Txn, error) {
		took, full = false, false
		if at[pRow+p.id].Exists() || at[pTrash+p.id].Exists() {
			return kv.Txn{}, errNothing
		}
		s, err := parseSums(at[kSums])
		if err != nil || s.Closed {
			return kv.Txn{}, cmp.Or(err, errNothing)
		}
		if full = s.Used+r.Bytes > g.quota(acc, now); full {
			return kv.Txn{}, errNothing
		}
		held, err := g.refs.held(ctx, r.Hash, acc.ID) // after the turn was read, see references
		if err == nil && !held {
			err = g.refs.share(ctx, r.Hash, acc.ID)
		}
		if err != nil {
			return kv.Txn{}, err
		}
		took = true
		s.count(r, 1)
		txn := kv.Txn{Conditions: is(at[pRow+p.id], at[kSums], at[pDay+r.Day], at[turnKey(r.Hash)]), Writes: []kv.Write{
			{Key: pRow + p.id, Data: kv.Encode(r)}, s.write(), dayWrite(at[pDay+r.Day], 1)}}
		for _, k := range r.marks(p.id) {
			txn.Writes = append(txn.Writes, kv.Write{Key: k, Data: []byte{'1'}})
		}
		return txn, nil
	})
	if err == nil && full {
		err = g.skip(ctx, acc.ID, p.id, false)
	}
	return took, err
}

// busy notes that this node begins (on) or ends delivering a parcel; false when
// it is at it already.
func (g *Gallery) busy(key string, on bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !on {
		delete(g.parcels, key)
		return true
	}
	if g.parcels[key] {
		return false
	}
	g.parcels[key] = true
	return true
}

// claim makes this node the one that delivers p, for a minute. False: it is
// delivered, or another node is at it.
func (g *Gallery) claim(ctx context.Context, p *parcel) (ok bool, err error) {
	err = g.change(ctx, p.sender, []string{p.key()}, func(at map[string]kv.Value, now time.Time) (kv.Txn, error) {
		ok = false
		v := at[p.key()]
		var b box
		if !v.Exists() || json.Unmarshal(v.Data, &b) != nil || b.V != rowVersion {
			return kv.Txn{}, errNothing
		}
		if b.Holder != "" && b.Holder != g.name && now.UnixMilli() < b.Until {
			return kv.Txn{}, errNothing
		}
		p.box, ok = b, true
		if g.cfg.Alone { // nobody to keep away
			return kv.Txn{}, errNothing
		}
		b.Holder, b.Until = g.name, now.Add(claimLimit).UnixMilli()
		return kv.Txn{Conditions: is(v), Writes: []kv.Write{{Key: v.Key, Data: kv.Encode(b)}}}, nil
	})
	return ok, err
}

// left lists an account's parcels, those a crash or a full queue left behind.
func (g *Gallery) left(ctx context.Context, account string) ([]parcel, error) {
	snap, err := g.read(ctx, account, nil, kv.Scan{Prefix: pOutbox, Limit: walkPage})
	if err != nil {
		return nil, err
	}
	var out []parcel
	for _, v := range snap.Scans[0] {
		id, part, ok := strings.Cut(strings.TrimPrefix(v.Key, pOutbox), "/")
		p := parcel{sender: account, id: id}
		if _, err := fmt.Sscanf(part, "%03d", &p.part); ok && err == nil {
			out = append(out, p)
		}
	}
	return out, nil
}
