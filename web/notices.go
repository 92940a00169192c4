package web

import (
	"context"
	"strings"

	"sightline/authz"
	"sightline/controlroom/notice"
	"sightline/internal/fault"
)

// Notices is the board of everybody's notices (controlroom/notice).
type Notices interface {
	List(ctx context.Context, s authz.Subject, q notice.Query) (notice.List, error)
	MarkRead(ctx context.Context, s authz.Subject, ids []string) error
	Mute(ctx context.Context, s authz.Subject, camera string, muted bool) error
	Unread(ctx context.Context, account string) (n int, mark string, err error)
	Preferences(ctx context.Context, s authz.Subject) (notice.Preferences, error)
	SetPreferences(ctx context.Context, s authz.Subject, p notice.Preferences) (notice.Preferences, error)
}

type noticesView struct {
	Notices []notice.Notice `json:"notices"`
	Next    string          `json:"next,omitempty"` // before of the next page
	Muted   []string        `json:"muted"`          // cameras without badge and mail
}

type readInput struct {
	IDs []string `json:"ids,omitempty"`
	All bool     `json:"all,omitempty"`
}

type muteInput struct {
	Muted bool `json:"muted"`
}

func noticeRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/notices", who: account, out: noticesView{}, handle: listNotices,
			summary: "One's notices, newest first, 50 a page. Query: before (a notice's id), unread=true, kind (several with commas), camera, from, to (RFC 3339). A camera one may not see is not named."},
		{method: "POST", path: "/api/v1/notices/read", who: account, body: jsonBody, status: empty, in: readInput{}, handle: readNotices,
			summary: "Mark notices as read, by id or all. Offers stay until they are answered."},
		{method: "PUT", path: "/api/v1/cameras/:id/mute", who: account, body: jsonBody, status: empty, in: muteInput{}, handle: muteCamera,
			summary: "No badge and no mail for a camera's notices, for oneself; they stay in the list."},
		{method: "GET", path: "/api/v1/me/notices/preferences", who: account, out: notice.Preferences{}, handle: getPreferences,
			summary: "How one wants to be told: channels by kind, quiet hours, letters that gather."},
		{method: "PUT", path: "/api/v1/me/notices/preferences", who: account, body: jsonBody, in: notice.Preferences{}, out: notice.Preferences{}, handle: putPreferences,
			summary: "Replace them, by the version that was read; 409 stale when they were changed meanwhile. A kind left out has the default."},
	}
}

func listNotices(r *request) error {
	q := notice.Query{Before: r.query("before"), Camera: r.query("camera")}
	switch r.query("unread") {
	case "", "false":
	case "true":
		q.Unread = true
	default:
		return fault.Field("unread", fault.CodeBadValue, "This is true or false.")
	}
	if kinds := r.query("kind"); kinds != "" {
		q.Kinds = strings.Split(kinds, ",")
	}
	var err error
	if q.From, q.To, err = r.moments(); err != nil {
		return err
	}
	l, err := r.s.cfg.Notices.List(r.ctx, r.subject, q)
	if err != nil {
		return err
	}
	return r.ok(noticesView{Notices: l.Notices, Next: l.Next, Muted: l.Muted})
}

func readNotices(r *request) error {
	var in readInput
	if err := r.decode(&in); err != nil {
		return err
	}
	switch {
	case in.All && in.IDs != nil, !in.All && len(in.IDs) == 0:
		return fault.Field("ids", fault.CodeRequired, "Say which notices, or all.")
	case len(in.IDs) > 500:
		return fault.Field("ids", fault.CodeTooLong, "At most 500 at once.")
	}
	return r.then(r.s.cfg.Notices.MarkRead(r.ctx, r.subject, in.IDs))
}

func muteCamera(r *request) error {
	var in muteInput
	if err := r.decode(&in); err != nil {
		return err
	}
	return r.then(r.s.cfg.Notices.Mute(r.ctx, r.subject, r.param("id"), in.Muted))
}

func getPreferences(r *request) error {
	p, err := r.s.cfg.Notices.Preferences(r.ctx, r.subject)
	if err != nil {
		return err
	}
	return r.ok(p)
}

func putPreferences(r *request) error {
	var in notice.Preferences
	if err := r.decode(&in); err != nil {
		return err
	}
	p, err := r.s.cfg.Notices.SetPreferences(r.ctx, r.subject, in)
	if err != nil {
		return err
	}
	return r.ok(p)
}
