package controlroom_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"sightline/authz"
	"sightline/controlroom"
	"sightline/ingest"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/kv/rediskv"
	"sightline/internal/redistest"
	"sightline/internal/secret"
	"sightline/internal/testpeer"
)

// atOnce is what a cut may take beside other tests: less than any lease lasts, so
// that it is not a lease's end that cuts. Ruling 5's second is one of the promises.
const atOnce = 20 * time.Second

// The owner's wall, a grant that comes and goes, a link that is removed, a camera
// that dies, is edited and deleted: every part real, on both stores.
func TestTheWallOfAnOwnerAPersonAndAGuest(t *testing.T) {
	stores(t, func(t *testing.T, open func(*testing.T) kv.Store) {
		whole := t
		n := newNode(t, open(t), "a")
		olena, max := n.person(t, "olena@example.org"), n.person(t, "max@example.org")
		var cams []controlroom.Camera
		var ids []string
		for i := range 6 {
			c := n.camera(t, olena, fmt.Sprintf("Camera %d", i), rtsp(t))
			cams, ids = append(cams, c), append(ids, c.ID)
		}
		n.warm(t, cams...)

		wall := n.watch(t, olena, ids...)
		for i := range ids {
			wall.flows(t, i)
			if got := wall.cell(i).Name; got != cams[i].Name {
				t.Errorf("cell %d is called %q", i, got)
			}
		}

		t.Run("R23_a revoked grant cuts and a new one heals", func(t *testing.T) {
			his := n.watch(t, max, ids[0], ids[1])
			poll(t, 5*time.Second, "restricted", func() bool { return his.cell(0).State == controlroom.StateRestricted })
			if c := his.cell(0); c.Name != "" || c.Mid != "" {
				t.Fatalf("a stranger is told %+v", c)
			}
			n.share(t, olena, max, "max@example.org", ids[0])
			his.flows(t, 0)
			mid := his.cell(0).Mid
			start := time.Now()
			n.revoke(t, olena, ids[0])
			acked := time.Now()
			poll(t, 5*time.Second, "ended", func() bool { return his.cell(0).State == controlroom.StateEnded })
			if d := his.silentAfter(t, mid, start); d > atOnce {
				t.Errorf("last packet %v after the request (answered after %v)", d, acked.Sub(start))
			}
			if c := his.cell(0); c.Reason != string(authz.ReasonRevoked) || c.Name != "" {
				t.Errorf("told %+v", c)
			}
			n.share(t, olena, max, "max@example.org", ids[0])
			his.flows(t, 0)
			wall.flows(t, 0) // the owner never noticed
		})

		t.Run("R63_a removed link cuts its guests", func(t *testing.T) {
			link, guest := n.visit(t, olena, ids[0], ids[1])
			his := n.watch(t, guest, ids[0], ids[1], ids[5])
			his.flows(t, 0)
			his.flows(t, 1)
			if c := his.cell(2); c.State != controlroom.StateRestricted || c.Name != "" {
				t.Errorf("a camera outside the link: %+v", c)
			}
			poll(t, 5*time.Second, "counted as watching", func() bool { return n.room.Watching([]string{link.Link.ID})[link.Link.ID] == 1 })

			// Pausing stops, resuming brings it back on the same page. (The page is told
			// the state as it is at its first look: that one comes before the pause.)
			poll(t, 5*time.Second, "told that it is live", func() bool { return his.heard("visit", "state", "live") > 0 })
			live := his.heard("visit", "state", "live")
			if _, err := n.auth.PauseLink(t.Context(), olena, link.Link.ID); err != nil {
				t.Fatal(err)
			}
			poll(t, 5*time.Second, "paused", func() bool {
				return his.cell(0).Reason == string(authz.ReasonLinkPaused) && his.heard("visit", "state", "paused") > 0
			})
			if _, err := n.auth.ResumeLink(t.Context(), olena, link.Link.ID); err != nil {
				t.Fatal(err)
			}
			his.flows(t, 0)
			poll(t, 5*time.Second, "live again", func() bool { return his.heard("visit", "state", "live") > live })

			// R62: the set of cameras changes under running guests.
			if _, err := n.auth.UpdateLink(t.Context(), olena, link.Link.ID, authz.LinkPatch{Cameras: &[]string{ids[1], ids[5]}}); err != nil {
				t.Fatal(err)
			}
			poll(t, 5*time.Second, "one camera less", func() bool {
				c := his.cell(0)
				return c.State == controlroom.StateEnded && c.Name == "" && his.heard("changed", "what", "cameras") > 0
			})
			his.flows(t, 2)

			mid := his.cell(1).Mid
			start := time.Now()
			if _, err := n.auth.RemoveLink(t.Context(), olena, link.Link.ID); err != nil {
				t.Fatal(err)
			}
			if d := his.silentAfter(t, mid, start); d > atOnce {
				t.Errorf("last packet %v after the request", d)
			}
			his.over(t)
			if code, _ := his.Code(); code != controlroom.CloseLinkRemoved || his.heard("link_removed") != 1 {
				t.Errorf("closed with %d: %s", code, his.dump())
			}
			if c := his.cell(0); c.State != controlroom.StateEnded {
				t.Errorf("tile %+v", c)
			}
			if err := n.room.CloseViewing(t.Context(), guest, his.id); !fault.Is(err, fault.NotFound) {
				t.Errorf("its viewing session: %v", err)
			}
			within(t, "the end of his connection", his.peer.Closed())
		})

		t.Run("swapping moves no picture", func(t *testing.T) {
			mids := map[string]string{}
			for i, id := range ids {
				mids[id] = wall.cell(i).Mid
			}
			turned := append(append([]string{}, ids[1:]...), ids[0])
			wall.want(t, 2, tiles(turned...))
			poll(t, 5*time.Second, "turned", func() bool { return wall.cell(5).Camera == ids[0] })
			for i, id := range turned {
				if c := wall.cell(i); c.Mid != mids[id] || c.State != controlroom.StateLive {
					t.Errorf("cell %d: %+v, its mid was %s", i, c, mids[id])
				}
				wall.flows(t, i)
			}
			wall.want(t, 3, tiles(ids[0], ids[1]))
			poll(t, 5*time.Second, "two cells", func() bool { wall.mu.Lock(); defer wall.mu.Unlock(); return len(wall.tiles) == 2 })
			wall.want(t, 4, tiles(ids...))
			for i := range ids {
				wall.flows(t, i)
			}
		})

		t.Run("a lost socket comes back to a whole snapshot", func(t *testing.T) {
			wall.Close()
			wall.tab = n.connect(whole, olena, wall.id)
			for i := range ids {
				wall.flows(t, i)
			}
			wall.mu.Lock()
			defer wall.mu.Unlock()
			for _, m := range wall.texts {
				if m["type"] == "tile" {
					t.Fatalf("a change before the snapshot: %v", m)
				}
				if m["type"] == "tiles" {
					return
				}
			}
			t.Fatal("no snapshot")
		})

		t.Run("edit and delete on running tiles", func(t *testing.T) {
			other := rtsp(t)
			pass := secret.New("geheim")
			c, err := n.room.UpdateCamera(t.Context(), olena, ids[2], controlroom.CameraInput{Name: str("Renamed"),
				Main: str(other.Main()), Sub: str(other.Sub()), Password: &pass})
			if err != nil || c.Name != "Renamed" || !c.Source.HasPassword {
				t.Fatalf("%+v %v", c, err)
			}
			poll(t, 10*time.Second, "the new source is pulled", func() bool { return other.Viewers() > 0 })
			poll(t, 10*time.Second, "renamed", func() bool { return wall.cell(2).Name == "Renamed" })
			wall.flows(t, 2)
			mid := wall.cell(3).Mid
			start := time.Now()
			if err := n.room.DeleteCamera(t.Context(), olena, ids[3]); err != nil {
				t.Fatal(err)
			}
			poll(t, 5*time.Second, "gone", func() bool { return wall.cell(3).State == controlroom.StateEnded })
			if d := wall.silentAfter(t, mid, start); d > atOnce {
				t.Errorf("last packet %v after the request", d)
			}
			if c := wall.cell(3); c.Reason != string(authz.ReasonCameraGone) {
				t.Errorf("told %+v", c)
			}
			wall.flows(t, 4)
			_, err = n.room.Camera(t.Context(), olena, ids[3])
			_, none := n.room.Camera(t.Context(), olena, authz.NewID())
			if !fault.Is(err, fault.NotFound) || err.Error() != none.Error() {
				t.Errorf("deleted %v, unknown %v", err, none)
			}
		})

		t.Run("off and on again", func(t *testing.T) {
			off, on := false, true
			if _, err := n.room.UpdateCamera(t.Context(), olena, ids[4], controlroom.CameraInput{Enabled: &off}); err != nil {
				t.Fatal(err)
			}
			poll(t, 5*time.Second, "off", func() bool { return wall.cell(4).State == controlroom.StateOff })
			if _, err := n.room.UpdateCamera(t.Context(), olena, ids[4], controlroom.CameraInput{Enabled: &on}); err != nil {
				t.Fatal(err)
			}
			wall.flows(t, 4)
		})

		t.Run("signing out closes everything of that login", func(t *testing.T) {
			if err := n.auth.SignOut(t.Context(), olena); err != nil {
				t.Fatal(err)
			}
			wall.over(t)
			if code, _ := wall.Code(); code != controlroom.CloseLoginEnded {
				t.Errorf("code %d", code)
			}
			if c := wall.cell(0); c.State != controlroom.StateEnded || c.Reason != string(authz.ReasonLoginEnded) {
				t.Errorf("told %+v", c)
			}
			within(t, "the end of the connection", wall.peer.Closed())
		})
		wall.mu.Lock()
		defer wall.mu.Unlock()
		for i := 1; i < len(wall.seqs); i++ {
			if wall.seqs[i] != wall.seqs[i-1]+1 && wall.seqs[i] != wall.seqs[i-1] {
				t.Fatalf("sequence numbers %v", wall.seqs)
			}
		}
	})
}

func TestCameraKilledAndBack(t *testing.T) {
	n := newNode(t, bolt(t), "a")
	olena := n.person(t, "olena@example.org")
	cam, steady := rtsp(t), rtsp(t)
	a, b := n.camera(t, olena, "A", cam), n.camera(t, olena, "B", steady)
	n.warm(t, a, b)
	wall := n.watch(t, olena, a.ID, b.ID)
	wall.flows(t, 0)
	cam.Stop()
	poll(t, 10*time.Second, "reconnecting", func() bool { return wall.cell(0).State == controlroom.StateReconnecting })
	poll(t, 10*time.Second, "says why", func() bool { c := wall.cell(0); return c.Reason != "" && c.Attempt > 0 })
	wall.flows(t, 1)
	wall.say(t, `{"type":"try_now","cell":0}`)
	if err := cam.Restart(); err != nil {
		t.Fatal(err)
	}
	wall.flows(t, 0)
}

// What one node stores the others play within a second.
func TestOtherNodesFollow(t *testing.T) {
	stores(t, func(t *testing.T, open func(*testing.T) kv.Store) {
		store := open(t)
		second := store
		if store.Kind() == "redis" {
			second = open(t)
		}
		a, b := newNode(t, store, "a"), newNode(t, second, "b")
		olena := a.person(t, "olena@example.org")
		cam := rtsp(t)
		c := a.camera(t, olena, "Yard", cam)
		poll(t, 5*time.Second, "the other node knows it", func() bool { _, ok := b.fleet.State(c.ID); return ok })
		b.warm(t, c)
		wall := b.watch(t, olena, c.ID)
		wall.flows(t, 0)
		poll(t, 5*time.Second, "from here on changes are told", func() bool { return wall.heard("badges") == 1 })
		if _, err := a.room.UpdateCamera(t.Context(), olena, c.ID, controlroom.CameraInput{Name: str("Gate")}); err != nil {
			t.Fatal(err)
		}
		poll(t, 5*time.Second, "renamed there", func() bool { return wall.cell(0).Name == "Gate" })
		poll(t, 5*time.Second, "told to look", func() bool { return wall.heard("changed", "what", "cameras") > 0 })
		mid, start := wall.cell(0).Mid, time.Now()
		if err := a.room.DeleteCamera(t.Context(), olena, c.ID); err != nil {
			t.Fatal(err)
		}
		poll(t, 5*time.Second, "gone there", func() bool { _, ok := b.fleet.State(c.ID); return !ok && wall.cell(0).State == controlroom.StateEnded })
		if d := wall.silentAfter(t, mid, start); d > atOnce {
			t.Errorf("last packet %v after the request on the other node", d)
		}
	})
}

// A node that starts plays what is stored, and keeps nothing of a camera that
// ended with its account.
func TestStartLoadsAndAccountsTakeTheirCamerasAlong(t *testing.T) {
	store := bolt(t)
	a := newNode(t, store, "a")
	olena, max := a.person(t, "olena@example.org"), a.person(t, "max@example.org")
	cam := rtsp(t)
	c := a.camera(t, max, "Yard", cam)
	keep := a.camera(t, olena, "Mine", cam)
	if _, err := a.room.CreateView(t.Context(), max, controlroom.View{Name: "V", Rows: 1, Columns: 1}); err != nil {
		t.Fatal(err)
	}
	b := newNode(t, store, "b")
	for _, id := range []string{c.ID, keep.ID} {
		if _, ok := b.fleet.State(id); !ok {
			t.Fatal("a stored camera is not pulled after the start")
		}
	}
	if _, err := a.auth.CloseAccount(t.Context(), authz.Operator, max.Account); err != nil {
		t.Fatal(err)
	}
	poll(t, 5*time.Second, "everything of the account is gone", func() bool {
		_, left := b.fleet.State(c.ID)
		snap, err := store.Read(t.Context(), kv.Control, []string{"source/" + c.ID, "source/" + keep.ID}, []kv.Scan{{Prefix: "view/"}})
		return err == nil && !left && !snap.Values[0].Exists() && snap.Values[1].Exists() && len(snap.Scans[0]) == 0
	})
}

// T6: of other people's things nobody hears anything.
func TestT6_EventsAreForThoseTheyConcern(t *testing.T) {
	n := newNode(t, bolt(t), "a")
	olena, max, eve := n.person(t, "olena@example.org"), n.person(t, "max@example.org"), n.person(t, "eve@example.org")
	cam := rtsp(t)
	c := n.camera(t, olena, "Yard", cam)
	his, hers, foreign := n.connect(t, max, ""), n.connect(t, olena, ""), n.connect(t, eve, "")
	for _, b := range []*tab{his, hers, foreign} {
		poll(t, 5*time.Second, "first badges", func() bool { return b.heard("badges", "offers", 0) == 1 })
	}
	table, err := n.auth.Access(t.Context(), olena, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = n.auth.SaveAccess(t.Context(), olena, c.ID, table.Version, []authz.GrantEdit{{Email: "max@example.org", Levels: authz.LevelOnline}}); err != nil {
		t.Fatal(err)
	}
	poll(t, 5*time.Second, "R26: the badge counts", func() bool {
		return his.heard("badges", "offers", 1) == 1 && his.heard("changed", "what", "offers") == 1
	})
	poll(t, 5*time.Second, "the owner's table", func() bool { return hers.heard("changed", "what", "access") > 0 })
	offers, err := n.auth.Offers(t.Context(), max)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.auth.AcceptOffer(t.Context(), max, offers[0].Grant.ID); err != nil {
		t.Fatal(err)
	}
	poll(t, 5*time.Second, "accepted", func() bool {
		return his.heard("badges", "offers", 0) == 2 && his.heard("changed", "what", "cameras") > 0
	})
	if _, err := n.room.CreateView(t.Context(), olena, controlroom.View{Name: "All", Rows: 2, Columns: 3}); err != nil {
		t.Fatal(err)
	}
	poll(t, 5*time.Second, "views", func() bool { return hers.heard("changed", "what", "views") == 1 })
	n.visit(t, olena, c.ID)
	poll(t, 5*time.Second, "links", func() bool { return hers.heard("changed", "what", "links") > 0 })
	// A mark of her own orders what she was told: nothing between the first badges and it.
	name := "Eve"
	if _, err := n.auth.UpdateProfile(t.Context(), eve, authz.ProfilePatch{Name: &name}); err != nil {
		t.Fatal(err)
	}
	poll(t, 5*time.Second, "her own change", func() bool { return foreign.heard("changed", "what", "me") == 1 })
	foreign.mu.Lock()
	defer foreign.mu.Unlock()
	for _, m := range foreign.texts {
		if s := fmt.Sprint(m); m["type"] == "changed" && m["what"] != "me" || strings.Contains(s, c.ID) || strings.Contains(s, "Yard") {
			t.Errorf("a stranger heard %v", m)
		}
	}
	if his.heard("changed", "what", "views") != 0 || his.heard("changed", "what", "access") != 0 || his.heard("changed", "what", "links") != 0 {
		t.Errorf("the receiver heard %s", his.dump())
	}
}

func TestWHEPIsOneCameraAndEndsWithTheRight(t *testing.T) {
	n := newNode(t, bolt(t), "a")
	olena, max := n.person(t, "olena@example.org"), n.person(t, "max@example.org")
	c := n.camera(t, olena, "Yard", rtsp(t))
	n.warm(t, c)
	join := func(sub authz.Subject, layer string) (string, *testpeer.Peer, error) {
		id := ""
		p, err := testpeer.Join(t.Context(), testpeer.Config{Video: 1, Audio: true, Exchange: func(ctx context.Context, offer string) (string, error) {
			i, answer, err := n.room.OpenWHEP(ctx, sub, c.ID, layer, offer)
			id = i
			return answer, err
		}})
		if err == nil {
			t.Cleanup(p.Close)
		}
		return id, p, err
	}
	if _, _, err := join(max, "auto"); !fault.Is(err, fault.NotFound) {
		t.Fatalf("a stranger: %v", err)
	}
	if _, _, err := join(olena, "best"); !fault.Is(err, fault.Invalid) {
		t.Fatalf("unknown layer: %v", err)
	}
	n.share(t, olena, max, "max@example.org", c.ID)
	for _, layer := range []string{"", "sub", "main"} {
		id, p, err := join(max, layer)
		if err != nil {
			t.Fatal(err)
		}
		poll(t, 10*time.Second, "frames of "+layer, func() bool { return p.Stats()[0].Frames > 5 })
		if err := n.room.CloseWHEP(t.Context(), olena, c.ID, id); !fault.Is(err, fault.NotFound) {
			t.Errorf("T10: somebody else closed it: %v", err)
		}
		if err := n.room.CloseWHEP(t.Context(), max, authz.NewID(), id); !fault.Is(err, fault.NotFound) {
			t.Errorf("closed under another camera: %v", err)
		}
		if err := n.room.CloseWHEP(t.Context(), max, c.ID, id); err != nil {
			t.Fatal(err)
		}
		if err := n.room.CloseWHEP(t.Context(), max, c.ID, id); !fault.Is(err, fault.NotFound) {
			t.Errorf("closed twice: %v", err)
		}
	}
	id, p, err := join(max, "auto")
	if err != nil {
		t.Fatal(err)
	}
	poll(t, 10*time.Second, "frames", func() bool { return p.Stats()[0].Frames > 5 })
	start := time.Now()
	n.revoke(t, olena, c.ID)
	within(t, "the end of the connection", p.Closed())
	if d := p.LastPacket().Sub(start); d > atOnce {
		t.Errorf("last packet %v after the request", d)
	}
	if err := n.room.CloseWHEP(t.Context(), max, c.ID, id); !fault.Is(err, fault.NotFound) {
		t.Errorf("its id is still good: %v", err)
	}
}

func TestCamerasOfOthersLookLikeNone(t *testing.T) {
	n := newNode(t, bolt(t), "a")
	olena, max := n.person(t, "olena@example.org"), n.person(t, "max@example.org")
	c := n.camera(t, olena, "Yard", rtsp(t))
	none := authz.NewID()
	ask := map[string]func(id string) error{
		"get": func(id string) error { _, err := n.room.Camera(t.Context(), max, id); return err },
		"update": func(id string) error {
			_, err := n.room.UpdateCamera(t.Context(), max, id, controlroom.CameraInput{Main: str("rtsp://127.0.0.1:1/x")})
			return err
		},
		"delete": func(id string) error { return n.room.DeleteCamera(t.Context(), max, id) },
		"health": func(id string) error { _, err := n.room.CameraHealth(t.Context(), max, id); return err },
		"order":  func(id string) error { return n.room.OrderCameras(t.Context(), max, []string{id}) },
		"test": func(id string) error {
			_, err := n.room.TestCamera(t.Context(), max, controlroom.TestInput{Main: "rtsp://127.0.0.1:1/x", Camera: id})
			return err
		},
	}
	for name, f := range ask {
		a, b := f(c.ID), f(none)
		if a == nil || b == nil || !fault.Is(a, fault.NotFound) || a.Error() != b.Error() {
			t.Errorf("%s: %v, of none %v", name, a, b)
		}
	}
	list, err := n.room.Cameras(t.Context(), max)
	if err != nil || len(list) != 0 {
		t.Errorf("his list: %v %v", list, err)
	}
	// One that is shared shows no source.
	n.share(t, olena, max, "max@example.org", c.ID)
	got, err := n.room.Camera(t.Context(), max, c.ID)
	if err != nil || got.Source != nil || got.Shared != nil || got.Mine || !got.Access.Allowed {
		t.Errorf("shared: %+v %v", got, err)
	}
	mine, err := n.room.Camera(t.Context(), olena, c.ID)
	if err != nil || mine.Source == nil || !mine.Source.HasPassword || mine.Shared == nil || !*mine.Shared {
		t.Errorf("own: %+v %v", mine, err)
	}
}

func TestTryingASource(t *testing.T) {
	n := newNode(t, bolt(t), "a")
	olena := n.person(t, "olena@example.org")
	cam := rtsp(t)
	c := n.camera(t, olena, "Yard", cam)
	wrong := secret.New("wrong")
	for _, tc := range []struct {
		name string
		in   controlroom.TestInput
		code string
	}{
		{"wrong password", controlroom.TestInput{Main: cam.Main(), User: "admin", Password: &wrong}, ingest.CodeLogin},
		{"the stored password", controlroom.TestInput{Main: cam.Main(), User: "admin", Camera: c.ID}, ""},
		{"T13: the stored password elsewhere", controlroom.TestInput{Main: rtsp(t).Main(), User: "admin", Camera: c.ID}, ingest.CodeLogin},
		{"nobody there", controlroom.TestInput{Main: "rtsp://127.0.0.1:9/x"}, ingest.CodeRefused},
	} {
		res, err := n.room.TestCamera(t.Context(), olena, tc.in)
		if err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		code := ""
		if res.Main.Error != nil {
			code = res.Main.Error.Code
		}
		if code != tc.code || res.Main.OK != (code == "") {
			t.Errorf("%s: %+v %q", tc.name, res.Main, code)
		}
		if res.Main.OK && (res.Main.Width != 320 || res.Main.Codec != "h264") {
			t.Errorf("%s: %+v", tc.name, res.Main)
		}
	}
	if _, err := n.room.TestCamera(t.Context(), olena, controlroom.TestInput{Main: "exec:x"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a scheme of its own: %v", err)
	}
}

// F9, R102: with the store away new subscriptions are refused at once, those of a
// guest end with their lease, the owner's go on, and everything heals by itself.
func TestF9_StoreAway(t *testing.T) {
	srv := redistest.Start(t)
	line := redistest.NewProxy(t, srv.Addr()) // of the node that the store is away from
	open := func(url string, wait time.Duration) kv.Store {
		store, err := rediskv.Open(t.Context(), url, rediskv.Config{Timeout: wait})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { store.Close() })
		return store
	}
	const wait, lease = 1500 * time.Millisecond, 5 * time.Second // a store call ends before a decision's limit
	home := newNode(t, open(srv.URL(), storeWait), "home")
	n := newNodeWith(t, open(line.URL(), wait), authz.Config{Node: "a", Timeout: wait, Lease: lease})
	olena := home.person(t, "olena@example.org")
	a, b := home.camera(t, olena, "A", rtsp(t)), home.camera(t, olena, "B", rtsp(t))
	n.warm(t, a, b)
	_, guest := home.visit(t, olena, a.ID, b.ID)
	wall, his := n.watch(t, olena, a.ID), n.watch(t, guest, a.ID)
	wall.flows(t, 0)
	mid := his.flows(t, 0)

	line.SwallowReplies(true)
	away := time.Now()
	back := func() { line.SwallowReplies(false); line.DropConnections() }
	t.Cleanup(back)
	begin := time.Now()
	_, err := testpeer.Join(t.Context(), testpeer.Config{Exchange: func(ctx context.Context, offer string) (string, error) {
		begin = time.Now()
		o, err := n.room.Open(ctx, guest, controlroom.OpenRequest{SDP: offer, Tiles: tiles(b.ID)})
		return o.SDP, err
	}})
	if took := time.Since(begin); !fault.Is(err, fault.Unavailable) || fault.Code(err) != "authz_unavailable" || took > atOnce {
		t.Errorf("a new one: %v after %v", err, took)
	}
	if d := his.silentAfter(t, mid, away); d > lease+atOnce {
		t.Errorf("a guest's lease of %v lasted %v", lease, d)
	}
	wall.flows(t, 0)
	// The owner may add a camera of his own to what runs (ruling 11).
	wall.want(t, 2, tiles(a.ID, b.ID))
	wall.flows(t, 1)

	back()
	his.flows(t, 0)
	wall.flows(t, 0)
}
