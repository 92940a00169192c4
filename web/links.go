package web

import (
	"net/http"
	"slices"
	"time"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/internal/secret"
)

type linksView struct {
	Links []linkView `json:"links"`
	Used  int        `json:"used"` // share links
	Cap   int        `json:"cap"`
}

type linkView struct {
	ID           string     `json:"id"`
	Kind         string     `json:"kind"` // share, temporary
	Name         string     `json:"name"`
	Cameras      []nameView `json:"cameras"`
	State        string     `json:"state"` // active, scheduled, ended, paused_owner, paused_plan
	CreatedAt    time.Time  `json:"created_at"`
	Since        *time.Time `json:"since,omitempty"` // of the state, where it is a pause or an end
	Starts       *time.Time `json:"starts,omitempty"`
	Ends         *time.Time `json:"ends,omitempty"`
	Watching     int        `json:"watching"` // guests with pictures now, on this node
	LastOpenedAt *time.Time `json:"last_opened_at,omitempty"`
	HasPassword  bool       `json:"has_password"`
	MaxViewers   int        `json:"max_viewers"` // 0: no own limit
	Sound        bool       `json:"sound"`
	Note         string     `json:"note"`
	URL          string     `json:"url"`
}

type linkCreate struct {
	Kind            string        `json:"kind"` // share, temporary
	Name            string        `json:"name,omitempty"`
	Cameras         []string      `json:"cameras"`
	AcknowledgeRisk bool          `json:"acknowledge_risk,omitempty"`
	Starts          *time.Time    `json:"starts,omitempty"`
	Ends            *time.Time    `json:"ends,omitempty"`
	Password        secret.String `json:"password,omitzero"`
	MaxViewers      int           `json:"max_viewers,omitempty"`
	Sound           bool          `json:"sound,omitempty"`
	Note            string        `json:"note,omitempty"`
}

type linkPatch struct {
	Name       *string        `json:"name,omitempty"` // always refused: name_immutable
	Cameras    *[]string      `json:"cameras,omitempty"`
	Starts     clearableTime  `json:"starts,omitzero"`    // null: none
	Ends       clearableTime  `json:"ends,omitzero"`      // null: none
	Password   *secret.String `json:"password,omitempty"` // "" removes it
	MaxViewers *int           `json:"max_viewers,omitempty"`
	Sound      *bool          `json:"sound,omitempty"`
	Note       *string        `json:"note,omitempty"`
}

type cutView struct {
	Revision uint64   `json:"revision"`
	Behind   []string `json:"behind,omitempty"` // nodes that had not cut after 1 s (?wait=cut)
}

func linkRoutes() []route {
	a := func(r *request) *authz.Authority { return r.s.cfg.Authority }
	return slices.Concat([]route{
		{method: "GET", path: "/api/v1/links", who: account, summary: "One's links with their addresses; ?camera= those of one camera.", out: linksView{}, handle: listLinks},
		{method: "POST", path: "/api/v1/links", who: account, body: jsonBody, status: created, summary: "Make a link.",
			in: linkCreate{}, out: linkView{}, handle: createLink},
		{method: "PATCH", path: "/api/v1/links/:id", who: account, body: jsonBody,
			summary: "Change a link's cameras; guests lose or gain tiles at once. The name cannot change.", in: linkPatch{}, out: linkView{}, handle: patchLink},
		{method: "POST", path: "/api/v1/links/:id/pause", who: account, out: cutView{},
			summary: "Pause a link: guests are cut before the answer; with ?wait=cut on every node, or 202 with those behind.",
			handle: func(r *request) error {
				c, err := a(r).PauseLink(r.ctx, r.subject, r.param("id"))
				return r.cut(c.Revision, err)
			}},
		{method: "POST", path: "/api/v1/links/:id/resume", who: account, out: cutView{}, summary: "Resume a link under the same address.",
			handle: func(r *request) error {
				c, err := a(r).ResumeLink(r.ctx, r.subject, r.param("id"))
				return r.cut(c.Revision, err)
			}},
		{method: "DELETE", path: "/api/v1/links/:id", who: account, out: cutView{},
			summary: "Remove a link for ever: guests are cut before the answer; with ?wait=cut on every node, or 202 with those behind.",
			handle: func(r *request) error {
				c, err := a(r).RemoveLink(r.ctx, r.subject, r.param("id"))
				return r.cut(c.Revision, err)
			}},
	}, visitRoutes(), linkMailRoutes(), usageRoutes())
}

// cut answers a change that ends streams. The local cut has happened; with
// ?wait=cut the other nodes are waited for, at most 1 s.
func (r *request) cut(revision uint64, err error) error {
	if err != nil {
		return err
	}
	status, out := r.cutOf(revision)
	return r.json(status, out)
}

func (r *request) cutOf(revision uint64) (status int, out cutView) {
	out = cutView{Revision: revision}
	if string(r.c.Request().URI().QueryArgs().Peek("wait")) == "cut" {
		if out.Behind = r.s.cfg.Authority.WaitCut(r.ctx, revision); len(out.Behind) > 0 {
			return http.StatusAccepted, out
		}
	}
	return http.StatusOK, out
}

func listLinks(r *request) error {
	links, used, limit, err := r.s.cfg.Authority.Links(r.ctx, r.subject)
	if err != nil {
		return err
	}
	if camera := string(r.c.Request().URI().QueryArgs().Peek("camera")); camera != "" {
		links = slices.DeleteFunc(links, func(l authz.LinkView) bool { return !l.Link.Has(camera) })
	}
	return r.ok(linksView{Links: r.viewLinks(links), Used: used, Cap: limit})
}

func createLink(r *request) error {
	var in linkCreate
	if err := r.decode(&in); err != nil {
		return err
	}
	l := authz.NewLink{Kind: authz.LinkKind(in.Kind), Name: in.Name, Cameras: in.Cameras, RiskAcknowledged: in.AcknowledgeRisk,
		Password: in.Password, MaxViewers: in.MaxViewers, Sound: in.Sound, Note: in.Note}
	if in.Starts != nil {
		l.Starts = *in.Starts
	}
	if in.Ends != nil {
		l.Ends = *in.Ends
	}
	made, err := r.s.cfg.Authority.CreateLink(r.ctx, r.subject, l)
	if err != nil {
		return err
	}
	return r.json(http.StatusCreated, r.viewLinks([]authz.LinkView{made})[0])
}

func patchLink(r *request) error {
	var in linkPatch
	if err := r.decode(&in); err != nil {
		return err
	}
	if in.Name != nil {
		return fault.Field("name", string(authz.ReasonNameImmutable), "A link's name cannot change, so that logs stay readable.")
	}
	l, err := r.s.cfg.Authority.UpdateLink(r.ctx, r.subject, r.param("id"), authz.LinkPatch{Cameras: in.Cameras, Starts: in.Starts.patch(),
		Ends: in.Ends.patch(), Password: in.Password, MaxViewers: in.MaxViewers, Sound: in.Sound, Note: in.Note})
	if err != nil {
		return err
	}
	return r.ok(r.viewLinks([]authz.LinkView{l})[0])
}

func (r *request) viewLinks(list []authz.LinkView) []linkView {
	ids := make([]string, len(list))
	for i, l := range list {
		ids[i] = l.Link.ID
	}
	watching := r.s.cfg.Room.Watching(ids)
	out := make([]linkView, 0, len(list))
	for _, l := range list {
		v := linkView{
			ID: l.Link.ID, Kind: string(l.Link.Kind), Name: l.Link.Name, Cameras: []nameView{}, State: l.State,
			CreatedAt: l.Link.CreatedAt, Since: optional(l.Since), Starts: optional(l.Link.Starts), Ends: optional(l.Link.Ends),
			Watching: watching[l.Link.ID], LastOpenedAt: optional(l.LastOpen), HasPassword: l.HasPassword,
			MaxViewers: l.Link.MaxViewers, Sound: l.Link.Sound, Note: l.Link.Note, URL: r.base() + "/s#" + l.Secret.Reveal(),
		}
		for _, c := range l.Cameras {
			v.Cameras = append(v.Cameras, nameView{c.ID, c.Name})
		}
		out = append(out, v)
	}
	return out
}
