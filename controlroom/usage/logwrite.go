package usage

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

const (
	logBatch   = 200 // visits in one commit
	logTries   = 8   // of a commit that another node was faster than
	logTimeout = 2 * time.Second
	logTrim    = time.Hour
)

// Run writes what the log hears until ctx ends, and then what is left.
func (l *Log) Run(ctx context.Context) error {
	look := time.NewTicker(logLook)
	defer look.Stop()
	failing, trimmed := false, int64(0)
	for {
		select {
		case <-look.C:
		case <-l.wake:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.cfg.Timeout)
			defer cancel()
			if err := l.write(last, true); err != nil {
				l.cfg.Log.Warn("the last of what guests used could not be written", "err", err)
			}
			return ctx.Err()
		}
		err := l.write(ctx, false)
		if (err != nil) != failing && ctx.Err() == nil {
			if failing = err != nil; failing {
				l.cfg.Log.Warn("what guests use is kept in memory until the store answers", "err", err)
			}
		}
		if failing { // what is urgent would wake this at once
			select {
			case <-look.C:
			case <-ctx.Done():
			}
		}
		if now := l.cfg.Mono(); err == nil && (trimmed == 0 || now-trimmed >= int64(logTrim)) {
			trimmed = now
			if err := l.trim(ctx); err != nil && ctx.Err() == nil {
				l.cfg.Log.Debug("old visits are trimmed later", "err", err)
			}
		}
	}
}

// Flush writes everything now.
func (l *Log) Flush(ctx context.Context) error { return l.write(ctx, true) }

// write writes what is due, or with all whatever is new.
func (l *Log) write(ctx context.Context, all bool) error {
	due := l.due(all)
	for part := range slices.Chunk(due, logBatch) {
		if err := l.writePart(ctx, part); err != nil {
			l.undo(due)
			return err
		}
	}
	return nil
}

// due is a copy of every visit that is to be written; it counts as written until undo.
func (l *Log) due(all bool) []dueVisit {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.cfg.Mono()
	var out []dueVisit
	for k, v := range l.open {
		running := len(v.sessions) > 0
		switch since := now - v.wrote; {
		case v.urgent, all && v.dirty:
		case v.dirty && since >= int64(logEvery), running && v.state != "" && since >= int64(logEvery), running && since >= int64(logIdle):
		default:
			if !v.dirty && !running && now-v.used >= int64(logDrop) {
				delete(l.open, k)
			}
			continue
		}
		w := *v
		w.sessions = map[string]*openSession{}
		for id, s := range v.sessions {
			c := *s
			w.sessions[id] = &c
			if s.ended { // written now: what comes again is not told
				delete(v.sessions, id)
			}
		}
		v.urgent, v.dirty, v.wrote = false, false, now
		out = append(out, dueVisit{k, &w})
	}
	return out
}

type dueVisit struct {
	key   visitKey
	visit *openVisit
}

// undo has what could not be written written again.
func (l *Log) undo(list []dueVisit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range list {
		v := l.visit(d.key)
		if v.run != d.visit.run { // dropped meanwhile
			v.run, v.updates = d.visit.run, v.updates+d.visit.updates
		}
		v.urgent, v.dirty = true, true
		for id, s := range d.visit.sessions {
			if v.sessions[id] == nil && s.ended {
				v.sessions[id] = s
			}
		}
	}
}

func (l *Log) writePart(ctx context.Context, list []dueVisit) error {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	keys := make([]string, len(list))
	for i, d := range list {
		keys[i] = logKey(d.key)
	}
	for try := 0; ; try++ {
		snap, err := l.cfg.Store.Read(ctx, logSpace, keys, nil)
		if err != nil {
			return err
		}
		txn := kv.Txn{ID: kv.NewID(l.cfg.Clock.Now()), Space: logSpace}
		for i, have := range snap.Values {
			row, _ := decodeRow(have)
			row.merge(list[i].visit, snap.Now.UnixMilli())
			data, err := json.Marshal(row)
			if err != nil {
				return err
			}
			txn.Conditions = append(txn.Conditions, kv.Condition{Key: have.Key, Version: have.Version})
			txn.Writes = append(txn.Writes, kv.Write{Key: have.Key, Data: data})
		}
		_, err = l.cfg.Store.Commit(ctx, txn)
		if fault.Is(err, fault.Unknown) && ctx.Err() == nil {
			_, err = l.cfg.Store.Commit(ctx, txn)
		}
		if err == nil || !errors.Is(err, kv.ErrConflict) || try == logTries {
			return err
		}
	}
}

// trim drops addresses and rows that are old, and the rows of links that are no
// more once their addresses would be dropped.
func (l *Log) trim(ctx context.Context) error {
	for from := ""; ; {
		snap, err := l.cfg.Store.Read(ctx, logSpace, nil, []kv.Scan{{Prefix: logPrefix, From: from, Limit: 500}})
		if err != nil {
			return err
		}
		values := snap.Scans[0]
		gone, err := l.goneLinks(ctx, values)
		if err != nil {
			return err
		}
		txn := kv.Txn{ID: kv.NewID(l.cfg.Clock.Now()), Space: logSpace}
		for _, v := range values {
			from = v.Key + "\x00"
			row, ok := decodeRow(v)
			age := snap.Now.Sub(time.UnixMilli(row.Last))
			if !ok || age < l.cfg.KeepAddress || row.IP == "" && age < l.cfg.Keep && !gone[linkOf(v.Key)] {
				continue
			}
			w := kv.Write{Key: v.Key, Delete: true}
			if age < l.cfg.Keep && !gone[linkOf(v.Key)] {
				row.IP = ""
				data, err := json.Marshal(row)
				if err != nil {
					return err
				}
				w = kv.Write{Key: v.Key, Data: data}
			}
			txn.Conditions = append(txn.Conditions, kv.Condition{Key: v.Key, Version: v.Version})
			txn.Writes = append(txn.Writes, w)
		}
		if len(txn.Writes) > 0 {
			if _, err := l.cfg.Store.Commit(ctx, txn); err != nil && !errors.Is(err, kv.ErrConflict) {
				return err
			}
		}
		if len(values) < 500 {
			return nil
		}
	}
}

func linkOf(key string) string {
	link, _, _ := strings.Cut(strings.TrimPrefix(key, logPrefix), "/")
	return link
}

// goneLinks says which links of the rows are no more.
func (l *Log) goneLinks(ctx context.Context, rows []kv.Value) (map[string]bool, error) {
	var keys []string
	for _, v := range rows {
		if k := authz.LinkPrefix + linkOf(v.Key); !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	snap, err := l.cfg.Store.Read(ctx, kv.Control, keys, nil)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, v := range snap.Values {
		out[strings.TrimPrefix(v.Key, authz.LinkPrefix)] = !v.Exists()
	}
	return out, nil
}

// Visits are the rows of a link, last seen first, with what is not written yet.
// Whoever calls decides who may see it.
func (l *Log) Visits(ctx context.Context, link string) ([]Row, error) {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	snap, err := l.cfg.Store.Read(ctx, logSpace, nil, []kv.Scan{{Prefix: logPrefix + link + "/"}})
	if err != nil {
		return nil, kv.Unavailable(err)
	}
	rows := map[string]logRow{}
	for _, v := range snap.Scans[0] {
		if r, ok := decodeRow(v); ok {
			rows[v.Key] = r
		}
	}
	l.mu.Lock()
	for k, v := range l.open {
		if k.link != link || !v.dirty && len(v.sessions) == 0 {
			continue
		}
		r := rows[logKey(k)]
		state := r.State
		r.merge(v, snap.Now.UnixMilli())
		if v.state == "" {
			r.State = state // perhaps he watches at another node
		}
		rows[logKey(k)] = r
	}
	l.mu.Unlock()
	out := make([]Row, 0, len(rows))
	for k, r := range rows {
		out = append(out, r.row(k, snap.Now))
	}
	slices.SortFunc(out, func(x, y Row) int { return y.Last.Compare(x.Last) })
	return out, nil
}
