package authz

import "time"

// model is authority in its plainest form: maps, ifs, and no store. It is what
// the service is compared with, so it shares no code with Decide. Everything is
// named by a small number; what is not in a map does not exist.
type model struct {
	now    time.Time      // the clock as far as it was set by hand
	zone   *time.Location // of the cameras
	people map[int]*mPerson
	cams   map[int]*mCam
	grants map[[2]int]*mGrant // camera, person
	groups map[int]*mGroup
	links  map[int]*mLink
	visits map[int]*mVisit
}

type (
	mPerson struct {
		logins    [2]bool // two browsers
		suspended bool
		mini      bool
	}
	mCam struct {
		owner  int
		on     bool
		groups map[int]bool // shared in; true: images only
	}
	mGrant struct {
		accepted, answered bool
		levels             Levels
		until              time.Time // zero: none
		hours              [2]int    // of each day, by the camera's zone; equal: always
	}
	mGroup struct{ roles map[int]Role }
	mLink  struct {
		owner        int
		temporary    bool
		cams         map[int]bool
		paused       bool
		starts, ends time.Time
	}
	mVisit struct {
		link    int
		stopped bool
	}
)

// verdictOf a question: may he, and if not, is it as if it did not exist?
type verdictOf string

const (
	yes    verdictOf = "yes"
	no     verdictOf = "no"
	hidden verdictOf = "hidden"
)

func newModel(now time.Time) *model {
	return &model{now: now, zone: restOfHour(now), people: map[int]*mPerson{}, cams: map[int]*mCam{}, grants: map[[2]int]*mGrant{}, groups: map[int]*mGroup{}, links: map[int]*mLink{}, visits: map[int]*mVisit{}}
}

// restOfHour is a zone in which the hour goes on for half an hour yet: the store's
// own clock runs on while a sequence does.
func restOfHour(now time.Time) *time.Location {
	name := "UTC"
	if now.UTC().Minute() >= 30 {
		name = "Asia/Kolkata" // five hours and a half ahead
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

// in reports whether a person is signed in with one of his browsers.
func (m *model) in(person, login int) bool {
	p := m.people[person]
	return p != nil && !p.suspended && p.logins[login]
}

func (m *model) owns(person, cam int) bool { c := m.cams[cam]; return c != nil && c.owner == person }

// person answers for somebody with an account.
func (m *model) person(person, login int, act Action, cam int) verdictOf {
	c := m.cams[cam]
	if !m.in(person, login) {
		return no
	}
	if c == nil {
		return hidden
	}
	if c.owner == person {
		if act == ActLive && !c.on || act == ActLink && m.people[person].mini {
			return no
		}
		return yes
	}
	out := hidden
	if g := m.grants[[2]int{cam, person}]; g != nil {
		out = no
		if m.granted(c, g, act) {
			return yes
		}
	}
	for id, imagesOnly := range c.groups {
		group := m.groups[id]
		if group == nil || group.roles[person] == "" || group.roles[c.owner] != RoleMember && group.roles[c.owner] != RoleAdministrator {
			continue
		}
		out = no
		if m.people[c.owner].suspended {
			continue
		}
		if act == ActSee || act == ActImages || act == ActLive && c.on && !imagesOnly {
			return yes
		}
	}
	return out
}

func (m *model) granted(c *mCam, g *mGrant, act Action) bool {
	needed := map[Action]Levels{ActSee: 0, ActLive: LevelOnline, ActArchive: LevelArchive, ActImages: LevelArchive,
		ActDownload: LevelArchive | LevelDownload, ActNotices: LevelNotices}
	levels, known := needed[act]
	switch {
	case !known, !g.accepted, !g.until.IsZero() && !m.now.Before(g.until), g.levels&levels != levels, m.people[c.owner].suspended:
		return false
	case act == ActSee:
		return true
	}
	hour := m.now.In(m.zone).Hour()
	return c.on && (g.hours[0] == g.hours[1] || g.hours[0] <= hour && hour < g.hours[1])
}

// guest answers for a visit of a link.
func (m *model) guest(visit int, act Action, cam int) verdictOf {
	v := m.visits[visit]
	switch act {
	case ActVisit, ActSee, ActLive, ActImages:
	default:
		return no
	}
	l := m.links[v.link]
	if l == nil || v.stopped || !m.open(l) {
		return no
	}
	if act == ActVisit {
		return yes
	}
	c := m.cams[cam]
	if c == nil || !l.cams[cam] {
		return hidden
	}
	if act == ActLive && !c.on || act == ActImages && (l.temporary || !c.on) {
		return no
	}
	return yes
}

func (m *model) open(l *mLink) bool {
	owner := m.people[l.owner]
	return !l.paused && !owner.suspended && !owner.mini &&
		(l.starts.IsZero() || !m.now.Before(l.starts)) && (l.ends.IsZero() || m.now.Before(l.ends))
}

// administrators counts those of a group.
func (g *mGroup) administrators() (n int) {
	for _, r := range g.roles {
		if r == RoleAdministrator {
			n++
		}
	}
	return n
}

// forgetCam and the like remove what rests on what is gone.
func (m *model) forgetCam(cam int) {
	delete(m.cams, cam)
	for k := range m.grants {
		if k[0] == cam {
			delete(m.grants, k)
		}
	}
	for id, l := range m.links {
		if delete(l.cams, cam); len(l.cams) == 0 {
			delete(m.links, id)
		}
	}
}

func (m *model) forgetPerson(person int) {
	for id, c := range m.cams {
		if c.owner == person {
			m.forgetCam(id)
		}
	}
	for k := range m.grants {
		if k[1] == person {
			delete(m.grants, k)
		}
	}
	for id, l := range m.links {
		if l.owner == person {
			delete(m.links, id)
		}
	}
	for id, g := range m.groups {
		if g.roles[person] == RoleAdministrator && g.administrators() == 1 {
			m.forgetGroup(id)
		}
		delete(g.roles, person)
	}
	delete(m.people, person)
}

func (m *model) forgetGroup(group int) {
	delete(m.groups, group)
	for _, c := range m.cams {
		delete(c.groups, group)
	}
}

// withdraw takes a person's cameras out of a group.
func (m *model) withdraw(group, person int) {
	for _, c := range m.cams {
		if c.owner == person {
			delete(c.groups, group)
		}
	}
}
