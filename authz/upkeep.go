package authz

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"sightline/internal/kv"
)

const (
	upkeepEvery = time.Minute
	expireEvery = 10 * time.Minute
	sweepBatch  = 400 // children of one commit
)

// upkeep removes what ended parents left behind, notes the use of logins and
// visits that live on in running subscriptions, and deletes what has run out.
// It runs beside the loop and never delays it.
func (a *Authority) upkeep(ctx context.Context) {
	a.running.Store(true)
	defer a.running.Store(false)
	tick := time.NewTicker(upkeepEvery)
	defer tick.Stop()
	var expired, trimmed int64
	indexed := false
	for first := true; ; first = false {
		if !indexed {
			err := a.indexPeople(ctx)
			indexed = err == nil
			a.report("the index of people", err)
		}
		a.report("ended parents", a.sweepParents(ctx))
		if !first {
			a.renewRunning(ctx)
		}
		if now := a.node.mono(); first || now-expired >= int64(expireEvery) {
			expired = now
			a.report("what has run out", a.expire(ctx))
		}
		if now := a.node.mono(); first || now-trimmed >= int64(trimEvery) {
			trimmed = now
			a.report("old logs", a.trimAudit(ctx))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-a.swept:
		}
	}
}

func (a *Authority) report(what string, err error) {
	if err != nil {
		a.cfg.Log.Debug("upkeep will try again", "of", what, "err", err)
	}
}

// sweepSoon starts the sweeper after a commit that ended a parent. Without a
// running loop (a subcommand on the store itself) it sweeps here and now.
func (a *Authority) sweepSoon(ctx context.Context) {
	if a.running.Load() {
		select {
		case a.swept <- struct{}{}:
		default:
		}
		return
	}
	a.report("ended parents", a.sweepParents(context.WithoutCancel(ctx)))
}

// sweepParents works through the marks that ended parents left: any node may, two
// at once do each thing once, and a crash leaves the mark.
func (a *Authority) sweepParents(ctx context.Context) error {
	for {
		v, err := a.read(ctx, nil, kv.Scan{Prefix: pSweep, Limit: 1000})
		if err != nil || len(v.scans[0]) == 0 {
			return err
		}
		for _, mark := range v.scans[0] {
			kind, id, _ := strings.Cut(strings.TrimPrefix(mark.Key, pSweep), "/")
			switch kind {
			case "acct":
				err = a.sweepAccount(ctx, id)
			case "mail":
				err = a.attachWaiting(ctx, id)
			case "cam":
				err = a.sweepCamera(ctx, id, string(mark.Data))
			case "group":
				err = a.sweepGroup(ctx, id)
			case "link":
				err = a.sweepPrefixes(ctx, pVisit+id+"/")
			}
			if err != nil {
				return err
			}
			if err := a.unmark(ctx, mark); err != nil {
				return err
			}
		}
	}
}

// unmark deletes a mark as it was read. One that another node deleted is gone, one
// that was made again stays.
func (a *Authority) unmark(ctx context.Context, mark kv.Value) error {
	var d draft
	d.is(mark)
	d.del(mark.Key)
	if err := a.write(ctx, d); !errors.Is(err, kv.ErrConflict) {
		return err
	}
	return nil
}

func (a *Authority) write(ctx context.Context, d draft) error {
	_, err := a.commit(ctx, a.node.mono(), d)
	return err
}

// sweepEach deletes everything below a prefix; also drafts what goes with a record,
// which val and what follows the prefix in its key are of. nil: nothing does. Of
// two nodes that do it at once one deletes a record, with what goes with it.
func (a *Authority) sweepEach(ctx context.Context, prefix string, also func(d *draft, id string, val kv.Value, now time.Time)) error {
	for {
		v, err := a.read(ctx, nil, kv.Scan{Prefix: prefix, Limit: sweepBatch})
		if err != nil || len(v.scans[0]) == 0 {
			return err
		}
		var d draft
		for _, val := range v.scans[0] {
			d.is(val)
			d.del(val.Key)
			if also != nil {
				also(&d, strings.TrimPrefix(val.Key, prefix), val, v.now)
			}
		}
		if err := a.write(ctx, d); err != nil && !errors.Is(err, kv.ErrConflict) {
			return err
		}
	}
}

func (a *Authority) sweepPrefixes(ctx context.Context, prefixes ...string) error {
	for _, p := range prefixes {
		if err := a.sweepEach(ctx, p, nil); err != nil {
			return err
		}
	}
	return nil
}

// sweepCamera removes a deleted camera's grants and takes it out of links.
func (a *Authority) sweepCamera(ctx context.Context, id, owner string) error {
	err := a.sweepEach(ctx, pGrant+id+"/", func(d *draft, account string, val kv.Value, now time.Time) {
		d.del(keyGrantOf(account, id))
		if g, err := decode[Grant](val.Data); err == nil {
			d.event(offerChanged(g, owner, string(ReasonRevoked), g.Shown(now)))
		}
	})
	if err != nil {
		return err
	}
	if err := a.sweepWaiting(ctx, id); err != nil {
		return err
	}
	v, err := a.read(ctx, nil, kv.Scan{Prefix: pLinkCamera + id + "/"})
	if err != nil {
		return err
	}
	for _, val := range v.scans[0] {
		if err := a.sweepLinkCamera(ctx, strings.TrimPrefix(val.Key, pLinkCamera+id+"/"), id); err != nil {
			return err
		}
	}
	return a.sweepPrefixes(ctx, pLinkCamera+id+"/", keyTable(id), keyLinkCount(id))
}

// sweepLinkCamera takes a camera out of a link; a link without cameras ends.
func (a *Authority) sweepLinkCamera(ctx context.Context, link, camera string) error {
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		v, err := a.read(ctx, []string{keyLink(link)})
		if err != nil {
			return err
		}
		l := get[Link](v.get, keyLink(link))
		if l == nil || !l.Has(camera) {
			return errNothing
		}
		d.on(v, keyLink(link))
		out := *l
		out.Cameras = slices.DeleteFunc(slices.Clone(l.Cameras), func(c string) bool { return c == camera })
		if len(out.Cameras) == 0 {
			return a.removeLink(ctx, d, Subject{}, l, v.now)
		}
		d.put(keyLink(link), out)
		d.del(keyLinkCamera(camera, link))
		d.event(linkChanged(&out))
		d.audit(Subject{}, "link.cameras", l.Owner, link, onCamera(camera))
		return nil
	})
	return err
}

// sweepAccount removes what a closed account owned and was given.
func (a *Authority) sweepAccount(ctx context.Context, id string) error {
	v, err := a.read(ctx, nil, kv.Scan{Prefix: pCamOwner + id + "/"}, kv.Scan{Prefix: pLinkOwner + id + "/"}, kv.Scan{Prefix: pGrantOf + id + "/"})
	if err != nil {
		return err
	}
	for _, val := range v.scans[1] {
		if err := a.sweepLink(ctx, strings.TrimPrefix(val.Key, pLinkOwner+id+"/")); err != nil {
			return err
		}
	}
	for _, val := range v.scans[0] {
		if err := a.sweepCameraOf(ctx, id, strings.TrimPrefix(val.Key, pCamOwner+id+"/")); err != nil {
			return err
		}
	}
	for batch := range slices.Chunk(v.scans[2], sweepBatch) {
		var d draft
		for _, val := range batch {
			d.del(keyGrant(strings.TrimPrefix(val.Key, pGrantOf+id+"/"), id), val.Key)
		}
		if err := a.write(ctx, d); err != nil {
			return err
		}
	}
	return a.sweepPrefixes(ctx, pLogin+id+"/", pToken+id+"/", pLinkOwner+id+"/", pLinkName+id+"/", keyLinkCount(id))
}

// sweepCameraOf deletes a camera of a closed account.
func (a *Authority) sweepCameraOf(ctx context.Context, account, camera string) error {
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		keys := []string{keyCamera(camera), keyCamOwner(account, camera)}
		v, err := a.read(ctx, keys)
		if err != nil {
			return err
		}
		if !v.raw[1].Exists() {
			return errNothing // another node did
		}
		c := get[Camera](v.get, keys[0])
		if c == nil {
			c = &Camera{ID: camera, Owner: account}
		}
		d.on(v, keys...)
		a.deleteCamera(d, c)
		d.audit(Subject{}, "camera.delete", account, camera, onCamera(camera))
		return nil
	})
	return err
}

func (a *Authority) sweepLink(ctx context.Context, link string) error {
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		v, err := a.read(ctx, []string{keyLink(link)})
		if err != nil {
			return err
		}
		l := get[Link](v.get, keyLink(link))
		if l == nil {
			return errNothing
		}
		d.on(v, keyLink(link))
		return a.removeLink(ctx, d, Subject{}, l, v.now)
	})
	return err
}

// renewRunning counts a running subscription as use of its login or visit.
func (a *Authority) renewRunning(ctx context.Context) {
	n := &a.node
	n.mu.Lock()
	users := make(map[string]Subject)
	now := n.storeNow(n.mono())
	for l := range n.leases {
		f := l.facts
		if f.Login != nil && now.Sub(f.Login.UsedAt) >= renewAfter || f.Visit != nil && now.Sub(f.Visit.UsedAt) >= renewAfter ||
			f.Token != nil && now.Sub(f.Token.UsedAt) >= renewAfter {
			users[l.subject.Session()] = l.subject
		}
	}
	n.mu.Unlock()
	for _, s := range users {
		if v, err := a.load(ctx, s, Object{}); err == nil {
			a.renew(ctx, s, v.facts(s, Object{}), v)
		}
	}
}

// expire deletes records that have run out. What was renewed meanwhile stays.
func (a *Authority) expire(ctx context.Context) error {
	for _, e := range [...]struct {
		prefix string
		ends   func(data []byte) (time.Time, bool)
	}{
		{pVisit, ending1(func(v *Visit) time.Time { return v.Ends })},
		{pLogin, ending1(func(l *Login) time.Time { return earlier(l.IdleEnds, l.Ends) })},
		{pToken, ending1(func(t *Token) time.Time { return t.Ends })},
		{pInvite, ending1(func(i *Invitation) time.Time { return i.Ends })},
		{pVerify, ending1(func(i *Verification) time.Time { return i.Ends })},
		{pLinkGone, ending1(func(l *goneLink) time.Time { return l.Ends })},
		{pKiosk, ending1(func(k *kioskRef) time.Time { return k.Ends })},
		{pReset, ending1(func(i *Reset) time.Time { return i.Ends })},
		{pCode, ending1(func(c *ShareCode) time.Time { return c.Ends })},
		{pCodeHash, ending1(func(c *codeRef) time.Time { return c.Ends })},
	} {
		if err := a.expirePrefix(ctx, e.prefix, e.ends); err != nil {
			return err
		}
	}
	return nil
}

// ending1 reads one kind of record for its end; damaged ones are left alone.
func ending1[T record](end func(*T) time.Time) func([]byte) (time.Time, bool) {
	return func(data []byte) (time.Time, bool) {
		r, err := decode[T](data)
		if err != nil {
			return time.Time{}, false
		}
		return end(r), true
	}
}

func (a *Authority) expirePrefix(ctx context.Context, prefix string, ends func([]byte) (time.Time, bool)) error {
	for from := ""; ; {
		v, err := a.read(ctx, nil, kv.Scan{Prefix: prefix, From: from, Limit: 2000})
		if err != nil {
			return err
		}
		var d draft
		for _, val := range v.scans[0] {
			from = val.Key + "\x00"
			if end, ok := ends(val.Data); ok && over(end, v.now) && len(d.writes) < sweepBatch {
				d.is(val)
				d.del(val.Key)
			}
		}
		if len(d.writes) > 0 {
			if err := a.write(ctx, d); err != nil {
				return err // a conflict too: one was renewed; the next round sees it
			}
		}
		if len(v.scans[0]) < 2000 {
			return nil
		}
	}
}

// liveVisits are the visits of a view's first scan that have not run out.
func liveVisits(v *view) []Visit {
	var out []Visit
	for _, val := range v.scans[0] {
		w, err := decode[Visit](val.Data)
		if err != nil || over(w.Ends, v.now) {
			continue
		}
		w.Hash = nil
		out = append(out, *w)
	}
	slices.SortFunc(out, func(x, y Visit) int { return y.UsedAt.Compare(x.UsedAt) })
	return out
}
