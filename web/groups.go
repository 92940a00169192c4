package web

import (
	"time"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/ratelimit"
)

type groupsView struct {
	Groups []groupView `json:"groups"`
}

type groupView struct {
	ID             string            `json:"id"`
	Name           string            `json:"name"`
	Role           string            `json:"role"` // one's own: administrator, member, viewer
	Participants   int               `json:"participants"`
	Administrators int               `json:"administrators"`
	Cameras        []groupCameraView `json:"cameras"`
}

type groupCameraView struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Owner      nameView `json:"owner"`
	Mine       bool     `json:"mine"`
	ImagesOnly bool     `json:"images_only"`
}

type groupPage struct {
	groupView
	People      []groupPersonView `json:"people"`
	Codes       *[]groupCodeView  `json:"codes,omitempty"`       // administrators
	Invitations *[]groupInvite    `json:"invitations,omitempty"` // administrators
}

type groupPersonView struct {
	Account  accessPerson `json:"account"`
	Role     string       `json:"role"`
	JoinedAt time.Time    `json:"joined_at"`
	Me       bool         `json:"me"`
}

type groupCodeView struct {
	ID        string    `json:"id"`
	Role      string    `json:"role"` // viewer, member
	Code      string    `json:"code"` // ABCDE-FGHJK
	Uses      int       `json:"uses"`
	ExpiresAt time.Time `json:"expires_at"`
}

type groupInvite struct {
	ID        string    `json:"id"`
	Email     string    `json:"email"`
	ExpiresAt time.Time `json:"expires_at"`
}

type groupInvited struct {
	groupInvite
	Code   string `json:"code,omitempty"` // to hand over, shown once
	Mailed bool   `json:"mailed"`
}

type groupInput struct {
	Name string `json:"name"`
}

type groupLeave struct {
	DeleteGroup bool `json:"delete_group,omitempty"` // where one is its sole administrator
}

type groupRole struct {
	Role string `json:"role"` // administrator, member, viewer
}

type groupCodeInput struct {
	Role string `json:"role"`           // viewer, member
	Days int    `json:"days,omitempty"` // 1 to 90; 7
}

type groupInviteInput struct {
	Email string `json:"email"`
}

type groupJoin struct {
	Code string `json:"code"`
}

type groupJoined struct {
	Group groupView `json:"group"`
}

type groupShare struct {
	ImagesOnly bool `json:"images_only"`
}

func groupRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/groups", who: account, summary: "Groups one takes part in, by name.", out: groupsView{}, handle: listGroups},
		{method: "POST", path: "/api/v1/groups", who: account, body: jsonBody, status: created, summary: "Make a group; one is its administrator.",
			in: groupInput{}, out: groupView{}, handle: createGroup},
		{method: "POST", path: "/api/v1/groups/join", who: account, body: jsonBody, in: groupJoin{}, out: groupJoined{}, handle: joinGroup,
			summary: "Join a group by a share code or an invitation. Every code that does not work gets the same answer."},
		{method: "GET", path: "/api/v1/groups/:id", who: account, summary: "One group with its people; codes and invitations for administrators.",
			out: groupPage{}, handle: getGroup},
		{method: "PATCH", path: "/api/v1/groups/:id", who: account, body: jsonBody, status: empty, summary: "Rename a group.", in: groupInput{}, handle: renameGroup},
		{method: "DELETE", path: "/api/v1/groups/:id", who: account, out: cutView{}, summary: "Delete a group: codes die, what is watched through it is cut before the answer.",
			handle: func(r *request) error {
				c, err := r.s.cfg.Authority.DeleteGroup(r.ctx, r.subject, r.param("id"))
				return r.cut(c.Revision, err)
			}},
		{method: "POST", path: "/api/v1/groups/:id/leave", who: account, body: jsonBody, in: groupLeave{}, out: cutView{}, handle: leaveGroup,
			summary: "Leave a group; one's cameras leave too. The sole administrator is refused, or deletes the group."},
		{method: "PATCH", path: "/api/v1/groups/:id/people/:account", who: account, body: jsonBody, in: groupRole{}, out: cutView{}, handle: setGroupRole,
			summary: "Change somebody's role. The cameras of a member who becomes a viewer leave the group."},
		{method: "DELETE", path: "/api/v1/groups/:id/people/:account", who: account, out: cutView{}, summary: "Remove somebody from a group, with his cameras.",
			handle: func(r *request) error {
				c, err := r.s.cfg.Authority.RemoveParticipant(r.ctx, r.subject, r.param("id"), r.param("account"))
				return r.cut(c.Revision, err)
			}},
		{method: "POST", path: "/api/v1/groups/:id/codes", who: account, body: jsonBody, status: created, summary: "Make a reusable share code for viewers or members.",
			in: groupCodeInput{}, out: groupCodeView{}, handle: createGroupCode},
		{method: "POST", path: "/api/v1/groups/:id/codes/:code/rotate", who: account, summary: "Give a code a new text and its whole life again; the old text is dead.",
			out: groupCodeView{}, handle: rotateGroupCode},
		{method: "DELETE", path: "/api/v1/groups/:id/codes/:code", who: account, status: empty, summary: "Revoke a share code.", handle: revokeGroupCode},
		{method: "POST", path: "/api/v1/groups/:id/invitations", who: account, body: jsonBody, status: created, in: groupInviteInput{}, out: groupInvited{}, handle: inviteToGroup,
			summary: "Invite the account of an e-mail address as administrator: once, for 24 hours. An older invitation to it is withdrawn."},
		{method: "DELETE", path: "/api/v1/groups/:id/invitations/:code", who: account, status: empty, summary: "Withdraw an invitation.", handle: revokeGroupCode},
		{method: "PUT", path: "/api/v1/groups/:id/cameras/:camera", who: account, body: jsonBody, summary: "Share an own camera in a group, or change how.",
			in: groupShare{}, out: cutView{}, handle: shareInGroup},
		{method: "DELETE", path: "/api/v1/groups/:id/cameras/:camera", who: account, out: cutView{}, summary: "Take a camera out of a group: its owner, or an administrator.",
			handle: func(r *request) error {
				c, err := r.s.cfg.Authority.UnshareFromGroup(r.ctx, r.subject, r.param("id"), r.param("camera"))
				return r.cut(c.Revision, err)
			}},
	}
}

func viewGroup(g authz.GroupView) groupView {
	out := groupView{ID: g.Group.ID, Name: g.Group.Name, Role: string(g.Role), Participants: g.Group.Participants,
		Administrators: g.Group.Administrators, Cameras: []groupCameraView{}}
	for _, c := range g.Cameras {
		out.Cameras = append(out.Cameras, groupCameraView{ID: c.ID, Name: c.Name, Owner: nameView{c.Owner.ID, c.Owner.Name}, Mine: c.Mine, ImagesOnly: c.ImagesOnly})
	}
	return out
}

func viewCode(c authz.GroupCode) groupCodeView {
	return groupCodeView{ID: c.ID, Role: string(c.Role), Code: c.Code.Reveal(), Uses: c.Uses, ExpiresAt: c.Ends}
}

func listGroups(r *request) error {
	list, err := r.s.cfg.Authority.Groups(r.ctx, r.subject)
	if err != nil {
		return err
	}
	return r.ok(groupsView{Groups: viewAll(list, viewGroup)})
}

func createGroup(r *request) error {
	var in groupInput
	if err := r.decode(&in); err != nil {
		return err
	}
	g, err := r.s.cfg.Authority.CreateGroup(r.ctx, r.subject, in.Name)
	if err != nil {
		return err
	}
	return r.json(created, viewGroup(g))
}

func getGroup(r *request) error {
	g, err := r.s.cfg.Authority.GroupOf(r.ctx, r.subject, r.param("id"))
	if err != nil {
		return err
	}
	out := groupPage{groupView: viewGroup(g.GroupView), People: viewAll(g.People, func(p authz.GroupPerson) groupPersonView {
		return groupPersonView{Account: accessPerson{ID: p.ID, Name: p.Name, EmailMasked: p.EmailMasked}, Role: string(p.Role), JoinedAt: p.JoinedAt, Me: p.Me}
	})}
	if g.Role == authz.RoleAdministrator {
		codes, invitations := []groupCodeView{}, []groupInvite{}
		for _, c := range g.Codes {
			if c.Email != "" {
				invitations = append(invitations, groupInvite{ID: c.ID, Email: c.Email, ExpiresAt: c.Ends})
			} else {
				codes = append(codes, viewCode(c))
			}
		}
		out.Codes, out.Invitations = &codes, &invitations
	}
	return r.ok(out)
}

func renameGroup(r *request) error {
	var in groupInput
	if err := r.decode(&in); err != nil {
		return err
	}
	return r.then(r.s.cfg.Authority.RenameGroup(r.ctx, r.subject, r.param("id"), in.Name))
}

func leaveGroup(r *request) error {
	var in groupLeave
	if err := r.decode(&in); err != nil {
		return err
	}
	c, err := r.s.cfg.Authority.LeaveGroup(r.ctx, r.subject, r.param("id"), in.DeleteGroup)
	return r.cut(c.Revision, err)
}

func setGroupRole(r *request) error {
	var in groupRole
	if err := r.decode(&in); err != nil {
		return err
	}
	c, err := r.s.cfg.Authority.SetRole(r.ctx, r.subject, r.param("id"), r.param("account"), authz.Role(in.Role))
	return r.cut(c.Revision, err)
}

func createGroupCode(r *request) error {
	var in groupCodeInput
	if err := r.decode(&in); err != nil {
		return err
	}
	c, err := r.s.cfg.Authority.CreateShareCode(r.ctx, r.subject, r.param("id"), authz.Role(in.Role), in.Days)
	if err != nil {
		return err
	}
	return r.json(created, viewCode(c))
}

func rotateGroupCode(r *request) error {
	c, err := r.s.cfg.Authority.RotateShareCode(r.ctx, r.subject, r.param("id"), r.param("code"))
	if err != nil {
		return err
	}
	return r.ok(viewCode(c))
}

func revokeGroupCode(r *request) error {
	return r.then(r.s.cfg.Authority.RevokeShareCode(r.ctx, r.subject, r.param("id"), r.param("code")))
}

func inviteToGroup(r *request) error {
	var in groupInviteInput
	if err := r.decode(&in); err != nil {
		return err
	}
	c, mailed, err := r.s.cfg.Authority.InviteAdministrator(r.ctx, r.subject, r.param("id"), in.Email, r.base())
	if err != nil {
		return err
	}
	return r.json(created, groupInvited{groupInvite: groupInvite{ID: c.ID, Email: c.Email, ExpiresAt: c.Ends}, Code: c.Code.Reveal(), Mailed: mailed})
}

func shareInGroup(r *request) error {
	var in groupShare
	if err := r.decode(&in); err != nil {
		return err
	}
	c, err := r.s.cfg.Authority.ShareInGroup(r.ctx, r.subject, r.param("id"), r.param("camera"), in.ImagesOnly)
	return r.cut(c.Revision, err)
}

// joinGroup holds guessing of codes by account and by address (R45): only wrong
// ones count, and after too many right ones are refused too.
func joinGroup(r *request) error {
	var in groupJoin
	if err := r.decode(&in); err != nil {
		return err
	}
	w := r.s.cfg.Limits.ShareCodes
	keys := [...]string{"account/" + r.subject.Account, "address/" + ratelimit.Prefix(r.client)}
	for _, k := range keys {
		if err := limited(w.Check(k)); err != nil {
			return err
		}
	}
	g, err := r.s.cfg.Authority.JoinGroup(r.ctx, r.subject, in.Code)
	if fault.Code(err) == fault.CodeShareCode {
		for _, k := range keys {
			if over := limited(w.Add(k)); over != nil {
				err = over
			}
		}
	}
	if err != nil {
		return err
	}
	return r.ok(groupJoined{viewGroup(g)})
}
