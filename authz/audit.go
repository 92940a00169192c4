package authz

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

const (
	auditConsumer = "audit"
	pAudit        = "audit/" // in the owner's space: the row's place in the control feed
	maxAuditPage  = 200
)

// auditRecord is a row in its owner's space. It is written once and never changed.
type auditRecord struct {
	head
	ID  string      `json:"id"`
	At  time.Time   `json:"at"`
	Row event.Audit `json:"row"`
}

// AuditRow is one row of an owner's log: who did what. Names are those of now, or
// those the row itself holds for what is gone.
type AuditRow struct {
	ID     string
	Place  string // sorts in commit order; where the next page begins
	At     time.Time
	As     string // account, token, kiosk, guest, operator, system
	Actor  string // account or visit id
	Who    string // the account's name, "" when there is none any more
	Action string
	Kind   string // of what it was done to: link, camera, grant, group …
	Object string
	Name   string
	Detail map[string]string
}

// FollowAudit copies audit rows from the control space to their owners' spaces
// (ruling 12) until ctx ends, and returns its error. Any number of nodes may run it.
func (a *Authority) FollowAudit(ctx context.Context) error {
	for event.Register(ctx, a.cfg.Store, kv.Control, auditConsumer) != nil { // before anything is trimmed
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
	c := &event.Consumer{Store: a.cfg.Store, Space: kv.Control, Name: auditConsumer, Handle: a.keepAudit, Log: a.cfg.Log}
	return c.Run(ctx)
}

// keepAudit copies one row; a second time it writes the same.
func (a *Authority) keepAudit(ctx context.Context, e event.Entry) error {
	row, ok := e.Event.(event.Audit)
	if !ok || !ValidID(row.Owner) {
		return nil
	}
	_, err := a.cfg.Store.Commit(ctx, kv.Txn{ID: kv.NewID(a.cfg.Clock.Now()), Space: kv.Bulk(row.Owner),
		Writes: []kv.Write{{Key: pAudit + e.Place(), Data: encode(auditRecord{head: v1, ID: e.ID, At: e.At.UTC(), Row: row})}}})
	return err
}

// Audit lists the rows of the subject's own log, newest first: those before a
// place (exclusive, "" = from the newest), at most limit (1 to 200, 0 = 50). next
// is where to go on, "" at the end. What was committed a moment ago is in it.
func (a *Authority) Audit(ctx context.Context, s Subject, before string, limit int) (rows []AuditRow, next string, err error) {
	if _, _, err := a.require(ctx, s, ActSelf, Object{}); err != nil {
		return nil, "", err
	}
	if limit == 0 {
		limit = 50
	}
	if limit < 1 || limit > maxAuditPage {
		return nil, "", fault.Field("limit", fault.CodeBadValue, "A page has 1 to 200 rows.")
	}
	if strings.ContainsFunc(before, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') }) || len(before) > 64 {
		return nil, "", fault.Field("before", fault.CodeBadValue, "That is no place in the log.")
	}
	found := map[string]auditRecord{}
	// The feed first: what is copied and trimmed between the two reads is in the second.
	rctx, cancel := context.WithTimeout(ctx, a.cfg.Timeout)
	defer cancel()
	recent, err := event.Recent(rctx, a.cfg.Store, kv.Control, 2000)
	if err != nil {
		return nil, "", unavailable(err)
	}
	for _, e := range recent {
		if row, ok := e.Event.(event.Audit); ok && row.Owner == s.Account && (before == "" || e.Place() < before) {
			found[e.Place()] = auditRecord{head: v1, ID: e.ID, At: e.At.UTC(), Row: row}
		}
	}
	scan := kv.Scan{Prefix: pAudit, Reverse: true, Limit: limit + 2}
	if before != "" {
		scan.From = pAudit + before
	}
	snap, err := a.cfg.Store.Read(rctx, kv.Bulk(s.Account), nil, []kv.Scan{scan})
	if err != nil {
		return nil, "", unavailable(err)
	}
	for _, v := range snap.Scans[0] {
		place := strings.TrimPrefix(v.Key, pAudit)
		if r, err := decode[auditRecord](v.Data); err == nil && (before == "" || place < before) {
			found[place] = *r
		}
	}
	places := slices.Sorted(maps.Keys(found))
	slices.Reverse(places)
	if len(places) > limit {
		places = places[:limit]
		next = places[limit-1]
	}
	names, err := a.auditNames(ctx, places, found)
	if err != nil {
		return nil, "", err
	}
	for _, p := range places {
		rows = append(rows, auditRow(p, found[p], names))
	}
	return rows, next, nil
}

// auditNames reads the present names of what the rows are about.
func (a *Authority) auditNames(ctx context.Context, places []string, found map[string]auditRecord) (map[string]string, error) {
	var keys []string
	seen := map[string]bool{}
	for _, p := range places {
		row := found[p].Row
		if ValidID(row.Actor) && row.As != "guest" {
			keys = merge(keys, seen, []string{keyAccount(row.Actor)})
		}
		if ValidID(row.Object) {
			switch auditKind(row.Action) {
			case "camera":
				keys = merge(keys, seen, []string{keyCamera(row.Object)})
			case "link":
				keys = merge(keys, seen, []string{keyLink(row.Object)})
			case "group":
				keys = merge(keys, seen, []string{keyGroup(row.Object)})
			case "account":
				keys = merge(keys, seen, []string{keyAccount(row.Object)})
			}
		}
		if ValidID(row.Camera) {
			keys = merge(keys, seen, []string{keyCamera(row.Camera)})
		}
	}
	out := map[string]string{}
	if len(keys) == 0 {
		return out, nil
	}
	v, err := a.read(ctx, keys)
	if err != nil {
		return nil, err
	}
	for _, r := range v.recs {
		switch r := r.(type) {
		case *Account:
			out[r.ID] = r.Name
		case *Camera:
			out[r.ID] = r.Name
		case *Group:
			out[r.ID] = r.Name
		case *Link:
			out[r.ID] = r.Name
		}
	}
	return out, nil
}

// auditKind is what an action is done to: the word before its point.
func auditKind(action string) string {
	kind, _, _ := strings.Cut(action, ".")
	return kind
}

func auditRow(place string, r auditRecord, names map[string]string) AuditRow {
	out := AuditRow{ID: r.ID, Place: place, At: r.At, As: r.Row.As, Actor: r.Row.Actor, Who: names[r.Row.Actor], Action: r.Row.Action,
		Kind: auditKind(r.Row.Action), Object: r.Row.Object, Name: r.Row.Detail["name"], Detail: maps.Clone(r.Row.Detail)}
	delete(out.Detail, "name")
	if out.Name == "" {
		out.Name = names[r.Row.Object]
	}
	if out.Name == "" {
		out.Name = names[r.Row.Camera]
	}
	return out
}
