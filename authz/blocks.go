package authz

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"sightline/internal/event"
	"sightline/internal/fault"
)

const (
	blockFor   = 24 * time.Hour
	mostBlocks = 64 // of one link; more are a link that is better replaced
)

// BlockAddress keeps an address (IPv6: its /64) away from a link for
// Config.IPBlock: the link's owner. Who watches from there is cut before it
// returns, with ip_blocked. visit is the visit it was seen at, for the log. An
// address that is blocked already is blocked anew.
func (a *Authority) BlockAddress(ctx context.Context, s Subject, link, visit string, ip netip.Addr) (Block, error) {
	if !ip.IsValid() {
		return Block{}, errNotFound()
	}
	prefix := blockPrefix(ip)
	var out Block
	_, err := a.changeLink(ctx, s, link, ActLinkManage, func(_ context.Context, l *Link, d *draft, now time.Time) error {
		l.Blocks = openBlocks(l, now)
		l.Blocks = slices.DeleteFunc(l.Blocks, func(b Block) bool { return b.Prefix == prefix.String() })
		if len(l.Blocks) >= mostBlocks {
			return fault.Newf(fault.Conflict, fault.CodeConflict, "A link keeps at most %d addresses away.", mostBlocks)
		}
		out = Block{ID: NewID(), Prefix: prefix.String(), Since: now, Until: now.Add(a.cfg.IPBlock)}
		l.Blocks = append(l.Blocks, out)
		d.audit(s, "link.block", l.Owner, link, func(e *event.Audit) { e.Detail = map[string]string{"visit": visit} })
		return nil
	})
	return out, err
}

// Blocks are the addresses a link keeps away now, the newest first: for its owner.
func (a *Authority) Blocks(ctx context.Context, s Subject, link string) ([]Block, error) {
	v, f, err := a.require(ctx, s, ActLinkManage, Object{Link: link})
	if err != nil {
		return nil, err
	}
	out := openBlocks(f.Link, v.now)
	slices.SortFunc(out, func(x, y Block) int { return y.Until.Compare(x.Until) })
	return out, nil
}

// Unblock lets an address use a link again; one that is not blocked is fault.NotFound.
func (a *Authority) Unblock(ctx context.Context, s Subject, link, id string) error {
	_, err := a.changeLink(ctx, s, link, ActLinkManage, func(_ context.Context, l *Link, d *draft, now time.Time) error {
		open := openBlocks(l, now)
		l.Blocks = slices.DeleteFunc(slices.Clone(open), func(b Block) bool { return b.ID == id })
		if len(l.Blocks) == len(open) {
			return errNotFound()
		}
		d.audit(s, "link.unblock", l.Owner, link)
		return nil
	})
	return err
}

// NoteReveal writes into the owner's log that a visit's whole address was asked
// for, and lets only the link's owner do so.
func (a *Authority) NoteReveal(ctx context.Context, s Subject, link, visit string) error {
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		o := Object{Link: link}
		v, f, err := a.require(ctx, s, ActLinkManage, o)
		if err != nil {
			return err
		}
		d.bind(v, s, o)
		d.audit(s, "visit.address", f.Link.Owner, visit)
		return nil
	})
	return err
}

// BlockedUntil is when the longest block of an address ends; zero without one.
func BlockedUntil(blocks []Block, ip netip.Addr, now time.Time) time.Time {
	var until time.Time
	for _, b := range blocks {
		p, err := netip.ParsePrefix(b.Prefix)
		if err == nil && ip.IsValid() && p.Contains(ip.Unmap().WithZone("")) && b.Until.After(until) && !over(b.Until, now) {
			until = b.Until
		}
	}
	return until
}

// blockPrefix is what a block of an address covers: IPv4 one address, IPv6 its /64.
func blockPrefix(ip netip.Addr) netip.Prefix {
	ip = ip.Unmap().WithZone("")
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	p, _ := ip.Prefix(bits)
	return p
}

// openBlocks are a link's blocks that are not over.
func openBlocks(l *Link, now time.Time) []Block {
	return slices.DeleteFunc(slices.Clone(l.Blocks), func(b Block) bool { return over(b.Until, now) })
}
