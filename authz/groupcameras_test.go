package authz

import (
	"slices"
	"sync"
	"testing"
	"time"

	"sightline/internal/fault"
	"sightline/internal/kv"
)

func share(t *testing.T, s *stand, owner NewLogin, group string, cam Camera) {
	t.Helper()
	if _, err := s.ShareInGroup(s.ctx(), owner.Subject, group, cam.ID, false); err != nil {
		t.Fatal(err)
	}
}

func TestR50_OnlyOwnCamerasAreShared(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store)
		ctx := s.ctx()
		ann, bob, eve, max := s.person("Ann"), s.person("Bob"), s.person("Eve"), s.person("Max")
		cam := s.camera(max.Subject, "Yard")
		hers := s.camera(eve.Subject, "Barn")
		g := s.group(ann, []NewLogin{bob}, []NewLogin{eve})
		s.give(max.Subject, cam.ID, bob, LevelOnline|LevelArchive|LevelDownload|LevelNotices, time.Time{})
		try := func(p NewLogin, group, camera string) error {
			return second(s.ShareInGroup(ctx, p.Subject, group, camera, false))
		}
		wantCode(t, try(bob, g, cam.ID), fault.Forbidden, "not_owner")
		wantCode(t, try(eve, g, hers.ID), fault.Forbidden, "role_viewer") // R43
		wantCode(t, try(ann, g, cam.ID), fault.NotFound, fault.CodeNotFound)
		wantCode(t, try(ann, g, NewID()), fault.NotFound, fault.CodeNotFound)
		wantCode(t, try(max, g, cam.ID), fault.NotFound, fault.CodeNotFound)
		// Nor one received through another group.
		other := s.group(max, []NewLogin{ann}, nil)
		share(t, s, max, other, cam)
		wantCode(t, try(ann, g, cam.ID), fault.Forbidden, "not_owner")
	})
}

func TestR55_ChangingTheCamerasCutsAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store).run()
		ctx := s.ctx()
		ann, bob, eve := s.person("Ann"), s.person("Bob"), s.person("Eve")
		g := s.group(ann, []NewLogin{bob}, []NewLogin{eve})
		cam := s.camera(bob.Subject, "Yard")
		ways := map[string]struct {
			want Reason
			cut  func() error
		}{
			"images only":         {ReasonLevelMissing, func() error { return second(s.ShareInGroup(ctx, bob.Subject, g, cam.ID, true)) }},
			"taken out by owner":  {ReasonRevoked, func() error { return second(s.UnshareFromGroup(ctx, bob.Subject, g, cam.ID)) }},
			"by an administrator": {ReasonRevoked, func() error { return second(s.UnshareFromGroup(ctx, ann.Subject, g, cam.ID)) }},
			"R56: the sharer left": {ReasonRevoked, func() error {
				return second(s.LeaveGroup(ctx, bob.Subject, g, false))
			}},
			"R56: the sharer was removed": {ReasonRevoked, func() error { return second(s.RemoveParticipant(ctx, ann.Subject, g, bob.Account.ID)) }},
			"R57: the sharer became a viewer": {ReasonRevoked, func() error {
				return second(s.SetRole(ctx, ann.Subject, g, bob.Account.ID, RoleViewer))
			}},
			"R56: the viewer left":        {ReasonNotMember, func() error { return second(s.LeaveGroup(ctx, eve.Subject, g, false)) }},
			"R56: the viewer was removed": {ReasonNotMember, func() error { return second(s.RemoveParticipant(ctx, ann.Subject, g, eve.Account.ID)) }},
			"the camera is off": {ReasonCameraOff, func() error {
				return second(s.UpdateCamera(ctx, bob.Subject, cam.ID, CameraPatch{Enabled: new(false)}))
			}},
		}
		for name, way := range ways {
			t.Run(name, func(t *testing.T) {
				share(t, s, bob, g, cam)
				s.wantDecision(eve.Subject, ActLive, cam.ID, ReasonOK)
				ended := make(chan Decision, 1)
				l, d, err := s.Subscribe(ctx, eve.Subject, cam.ID, ActLive, func(d Decision) { ended <- d })
				if err != nil || !d.Allowed {
					t.Fatal(d, err)
				}
				defer l.Release()
				if err := way.cut(); err != nil {
					t.Fatal(err)
				}
				select {
				case d := <-ended:
					if d.Allowed || d.Reason != way.want {
						t.Fatalf("ended as %s, want %s", d.Reason, way.want)
					}
				case <-time.After(patient):
					t.Fatal("still alive long after the answer")
				}
				// As before, for the next way.
				if _, err := s.UpdateCamera(ctx, bob.Subject, cam.ID, CameraPatch{Enabled: new(true)}); err != nil {
					t.Fatal(err)
				}
				for p, role := range map[*NewLogin]Role{&bob: RoleMember, &eve: RoleViewer} {
					c, err := s.CreateShareCode(ctx, ann.Subject, g, role, 0)
					if err == nil {
						_, err = s.JoinGroup(ctx, p.Subject, c.Code.Reveal())
					}
					if err == nil {
						err = s.RevokeShareCode(ctx, ann.Subject, g, c.ID)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				if list, err := s.Groups(ctx, eve.Subject); err != nil || len(list) != 1 {
					t.Fatal(list, err)
				}
			})
		}
	})
}

func TestR57_AMemberTurnedViewerTakesHisCamerasAlong(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store)
		ctx := s.ctx()
		ann, bob := s.person("Ann"), s.person("Bob")
		g := s.group(ann, []NewLogin{bob}, nil)
		mine, yard, dock := s.camera(ann.Subject, "Gate"), s.camera(bob.Subject, "Yard"), s.camera(bob.Subject, "Dock")
		share(t, s, ann, g, mine)
		share(t, s, bob, g, yard)
		share(t, s, bob, g, dock)
		names := func(p NewLogin) (out []string) {
			t.Helper()
			list, err := s.Groups(ctx, p.Subject)
			if err != nil || len(list) != 1 {
				t.Fatal(list, err)
			}
			for _, c := range list[0].Cameras {
				out = append(out, c.Name)
			}
			return out
		}
		if got := names(ann); !slices.Equal(got, []string{"Dock", "Gate", "Yard"}) {
			t.Fatalf("%v", got)
		}
		before := s.revision()
		if _, err := s.SetRole(ctx, ann.Subject, g, bob.Account.ID, RoleViewer); err != nil {
			t.Fatal(err)
		}
		if s.revision() != before+1 {
			t.Fatal("not one commit")
		}
		if got := names(bob); !slices.Equal(got, []string{"Gate"}) {
			t.Fatalf("%v", got)
		}
		// Being a member again does not bring them back.
		if _, err := s.SetRole(ctx, ann.Subject, g, bob.Account.ID, RoleMember); err != nil {
			t.Fatal(err)
		}
		if got := names(ann); !slices.Equal(got, []string{"Gate"}) {
			t.Fatalf("%v", got)
		}
	})
}

func (s *stand) revision() uint64 {
	s.t.Helper()
	v, err := s.read(s.ctx(), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return v.revision
}

// A camera shared while its owner is demoted or leaves is either refused or
// withdrawn: it never stays behind.
func TestR57_SharingWhileBeingDemoted(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store)
		ctx := s.ctx()
		ann, bob := s.person("Ann"), s.person("Bob")
		g := s.group(ann, []NewLogin{bob}, nil)
		cam := s.camera(bob.Subject, "Yard")
		for i := range 200 {
			var wg sync.WaitGroup
			var shared, demoted error
			wg.Go(func() { shared = second(s.ShareInGroup(ctx, bob.Subject, g, cam.ID, i%2 == 0)) })
			wg.Go(func() { demoted = second(s.SetRole(ctx, ann.Subject, g, bob.Account.ID, RoleViewer)) })
			wg.Wait()
			if demoted != nil || shared != nil && fault.Code(shared) != "role_viewer" {
				t.Fatal(i, shared, demoted)
			}
			v, err := s.read(ctx, []string{keyCamera(cam.ID), keyGroupCam(g, cam.ID)})
			if err != nil || v.recs[0].(*Camera).InGroup(g) != nil || v.versions[1] != 0 {
				t.Fatalf("round %d: the camera stayed in the group (%v)", i, err)
			}
			if _, err := s.SetRole(ctx, ann.Subject, g, bob.Account.ID, RoleMember); err != nil {
				t.Fatal(err)
			}
		}
	})
}
