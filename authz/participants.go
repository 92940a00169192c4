package authz

import (
	"context"
	"slices"
	"strings"

	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

// rank orders the roles; what is none of them is below all.
func (r Role) rank() int {
	return slices.Index([]Role{RoleViewer, RoleMember, RoleAdministrator}, r) + 1
}

func errSoleAdministrator() error {
	return fault.New(fault.Conflict, fault.CodeSoleAdmin,
		"This is the group's only administrator. Make somebody else administrator first, or delete the group.")
}

// sole reports whether a group would lose its last administrator with p (R49).
func sole(g *Group, p *Participant) bool {
	return p.Role == RoleAdministrator && g.Administrators <= 1
}

// LeaveGroup takes the subject and his cameras out of a group (R56). The sole
// administrator cannot leave it alone (fault.Conflict sole_administrator) unless
// he says that the group is to be deleted (R48); of somebody who is not the sole
// one that word deletes nothing.
func (a *Authority) LeaveGroup(ctx context.Context, s Subject, group string, deleteGroup bool) (kv.Commit, error) {
	deleted := false
	c, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		o := Object{Group: group}
		v, f, err := a.require(ctx, s, ActGroupLeave, o)
		if err != nil {
			return err
		}
		g, p := f.mine(group)
		d.bind(v, s, o)
		if deleted = sole(&g, &p); deleted {
			if !deleteGroup {
				return errSoleAdministrator()
			}
			return a.deleteGroup(ctx, d, s, &g, s.Account)
		}
		if err := a.takeOut(ctx, d, g, p, *f.Account); err != nil {
			return err
		}
		d.event(groupChanged(&g, event.GroupLeft, s.Account, s.Account))
		d.audit(s, "group.leave", s.Account, group, detail("name", g.Name))
		return nil
	})
	if err == nil && deleted {
		a.sweepSoon(ctx)
	}
	return c, err
}

// RemoveParticipant takes somebody and his cameras out of a group, the creator
// too (R47): administrators. The last administrator stays.
func (a *Authority) RemoveParticipant(ctx context.Context, s Subject, group, account string) (kv.Commit, error) {
	if !ValidID(account) {
		return kv.Commit{}, errNotFound()
	}
	return a.change(ctx, func(ctx context.Context, d *draft) error {
		o := Object{Group: group}
		v, f, err := a.require(ctx, s, ActGroupRemovePerson, o, keyPart(group, account), keyAccount(account))
		if err != nil {
			return err
		}
		g, _ := f.mine(group)
		p, acc := get[Participant](v.get, keyPart(group, account)), get[Account](v.get, keyAccount(account))
		if p == nil || acc == nil {
			return errNotFound()
		}
		if sole(&g, p) {
			return errSoleAdministrator()
		}
		d.bind(v, s, o)
		d.on(v, keyPart(group, account), keyAccount(account))
		if err := a.takeOut(ctx, d, g, *p, *acc); err != nil {
			return err
		}
		d.event(groupChanged(&g, event.GroupRemoved, s.Account, account))
		d.auditBoth(s, "group.remove_person", account, group, detail("name", g.Name, "account", account))
		return nil
	})
}

// SetRole changes what somebody may do in a group: administrators. A member who
// becomes a viewer takes his cameras out in the same commit (R57); the last
// administrator keeps his role (R49).
func (a *Authority) SetRole(ctx context.Context, s Subject, group, account string, role Role) (kv.Commit, error) {
	if role.rank() == 0 {
		return kv.Commit{}, fault.Field("role", fault.CodeBadValue, "There is no such role.")
	}
	if !ValidID(account) {
		return kv.Commit{}, errNotFound()
	}
	return a.change(ctx, func(ctx context.Context, d *draft) error {
		o := Object{Group: group}
		v, f, err := a.require(ctx, s, ActGroupRole, o, keyPart(group, account))
		if err != nil {
			return err
		}
		g, _ := f.mine(group)
		was := get[Participant](v.get, keyPart(group, account))
		if was == nil {
			return errNotFound()
		}
		if was.Role == role {
			return errNothing
		}
		if sole(&g, was) {
			return errSoleAdministrator()
		}
		p := *was
		if p.Role == RoleAdministrator {
			g.Administrators--
		}
		p.Role = role
		if role == RoleAdministrator {
			g.Administrators++
		}
		d.bind(v, s, o)
		d.on(v, keyPart(group, account))
		if role == RoleViewer {
			if err := a.withdraw(ctx, d, group, account); err != nil {
				return err
			}
		}
		d.put(keyGroup(group), g)
		d.put(keyPart(group, account), p)
		d.event(groupChanged(&g, event.GroupRole, s.Account, account))
		d.auditBoth(s, "group.role", account, group, detail("account", account, "from", string(was.Role), "to", string(role)))
		return nil
	})
}

// auditBoth writes the row into the actor's log and that of who it is about.
func (d *draft) auditBoth(s Subject, action, about, object string, more ...func(*event.Audit)) {
	if s.Account != about {
		d.audit(s, action, about, object, more...)
	}
	if s.Account != "" {
		d.audit(s, action, s.Account, object, more...)
	}
}

// takeOut ends one participation in a change that depends on the records of the
// group, the participant and his account.
func (a *Authority) takeOut(ctx context.Context, d *draft, g Group, p Participant, acc Account) error {
	if err := a.withdraw(ctx, d, g.ID, p.Account); err != nil {
		return err
	}
	g.without(&p)
	acc.Groups = slices.DeleteFunc(slices.Clone(acc.Groups), func(id string) bool { return id == g.ID })
	d.put(keyGroup(g.ID), g)
	d.del(keyPart(g.ID, p.Account))
	d.put(keyAccount(acc.ID), acc)
	return nil
}

// without counts one participant less.
func (g *Group) without(p *Participant) {
	g.Participants--
	if p.Role == RoleAdministrator {
		g.Administrators--
	}
}

// withdraw takes an owner's cameras out of a group. The change must depend on
// his participant record: sharing a camera changes it, so none is missed.
func (a *Authority) withdraw(ctx context.Context, d *draft, group, owner string) error {
	v, err := a.read(ctx, nil, kv.Scan{Prefix: keyGroupCam(group, "")})
	if err != nil {
		return err
	}
	var ids, keys []string
	for _, val := range v.scans[0] {
		if string(val.Data) == owner {
			id := strings.TrimPrefix(val.Key, keyGroupCam(group, ""))
			ids, keys = append(ids, id), append(keys, keyCamera(id))
		}
	}
	if len(ids) == 0 {
		return nil
	}
	w, err := a.read(ctx, keys)
	if err != nil {
		return err
	}
	for i, k := range keys {
		d.del(keyGroupCam(group, ids[i]))
		if c, _ := w.recs[i].(*Camera); c != nil && c.InGroup(group) != nil {
			d.on(w, k)
			d.put(k, c.outOf(group))
		}
	}
	return nil
}

// outOf is the camera without its share in a group.
func (c *Camera) outOf(group string) Camera {
	out := *c
	out.Groups = slices.DeleteFunc(slices.Clone(c.Groups), func(g CameraGroup) bool { return g.Group == group })
	return out
}

// closing is what becomes of the groups of an account that is closed: it leaves
// them, and a group whose sole administrator it is ends (R48). Its cameras end
// with it. The change must depend on the account's record.
func (a *Authority) closing(ctx context.Context, d *draft, s Subject, acc *Account) error {
	var keys []string
	for _, id := range acc.Groups {
		keys = append(keys, keyGroup(id), keyPart(id, acc.ID))
	}
	if len(keys) == 0 {
		return nil
	}
	v, err := a.read(ctx, keys)
	if err != nil {
		return err
	}
	for _, id := range acc.Groups {
		g, p := get[Group](v.get, keyGroup(id)), get[Participant](v.get, keyPart(id, acc.ID))
		if g == nil || p == nil {
			continue // ended a moment ago: the sweeper is on its way
		}
		d.on(v, keyGroup(id), keyPart(id, acc.ID))
		if sole(g, p) {
			if err := a.deleteGroup(ctx, d, s, g, acc.ID); err != nil {
				return err
			}
			continue
		}
		out := *g
		out.without(p)
		d.put(keyGroup(id), out)
		d.del(keyPart(id, acc.ID))
		d.event(groupChanged(g, event.GroupLeft, acc.ID, acc.ID))
		d.audit(s, "group.leave", acc.ID, id, detail("name", g.Name))
	}
	return nil
}

// GroupsEndingWith lists the groups that end when the subject closes his account:
// those whose sole administrator he is.
func (a *Authority) GroupsEndingWith(ctx context.Context, s Subject) ([]Group, error) {
	list, err := a.Groups(ctx, s)
	if err != nil {
		return nil, err
	}
	var out []Group
	for _, v := range list {
		if sole(&v.Group, &Participant{Role: v.Role}) {
			out = append(out, v.Group)
		}
	}
	return out, nil
}

// sweepGroup removes what a deleted group left: nobody can come into it any more.
func (a *Authority) sweepGroup(ctx context.Context, id string) error {
	v, err := a.read(ctx, nil, kv.Scan{Prefix: keyPart(id, "")}, kv.Scan{Prefix: keyGroupCam(id, "")}, kv.Scan{Prefix: keyCode(id, "")})
	if err != nil {
		return err
	}
	for _, val := range v.scans[0] {
		if err := a.sweepParticipant(ctx, id, strings.TrimPrefix(val.Key, keyPart(id, ""))); err != nil {
			return err
		}
	}
	for _, val := range v.scans[1] {
		if err := a.sweepGroupCamera(ctx, id, strings.TrimPrefix(val.Key, keyGroupCam(id, ""))); err != nil {
			return err
		}
	}
	for batch := range slices.Chunk(v.scans[2], sweepBatch) {
		var d draft
		for _, val := range batch {
			d.dropCode(val)
		}
		if err := a.write(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

func (a *Authority) sweepParticipant(ctx context.Context, group, account string) error {
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		v, err := a.read(ctx, []string{keyAccount(account)})
		if err != nil {
			return err
		}
		if acc := get[Account](v.get, keyAccount(account)); acc != nil && slices.Contains(acc.Groups, group) {
			out := *acc
			out.Groups = slices.DeleteFunc(slices.Clone(acc.Groups), func(id string) bool { return id == group })
			d.on(v, keyAccount(account))
			d.put(keyAccount(account), out)
		}
		d.del(keyPart(group, account))
		return nil
	})
	return err
}

func (a *Authority) sweepGroupCamera(ctx context.Context, group, camera string) error {
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		v, err := a.read(ctx, []string{keyCamera(camera)})
		if err != nil {
			return err
		}
		if c := get[Camera](v.get, keyCamera(camera)); c != nil && c.InGroup(group) != nil {
			d.on(v, keyCamera(camera))
			d.put(keyCamera(camera), c.outOf(group))
		}
		d.del(keyGroupCam(group, camera))
		return nil
	})
	return err
}
