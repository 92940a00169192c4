package authz

import (
	"context"
	"strings"
	"time"

	"sightline/internal/kv"
)

// A row of a log is kept for Config.AuditKeep. The log of a closed account has no
// reader any more; it is kept for closedKept, for whoever runs the server, and
// then goes as a whole.
const (
	auditKeep  = 365 * 24 * time.Hour
	closedKept = 30 * 24 * time.Hour
	trimEvery  = 24 * time.Hour
	pClosed    = "closed/" // + account: when it was closed
)

// closedAccount remembers that an account's log is still to go.
type closedAccount struct {
	head
	At time.Time `json:"at"`
}

// trimAudit removes what is old of every account's log, and the logs of accounts
// closed long ago. Any node may, twice is harmless.
func (a *Authority) trimAudit(ctx context.Context) error {
	for _, kind := range []struct {
		prefix string
		closed bool
	}{{pAccount, false}, {pClosed, true}} {
		for from := ""; ; {
			v, err := a.read(ctx, nil, kv.Scan{Prefix: kind.prefix, From: from, Limit: 500})
			if err != nil {
				return err
			}
			for _, val := range v.scans[0] {
				from = val.Key + "\x00"
				if err := a.trimLog(ctx, strings.TrimPrefix(val.Key, kind.prefix), val, kind.closed, v.now); err != nil {
					return err
				}
			}
			if len(v.scans[0]) < 500 {
				break
			}
		}
	}
	return nil
}

// longClosed reports whether a closed account's log is to go; a mark of a newer
// version is left alone.
func longClosed(val kv.Value, now time.Time) bool {
	c, err := decode[closedAccount](val.Data)
	return err == nil && now.Sub(c.At) >= closedKept
}

// trimLog trims the log of one account; val is the record that led to it.
func (a *Authority) trimLog(ctx context.Context, account string, val kv.Value, closed bool, now time.Time) error {
	before := now.Add(-a.cfg.AuditKeep)
	if closed {
		if !longClosed(val, now) {
			return nil
		}
		before = now // all of it
	}
	for {
		rctx, cancel := context.WithTimeout(ctx, a.cfg.Timeout)
		snap, err := a.cfg.Store.Read(rctx, kv.Bulk(account), nil, []kv.Scan{{Prefix: pAudit, Limit: sweepBatch}})
		cancel()
		if err != nil {
			return err
		}
		var writes []kv.Write
		for _, row := range snap.Scans[0] { // in the order of time
			r, err := decode[auditRecord](row.Data)
			if err == nil && !r.At.Before(before) {
				break
			}
			writes = append(writes, kv.Write{Key: row.Key, Delete: true})
		}
		if len(writes) == 0 {
			break
		}
		if _, err := a.cfg.Store.Commit(ctx, kv.Txn{ID: kv.NewID(a.cfg.Clock.Now()), Space: kv.Bulk(account), Writes: writes}); err != nil {
			return err
		}
		if len(writes) < sweepBatch {
			break
		}
	}
	if !closed {
		return nil
	}
	return a.write(ctx, draft{conds: []kv.Condition{{Key: val.Key, Version: val.Version}}, writes: []kv.Write{{Key: val.Key, Delete: true}}})
}
