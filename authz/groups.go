package authz

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

const (
	maxGroups       = 64  // of an account
	maxParticipants = 500 // of a group
	maxGroupCameras = 500 // shared in a group
	maxCameraGroups = 64  // of a camera
)

// GroupView is a group as one of its participants sees it.
type GroupView struct {
	Group   Group
	Role    Role // the subject's
	Cameras []GroupCamera
}

// GroupCamera is a camera shared in a group.
type GroupCamera struct {
	ID         string
	Name       string
	Owner      Person
	Mine       bool
	ImagesOnly bool
}

// GroupPerson is a participant as the others see him.
type GroupPerson struct {
	Person
	EmailMasked string
	Role        Role
	JoinedAt    time.Time
	Me          bool
}

// GroupDetail is one group with its people, administrators first; Codes (with
// the invitations) only for administrators.
type GroupDetail struct {
	GroupView
	People []GroupPerson
	Codes  []GroupCode
}

// mine is what the facts of a decision on a group say of it and the subject.
func (f Facts) mine(group string) (Group, Participant) {
	for _, g := range f.Groups {
		if g.Group != nil && g.Mine != nil && g.Group.ID == group {
			return *g.Group, *g.Mine
		}
	}
	return Group{}, Participant{}
}

func groupChanged(g *Group, what, by string, accounts ...string) event.GroupChanged {
	return event.GroupChanged{Group: g.ID, Name: g.Name, What: what, By: by, Accounts: accounts}
}

// CreateGroup makes a group whose administrator is the subject (R42).
func (a *Authority) CreateGroup(ctx context.Context, s Subject, name string) (GroupView, error) {
	name, err := cleanName("name", name)
	if err != nil {
		return GroupView{}, err
	}
	var g Group
	_, err = a.change(ctx, func(ctx context.Context, d *draft) error {
		v, f, err := a.require(ctx, s, ActSelf, Object{})
		if err != nil {
			return err
		}
		acc := *f.Account
		if acc.Groups, err = entered(acc.Groups, NewID()); err != nil {
			return err
		}
		g = Group{head: v1, ID: acc.Groups[len(acc.Groups)-1], Name: name, Administrators: 1, Participants: 1, CreatedAt: v.now}
		d.bind(v, s, Object{})
		d.absent(keyGroup(g.ID))
		d.put(keyGroup(g.ID), g)
		d.put(keyPart(g.ID, s.Account), Participant{head: v1, Group: g.ID, Account: s.Account, Role: RoleAdministrator, JoinedAt: v.now})
		d.put(keyAccount(s.Account), acc)
		d.audit(s, "group.create", s.Account, g.ID, detail("name", g.Name))
		return nil
	})
	return GroupView{Group: g, Role: RoleAdministrator}, err
}

// entered is an account's list of groups with one more.
func entered(groups []string, id string) ([]string, error) {
	if len(groups) >= maxGroups {
		return nil, fault.Newf(fault.Conflict, fault.CodeConflict, "An account is in at most %d groups.", maxGroups)
	}
	return append(slices.Clone(groups), id), nil
}

// RenameGroup gives a group another name: administrators.
func (a *Authority) RenameGroup(ctx context.Context, s Subject, group, name string) error {
	name, err := cleanName("name", name)
	if err != nil {
		return err
	}
	_, err = a.change(ctx, func(ctx context.Context, d *draft) error {
		o := Object{Group: group}
		v, f, err := a.require(ctx, s, ActGroupRole, o)
		if err != nil {
			return err
		}
		g, _ := f.mine(group)
		if g.Name == name {
			return errNothing
		}
		d.audit(s, "group.rename", s.Account, group, detail("from", g.Name, "to", name))
		g.Name = name
		d.bind(v, s, o)
		d.put(keyGroup(group), g)
		return nil
	})
	return err
}

// DeleteGroup ends a group for ever (R58): what is watched through it ends with
// its record, the sweeper removes the rest.
func (a *Authority) DeleteGroup(ctx context.Context, s Subject, group string) (kv.Commit, error) {
	c, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		o := Object{Group: group}
		v, f, err := a.require(ctx, s, ActGroupDelete, o)
		if err != nil {
			return err
		}
		g, _ := f.mine(group)
		d.bind(v, s, o)
		return a.deleteGroup(ctx, d, s, &g, s.Account)
	})
	if err == nil {
		a.sweepSoon(ctx)
	}
	return c, err
}

// deleteGroup ends a group in a change that depends on its record, which every
// coming and going changes. owner is whose audit log has it.
func (a *Authority) deleteGroup(ctx context.Context, d *draft, s Subject, g *Group, owner string) error {
	people, err := a.read(ctx, nil, kv.Scan{Prefix: keyPart(g.ID, "")})
	if err != nil {
		return err
	}
	gone := groupChanged(g, event.GroupDeleted, owner)
	for _, val := range people.scans[0] {
		gone.Accounts = append(gone.Accounts, strings.TrimPrefix(val.Key, keyPart(g.ID, "")))
	}
	d.del(keyGroup(g.ID))
	d.mark(pSweep+"group/"+g.ID, "")
	d.event(gone)
	d.audit(s, "group.delete", owner, g.ID, detail("name", g.Name))
	return nil
}

// Groups lists the subject's groups by name, with their cameras.
func (a *Authority) Groups(ctx context.Context, s Subject) ([]GroupView, error) {
	_, f, err := a.require(ctx, s, ActSelf, Object{})
	if err != nil {
		return nil, err
	}
	out, err := a.viewGroups(ctx, s, f.Account.Groups)
	slices.SortFunc(out, func(x, y GroupView) int {
		return cmp.Or(strings.Compare(folded(x.Group.Name), folded(y.Group.Name)), strings.Compare(x.Group.ID, y.Group.ID))
	})
	return out, err
}

// viewGroups reads groups and their cameras; each is decided as the detail is.
func (a *Authority) viewGroups(ctx context.Context, s Subject, ids []string) ([]GroupView, error) {
	seen := make(map[string]bool)
	var keys []string
	var scans []kv.Scan
	for _, id := range ids {
		keys = merge(keys, seen, wanted(s, Object{Group: id}, a.cache.getter()))
		scans = append(scans, kv.Scan{Prefix: keyGroupCam(id, "")})
	}
	if len(ids) == 0 {
		return nil, nil
	}
	v, err := a.read(ctx, keys, scans...)
	if err != nil {
		return nil, err
	}
	var cameras []string
	for _, found := range v.scans {
		for _, val := range found {
			if id := val.Key[strings.LastIndexByte(val.Key, '/')+1:]; !slices.Contains(cameras, id) {
				cameras = append(cameras, id)
			}
		}
	}
	w, err := a.loadAll(ctx, s, cameras)
	if err != nil {
		return nil, err
	}
	var out []GroupView
	for i, id := range ids {
		o := Object{Group: id}
		f := v.facts(s, o)
		if !Decide(s, ActGroupView, o, f, v.now).Allowed {
			continue
		}
		g, me := f.mine(id)
		out = append(out, GroupView{Group: g, Role: me.Role, Cameras: camerasIn(s, id, v.scans[i], w)})
	}
	return out, nil
}

// camerasIn are the cameras of one group that the subject sees in it, by name.
func camerasIn(s Subject, group string, marks []kv.Value, w *view) []GroupCamera {
	var out []GroupCamera
	for _, val := range marks {
		o := Object{Camera: strings.TrimPrefix(val.Key, keyGroupCam(group, ""))}
		f := w.facts(s, o)
		if !Decide(s, ActSee, o, f, w.now).Allowed {
			continue
		}
		if share := f.Camera.InGroup(group); share != nil {
			out = append(out, GroupCamera{ID: o.Camera, Name: f.Camera.Name, Owner: personOf(f.Owner),
				Mine: f.Camera.Owner == s.Account, ImagesOnly: share.ImagesOnly})
		}
	}
	slices.SortFunc(out, func(x, y GroupCamera) int {
		return cmp.Or(strings.Compare(folded(x.Name), folded(y.Name)), strings.Compare(x.ID, y.ID))
	})
	return out
}

// GroupOf returns one group; who is not in it learns nothing.
func (a *Authority) GroupOf(ctx context.Context, s Subject, group string) (GroupDetail, error) {
	if _, _, err := a.require(ctx, s, ActGroupView, Object{Group: group}); err != nil {
		return GroupDetail{}, err
	}
	views, err := a.viewGroups(ctx, s, []string{group})
	if err != nil {
		return GroupDetail{}, err
	}
	if len(views) == 0 { // left in this moment
		return GroupDetail{}, errNotFound()
	}
	out := GroupDetail{GroupView: views[0]}
	v, err := a.read(ctx, nil, kv.Scan{Prefix: keyPart(group, "")}, kv.Scan{Prefix: keyCode(group, "")})
	if err != nil {
		return GroupDetail{}, err
	}
	var keys []string
	for _, val := range v.scans[0] {
		keys = append(keys, keyAccount(strings.TrimPrefix(val.Key, keyPart(group, ""))))
	}
	w, err := a.read(ctx, keys)
	if err != nil {
		return GroupDetail{}, err
	}
	for i, val := range v.scans[0] {
		p, err := decode[Participant](val.Data)
		acc, _ := w.recs[i].(*Account)
		if err != nil || acc == nil || p.Account != acc.ID {
			continue
		}
		out.People = append(out.People, GroupPerson{Person: personOf(acc), EmailMasked: MaskEmail(acc.Email), Role: p.Role,
			JoinedAt: p.JoinedAt, Me: acc.ID == s.Account})
	}
	slices.SortStableFunc(out.People, func(x, y GroupPerson) int {
		return cmp.Or(cmp.Compare(y.Role.rank(), x.Role.rank()), x.JoinedAt.Compare(y.JoinedAt))
	})
	if out.Role == RoleAdministrator {
		out.Codes = a.openCodes(v.scans[1], v.now)
	}
	return out, nil
}
