package authz

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

// group makes one with its creator and people who join by codes.
func (s *stand) group(admin NewLogin, members, viewers []NewLogin) string {
	s.t.Helper()
	g, err := s.CreateGroup(s.ctx(), admin.Subject, "Crew")
	if err != nil {
		s.t.Fatal(err)
	}
	for role, people := range map[Role][]NewLogin{RoleMember: members, RoleViewer: viewers} {
		if len(people) == 0 {
			continue
		}
		c, err := s.CreateShareCode(s.ctx(), admin.Subject, g.Group.ID, role, 0)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, p := range people {
			if _, err := s.JoinGroup(s.ctx(), p.Subject, c.Code.Reveal()); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	return g.Group.ID
}

// roles says who is what in a group, e.g. "ann=administrator bob=viewer"; "" when
// it does not exist, and checks the counters on the way.
func (s *stand) roles(group string) string {
	s.t.Helper()
	v, err := s.read(s.ctx(), []string{keyGroup(group)}, kv.Scan{Prefix: keyPart(group, "")})
	if err != nil {
		s.t.Fatal(err)
	}
	g := get[Group](v.get, keyGroup(group))
	if g == nil {
		return ""
	}
	var out []string
	admins := 0
	for _, val := range v.scans[0] {
		p, err := decode[Participant](val.Data)
		if err != nil {
			s.t.Fatal(err)
		}
		names, err := s.AccountNames(s.ctx(), []string{p.Account})
		if err != nil {
			s.t.Fatal(err)
		}
		out = append(out, strings.ToLower(names[p.Account])+"="+string(p.Role))
		if p.Role == RoleAdministrator {
			admins++
		}
	}
	if g.Participants != len(out) || g.Administrators != admins || admins == 0 {
		s.t.Fatalf("the group counts %d people, %d administrators; it has %v", g.Participants, g.Administrators, out)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func (s *stand) wantRoles(group, want string) {
	s.t.Helper()
	if got := s.roles(group); got != want {
		s.t.Fatalf("the group has %q, want %q", got, want)
	}
}

// nothingLeft fails when a record names the group.
func (s *stand) nothingLeft(group string, but ...string) {
	s.t.Helper()
	s.until("swept", func() bool {
		v, err := s.read(s.ctx(), nil, kv.Scan{Prefix: ""})
		if err != nil {
			s.t.Fatal(err)
		}
		for _, val := range v.scans[0] {
			if strings.HasPrefix(val.Key, "ev/") || slices.Contains(but, val.Key) {
				continue
			}
			if strings.Contains(val.Key, group) || strings.Contains(string(val.Data), group) {
				return false
			}
		}
		return true
	})
}

func TestR42_TheCreatorIsAdministrator(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store)
		ann, eve := s.person("Ann"), s.person("Eve")
		g, err := s.CreateGroup(s.ctx(), ann.Subject, "  Crew ")
		if err != nil || g.Role != RoleAdministrator || g.Group.Name != "Crew" {
			t.Fatalf("%+v %v", g, err)
		}
		s.wantRoles(g.Group.ID, "ann=administrator")
		if err := s.RenameGroup(s.ctx(), ann.Subject, g.Group.ID, "Night watch"); err != nil {
			t.Fatal(err)
		}
		list, err := s.Groups(s.ctx(), ann.Subject)
		if err != nil || len(list) != 1 || list[0].Group.Name != "Night watch" {
			t.Fatalf("%+v %v", list, err)
		}
		if list, err = s.Groups(s.ctx(), eve.Subject); err != nil || len(list) != 0 {
			t.Fatalf("a stranger sees %+v %v", list, err)
		}
		wantCode(t, second(s.CreateGroup(s.ctx(), ann.Subject, " ")), fault.Invalid, fault.CodeRequired)
		for range maxGroups - 1 {
			if _, err := s.CreateGroup(s.ctx(), ann.Subject, "Crew"); err != nil {
				t.Fatal(err)
			}
		}
		wantCode(t, second(s.CreateGroup(s.ctx(), ann.Subject, "Crew")), fault.Conflict, fault.CodeConflict)
	})
}

func TestR46_JoiningTwiceNeverDemotes(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store)
		ctx := s.ctx()
		ann, bob := s.person("Ann"), s.person("Bob")
		g := s.group(ann, nil, nil)
		viewer, err := s.CreateShareCode(ctx, ann.Subject, g, RoleViewer, 0)
		if err != nil {
			t.Fatal(err)
		}
		member, err := s.CreateShareCode(ctx, ann.Subject, g, RoleMember, 0)
		if err != nil {
			t.Fatal(err)
		}
		join := func(p NewLogin, c GroupCode, want string) {
			t.Helper()
			if _, err := s.JoinGroup(ctx, p.Subject, c.Code.Reveal()); err != nil {
				t.Fatal(err)
			}
			s.wantRoles(g, want)
		}
		join(bob, viewer, "ann=administrator bob=viewer")
		join(bob, viewer, "ann=administrator bob=viewer")
		join(bob, member, "ann=administrator bob=member")
		join(bob, viewer, "ann=administrator bob=member")
		join(ann, member, "ann=administrator bob=member")
		d, err := s.GroupOf(ctx, ann.Subject, g)
		if err != nil || len(d.Codes) != 2 || d.Codes[0].Uses != 1 || d.Codes[1].Uses != 1 {
			t.Fatalf("uses that changed nothing are counted: %+v %v", d.Codes, err)
		}
	})
}

func TestR48_WhenTheSoleAdministratorLeaves(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store).run()
		ctx := s.ctx()
		ann, bob, eve := s.person("Ann"), s.person("Bob"), s.person("Eve")
		g := s.group(ann, []NewLogin{bob}, []NewLogin{eve})
		cam := s.camera(bob.Subject, "Yard")
		share(t, s, bob, g, cam)
		wantCode(t, second(s.LeaveGroup(ctx, ann.Subject, g, false)), fault.Conflict, "sole_administrator")
		ending, err := s.GroupsEndingWith(ctx, ann.Subject)
		if err != nil || len(ending) != 1 || ending[0].Participants != 3 {
			t.Fatalf("%+v %v", ending, err)
		}
		// Somebody was made administrator meanwhile: the word deletes nothing.
		if _, err := s.SetRole(ctx, ann.Subject, g, bob.Account.ID, RoleAdministrator); err != nil {
			t.Fatal(err)
		}
		if _, err := s.LeaveGroup(ctx, ann.Subject, g, true); err != nil {
			t.Fatal(err)
		}
		s.wantRoles(g, "bob=administrator eve=viewer")
		if ending, err = s.GroupsEndingWith(ctx, eve.Subject); err != nil || len(ending) != 0 {
			t.Fatalf("%+v %v", ending, err)
		}
		if _, err := s.LeaveGroup(ctx, bob.Subject, g, true); err != nil {
			t.Fatal(err)
		}
		if s.roles(g) != "" {
			t.Fatal("the group lives on")
		}
		s.nothingLeft(g)

		// Closing an account counts as leaving.
		kept, dies := s.group(ann, nil, nil), s.group(ann, []NewLogin{bob}, nil)
		c, _, err := s.InviteAdministrator(ctx, ann.Subject, kept, "bob@example.org", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.JoinGroup(ctx, bob.Subject, c.Code.Reveal()); err != nil {
			t.Fatal(err)
		}
		hers := s.camera(ann.Subject, "Dock")
		share(t, s, ann, kept, hers)
		s.wantDecision(bob.Subject, ActLive, hers.ID, ReasonOK)
		if _, err := s.CloseAccount(ctx, ann.Subject, ann.Account.ID); err != nil && fault.Code(err) != fault.CodeConflict {
			t.Fatal(err)
		} else if err != nil { // the first account administers the instance
			if _, err := s.CloseAccount(ctx, Operator, ann.Account.ID); err != nil {
				t.Fatal(err)
			}
		}
		s.wantRoles(kept, "bob=administrator")
		if s.roles(dies) != "" {
			t.Fatal("a group without an administrator lives")
		}
		s.wantDecision(bob.Subject, ActLive, hers.ID, ReasonCameraGone)
		s.nothingLeft(dies)
		s.nothingLeft(ann.Account.ID, pClosed+ann.Account.ID) // its log is kept for a while
	})
}

func TestR49_TheLastAdministratorCannotFall(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store)
		ctx := s.ctx()
		ann, bob := s.person("Ann"), s.person("Bob")
		g := s.group(ann, []NewLogin{bob}, nil)
		me := ann.Account.ID
		wantCode(t, second(s.SetRole(ctx, ann.Subject, g, me, RoleMember)), fault.Conflict, "sole_administrator")
		wantCode(t, second(s.SetRole(ctx, ann.Subject, g, me, RoleViewer)), fault.Conflict, "sole_administrator")
		wantCode(t, second(s.RemoveParticipant(ctx, ann.Subject, g, me)), fault.Conflict, "sole_administrator")
		wantCode(t, second(s.SetRole(ctx, ann.Subject, g, me, "owner")), fault.Invalid, fault.CodeBadValue)
		wantCode(t, second(s.SetRole(ctx, ann.Subject, g, NewID(), RoleMember)), fault.NotFound, fault.CodeNotFound)
		if _, err := s.SetRole(ctx, ann.Subject, g, bob.Account.ID, RoleAdministrator); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SetRole(ctx, ann.Subject, g, me, RoleViewer); err != nil {
			t.Fatal(err)
		}
		s.wantRoles(g, "ann=viewer bob=administrator")
	})
}

// Two administrators, on two nodes, do to each other at once what would end the
// other's administration: one is always left, and only one where both were to go.
func TestR49_TwoAdministratorsAtOnce(t *testing.T) {
	rounds := 1000
	if testing.Short() {
		rounds = 100
	}
	race := func(t *testing.T, one, two *stand) {
		ann, bob := one.person("Ann"), one.person("Bob")
		people := []NewLogin{ann, bob}
		nodes := []*stand{one, two}
		g := one.group(ann, nil, nil)
		ctx := one.ctx()
		both := 0
		for i := range rounds {
			// Both are administrators again.
			for me, p := range people {
				if v, err := one.GroupOf(ctx, p.Subject, g); err == nil && v.Role == RoleAdministrator {
					restore(t, one, people[me], people[1-me], g)
					break
				}
			}
			one.wantRoles(g, "ann=administrator bob=administrator")
			var start, done sync.WaitGroup
			start.Add(1)
			errs := make([]error, 2)
			for me, p := range people {
				done.Go(func() {
					start.Wait()
					n, other := nodes[me], people[1-me].Account.ID
					switch (i + me*(i/4%2)) % 4 {
					case 0:
						_, errs[me] = n.RemoveParticipant(ctx, p.Subject, g, other)
					case 1:
						_, errs[me] = n.SetRole(ctx, p.Subject, g, other, RoleViewer)
					case 2:
						_, errs[me] = n.LeaveGroup(ctx, p.Subject, g, false)
					case 3:
						_, errs[me] = n.SetRole(ctx, p.Subject, g, p.Account.ID, RoleMember)
					}
				})
			}
			start.Done()
			done.Wait()
			if errs[0] == nil && errs[1] == nil {
				both++
			}
			for me, err := range errs {
				if err != nil && !fault.Is(err, fault.NotFound) && fault.Code(err) != "role_viewer" && fault.Code(err) != "sole_administrator" {
					t.Fatalf("round %d, %s: %v", i, people[me].Account.Name, err)
				}
			}
			if now := one.roles(g); strings.Count(now, "=administrator") != 1 { // roles() refuses none
				t.Fatalf("round %d: %q after %v", i, now, errs)
			}
		}
		t.Logf("%d rounds, in %d both succeeded", rounds, both)
	}
	t.Run("bolt", func(t *testing.T) {
		store := openBolt(t, t.TempDir())
		race(t, newStand(t, store), newStand(t, store))
	})
	t.Run("redis", func(t *testing.T) {
		url := startRedis(t)
		race(t, newStand(t, openRedis(t, url, t.Name())), newStand(t, openRedis(t, url, t.Name())))
	})
}

// restore makes the other one administrator again.
func restore(t *testing.T, s *stand, me, other NewLogin, g string) {
	t.Helper()
	_, err := s.SetRole(s.ctx(), me.Subject, g, other.Account.ID, RoleAdministrator)
	if !fault.Is(err, fault.NotFound) {
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	c, _, err := s.InviteAdministrator(s.ctx(), me.Subject, g, other.Account.Email, "")
	if err == nil {
		_, err = s.JoinGroup(s.ctx(), other.Subject, c.Code.Reveal())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestR58_DeletingAGroup(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store).run()
		ctx := s.ctx()
		ann, bob, eve := s.person("Ann"), s.person("Bob"), s.person("Eve")
		g := s.group(ann, []NewLogin{bob}, []NewLogin{eve})
		cam := s.camera(bob.Subject, "Yard")
		share(t, s, bob, g, cam)
		ended := make(chan Decision, 1)
		l, _, err := s.Subscribe(ctx, eve.Subject, cam.ID, ActLive, func(d Decision) { ended <- d })
		if err != nil {
			t.Fatal(err)
		}
		defer l.Release()
		wantCode(t, second(s.DeleteGroup(ctx, bob.Subject, g)), fault.Forbidden, "role_viewer")
		if _, err := s.DeleteGroup(ctx, ann.Subject, g); err != nil {
			t.Fatal(err)
		}
		select {
		case d := <-ended:
			if d.Reason != ReasonGroupGone {
				t.Fatalf("ended as %s", d.Reason)
			}
		case <-time.After(patient):
			t.Fatal("still alive long after the answer")
		}
		for _, p := range []NewLogin{ann, bob, eve} {
			wantCode(t, second(s.GroupOf(ctx, p.Subject, g)), fault.NotFound, fault.CodeNotFound)
		}
		s.nothingLeft(g)
		// Everybody is in the one event that notices are made of.
		told := s.events("group_changed", func(e event.Event) bool { return e.(event.GroupChanged).What == event.GroupDeleted })
		if len(told) != 1 || len(told[0].(event.GroupChanged).Accounts) != 3 || told[0].(event.GroupChanged).Name != "Crew" {
			t.Fatalf("%+v", told)
		}
		wantCode(t, second(s.DeleteGroup(ctx, ann.Subject, g)), fault.NotFound, fault.CodeNotFound)
	})
}

// events reads the feed, each event once, though it may tell one again when its
// disk is late.
func (s *stand) events(kind string, wanted func(event.Event) bool) (out []event.Event) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx(), time.Minute)
	defer cancel()
	seen := make(map[string]bool)
	mark := event.AccountChanged{Account: NewID()}
	txn := kv.Txn{ID: kv.NewID(time.Now()), Space: kv.Control, Writes: []kv.Write{event.Write(mark)}}
	if _, err := s.store.Commit(ctx, txn); err != nil {
		s.t.Fatal(err)
	}
	err := event.Follow(ctx, s.store, kv.Control, fmt.Sprint("test-", NewID()), func(_ context.Context, e event.Entry) error {
		switch {
		case e.Event == mark:
			cancel()
		case seen[e.Key]:
		case e.Event.Type() == kind && wanted(e.Event):
			out = append(out, e.Event)
		}
		seen[e.Key] = true
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		s.t.Fatal(err)
	}
	return out
}

func TestR59_LiveForAllRolesAndNothingElse(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store)
		ctx := s.ctx()
		ann, bob, eve, max := s.person("Ann"), s.person("Bob"), s.person("Eve"), s.person("Max")
		g := s.group(ann, []NewLogin{bob}, []NewLogin{eve})
		cam := s.camera(bob.Subject, "Yard")
		share(t, s, bob, g, cam)
		for _, p := range []NewLogin{ann, eve} {
			s.wantDecision(p.Subject, ActLive, cam.ID, ReasonOK)
			for _, act := range []Action{ActArchive, ActDownload, ActNotices, ActSound, ActPTZ} {
				s.wantDecision(p.Subject, act, cam.ID, ReasonLevelMissing)
			}
			s.wantDecision(p.Subject, ActManage, cam.ID, ReasonNotOwner)
		}
		s.wantDecision(max.Subject, ActLive, cam.ID, ReasonCameraGone)
		if _, err := s.ShareInGroup(ctx, bob.Subject, g, cam.ID, true); err != nil {
			t.Fatal(err)
		}
		for _, p := range []NewLogin{ann, eve} {
			s.wantDecision(p.Subject, ActLive, cam.ID, ReasonLevelMissing)
			s.wantDecision(p.Subject, ActImages, cam.ID, ReasonOK)
		}
		if list, err := s.Groups(ctx, eve.Subject); err != nil || len(list[0].Cameras) != 1 || !list[0].Cameras[0].ImagesOnly || list[0].Cameras[0].Mine || list[0].Cameras[0].Owner.Name != "Bob" {
			t.Fatalf("%+v %v", list, err)
		}
		// A camera that is deleted leaves its groups in the same commit.
		if _, err := s.DeleteCamera(ctx, bob.Subject, cam.ID); err != nil {
			t.Fatal(err)
		}
		v, err := s.read(ctx, nil, kv.Scan{Prefix: pGroupCam})
		if err != nil || len(v.scans[0]) != 0 {
			t.Fatal("a mark stays behind", err)
		}
	})
}

func TestR104_GroupsAreAudited(t *testing.T) {
	s := newStand(t, openBolt(t, t.TempDir()))
	ctx := s.ctx()
	ann, bob := s.person("Ann"), s.person("Bob")
	g := s.group(ann, []NewLogin{bob}, nil)
	cam := s.camera(bob.Subject, "Yard")
	share(t, s, bob, g, cam)
	for _, err := range []error{
		second(s.UnshareFromGroup(ctx, ann.Subject, g, cam.ID)), second(s.SetRole(ctx, ann.Subject, g, bob.Account.ID, RoleViewer)),
		second(s.RemoveParticipant(ctx, ann.Subject, g, bob.Account.ID)), second(s.DeleteGroup(ctx, ann.Subject, g)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	log := map[string][]string{}
	s.events("audit", func(e event.Event) bool {
		row := e.(event.Audit)
		if strings.HasPrefix(row.Action, "group.") {
			if row.Object != g || row.Actor == "" {
				t.Errorf("%+v", row)
			}
			log[row.Owner] = append(log[row.Owner], row.Action)
		}
		return false
	})
	hers := []string{"group.create", "group.code_create", "group.join", "group.camera_remove", "group.role", "group.remove_person", "group.delete"}
	his := []string{"group.join", "group.camera_add", "group.camera_remove", "group.role", "group.remove_person"}
	if !slices.Equal(log[ann.Account.ID], hers) || !slices.Equal(log[bob.Account.ID], his) {
		t.Errorf("the administrator's log is %v\nthe member's %v", log[ann.Account.ID], log[bob.Account.ID])
	}
}

func third[T, U any](_ T, _ U, err error) error { return err }
