package web

import (
	"context"
	"time"

	"sightline/authz"
	"sightline/controlroom"
	"sightline/controlroom/usage"
	"sightline/ratelimit"
)

// Usage is what links have used; *usage.Book.
type Usage interface {
	Link(ctx context.Context, link string) (usage.Link, error)
	Throttled(ctx context.Context, link string, now time.Time) ([]usage.Spell, error)
	Slots(ctx context.Context, link string) (visits map[string]bool, err error)
	Egress(ctx context.Context, account string) (usage.Egress, error)
}

// viewer is where a viewing session or gallery update comes from, and whether the
// budgets of share links are about it: not for accounts, temporary links, and the
// owner's own visits (R86).
func (r *request) viewer() controlroom.Client {
	return controlroom.Client{IP: r.client,
		Budgeted: r.subject.Kind == authz.GuestSubject && r.visit.Kind == authz.LinkShare && !r.visit.Owner}
}

type usageView struct {
	State          string           `json:"state"`           // normal, near (80 % and more) or throttled: of the fullest budget
	Users          usageBar         `json:"users"`           // addresses that may watch live
	GalleryUpdates usageBar         `json:"gallery_updates"` // loads and refreshes of the gallery
	ViewerSeconds  usageBar         `json:"viewer_seconds"`  // live viewing of all guests together
	Addresses      int              `json:"addresses"`       // addresses (IPv6: /64s) seen in the window, at most 256
	MoreAddresses  bool             `json:"more_addresses"`  // there were more
	Hours          []usageHour      `json:"hours"`           // the window by the clock, oldest first: hours of a day, the first and the last cut by it
	Throttled      []usageThrottled `json:"throttled"`       // when budgets were used up in the window
	WindowS        int64            `json:"window_s"`
	ServerTime     time.Time        `json:"server_time"`
}

type usageBar struct {
	Used   int64       `json:"used"`
	Budget int64       `json:"budget"`
	State  string      `json:"state"`
	Frees  []usageFree `json:"frees"` // if nothing more is used, the first first
}

type usageFree struct {
	N  int64     `json:"n"`
	At time.Time `json:"at"`
}

type usageHour struct {
	At      time.Time `json:"at"`
	To      time.Time `json:"to"`
	Users   int64     `json:"users"`           // addresses that used one of the live places in it; each counts in every hour it did
	Updates int64     `json:"gallery_updates"` // made in it
	Minutes float64   `json:"viewer_minutes"`
}

type usageThrottled struct {
	Budget string     `json:"budget"` // users, gallery_updates or viewer_seconds
	From   time.Time  `json:"from"`
	To     *time.Time `json:"to"` // null: it lasts
}

func usageRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/links/:id/usage", who: account, out: usageView{}, handle: linkUsage,
			summary: "What the guests of a share link have used of its budgets in the sliding window, and when it frees (R76-R83). For its owner."},
		{method: "GET", path: "/api/v1/me/usage", who: account, out: myUsageView{}, handle: myUsage,
			summary: "What the guests of all one's share links have used, together and link by link (R80), and what one's cameras have sent."},
	}
}

// myUsageView is an account's use: of its share links, and of its egress budget.
type myUsageView struct {
	Links      []myLinkUsage `json:"links"`
	Totals     usageTotals   `json:"totals"`
	Egress     egressView    `json:"egress"`
	WindowS    int64         `json:"window_s"`
	ServerTime time.Time     `json:"server_time"`
}

type myLinkUsage struct {
	ID             string  `json:"id"`
	Name           string  `json:"name"`
	State          string  `json:"state"` // normal, near or throttled: of the fullest budget
	Users          usedBar `json:"users"`
	GalleryUpdates usedBar `json:"gallery_updates"`
	ViewerSeconds  usedBar `json:"viewer_seconds"`
	Addresses      int     `json:"addresses"`
}

type usedBar struct {
	Used   int64  `json:"used"`
	Budget int64  `json:"budget"`
	State  string `json:"state"`
}

// usageTotals are shown, not limited: the sums of the bars. An address that used two links is counted at each.
type usageTotals struct {
	Users          int64 `json:"users"`
	Addresses      int64 `json:"addresses"`
	GalleryUpdates int64 `json:"gallery_updates"`
	ViewerSeconds  int64 `json:"viewer_seconds"`
}

type egressView struct {
	UsedBytes   int64      `json:"used_bytes"`   // live video of one's cameras sent to anybody in the window
	BudgetBytes *int64     `json:"budget_bytes"` // null: no budget
	State       string     `json:"state"`        // normal, near, sub (the sub layer only) or stills
	Until       *time.Time `json:"until,omitempty"`
}

func myUsage(r *request) error {
	links, _, _, err := r.s.cfg.Authority.Links(r.ctx, r.subject)
	if err != nil {
		return err
	}
	e, err := r.s.cfg.Usage.Egress(r.ctx, r.subject.Account)
	if err != nil {
		return err
	}
	out := myUsageView{Links: []myLinkUsage{}, Egress: egressView{UsedBytes: e.Used, State: string(e.State), Until: optional(e.Until)},
		WindowS: int64(e.Window / time.Second), ServerTime: e.Now.UTC()}
	if e.Budget > 0 {
		out.Egress.BudgetBytes = &e.Budget
	}
	for _, l := range links {
		if l.Link.Kind != authz.LinkShare {
			continue
		}
		u, err := r.s.cfg.Usage.Link(r.ctx, l.Link.ID)
		if err != nil {
			return err
		}
		out.Links = append(out.Links, myLinkUsage{ID: l.Link.ID, Name: l.Link.Name, State: string(u.State), Users: used(u.Users),
			GalleryUpdates: used(u.Updates), ViewerSeconds: used(u.Viewing), Addresses: u.Addresses})
		out.Totals.Users += u.Users.Used
		out.Totals.Addresses += int64(u.Addresses)
		out.Totals.GalleryUpdates += u.Updates.Used
		out.Totals.ViewerSeconds += u.Viewing.Used
	}
	return r.ok(out)
}

func used(b usage.Bar) usedBar {
	return usedBar{Used: b.Used, Budget: b.Budget, State: string(b.State)}
}

func linkUsage(r *request) error {
	link := r.param("id")
	if _, err := r.s.cfg.Authority.Visits(r.ctx, r.subject, link); err != nil { // the owner's, as the list of visits is
		return err
	}
	u, err := r.s.cfg.Usage.Link(r.ctx, link)
	if err != nil {
		return err
	}
	throttled, err := r.s.cfg.Usage.Throttled(r.ctx, link, u.Now)
	if err != nil {
		return err
	}
	out := usageView{State: string(u.State), Throttled: []usageThrottled{}, Users: viewBar(u.Users), GalleryUpdates: viewBar(u.Updates), ViewerSeconds: viewBar(u.Viewing),
		Addresses: min(u.Addresses, ratelimit.MaxAddresses), MoreAddresses: u.Addresses > ratelimit.MaxAddresses,
		WindowS: int64(u.Window / time.Second), ServerTime: u.Now.UTC()}
	for _, h := range u.Hourly {
		out.Hours = append(out.Hours, usageHour{At: h.From.UTC(), To: h.To.UTC(), Users: h.Users, Updates: h.Updates,
			Minutes: float64(h.Viewed.Round(time.Second)) / float64(time.Minute)})
	}
	for _, t := range throttled {
		out.Throttled = append(out.Throttled, usageThrottled{Budget: t.Budget, From: t.From.UTC(), To: optional(t.To)})
	}
	return r.ok(out)
}

func viewBar(b usage.Bar) usageBar {
	out := usageBar{Used: b.Used, Budget: b.Budget, State: string(b.State), Frees: []usageFree{}}
	for _, f := range b.Frees {
		out.Frees = append(out.Frees, usageFree{N: f.N, At: f.At.UTC()})
	}
	return out
}
