package authz

import (
	"fmt"
	"net/netip"
	"time"

	"sightline/internal/fault"
	"sightline/internal/secret"
)

// questions asked after every step; the soak asks as many.
const questions = 60

var modelLevels = []Levels{LevelOnline, LevelArchive, LevelOnline | LevelArchive, LevelArchive | LevelDownload, LevelNotices,
	LevelOnline | LevelArchive | LevelNotices | LevelDownload}

// steps are all operations: each is done to the service and, when the model says
// that it succeeds, to the model. It returns what the model says and what the
// service answered.
var steps = map[string]func(a *arena, n *stand, s step) (bool, error){
	"camera": func(a *arena, n *stand, s step) (bool, error) {
		if a.cams[s.c] != nil {
			return false, errSkipped
		}
		a.ids[fmt.Sprintf("cam %d", s.c)] = ""
		ok := a.in(s.p, 0)
		_, err := n.CreateCamera(n.ctx(), a.me(s.p), CameraSpec{ID: a.id("cam", s.c), Name: fmt.Sprint("Cam ", s.c), Zone: a.zone.String()})
		if ok {
			a.cams[s.c] = &mCam{owner: s.p, on: true, groups: map[int]bool{}}
		}
		return ok, err
	},
	"switch": func(a *arena, n *stand, s step) (bool, error) {
		ok, on := a.in(s.p, 0) && a.owns(s.p, s.c), s.x/2%4 > 0
		_, err := n.UpdateCamera(n.ctx(), a.me(s.p), a.id("cam", s.c), CameraPatch{Enabled: &on})
		if ok {
			a.cams[s.c].on = on
		}
		return ok, err
	},
	"delete camera": func(a *arena, n *stand, s step) (bool, error) {
		ok := a.in(s.p, 0) && a.owns(s.p, s.c)
		_, err := n.DeleteCamera(n.ctx(), a.me(s.p), a.id("cam", s.c))
		if ok {
			a.forgetCam(s.c)
		}
		return ok, err
	},
	"give": func(a *arena, n *stand, s step) (bool, error) { return a.save(n, s, true) },
	"revoke": func(a *arena, n *stand, s step) (bool, error) {
		return a.save(n, s, false)
	},
	"revoke person": func(a *arena, n *stand, s step) (bool, error) {
		ok := a.in(s.p, 0)
		_, err := n.RevokePerson(n.ctx(), a.me(s.p), a.logins[[2]int{s.q, 0}].Account.ID)
		if ok && a.people[s.q] != nil {
			for k := range a.grants {
				if a.owns(s.p, k[0]) && k[1] == s.q {
					delete(a.grants, k)
				}
			}
		}
		return ok, err
	},
	"accept": func(a *arena, n *stand, s step) (bool, error) { return a.answers(n, s, true) },
	"reject": func(a *arena, n *stand, s step) (bool, error) { return a.answers(n, s, false) },
	"group": func(a *arena, n *stand, s step) (bool, error) {
		if a.groups[s.g] != nil {
			return false, errSkipped
		}
		ok := a.in(s.p, 0)
		g, err := n.CreateGroup(n.ctx(), a.me(s.p), fmt.Sprint("Crew ", s.g))
		if ok && err == nil {
			a.ids[fmt.Sprintf("group %d", s.g)] = g.Group.ID
			a.groups[s.g] = &mGroup{roles: map[int]Role{s.p: RoleAdministrator}}
			a.codes[[2]int{s.g, 1}], a.codes[[2]int{s.g, 2}] = "", ""
		}
		return ok, err
	},
	"code": func(a *arena, n *stand, s step) (bool, error) {
		g, rank := a.groups[s.g], 1+s.x/2%2
		if g == nil || a.codes[[2]int{s.g, rank}] != "" {
			return false, errSkipped
		}
		ok := a.in(s.p, 0) && g.roles[s.p] == RoleAdministrator
		c, err := n.CreateShareCode(n.ctx(), a.me(s.p), a.id("group", s.g), []Role{"", RoleViewer, RoleMember}[rank], 0)
		if ok && err == nil {
			a.codes[[2]int{s.g, rank}] = c.Code.Reveal()
		}
		return ok, err
	},
	"join": func(a *arena, n *stand, s step) (bool, error) {
		rank := 1 + s.x/2%2
		code := a.codes[[2]int{s.g, rank}]
		if code == "" {
			return false, errSkipped
		}
		g := a.groups[s.g]
		ok := a.in(s.q, 0) && g != nil
		_, err := n.JoinGroup(n.ctx(), a.me(s.q), code)
		if ok && g.roles[s.q].rank() < rank {
			g.roles[s.q] = []Role{"", RoleViewer, RoleMember}[rank]
		}
		return ok, err
	},
	"role": func(a *arena, n *stand, s step) (bool, error) {
		role := []Role{RoleViewer, RoleMember, RoleAdministrator}[s.x/2%3]
		g := a.groups[s.g]
		ok := a.administers(s) && g.roles[s.q] != "" && (g.roles[s.q] == role || !g.soleAdmin(s.q))
		_, err := n.SetRole(n.ctx(), a.me(s.p), a.id("group", s.g), a.logins[[2]int{s.q, 0}].Account.ID, role)
		if ok {
			if g.roles[s.q] != role && role == RoleViewer {
				a.withdraw(s.g, s.q)
			}
			g.roles[s.q] = role
		}
		return ok, err
	},
	"put out": func(a *arena, n *stand, s step) (bool, error) {
		g := a.groups[s.g]
		ok := a.administers(s) && g.roles[s.q] != "" && !g.soleAdmin(s.q)
		_, err := n.RemoveParticipant(n.ctx(), a.me(s.p), a.id("group", s.g), a.logins[[2]int{s.q, 0}].Account.ID)
		if ok {
			a.withdraw(s.g, s.q)
			delete(g.roles, s.q)
		}
		return ok, err
	},
	"leave": func(a *arena, n *stand, s step) (bool, error) {
		g, end := a.groups[s.g], s.x%4 > 1
		ok := a.in(s.p, 0) && g != nil && g.roles[s.p] != "" && (end || !g.soleAdmin(s.p))
		_, err := n.LeaveGroup(n.ctx(), a.me(s.p), a.id("group", s.g), end)
		if ok && g.soleAdmin(s.p) {
			a.forgetGroup(s.g)
		} else if ok {
			a.withdraw(s.g, s.p)
			delete(g.roles, s.p)
		}
		return ok, err
	},
	"delete group": func(a *arena, n *stand, s step) (bool, error) {
		ok := a.administers(s)
		_, err := n.DeleteGroup(n.ctx(), a.me(s.p), a.id("group", s.g))
		if ok {
			a.forgetGroup(s.g)
		}
		return ok, err
	},
	"share": func(a *arena, n *stand, s step) (bool, error) {
		g, images := a.groups[s.g], s.x%4 > 1
		ok := a.in(s.p, 0) && g != nil && g.roles[s.p].rank() >= RoleMember.rank() && a.owns(s.p, s.c)
		_, err := n.ShareInGroup(n.ctx(), a.me(s.p), a.id("group", s.g), a.id("cam", s.c), images)
		if ok {
			a.cams[s.c].groups[s.g] = images
		}
		return ok, err
	},
	"unshare": func(a *arena, n *stand, s step) (bool, error) {
		g, c := a.groups[s.g], a.cams[s.c]
		shared := false
		if c != nil {
			_, shared = c.groups[s.g]
		}
		ok := a.in(s.p, 0) && g != nil && shared && (g.roles[s.p] == RoleAdministrator || a.owns(s.p, s.c) && g.roles[s.p] == RoleMember)
		_, err := n.UnshareFromGroup(n.ctx(), a.me(s.p), a.id("group", s.g), a.id("cam", s.c))
		if ok {
			delete(c.groups, s.g)
		}
		return ok, err
	},
	"link": linkStep,
	"pause": func(a *arena, n *stand, s step) (bool, error) {
		ok := a.hasLink(s)
		_, err := n.PauseLink(n.ctx(), a.me(s.p), a.id("link", s.c%someLinks))
		if ok {
			a.links[s.c%someLinks].paused = true
		}
		return ok, err
	},
	"resume": func(a *arena, n *stand, s step) (bool, error) {
		ok := a.hasLink(s) && !a.people[s.p].mini
		_, err := n.ResumeLink(n.ctx(), a.me(s.p), a.id("link", s.c%someLinks))
		if ok {
			a.links[s.c%someLinks].paused = false
		}
		return ok, err
	},
	"remove link": func(a *arena, n *stand, s step) (bool, error) {
		ok := a.hasLink(s)
		_, err := n.RemoveLink(n.ctx(), a.me(s.p), a.id("link", s.c%someLinks))
		if ok {
			delete(a.links, s.c%someLinks)
		}
		return ok, err
	},
	"link's cameras": func(a *arena, n *stand, s step) (bool, error) {
		cam := (s.c + s.x) % someCams
		ok := a.hasLink(s) && a.owns(s.p, cam)
		l := a.links[s.c%someLinks]
		ok = ok && (!l.temporary || l.cams[cam])
		_, err := n.UpdateLink(n.ctx(), a.me(s.p), a.id("link", s.c%someLinks), LinkPatch{Cameras: &[]string{a.id("cam", cam)}})
		if ok {
			l.cams = map[int]bool{cam: true}
		}
		return ok, err
	},
	"link's dates": func(a *arena, n *stand, s step) (bool, error) {
		starts, ends := a.window(s.x / 2)
		ok := a.hasLink(s)
		_, err := n.UpdateLink(n.ctx(), a.me(s.p), a.id("link", s.c%someLinks), LinkPatch{Starts: &starts, Ends: &ends})
		if ok {
			a.links[s.c%someLinks].starts, a.links[s.c%someLinks].ends = starts, ends
		}
		return ok, err
	},
	"visit": func(a *arena, n *stand, s step) (bool, error) {
		link, v := s.c%someLinks, s.x/2%someTours
		view, made := a.views[link]
		if !made {
			return false, errSkipped
		}
		ok := a.links[link] != nil
		id, tick, err := n.Exchange(n.ctx(), view.Secret, Subject{})
		if err != nil {
			return ok, err
		}
		sub, _, _, err := n.Visit(n.ctx(), id, tick, secret.String{}, Client{IP: netip.MustParseAddr("203.0.113.9")})
		if ok && err == nil {
			for _, h := range a.leases { // who watched by the old visit is another guest
				if h.l.subject == a.guests[v] {
					h.l.Release()
				}
			}
			a.leases = without(a.leases, a.guests[v])
			a.guests[v], a.visits[v] = sub, &mVisit{link: link}
		}
		return ok, err
	},
	"stop guest": func(a *arena, n *stand, s step) (bool, error) {
		v := a.visits[s.x/2%someTours]
		if v == nil {
			return false, errSkipped
		}
		sub := a.guests[s.x/2%someTours]
		l := a.links[v.link]
		ok := l != nil && a.ids[fmt.Sprintf("link %d", v.link)] == sub.Link && a.in(s.p, 0) && l.owner == s.p
		if l != nil && a.ids[fmt.Sprintf("link %d", v.link)] != sub.Link {
			return false, errSkipped // of a link that is gone
		}
		err := n.StopVisit(n.ctx(), a.me(s.p), sub.Link, sub.Visit)
		if ok {
			v.stopped = true
		}
		return ok, err
	},
	"sign out": func(a *arena, n *stand, s step) (bool, error) {
		l := s.x / 2 % 2
		if !a.in(s.p, l) {
			return false, errSkipped
		}
		err := n.SignOut(n.ctx(), a.logins[[2]int{s.p, l}].Subject)
		a.people[s.p].logins[l] = false
		return true, err
	},
	"sign in": func(a *arena, n *stand, s step) (bool, error) {
		l := s.x / 2 % 2
		if a.people[s.p] == nil || a.people[s.p].logins[l] {
			return false, errSkipped
		}
		return !a.people[s.p].suspended, a.signIn(n, s.p, l)
	},
	"password": func(a *arena, n *stand, s step) (bool, error) {
		ok := a.in(s.p, 0)
		if a.people[s.p] == nil {
			return false, errSkipped
		}
		err := n.ChangePassword(n.ctx(), a.me(s.p), secret.New(goodPassword), secret.New(goodPassword))
		if ok {
			a.people[s.p].logins[1] = false
		}
		return ok, err
	},
	"suspend": func(a *arena, n *stand, s step) (bool, error) {
		p := a.people[s.p]
		if p == nil {
			return false, errSkipped
		}
		st := AccountActive
		if s.x/2%6 == 0 {
			st = AccountSuspended
		}
		_, err := n.SetState(n.ctx(), Operator, a.logins[[2]int{s.p, 0}].Account.ID, st)
		if st == AccountSuspended && !p.suspended {
			p.logins = [2]bool{}
		}
		p.suspended = st == AccountSuspended
		return true, err
	},
	"plan": func(a *arena, n *stand, s step) (bool, error) {
		p := a.people[s.p]
		if p == nil {
			return false, errSkipped
		}
		p.mini = s.x/2%5 == 0
		plan := PlanPro
		if p.mini {
			plan = PlanMini
		}
		_, err := n.SetPlan(n.ctx(), Operator, a.logins[[2]int{s.p, 0}].Account.ID, plan)
		return true, err
	},
	"close": func(a *arena, n *stand, s step) (bool, error) {
		if a.people[s.p] == nil || s.x/2%6 > 0 { // not so often
			return false, errSkipped
		}
		_, err := n.CloseAccount(n.ctx(), Operator, a.logins[[2]int{s.p, 0}].Account.ID)
		a.forgetPerson(s.p)
		return true, err
	},
	"enrol": func(a *arena, _ *stand, s step) (bool, error) {
		if a.people[s.p] != nil {
			return false, errSkipped
		}
		return true, a.enrol(s.p)
	},
	"clock": func(a *arena, n *stand, s step) (bool, error) {
		by := time.Duration(20+s.x%90) * time.Minute
		if a.leap == nil || a.leapt+by > 18*time.Hour { // before logins and visits run out unused
			return false, errSkipped
		}
		a.leapt += by
		a.leap.by.Add(int64(by))
		a.now = a.now.Add(by)
		return true, nil
	},
	"watch": func(a *arena, n *stand, s step) (bool, error) {
		h := &held{node: s.x % 2}
		var sub Subject
		if v := s.x / 2 % (2 * someTours); a.visits[v] != nil {
			visit := a.visits[v]
			sub, h.who = a.guests[v], fmt.Sprintf("guest %d of cam %d", v, s.c)
			h.still = func() verdictOf {
				if a.visits[v] != visit {
					return no
				}
				return a.guest(v, ActLive, s.c)
			}
		} else {
			l := s.x / 2 % 2
			login, known := a.logins[[2]int{s.p, l}]
			if !known {
				return false, errSkipped
			}
			sub, h.who = login.Subject, fmt.Sprintf("guy %d (login %d) of cam %d", s.p, l, s.c)
			h.still = func() verdictOf {
				if a.logins[[2]int{s.p, l}].Subject != sub {
					return no
				}
				return a.person(s.p, l, ActLive, s.c)
			}
		}
		cam := a.id("cam", s.c)
		still := h.still
		h.still = func() verdictOf { // a camera of the same number may be another one
			if a.id("cam", s.c) != cam {
				return no
			}
			return still()
		}
		ok := h.still() == yes
		l, d, err := n.Subscribe(n.ctx(), sub, cam, ActLive, nil)
		if err == nil {
			err = d.Fault()
		}
		if err == nil {
			h.l = l
			a.leases = append(a.leases, h)
		}
		return ok, err
	},
}

func (g *mGroup) soleAdmin(p int) bool {
	return g.roles[p] == RoleAdministrator && g.administrators() == 1
}

func (a *arena) administers(s step) bool {
	g := a.groups[s.g]
	return a.in(s.p, 0) && g != nil && g.roles[s.p] == RoleAdministrator
}

func (a *arena) hasLink(s step) bool {
	l := a.links[s.c%someLinks]
	return a.in(s.p, 0) && l != nil && l.owner == s.p
}

func without(leases []*held, sub Subject) (out []*held) {
	for _, h := range leases {
		if h.l.subject != sub {
			out = append(out, h)
		}
	}
	return out
}

// window is an on and off time around now: open, to come, or open without an end near.
func (a *arena) window(x int) (starts, ends time.Time) {
	at := a.now.Truncate(time.Minute)
	return at.Add([]time.Duration{-time.Hour, -time.Hour, time.Hour}[x%3]), at.Add([]time.Duration{2 * time.Hour, 40 * time.Hour, 3 * time.Hour}[x%3])
}

func linkStep(a *arena, n *stand, s step) (bool, error) {
	id := s.c % someLinks
	if a.links[id] != nil {
		return false, errSkipped
	}
	a.fresh++
	in := NewLink{Kind: LinkShare, Name: fmt.Sprint("Link ", a.fresh), Cameras: []string{a.id("cam", s.c)}, RiskAcknowledged: true}
	l := &mLink{owner: s.p, cams: map[int]bool{s.c: true}}
	if s.x%4 > 1 {
		in.Kind = LinkTemporary
		in.Starts, in.Ends = a.window(s.x / 4)
		l.temporary, l.starts, l.ends = true, in.Starts, in.Ends
	}
	ok := a.in(s.p, 0) && a.owns(s.p, s.c) && !a.people[s.p].mini
	view, err := n.CreateLink(n.ctx(), a.me(s.p), in)
	if ok && err == nil {
		a.ids[fmt.Sprintf("link %d", id)] = view.Link.ID
		a.links[id], a.views[id] = l, view
		for v, visit := range a.visits { // they are of the link that was there
			if visit.link == id {
				visit.link = -1 - v
			}
		}
	}
	return ok, err
}

// save writes a camera's table with or without a row of somebody.
func (a *arena) save(n *stand, s step, with bool) (bool, error) {
	ok := a.in(s.p, 0) && a.owns(s.p, s.c)
	t, err := n.Access(n.ctx(), a.me(s.p), a.id("cam", s.c))
	if err != nil {
		return ok, err
	}
	key := [2]int{s.c, s.q}
	old := a.grants[key]
	account := a.logins[[2]int{s.q, 0}].Account.ID
	next := mGrant{levels: modelLevels[s.x/2%len(modelLevels)]}
	switch s.x / 16 % 4 {
	case 1:
		next.until = a.now.Add(90 * time.Minute).Truncate(time.Second)
	case 2:
		hour := a.now.In(a.zone).Hour()
		next.hours = [2]int{hour, hour + 1}
	case 3:
		next.hours = [2]int{6, 18}
	}
	e := GrantEdit{Levels: next.levels, Until: next.until}
	if next.hours != [2]int{} {
		e.Schedule = &Schedule{}
		for day := range 7 {
			e.Schedule.Intervals = append(e.Schedule.Intervals, Interval{Day: time.Weekday(day), From: next.hours[0] * 60, To: next.hours[1] * 60})
		}
	}
	var rows []GrantEdit
	for _, r := range keep(t) {
		if r.GrantID == a.ids[fmt.Sprintf("grant %d/%d", s.c, s.q)] {
			if !with {
				continue
			}
			id := r.GrantID
			r = e
			r.GrantID = id
		}
		rows = append(rows, r)
	}
	if with && old == nil {
		e.Account = account
		rows = append(rows, e)
		ok = ok && s.q != s.p && a.people[s.q] != nil
	}
	t, err = n.SaveAccess(n.ctx(), a.me(s.p), a.id("cam", s.c), t.Version, rows)
	if !ok || err != nil {
		return ok, err
	}
	if !with {
		delete(a.grants, key)
		return ok, nil
	}
	if old != nil {
		next.accepted, next.answered = old.accepted, old.answered
	}
	a.grants[key] = &next
	for _, r := range t.Rows {
		if r.Grant.Account == account {
			a.ids[fmt.Sprintf("grant %d/%d", s.c, s.q)] = r.Grant.ID
		}
	}
	return ok, nil
}

func (a *arena) answers(n *stand, s step, accept bool) (bool, error) {
	id := a.ids[fmt.Sprintf("grant %d/%d", s.c, s.q)]
	if id == "" {
		return false, errSkipped
	}
	g := a.grants[[2]int{s.c, s.q}]
	ok := a.in(s.q, 0) && g != nil
	if ok && accept && !g.accepted && !g.until.IsZero() && !a.now.Before(g.until) {
		ok = false
	}
	var err error
	if accept {
		err = n.AcceptOffer(n.ctx(), a.me(s.q), id)
	} else {
		err = n.RejectOffer(n.ctx(), a.me(s.q), id)
	}
	if ok {
		g.accepted, g.answered = accept, true
	}
	if fault.Code(err) == string(ReasonExpired) && ok {
		return ok, fmt.Errorf("expired: %w", err)
	}
	return ok, err
}
