package controlroom_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"sightline/authz"
	"sightline/controlroom"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/secret"
	"sightline/internal/testpeer"
)

// enter is one more guest of a link.
func (n *node) enter(t *testing.T, l authz.LinkView) authz.Subject {
	t.Helper()
	id, ticket, err := n.auth.Exchange(t.Context(), l.Secret, authz.Subject{})
	if err != nil {
		t.Fatal(err)
	}
	g, _, _, err := n.auth.Visit(t.Context(), id, ticket, secret.String{}, authz.Client{IP: netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// temporary makes a temporary link.
func (n *node) temporary(t *testing.T, owner authz.Subject, cam string, starts, ends time.Time) authz.LinkView {
	t.Helper()
	l, err := n.auth.CreateLink(t.Context(), owner, authz.NewLink{Kind: authz.LinkTemporary, Cameras: []string{cam}, Starts: starts, Ends: ends})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (v *viewer) told(t *testing.T, cell int, why string) {
	t.Helper()
	poll(t, 5*time.Second, why, func() bool { return v.cell(cell).Reason == why })
}

// TestR37_PauseCutsRunningMedia, and the same link brings it back; R36: so does its
// off time, without anybody's doing; R40: of that camera and nothing else.
func TestR37_PauseCutsRunningMedia(t *testing.T) {
	stores(t, func(t *testing.T, open func(*testing.T) kv.Store) {
		n := newNode(t, open(t), "one")
		owner := n.person(t, "olena@example.org")
		src := rtsp(t)
		cam, other := n.camera(t, owner, "Yard", src), n.camera(t, owner, "Dock", src)
		n.warm(t, cam, other)
		l := n.temporary(t, owner, cam.ID, time.Now(), time.Now().Add(time.Hour))
		guest := n.enter(t, l)
		his := n.watch(t, guest, cam.ID, other.ID)
		his.flows(t, 0)
		if c := his.cell(1); c.State != controlroom.StateRestricted || c.Name != "" {
			t.Errorf("another camera: %+v", c)
		}
		for act, want := range map[authz.Action]authz.Reason{
			authz.ActArchive: authz.ReasonLimitedMode, authz.ActDownload: authz.ReasonLimitedMode, authz.ActNotices: authz.ReasonLimitedMode,
			authz.ActImages: authz.ReasonLimitedMode, authz.ActManage: authz.ReasonLimitedMode, authz.ActShare: authz.ReasonLimitedMode,
			authz.ActPTZ: authz.ReasonLimitedMode, authz.ActSound: authz.ReasonLevelMissing, authz.ActLive: authz.ReasonOK,
		} {
			if d, err := n.auth.Check(t.Context(), guest, act, authz.Object{Camera: cam.ID}); err != nil || d.Reason != want {
				t.Errorf("R40: %s: %s (%v)", act, d.Reason, err)
			}
		}
		for range 2 {
			mid, begun := his.cell(0).Mid, time.Now()
			if _, err := n.auth.PauseLink(t.Context(), owner, l.Link.ID); err != nil {
				t.Fatal(err)
			}
			his.told(t, 0, string(authz.ReasonLinkPaused))
			if d := his.silentAfter(t, mid, begun); d > atOnce {
				t.Errorf("last packet %v after the request", d)
			}
			if _, err := n.auth.ResumeLink(t.Context(), owner, l.Link.ID); err != nil {
				t.Fatal(err)
			}
			his.flows(t, 0)
		}
		off := time.Now().Add(5 * time.Second) // to come when the change is made
		if _, err := n.auth.UpdateLink(t.Context(), owner, l.Link.ID, authz.LinkPatch{Ends: &off}); err != nil {
			t.Fatal(err)
		}
		mid := his.cell(0).Mid
		his.told(t, 0, string(authz.ReasonLinkEnded))
		if d := his.silentAfter(t, mid, off); d > atOnce {
			t.Errorf("R36: last packet %v after the off time", d)
		}
		later := time.Now().Add(time.Hour) // R39
		if _, err := n.auth.UpdateLink(t.Context(), owner, l.Link.ID, authz.LinkPatch{Ends: &later}); err != nil {
			t.Fatal(err)
		}
		his.flows(t, 0)
	})
}

// TestR3_DowngradeCutsAndUpgradeHeals the same running page; the owner cannot
// resume meanwhile, and a trial's end does the same by itself.
func TestR3_DowngradeCutsAndUpgradeHeals(t *testing.T) {
	stores(t, func(t *testing.T, open func(*testing.T) kv.Store) {
		n := newNodeWith(t, open(t), authz.Config{Node: "one", Timeout: storeWait, Trial: 1500 * time.Millisecond})
		owner := n.person(t, "olena@example.org")
		cam := n.camera(t, owner, "Yard", rtsp(t))
		n.warm(t, cam)
		l, guest := n.visit(t, owner, cam.ID)
		his := n.watch(t, guest, cam.ID)
		his.flows(t, 0)
		for _, plan := range []authz.Plan{authz.PlanMini, authz.PlanTrial} {
			mid, begun := his.cell(0).Mid, time.Now()
			if _, err := n.auth.SetPlan(t.Context(), authz.Operator, owner.Account, plan); err != nil {
				t.Fatal(err)
			}
			limit := atOnce
			if plan == authz.PlanTrial {
				limit += 1500 * time.Millisecond
			}
			his.told(t, 0, string(authz.ReasonLinkPausedPlan))
			if d := his.silentAfter(t, mid, begun); d > limit {
				t.Errorf("%s: last packet %v after the request", plan, d)
			}
			if _, err := n.auth.ResumeLink(t.Context(), owner, l.Link.ID); fault.Code(err) != string(authz.ReasonPlanMini) {
				t.Errorf("%s: the owner resumes: %v", plan, err)
			}
			links, used, _, err := n.auth.Links(t.Context(), owner)
			if err != nil || used != 1 || links[0].State != "paused_plan" || links[0].Since.IsZero() {
				t.Errorf("%s: %+v %v", plan, links, err)
			}
			if _, err := n.auth.SetPlan(t.Context(), authz.Operator, owner.Account, authz.PlanStandard); err != nil {
				t.Fatal(err)
			}
			his.flows(t, 0)
		}
	})
}

// TestR62_CamerasChangeUnderARunningGuest: the tile that goes is cut, the one that
// comes flows, on the same page within 2 s; never to zero.
func TestR62_CamerasChangeUnderARunningGuest(t *testing.T) {
	stores(t, func(t *testing.T, open func(*testing.T) kv.Store) {
		n := newNode(t, open(t), "one")
		owner := n.person(t, "olena@example.org")
		src := rtsp(t)
		a, b := n.camera(t, owner, "A", src), n.camera(t, owner, "B", src)
		n.warm(t, a, b)
		l, guest := n.visit(t, owner, a.ID)
		his := n.watch(t, guest, a.ID, b.ID)
		his.flows(t, 0)
		set := func(cams ...string) error {
			_, err := n.auth.UpdateLink(t.Context(), owner, l.Link.ID, authz.LinkPatch{Cameras: &cams})
			return err
		}
		begun := time.Now()
		if err := set(a.ID, b.ID); err != nil {
			t.Fatal(err)
		}
		poll(t, 5*time.Second, "the new camera is there", func() bool { return his.cell(1).State == controlroom.StateLive })
		if d := time.Since(begun); d > atOnce {
			t.Errorf("it came after %v", d)
		}
		his.flows(t, 1)
		mid, begun := his.cell(0).Mid, time.Now()
		if err := set(b.ID); err != nil {
			t.Fatal(err)
		}
		poll(t, 5*time.Second, "the old camera is gone", func() bool { return his.cell(0).State == controlroom.StateEnded })
		if d := his.silentAfter(t, mid, begun); d > atOnce {
			t.Errorf("last packet %v after the request", d)
		}
		his.flows(t, 1)
		if err := set(); !fault.Is(err, fault.Invalid) {
			t.Errorf("to zero: %v", err)
		}
	})
}

// TestR41_MaxViewers: the next one is told, on whatever node he is; a place that is
// left is free again; the owner takes none; who came too late when the number is
// lowered goes.
func TestR41_MaxViewers(t *testing.T) {
	stores(t, func(t *testing.T, open func(*testing.T) kv.Store) {
		n := newNode(t, open(t), "one")
		nodes := []*node{n, n}
		if n.store.Kind() == "redis" {
			nodes[1] = newNode(t, open(t), "two")
		}
		owner := n.person(t, "olena@example.org")
		cam := n.camera(t, owner, "Yard", rtsp(t))
		n.warm(t, cam)
		l, first := n.visit(t, owner, cam.ID)
		two := 2
		if _, err := n.auth.UpdateLink(t.Context(), owner, l.Link.ID, authz.LinkPatch{MaxViewers: &two}); err != nil {
			t.Fatal(err)
		}
		second, third := n.enter(t, l), n.enter(t, l)
		a := nodes[0].watch(t, first, cam.ID)
		a.flows(t, 0)
		b := nodes[1].watch(t, second, cam.ID)
		again := nodes[0].watch(t, first, cam.ID) // the same guest's second window is no further viewer
		try := func(sub authz.Subject) error {
			p, err := testpeer.Join(t.Context(), testpeer.Config{Video: 2, Exchange: func(ctx context.Context, offer string) (string, error) {
				o, err := nodes[1].room.Open(ctx, sub, controlroom.OpenRequest{SDP: offer, Version: 1, Tiles: tiles(cam.ID)})
				return o.SDP, err
			}})
			if p != nil {
				t.Cleanup(func() { p.Close() })
			}
			return err
		}
		if err := try(third); fault.Code(err) != string(authz.ReasonTooManyViewers) || !fault.Is(err, fault.Conflict) {
			t.Fatalf("the third of two: %v", err)
		}
		if err := nodes[1].room.CloseViewing(t.Context(), second, b.id); err != nil {
			t.Fatal(err)
		}
		poll(t, 5*time.Second, "the place is free", func() bool { return try(third) == nil })
		if err := n.room.CloseViewing(t.Context(), first, again.id); err != nil {
			t.Fatal(err)
		}
		late := nodes[1].watch(t, third, cam.ID)
		late.flows(t, 0)
		a.flows(t, 0)
		one := 1
		mid, begun := late.cell(0).Mid, time.Now()
		if _, err := n.auth.UpdateLink(t.Context(), owner, l.Link.ID, authz.LinkPatch{MaxViewers: &one}); err != nil {
			t.Fatal(err)
		}
		if d := late.silentAfter(t, mid, begun); d > atOnce {
			t.Errorf("the number was lowered: last packet %v after the request", d)
		}
		a.flows(t, 0)
		if err := nodes[1].auth.TakeSeat(t.Context(), third); fault.Code(err) != string(authz.ReasonTooManyViewers) {
			t.Errorf("the number was lowered: %v", err)
		}
		if err := n.auth.TakeSeat(t.Context(), first); err != nil {
			t.Errorf("who came first: %v", err)
		}
	})
}
