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
	"sightline/internal/seal"
	"sightline/internal/secret"
)

const (
	codeDays       = 7
	maxCodeDays    = 90
	maxCodes       = 20 // open codes and invitations of a group
	groupInviteFor = 24 * time.Hour
)

// codeRef leads from a typed code to its record.
type codeRef struct {
	head
	Group string    `json:"group"`
	ID    string    `json:"id"`
	Ends  time.Time `json:"ends"`
}

// GroupCode is an open share code, or an invitation when Email is set.
type GroupCode struct {
	ID    string
	Role  Role
	Code  secret.String
	Email string
	Uses  int
	Ends  time.Time
}

// errShareCode is the one answer to codes that do not work: never made, over,
// revoked, used up, for somebody else (R45).
func errShareCode() error {
	return fault.Field("code", fault.CodeShareCode, "This code does not work. Ask for a new one.")
}

func codePlace(group, id string) seal.Place {
	return seal.Place{Tenant: group, Object: id, Field: "code"}
}

// issue writes a new secret for a code.
func (a *Authority) issue(d *draft, c *ShareCode) secret.String {
	text := newCode()
	hash := text.Hash()
	c.Hash, c.Sealed = hash[:], a.cfg.Seal.Seal(text, codePlace(c.Group, c.ID))
	d.put(keyCode(c.Group, c.ID), *c)
	d.absent(keyCodeHash(c.Hash))
	d.put(keyCodeHash(c.Hash), codeRef{head: v1, Group: c.Group, ID: c.ID, Ends: c.Ends})
	return text
}

// dropCode removes a code with what leads to it.
func (d *draft) dropCode(val kv.Value) {
	d.del(val.Key)
	if c, err := decode[ShareCode](val.Data); err == nil {
		d.del(keyCodeHash(c.Hash))
	}
}

// openCodes are the codes that still work, invitations last.
func (a *Authority) openCodes(codes []kv.Value, now time.Time) []GroupCode {
	var out []GroupCode
	for _, val := range codes {
		c, err := decode[ShareCode](val.Data)
		if err != nil || over(c.Ends, now) {
			continue
		}
		text, err := a.cfg.Seal.Unseal(c.Sealed, codePlace(c.Group, c.ID))
		if err != nil {
			text = secret.String{} // of a key that is gone: it works, and cannot be shown
		}
		if c.Email != "" {
			text = secret.String{} // shown once, to who made it
		}
		out = append(out, GroupCode{ID: c.ID, Role: c.Role, Code: text, Email: c.Email, Uses: c.Uses, Ends: c.Ends})
	}
	slices.SortStableFunc(out, func(x, y GroupCode) int {
		return cmp.Or(strings.Compare(x.Email, y.Email), x.Ends.Compare(y.Ends))
	})
	return out
}

// CreateShareCode makes a reusable code for viewers or members that works for so
// many days, 0 for a week (R44): administrators.
func (a *Authority) CreateShareCode(ctx context.Context, s Subject, group string, role Role, days int) (GroupCode, error) {
	if role != RoleViewer && role != RoleMember {
		return GroupCode{}, fault.Field("role", fault.CodeBadValue, "A share code is for viewers or members; administrators are invited by e-mail.")
	}
	or(&days, codeDays)
	if days < 1 || days > maxCodeDays {
		return GroupCode{}, fault.Field("days", fault.CodeBadValue, "A code works for 1 to 90 days.")
	}
	life := time.Duration(days) * 24 * time.Hour
	return a.newCode(ctx, s, group, ShareCode{Role: role, Life: life}, "group.code_create", "", func(*ShareCode) bool { return false })
}

// InviteAdministrator makes an invitation that works once, for a day, for the
// account with this e-mail address only (R47): administrators. An older one for
// the address is withdrawn. Where mail can be sent the code goes to the address
// only (mailed, and Code is empty); base is as for Invite.
func (a *Authority) InviteAdministrator(ctx context.Context, s Subject, group, email, base string) (c GroupCode, mailed bool, err error) {
	if email, err = NormalEmail(email); err != nil {
		return GroupCode{}, false, err
	}
	in := ShareCode{Role: RoleAdministrator, Life: groupInviteFor, Email: email, MaxUses: 1}
	c, err = a.newCode(ctx, s, group, in, "group.invite", base, func(old *ShareCode) bool { return old.Email == email })
	return c, err == nil && c.Code.Empty(), err
}

// sendCode puts the letter with an invitation's code into the draft.
func (a *Authority) sendCode(d *draft, from *Account, g *Group, c *ShareCode, text secret.String, base string) error {
	if !from.EmailVerified {
		return deny(ReasonEmailUnverified).Fault()
	}
	d.event(a.mail(event.MailRequested{Kind: event.MailGroup, Account: from.ID, Email: c.Email, From: from.Name, Locale: from.Language,
		Base: base, Group: g.Name, Expires: c.Ends.Unix()}, text))
	return nil
}

func (a *Authority) newCode(ctx context.Context, s Subject, group string, c ShareCode, action, base string, replaces func(*ShareCode) bool) (GroupCode, error) {
	var text secret.String
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		o := Object{Group: group}
		var more []string
		if c.Email != "" {
			more = append(more, keyMail(c.Email))
		}
		v, f, err := a.require(ctx, s, ActGroupInvite, o, more...)
		if err != nil {
			return err
		}
		have, err := a.read(ctx, nil, kv.Scan{Prefix: keyCode(group, "")})
		if err != nil {
			return err
		}
		open := 0
		for _, val := range have.scans[0] {
			old, err := decode[ShareCode](val.Data)
			if err == nil && (over(old.Ends, v.now) || replaces(old)) {
				d.is(val)
				d.dropCode(val)
			} else {
				open++
			}
		}
		if open >= maxCodes {
			return fault.Newf(fault.Conflict, fault.CodeConflict, "A group has at most %d open codes. Revoke some first.", maxCodes)
		}
		c.head, c.ID, c.Group, c.CreatedBy, c.CreatedAt, c.Ends = v1, NewID(), group, s.Account, v.now, v.now.Add(c.Life)
		d.bind(v, s, o)
		text = a.issue(d, &c)
		g, _ := f.mine(group)
		d.put(keyGroup(group), g) // codes are counted under the group's version
		if c.Email != "" {
			if invited := string(v.raw[v.index(keyMail(c.Email))].Data); ValidID(invited) {
				d.event(groupChanged(&g, event.GroupInvited, s.Account, invited))
			}
			if a.cfg.Mail {
				if err := a.spendMails(ctx, d, s.Account, 1); err != nil {
					return err
				}
				if err := a.sendCode(d, f.Account, &g, &c, text, base); err != nil {
					return err
				}
				text = secret.String{}
			}
		}
		d.audit(s, action, s.Account, group, detail("code", c.ID, "role", string(c.Role)))
		return nil
	})
	if err != nil {
		return GroupCode{}, err
	}
	return GroupCode{ID: c.ID, Role: c.Role, Code: text, Email: c.Email, Ends: c.Ends}, nil
}

// RotateShareCode gives a share code a new text and its whole life again; the
// old text is dead, the count begins anew (R44). Invitations do not rotate.
func (a *Authority) RotateShareCode(ctx context.Context, s Subject, group, id string) (GroupCode, error) {
	var out GroupCode
	err := a.changeCode(ctx, s, group, id, func(d *draft, v *view, c *ShareCode) error {
		if c.Email != "" || over(c.Ends, v.now) {
			return errNotFound()
		}
		d.del(keyCodeHash(c.Hash))
		c.Uses, c.Ends = 0, v.now.Add(c.Life)
		text := a.issue(d, c)
		out = GroupCode{ID: c.ID, Role: c.Role, Code: text, Ends: c.Ends}
		d.audit(s, "group.code_rotate", s.Account, group, detail("code", id, "role", string(c.Role)))
		return nil
	})
	return out, err
}

// RevokeShareCode ends a code or an invitation.
func (a *Authority) RevokeShareCode(ctx context.Context, s Subject, group, id string) error {
	return a.changeCode(ctx, s, group, id, func(d *draft, v *view, c *ShareCode) error {
		d.del(keyCode(group, id), keyCodeHash(c.Hash))
		d.audit(s, "group.code_revoke", s.Account, group, detail("code", id, "role", string(c.Role)))
		return nil
	})
}

func (a *Authority) changeCode(ctx context.Context, s Subject, group, id string, fn func(*draft, *view, *ShareCode) error) error {
	if !ValidID(group) || !ValidID(id) {
		return errNotFound()
	}
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		o, k := Object{Group: group}, keyCode(group, id)
		v, _, err := a.require(ctx, s, ActGroupInvite, o, k)
		if err != nil {
			return err
		}
		val := v.raw[v.index(k)]
		if !val.Exists() {
			return errNotFound()
		}
		c, err := decode[ShareCode](val.Data)
		if err != nil {
			return unavailable(err)
		}
		d.bind(v, s, o)
		d.on(v, k)
		return fn(d, v, c)
	})
	return err
}

// JoinGroup takes the subject into the group of a code, with its role. Who is in
// it already stays what he is, or rises (R46): a use is counted only when
// something changed. Everything that does not work is fault.Invalid
// share_code_invalid on field "code".
func (a *Authority) JoinGroup(ctx context.Context, s Subject, typed string) (GroupView, error) {
	text := secret.New(normalCode(typed))
	hash := text.Hash()
	group := ""
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		v, _, err := a.require(ctx, s, ActSelf, Object{}, keyCodeHash(hash[:]))
		if err != nil {
			return err
		}
		ref, err := decode[codeRef](v.raw[v.index(keyCodeHash(hash[:]))].Data)
		if err != nil || text.Empty() {
			return errShareCode() // none, or one of a newer version
		}
		o, k := Object{Group: ref.Group}, keyCode(ref.Group, ref.ID)
		w, err := a.load(ctx, s, o, k)
		if err != nil {
			return err
		}
		f := w.facts(s, o)
		if d := Decide(s, ActSelf, o, f, w.now); !d.Allowed {
			return d.Fault()
		}
		c, err := decode[ShareCode](w.raw[w.index(k)].Data)
		g := get[Group](w.get, keyGroup(ref.Group))
		switch {
		case err != nil || g == nil || !sameHash(c.Hash, hash) || over(c.Ends, w.now),
			c.MaxUses > 0 && c.Uses >= c.MaxUses, c.Email != "" && c.Email != f.Account.Email, c.Role.rank() == 0:
			return errShareCode()
		case c.Email != "" && !f.Account.EmailVerified:
			return deny(ReasonEmailUnverified).Fault()
		}
		group = g.ID
		d.bind(w, s, o)
		d.on(w, k)
		if err := come(d, *g, get[Participant](w.get, keyPart(g.ID, s.Account)), *f.Account, c.Role, w.now); err != nil {
			return err
		}
		used := *c
		used.Uses++
		if used.MaxUses > 0 && used.Uses >= used.MaxUses {
			d.del(k, keyCodeHash(c.Hash))
		} else {
			d.put(k, used)
		}
		d.event(groupChanged(g, event.GroupJoined, s.Account, s.Account))
		d.auditBoth(s, "group.join", c.CreatedBy, g.ID, detail("name", g.Name, "code", c.ID, "role", string(c.Role), "account", s.Account))
		return nil
	})
	if err != nil {
		return GroupView{}, err
	}
	views, err := a.viewGroups(ctx, s, []string{group})
	if err != nil || len(views) == 0 {
		return GroupView{}, cmp.Or(err, errNotFound())
	}
	return views[0], nil
}

// come makes an account a participant, or raises its role; errNothing when it is
// one of that role or a higher one.
func come(d *draft, g Group, mine *Participant, acc Account, role Role, now time.Time) error {
	var p Participant
	if mine != nil {
		if p = *mine; p.Role.rank() >= role.rank() {
			return errNothing
		}
	} else {
		if g.Participants >= maxParticipants {
			return fault.Newf(fault.Conflict, fault.CodeConflict, "A group has at most %d participants.", maxParticipants)
		}
		var err error
		if acc.Groups, err = entered(acc.Groups, g.ID); err != nil {
			return err
		}
		p = Participant{head: v1, Group: g.ID, Account: acc.ID, JoinedAt: now}
		g.Participants++
		d.put(keyAccount(acc.ID), acc)
	}
	p.Role = role
	if role == RoleAdministrator {
		g.Administrators++
	}
	d.put(keyGroup(g.ID), g)
	d.put(keyPart(g.ID, acc.ID), p)
	return nil
}
