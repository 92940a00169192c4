package controlroom_test

import (
	"testing"
	"time"

	"sightline/authz"
	"sightline/controlroom"
	"sightline/internal/kv"
)

// groupStand is a group on one or two nodes: who administers it, who shares a
// camera in it, who watches it on another node where there are two.
type groupStand struct {
	n, far             *node
	group              string
	admin, sharer, eye authz.Subject
	camera             controlroom.Camera
}

func (g *groupStand) join(t *testing.T, who authz.Subject, role authz.Role) {
	t.Helper()
	c, err := g.n.auth.CreateShareCode(t.Context(), g.admin, g.group, role, 0)
	if err == nil {
		_, err = g.n.auth.JoinGroup(t.Context(), who, c.Code.Reveal())
	}
	if err == nil {
		err = g.n.auth.RevokeShareCode(t.Context(), g.admin, g.group, c.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// whole makes the group as it is before every cut: all are in it, the camera is shared.
func (g *groupStand) whole(t *testing.T) {
	t.Helper()
	if _, err := g.n.auth.GroupOf(t.Context(), g.admin, g.group); err != nil {
		made, err := g.n.auth.CreateGroup(t.Context(), g.admin, "Crew")
		if err != nil {
			t.Fatal(err)
		}
		g.group = made.Group.ID
	}
	g.join(t, g.sharer, authz.RoleMember)
	g.join(t, g.eye, authz.RoleViewer)
	if _, err := g.n.auth.ShareInGroup(t.Context(), g.sharer, g.group, g.camera.ID, false); err != nil {
		t.Fatal(err)
	}
}

// Live pictures of a group's camera play for a viewer, and end on the server
// with everything that ends his right to them.
func TestR56_R55_R57_R58_R59_GroupsOnRunningStreams(t *testing.T) {
	stores(t, func(t *testing.T, open func(*testing.T) kv.Store) {
		store := open(t)
		g := &groupStand{n: newNode(t, store, "a")}
		g.far = g.n
		if store.Kind() == "redis" {
			g.far = newNode(t, open(t), "b")
		}
		g.admin, g.sharer, g.eye = g.n.person(t, "ann@example.org"), g.n.person(t, "bob@example.org"), g.n.person(t, "eve@example.org")
		g.camera = g.n.camera(t, g.sharer, "Yard", rtsp(t))
		g.far.warm(t, g.camera)
		g.whole(t)
		wall := g.far.watch(t, g.eye, g.camera.ID)
		own := g.n.watch(t, g.sharer, g.camera.ID)
		for _, way := range []struct {
			name   string
			reason authz.Reason // "" where another node may word it either way
			cut    func() error
		}{
			{"R56 the viewer leaves", authz.ReasonNotMember, func() error { _, err := g.n.auth.LeaveGroup(t.Context(), g.eye, g.group, false); return err }},
			{"R56 the viewer is removed", authz.ReasonNotMember, func() error {
				_, err := g.n.auth.RemoveParticipant(t.Context(), g.admin, g.group, g.eye.Account)
				return err
			}},
			{"R55 the camera is taken out", authz.ReasonRevoked, func() error {
				_, err := g.n.auth.UnshareFromGroup(t.Context(), g.admin, g.group, g.camera.ID)
				return err
			}},
			{"R59 images only", authz.ReasonLevelMissing, func() error {
				_, err := g.n.auth.ShareInGroup(t.Context(), g.sharer, g.group, g.camera.ID, true)
				return err
			}},
			{"R57 the sharer becomes a viewer", authz.ReasonRevoked, func() error {
				_, err := g.n.auth.SetRole(t.Context(), g.admin, g.group, g.sharer.Account, authz.RoleViewer)
				return err
			}},
			{"R56 the sharer leaves", authz.ReasonRevoked, func() error { _, err := g.n.auth.LeaveGroup(t.Context(), g.sharer, g.group, false); return err }},
			{"R58 the group is deleted", "", func() error { _, err := g.n.auth.DeleteGroup(t.Context(), g.admin, g.group); return err }},
			{"R48 the sole administrator leaves", "", func() error { _, err := g.n.auth.LeaveGroup(t.Context(), g.admin, g.group, true); return err }},
		} {
			t.Run(way.name, func(t *testing.T) {
				g.whole(t)
				wall.flows(t, 0) // it came back by itself
				mid, start := wall.cell(0).Mid, time.Now()
				if err := way.cut(); err != nil {
					t.Fatal(err)
				}
				acked := time.Now()
				poll(t, 5*time.Second, "told so", func() bool {
					s := wall.cell(0).State
					return s == controlroom.StateEnded || s == controlroom.StateRestricted
				})
				if d := wall.silentAfter(t, mid, start); d > atOnce {
					t.Errorf("last packet %v after the request (answered after %v)", d, acked.Sub(start))
				}
				if c := wall.cell(0); c.Name != "" || way.reason != "" && c.Reason != string(way.reason) {
					t.Errorf("told %+v, want %s", c, way.reason)
				}
				own.flows(t, 0) // the owner never noticed
			})
		}
	})
}

// Whoever takes part in a group hears that it changed, and nobody else.
func TestR56_GroupsChangeInOpenPages(t *testing.T) {
	n := newNode(t, bolt(t), "a")
	ann, bob, eve := n.person(t, "ann@example.org"), n.person(t, "bob@example.org"), n.person(t, "eve@example.org")
	hers, his, foreign := n.connect(t, ann, ""), n.connect(t, bob, ""), n.connect(t, eve, "")
	for _, b := range []*tab{hers, his, foreign} {
		poll(t, 5*time.Second, "first badges", func() bool { return b.heard("badges") == 1 })
	}
	step := func(what string, who []*tab, do func() error) {
		t.Helper()
		before := make([]int, len(who))
		for i, b := range who {
			before[i] = b.heard("changed", "what", "groups")
		}
		if err := do(); err != nil {
			t.Fatal(err)
		}
		for i, b := range who {
			poll(t, 5*time.Second, what, func() bool { return b.heard("changed", "what", "groups") > before[i] })
		}
	}
	g := ""
	step("made", []*tab{hers}, func() error {
		v, err := n.auth.CreateGroup(t.Context(), ann, "Crew")
		g = v.Group.ID
		return err
	})
	code := ""
	step("a code", []*tab{hers}, func() error {
		c, err := n.auth.CreateShareCode(t.Context(), ann, g, authz.RoleViewer, 0)
		code = c.Code.Reveal()
		return err
	})
	step("joined", []*tab{hers, his}, func() error { _, err := n.auth.JoinGroup(t.Context(), bob, code); return err })
	step("promoted", []*tab{hers, his}, func() error {
		_, err := n.auth.SetRole(t.Context(), ann, g, bob.Account, authz.RoleMember)
		return err
	})
	step("renamed", []*tab{hers, his}, func() error { return n.auth.RenameGroup(t.Context(), ann, g, "Night watch") })
	step("removed", []*tab{hers, his}, func() error { _, err := n.auth.RemoveParticipant(t.Context(), ann, g, bob.Account); return err })
	step("deleted", []*tab{hers}, func() error { _, err := n.auth.DeleteGroup(t.Context(), ann, g); return err })
	name := "Eve"
	if _, err := n.auth.UpdateProfile(t.Context(), eve, authz.ProfilePatch{Name: &name}); err != nil {
		t.Fatal(err)
	}
	poll(t, 5*time.Second, "her own change", func() bool { return foreign.heard("changed", "what", "me") == 1 })
	if foreign.heard("changed", "what", "groups") != 0 {
		t.Errorf("a stranger heard %s", foreign.dump())
	}
}
