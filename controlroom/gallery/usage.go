package gallery

import (
	"cmp"
	"context"
	"slices"
	"time"

	"sightline/authz"
	"sightline/internal/event"
	"sightline/internal/kv"
)

// Usage is what an account's images take, and of what.
type Usage struct {
	Limit   int64 // bytes
	Used    int64 // bytes of originals; copies received count in full, once (R53)
	Count   int
	Cameras []Share // own, largest first
	Senders []Share // received, largest first
	Skipped int     // images that found no room since there was some
	Since   time.Time
}

// Share is one part of the Usage.
type Share struct {
	ID    string
	Name  string // "" when there is none any more
	Bytes int64
	Count int
}

// Usage returns the subject's.
func (g *Gallery) Usage(ctx context.Context, s authz.Subject) (Usage, error) {
	if err := g.self(ctx, s); err != nil {
		return Usage{}, err
	}
	accounts, err := g.cfg.Authority.AccountsByID(ctx, []string{s.Account})
	if err != nil {
		return Usage{}, err
	}
	snap, err := g.read(ctx, s.Account, []string{kSums})
	if err != nil {
		return Usage{}, err
	}
	sum, err := parseSums(snap.Values[0])
	if err != nil {
		return Usage{}, away(err)
	}
	u := Usage{Limit: g.quota(accounts[s.Account], snap.Now), Used: sum.Used, Count: sum.Count, Skipped: sum.Skipped,
		Cameras: shares(sum.Cameras), Senders: shares(sum.Senders)}
	if sum.Since != 0 {
		u.Since = time.UnixMilli(sum.Since).UTC()
	}
	ids := make([]string, 0, len(u.Senders))
	for _, sh := range u.Senders {
		ids = append(ids, sh.ID)
	}
	if len(ids) == 0 {
		return u, nil
	}
	who, err := g.cfg.Authority.AccountNames(ctx, ids)
	for i := range u.Senders {
		u.Senders[i].Name = who[u.Senders[i].ID]
	}
	return u, err
}

func shares(m map[string]tally) []Share {
	out := make([]Share, 0, len(m))
	for id, t := range m {
		out = append(out, Share{ID: id, Name: t.Name, Bytes: t.Bytes, Count: t.Count})
	}
	slices.SortFunc(out, func(a, b Share) int { return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.ID, b.ID)) })
	return out
}

// tellFull says in the control feed that an account's gallery is full. The id is
// made from the moment it began, so that saying it again, as two couriers do at once
// or one after a crash, is nothing new.
func (g *Gallery) tellFull(ctx context.Context, account string, since int64) error {
	at := time.UnixMilli(since)
	_, err := commit(ctx, g.cfg.Store, kv.Txn{ID: kv.NewID(g.cfg.Clock.Now()), Space: kv.Control,
		Writes: []kv.Write{event.WriteAs("gallery-full/"+account+"/"+at.UTC().Format(time.RFC3339Nano), event.GalleryFull{Account: account})}}, g.cfg.Call)
	return err
}
