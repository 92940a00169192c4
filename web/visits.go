package web

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"sightline/authz"
	"sightline/controlroom"
	"sightline/controlroom/usage"
	"sightline/internal/fault"
)

// VisitLog is what guests' visits used; *usage.Log.
type VisitLog interface {
	Seen(v usage.Visitor)
	Visits(ctx context.Context, link string) ([]usage.Row, error)
}

type visitsView struct {
	Visits []visitRow `json:"visits"`
	Next   string     `json:"next,omitempty"` // after of the next page
}

// visitRow is one guest of a link as its owner sees him; the address is never whole.
type visitRow struct {
	ID             string     `json:"id"`
	IPMasked       string     `json:"ip_masked"` // "" once the address was dropped
	Browser        string     `json:"browser"`
	FirstSeen      time.Time  `json:"first_seen"`
	LastSeen       time.Time  `json:"last_seen"`
	Watching       bool       `json:"watching"` // live pictures flow now
	ViewingSeconds int64      `json:"viewing_seconds"`
	GalleryUpdates int        `json:"gallery_updates"`
	Slot           bool       `json:"slot"`                    // has one of the link's live places
	Throttled      bool       `json:"throttled"`               // gets a picture now and then, now
	BlockedUntil   *time.Time `json:"blocked_until,omitempty"` // his address is
	Owner          bool       `json:"owner,omitempty"`
	Stopped        bool       `json:"stopped,omitempty"`
}

type addressView struct {
	IP string `json:"ip"`
}

type blocksView struct {
	Blocks []blockView `json:"blocks"`
}

type blockInput struct {
	Visit string `json:"visit"`
}

type blockView struct {
	ID       string    `json:"id"`
	IPMasked string    `json:"ip_masked"`
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until"`
}

const visitPage = 200

func visitRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/links/:id/visits", who: account, out: visitsView{}, handle: listVisits,
			summary: "Who has opened a link and what each used, last seen first, 200 a page. Query: after (the next of the page before). Totals are within 15 s (R76)."},
		{method: "POST", path: "/api/v1/links/:id/visits/:visit/stop", who: account, status: empty,
			summary: "Stop one guest of a link for good; his pictures end first.",
			handle: func(r *request) error {
				return r.then(r.s.cfg.Authority.StopVisit(r.ctx, r.subject, r.param("id"), r.param("visit")))
			}},
		{method: "POST", path: "/api/v1/links/:id/visits/:visit/address", who: account, out: addressView{}, handle: revealVisit,
			summary: "The whole address of a guest. It is written into the owner's log that it was asked for."},
		{method: "GET", path: "/api/v1/links/:id/blocks", who: account, out: blocksView{}, handle: listBlocks, summary: "Addresses that a link keeps away now."},
		{method: "POST", path: "/api/v1/links/:id/blocks", who: account, body: jsonBody, status: created, in: blockInput{}, out: blockView{}, handle: blockVisit,
			summary: "Keep the address of a guest (IPv6: its /64) away from a link for 24 hours; who watches from there is cut first."},
		{method: "DELETE", path: "/api/v1/links/:id/blocks/:block", who: account, status: empty, summary: "Let an address use a link again.",
			handle: func(r *request) error {
				return r.then(r.s.cfg.Authority.Unblock(r.ctx, r.subject, r.param("id"), r.param("block")))
			}},
	}
}

// visitsOf are a link's visits: the log's, and those it has not heard of. Only
// for the link's owner.
func (r *request) visitsOf(link string) ([]usage.Row, map[string]authz.Visit, error) {
	list, err := r.s.cfg.Authority.Visits(r.ctx, r.subject, link)
	if err != nil {
		return nil, nil, err
	}
	rows, err := r.s.cfg.VisitLog.Visits(r.ctx, link)
	if err != nil {
		return nil, nil, err
	}
	open := make(map[string]authz.Visit, len(list))
	for _, v := range list {
		open[v.ID] = v
	}
	seen := map[string]bool{}
	for i := range rows {
		row := &rows[i]
		seen[row.Visit] = true
		if v, ok := open[row.Visit]; ok && v.CreatedAt.Before(row.First) {
			row.First = v.CreatedAt
		}
	}
	for _, v := range list {
		if !seen[v.ID] {
			rows = append(rows, usage.Row{Link: link, Visit: v.ID, IP: v.IP, Browser: v.Browser, Owner: v.Owner, First: v.CreatedAt, Last: v.UsedAt})
		}
	}
	slices.SortStableFunc(rows, func(x, y usage.Row) int { return y.Last.Compare(x.Last) })
	return rows, open, nil
}

func listVisits(r *request) error {
	link := r.param("id")
	after := string(r.c.Request().URI().QueryArgs().Peek("after"))
	if after != "" && !authz.ValidID(after) {
		return fault.Field("after", fault.CodeBadValue, "That is no place in the list.")
	}
	rows, open, err := r.visitsOf(link)
	if err != nil {
		return err
	}
	blocks, err := r.s.cfg.Authority.Blocks(r.ctx, r.subject, link)
	if err != nil {
		return err
	}
	slots, err := r.s.cfg.Usage.Slots(r.ctx, link)
	if err != nil {
		return err
	}
	if at := slices.IndexFunc(rows, func(v usage.Row) bool { return v.Visit == after }); after != "" {
		rows = rows[at+1:]
	}
	out := visitsView{Visits: []visitRow{}}
	if len(rows) > visitPage {
		rows = rows[:visitPage]
		out.Next = rows[visitPage-1].Visit
	}
	now := r.s.cfg.Clock.Now()
	for _, v := range rows {
		row := visitRow{ID: v.Visit, IPMasked: maskIP(v.IP), Browser: v.Browser, FirstSeen: v.First.UTC(), LastSeen: v.Last.UTC(),
			Watching: v.Doing == controlroom.VisitWatches, Throttled: v.Doing == controlroom.VisitThrottled, Slot: slots[v.Visit],
			ViewingSeconds: int64(v.Viewed.Round(time.Second) / time.Second), GalleryUpdates: v.GalleryUpdates,
			Owner: v.Owner, Stopped: open[v.Visit].Stopped}
		if ip, err := netip.ParseAddr(v.IP); err == nil {
			row.BlockedUntil = optional(authz.BlockedUntil(blocks, ip, now))
		}
		out.Visits = append(out.Visits, row)
	}
	return r.ok(out)
}

// addressOf is where a visit of a link came from last; fault.NotFound when there
// is no such visit, or nobody knows any more.
func (r *request) addressOf(link, visit string) (netip.Addr, error) {
	rows, _, err := r.visitsOf(link)
	if err != nil {
		return netip.Addr{}, err
	}
	for _, v := range rows {
		if ip, err := netip.ParseAddr(v.IP); err == nil && v.Visit == visit {
			return ip, nil
		}
	}
	return netip.Addr{}, errInvisible
}

func revealVisit(r *request) error {
	link, visit := r.param("id"), r.param("visit")
	ip, err := r.addressOf(link, visit)
	if err != nil {
		return err
	}
	if err := r.s.cfg.Authority.NoteReveal(r.ctx, r.subject, link, visit); err != nil {
		return err
	}
	return r.ok(addressView{IP: ip.String()})
}

func blockVisit(r *request) error {
	var in blockInput
	if err := r.decode(&in); err != nil {
		return err
	}
	link := r.param("id")
	if !authz.ValidID(in.Visit) {
		return fault.Field("visit", fault.CodeRequired, "Say which guest.")
	}
	ip, err := r.addressOf(link, in.Visit)
	if err != nil {
		return err
	}
	b, err := r.s.cfg.Authority.BlockAddress(r.ctx, r.subject, link, in.Visit, ip)
	if err != nil {
		return err
	}
	return r.json(created, viewBlock(b))
}

func listBlocks(r *request) error {
	list, err := r.s.cfg.Authority.Blocks(r.ctx, r.subject, r.param("id"))
	if err != nil {
		return err
	}
	return r.ok(blocksView{Blocks: viewAll(list, viewBlock)})
}

func viewBlock(b authz.Block) blockView {
	p, _ := netip.ParsePrefix(b.Prefix)
	return blockView{ID: b.ID, IPMasked: maskIP(p.Addr().String()), Since: b.Since.UTC(), Until: b.Until.UTC()}
}

// seen tells the log of visits that a guest is here (R76).
func (r *request) seen() {
	c := r.clientInfo()
	r.s.cfg.VisitLog.Seen(usage.Visitor{Link: r.subject.Link, Visit: r.subject.Visit, IP: r.client, Browser: c.Browser, Owner: r.visit.Owner})
}

// maskIP shows the network an address is in: 203.0.*.*, 2001:db8:*.
func maskIP(s string) string {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return ""
	}
	if a = a.Unmap(); a.Is4() {
		p := strings.Split(a.String(), ".")
		return p[0] + "." + p[1] + ".*.*"
	}
	p := strings.Split(a.StringExpanded(), ":")
	for i := range p {
		if p[i] = strings.TrimLeft(p[i], "0"); p[i] == "" {
			p[i] = "0"
		}
	}
	return p[0] + ":" + p[1] + ":*"
}
