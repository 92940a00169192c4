package notice

import (
	"context"
	"slices"
	"strings"
	"time"

	"sightline/authz"
	"sightline/internal/event"
)

// storage tells administrators which disk stopped taking footage, or takes it
// again, and the owners of the cameras that are recorded there that theirs are
// not. A disk that comes and goes is told once in Every for each of both.
func (b *Board) storage(ctx context.Context, e event.Entry, ev event.StorageTrouble) error {
	at, reason := time.UnixMilli(ev.At), storageReason(ev)
	if ev.At <= 0 {
		at = e.At
	}
	name := strings.ReplaceAll(ev.Node+" "+ev.Disk, "/", "_")
	if now, err := b.first(ctx, clip(name, 200)+"/"+reason, e.ID, at); err != nil || !now {
		return err
	}
	r := record{Kind: Storage, At: at.UnixMilli(), Reason: reason, Disk: clip(ev.Disk, 200)}
	told, err := b.tellAdministrators(ctx, e.ID, r)
	if err != nil {
		return err
	}
	r.Disk = ""
	for _, c := range ev.Cameras {
		accounts, err := b.cfg.Authority.Told(ctx, c)
		if err != nil {
			return err
		}
		if len(accounts) == 0 || slices.Contains(told, accounts[0]) {
			continue
		}
		told = append(told, accounts[0])
		if err := b.add(ctx, e.ID, accounts[0], r, nil); err != nil {
			return err
		}
	}
	return nil
}

// tellAdministrators tells all of the instance, and says whom.
func (b *Board) tellAdministrators(ctx context.Context, cause string, r record) (told []string, err error) {
	for after := ""; ; {
		ids, err := b.cfg.Authority.AccountIDs(ctx, after)
		if err != nil || len(ids) == 0 {
			return told, err
		}
		after = ids[len(ids)-1]
		accounts, err := b.cfg.Authority.AccountsByID(ctx, ids)
		if err != nil {
			return told, err
		}
		for _, id := range ids {
			if a := accounts[id]; !a.InstanceAdmin || a.State != authz.AccountActive {
				continue
			}
			if err := b.add(ctx, cause, id, r, nil); err != nil {
				return told, err
			}
			told = append(told, id)
		}
	}
}

// egressEvery is how often at most an owner is told of the same: near its end a
// budget is used up and free again many times.
const egressEvery = 12 * time.Hour

// egress tells an owner that his cameras are shown with less for now.
func (b *Board) egress(ctx context.Context, e event.Entry, ev event.EgressUsed) error {
	if ev.Level != "sub" && ev.Level != "stills" || !authz.ValidID(ev.Account) {
		return nil
	}
	at := time.UnixMilli(ev.At)
	if first, err := b.firstIn(ctx, ev.Account+"/"+ev.Level, e.ID, at, egressEvery); err != nil || !first {
		return err
	}
	return b.tellSelf(ctx, e.ID, ev.Account, record{Kind: Throttle, At: at.UnixMilli(), Reason: ev.Level, Until: ev.Until},
		func(r record) bool { return r.Kind == Throttle })
}

// webhookOff tells an account that one of its webhooks was switched off.
func (b *Board) webhookOff(ctx context.Context, e event.Entry, ev event.WebhookOff) error {
	return b.tellSelf(ctx, e.ID, ev.Account, record{Kind: WebhookOff, At: e.At.UnixMilli(), Webhook: ev.Webhook, Name: oneLine(clip(ev.Name, textMost))},
		func(r record) bool { return r.Kind == WebhookOff && r.Webhook == ev.Webhook })
}

// tellSelf tells an account something of its own.
func (b *Board) tellSelf(ctx context.Context, cause, account string, r record, replaces func(record) bool) error {
	if !authz.ValidID(account) {
		return nil
	}
	to, err := b.cfg.Authority.Recipient(ctx, account, authz.ActSelf, "")
	if err != nil || !to.May() {
		return err
	}
	return b.add(ctx, cause, account, r, replaces)
}
