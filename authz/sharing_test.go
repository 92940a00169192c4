package authz

import (
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/secret"
)

func TestCameras(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store).run()
		ctx := s.ctx()
		ann, bob := s.person("Ann"), s.person("Bob")
		source := kv.Write{Key: "room/source/x", Data: []byte("rtsp")}
		id := NewID()
		yard, err := s.CreateCamera(ctx, ann.Subject, CameraSpec{ID: id, Name: " Yard ", Sound: true}, source)
		if err != nil || yard.ID != id || yard.Name != "Yard" || yard.Zone != "Europe/Kyiv" || !yard.Enabled {
			t.Fatalf("%+v %v", yard, err)
		}
		v, err := s.read(ctx, []string{"room/source/x"})
		if err != nil || string(v.raw[0].Data) != "rtsp" {
			t.Fatal("the source is not in the commit", err)
		}
		_, err = s.CreateCamera(ctx, bob.Subject, CameraSpec{ID: id, Name: "Mine"})
		if !errors.Is(err, kv.ErrConflict) {
			t.Fatalf("an id taken over: %v", err)
		}
		dock := s.camera(ann.Subject, "Dock")
		if dock.Order <= yard.Order {
			t.Fatal("not behind the first")
		}
		for name, bad := range map[string]CameraSpec{"name": {Name: ""}, "zone": {Name: "x", Zone: "nowhere"}, "kind": {Name: "x", Kind: "usb"}, "id": {Name: "x", ID: "../../x"}} {
			_, err := s.CreateCamera(ctx, ann.Subject, bad)
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		// T4: somebody else's is byte-equal with none.
		_, none := s.CameraOf(ctx, bob.Subject, NewID())
		for what, err := range map[string]error{
			"see":     second(s.CameraOf(ctx, bob.Subject, yard.ID)),
			"change":  second(s.UpdateCamera(ctx, bob.Subject, yard.ID, CameraPatch{Name: new("Hacked")})),
			"delete":  second(s.DeleteCamera(ctx, bob.Subject, yard.ID)),
			"share":   second(s.Access(ctx, bob.Subject, yard.ID)),
			"order":   s.OrderCameras(ctx, bob.Subject, []string{yard.ID}),
			"no id":   second(s.CameraOf(ctx, bob.Subject, "x")),
			"a trick": second(s.CameraOf(ctx, bob.Subject, yard.ID+"/")),
		} {
			if err == nil || err.Error() != none.Error() || !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v, want %v", what, err, none)
			}
		}
		if err := s.OrderCameras(ctx, ann.Subject, []string{dock.ID, yard.ID}); err != nil {
			t.Fatal(err)
		}
		wantCode(t, s.OrderCameras(ctx, ann.Subject, []string{dock.ID, dock.ID}), fault.Invalid, fault.CodeBadValue)
		s.give(ann.Subject, yard.ID, bob, LevelOnline|RightSound, time.Time{})
		mine := s.camera(bob.Subject, "Barn")
		list, err := s.CamerasOf(ctx, ann.Subject)
		if err != nil || len(list) != 2 || list[0].Camera.ID != dock.ID || !list[1].Shared || list[0].Shared || !list[0].Mine {
			t.Fatalf("%+v %v", list, err)
		}
		list, err = s.CamerasOf(ctx, bob.Subject)
		if err != nil || len(list) != 2 || list[0].Camera.ID != mine.ID || list[1].Camera.ID != yard.ID || list[1].Mine || !list[1].Live.Allowed || !list[1].Sound || list[1].Owner.Name != "Ann" {
			t.Fatalf("%+v %v", list, err)
		}
		one, err := s.CameraOf(ctx, ann.Subject, yard.ID)
		if err != nil || !one.Shared || !one.Live.Owner {
			t.Fatalf("%+v %v", one, err)
		}
		// R1: who sees it and is not its owner is told so.
		for what, err := range map[string]error{
			"change": second(s.UpdateCamera(ctx, bob.Subject, yard.ID, CameraPatch{Name: new("Mine")})),
			"share":  second(s.Access(ctx, bob.Subject, yard.ID)),
			"link":   second(s.CreateLink(ctx, bob.Subject, NewLink{Kind: LinkShare, Name: "x", Cameras: []string{yard.ID}, RiskAcknowledged: true})),
		} {
			if fault.Code(err) != "not_owner" {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestR9_SavingTheTable(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store)
		ctx := s.ctx()
		ann, bob, eve := s.person("Ann"), s.person("Bob"), s.person("Eve")
		cam := s.camera(ann.Subject, "Yard")
		tab, err := s.Access(ctx, ann.Subject, cam.ID)
		if err != nil || tab.Version != 0 || len(tab.Rows) != 0 {
			t.Fatal(tab, err)
		}
		save := func(version uint64, rows ...GrantEdit) (AccessTable, error) {
			return s.SaveAccess(ctx, ann.Subject, cam.ID, version, rows)
		}
		online := func(email string) GrantEdit { return GrantEdit{Email: email, Levels: LevelOnline} }
		for name, c := range map[string]struct {
			row  GrantEdit
			code string
		}{
			"unregistered": {online("nobody@example.org"), "not_registered"},
			"self":         {online("ann@example.org"), fault.CodeBadValue},
			"no level":     {GrantEdit{Email: "bob@example.org"}, fault.CodeBadValue},
			"download":     {GrantEdit{Email: "bob@example.org", Levels: LevelDownload}, fault.CodeBadValue},
			"past":         {GrantEdit{Email: "bob@example.org", Levels: LevelOnline, Until: time.Now().Add(-time.Hour)}, fault.CodeBadValue},
			"schedule":     {GrantEdit{Email: "bob@example.org", Levels: LevelOnline, Schedule: &Schedule{Intervals: []Interval{{Day: 9}}}}, fault.CodeBadValue},
			"foreign row":  {GrantEdit{GrantID: NewID(), Levels: LevelOnline}, fault.CodeBadValue},
		} {
			_, err := save(0, online("eve@example.org"), c.row)
			if fault.Code(err) != c.code {
				t.Errorf("%s: %v", name, err)
			}
		}
		if tab, _ = s.Access(ctx, ann.Subject, cam.ID); len(tab.Rows) != 0 {
			t.Fatal("half a save was kept") // all or none
		}
		tab, err = save(0, online("BOB@example.org"), online("eve@example.org"))
		if err != nil || len(tab.Rows) != 2 || tab.Rows[0].State != "offered" || tab.Rows[0].EmailMasked == "" || strings.Contains(tab.Rows[0].EmailMasked, "bob@") {
			t.Fatalf("%+v %v", tab, err)
		}
		old := tab.Version
		_, err = save(old, append(keep(tab), online("bob@example.org"))...)
		wantCode(t, err, fault.Invalid, fault.CodeBadValue) // R10
		if tab, err = save(old, keep(tab)...); err != nil {
			t.Fatal(err)
		}
		fresh, err := save(old, nil...)
		wantCode(t, err, fault.Conflict, "stale")
		if len(fresh.Rows) != 2 || fresh.Version != tab.Version {
			t.Fatalf("not the fresh table: %+v", fresh)
		}
		// R25-R33: the recipient's side.
		offers, err := s.Offers(ctx, bob.Subject)
		if err != nil || len(offers) != 1 || offers[0].State != "offered" || offers[0].Camera.Name != "Yard" || offers[0].Owner.Name != "Ann" {
			t.Fatalf("%+v %v", offers, err)
		}
		g := offers[0].Grant.ID
		s.wantDecision(bob.Subject, ActLive, cam.ID, ReasonOfferPending)
		wantCode(t, s.AcceptOffer(ctx, eve.Subject, g), fault.NotFound, fault.CodeNotFound)
		for _, step := range []struct {
			do   func() error
			want Reason
		}{
			{func() error { return s.RejectOffer(ctx, bob.Subject, g) }, ReasonOfferRejected},
			{func() error { return s.RejectOffer(ctx, bob.Subject, g) }, ReasonOfferRejected},
			{func() error { return s.AcceptOffer(ctx, bob.Subject, g) }, ReasonOK},
			{func() error { return s.AcceptOffer(ctx, bob.Subject, g) }, ReasonOK},
			{func() error { return s.RejectOffer(ctx, bob.Subject, g) }, ReasonOfferRejected},
			{func() error { return s.AcceptOffer(ctx, bob.Subject, g) }, ReasonOK},
		} {
			if err := step.do(); err != nil {
				t.Fatal(err)
			}
			s.wantDecision(bob.Subject, ActLive, cam.ID, step.want)
		}
		// A new offer after a revoke is another grant.
		if tab, err = save(tab.Version); err != nil || len(tab.Rows) != 0 {
			t.Fatal(tab, err)
		}
		if tab, err = save(tab.Version, online("bob@example.org")); err != nil || tab.Rows[0].Grant.ID == g || tab.Rows[0].State != "offered" {
			t.Fatalf("%+v %v", tab, err)
		}
	})
}

func TestR33_AcceptAgainstRevoke(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s, far := newStand(t, store), newStand(t, store)
		ann, bob := s.person("Ann"), s.person("Bob")
		cam := s.camera(ann.Subject, "Yard")
		for range 50 {
			tab, err := s.Access(s.ctx(), ann.Subject, cam.ID)
			if err != nil {
				t.Fatal(err)
			}
			if tab, err = s.SaveAccess(s.ctx(), ann.Subject, cam.ID, tab.Version, []GrantEdit{{Email: "bob@example.org", Levels: LevelOnline}}); err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			wg.Go(func() { _ = far.AcceptOffer(far.ctx(), bob.Subject, tab.Rows[0].Grant.ID) })
			if _, err := s.SaveAccess(s.ctx(), ann.Subject, cam.ID, tab.Version, nil); err != nil {
				t.Fatalf("revoke: %v", err)
			}
			wg.Wait()
			if d, err := s.Check(s.ctx(), bob.Subject, ActLive, Object{Camera: cam.ID}); err != nil || !d.Invisible {
				t.Fatalf("after the race: %+v %v", d, err)
			}
		}
	})
}

func TestR60_ShareLinks(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store).run()
		ctx := s.ctx()
		ann, bob := s.person("Ann"), s.person("Bob")
		cam, dock := s.camera(ann.Subject, "Yard"), s.camera(ann.Subject, "Dock")
		ok := NewLink{Kind: LinkShare, Name: "Gate", Cameras: []string{cam.ID}, RiskAcknowledged: true}
		for name, c := range map[string]struct {
			change func(*NewLink)
			code   string
		}{
			"no risk":    {func(l *NewLink) { l.RiskAcknowledged = false }, "risk_not_acknowledged"},
			"no name":    {func(l *NewLink) { l.Name = " " }, fault.CodeRequired},
			"long name":  {func(l *NewLink) { l.Name = strings.Repeat("ä", 61) }, fault.CodeTooLong},
			"no camera":  {func(l *NewLink) { l.Cameras = nil }, fault.CodeRequired},
			"twice":      {func(l *NewLink) { l.Cameras = []string{cam.ID, cam.ID} }, fault.CodeBadValue},
			"none there": {func(l *NewLink) { l.Cameras = []string{NewID()} }, fault.CodeNotFound},
			"no id":      {func(l *NewLink) { l.Cameras = []string{"a/b"} }, fault.CodeNotFound},
			"past":       {func(l *NewLink) { l.Ends = time.Now().Add(-time.Minute) }, fault.CodeBadValue},
			"window":     {func(l *NewLink) { l.Starts, l.Ends = time.Now().Add(2*time.Hour), time.Now().Add(time.Hour) }, fault.CodeBadValue},
			"kind":       {func(l *NewLink) { l.Kind = "magic" }, fault.CodeBadValue},
			"temp":       {func(l *NewLink) { l.Kind = LinkTemporary }, fault.CodeRequired},
		} {
			in := ok
			c.change(&in)
			if _, err := s.CreateLink(ctx, ann.Subject, in); fault.Code(err) != c.code {
				t.Errorf("%s: %v, want %s", name, err, c.code)
			}
		}
		gate, err := s.CreateLink(ctx, ann.Subject, ok)
		if err != nil || gate.State != "active" || len(gate.Secret.Reveal()) != secretLen || len(gate.Cameras) != 1 {
			t.Fatalf("%+v %v", gate, err)
		}
		same := ok
		same.Name = " gATE"
		_, err = s.CreateLink(ctx, ann.Subject, same)
		wantCode(t, err, fault.Invalid, fault.CodeNameTaken)
		// R35: copyable later; others' are unknown.
		list, used, limit, err := s.Links(ctx, ann.Subject)
		if err != nil || used != 1 || limit != 3 || !list[0].Secret.Equal(gate.Secret) || !list[0].LastOpen.IsZero() {
			t.Fatal(used, limit, err)
		}
		for what, err := range map[string]error{
			"pause": second(s.PauseLink(ctx, bob.Subject, gate.Link.ID)), "remove": second(s.RemoveLink(ctx, bob.Subject, gate.Link.ID)),
			"change": second(s.UpdateLink(ctx, bob.Subject, gate.Link.ID, LinkPatch{})), "visits": second(s.Visits(ctx, bob.Subject, gate.Link.ID)),
			"none": second(s.PauseLink(ctx, ann.Subject, NewID())),
		} {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", what, err)
			}
		}
		// R62: never to zero; only own cameras.
		for _, bad := range [][]string{{}, {NewID()}, {s.camera(bob.Subject, "Barn").ID}} {
			if _, err := s.UpdateLink(ctx, ann.Subject, gate.Link.ID, LinkPatch{Cameras: &bad}); err == nil {
				t.Errorf("cameras became %v", bad)
			}
		}
		// R4: three, paused ones count, removed ones do not.
		s.shareLink(ann.Subject, "Two", dock.ID)
		three := s.shareLink(ann.Subject, "Three", dock.ID)
		if _, err := s.PauseLink(ctx, ann.Subject, three.Link.ID); err != nil {
			t.Fatal(err)
		}
		four := ok
		four.Name = "Four"
		_, err = s.CreateLink(ctx, ann.Subject, four)
		wantCode(t, err, fault.Conflict, "link_cap")
		if _, err := s.RemoveLink(ctx, ann.Subject, gate.Link.ID); err != nil {
			t.Fatal(err)
		}
		again, err := s.CreateLink(ctx, ann.Subject, ok) // R63: the name is free, the secret another
		if err != nil || again.Secret.Equal(gate.Secret) {
			t.Fatal(err)
		}
		_, _, err = s.Exchange(ctx, gate.Secret, Subject{})
		wantCode(t, err, fault.Gone, "link_removed")
		// R2, R3.
		if _, err := s.SetPlan(ctx, Operator, ann.Account.ID, PlanMini); err != nil {
			t.Fatal(err)
		}
		_, err = s.ResumeLink(ctx, ann.Subject, three.Link.ID)
		wantCode(t, err, fault.Forbidden, "plan_mini")
		_, err = s.CreateLink(ctx, ann.Subject, four)
		wantCode(t, err, fault.Forbidden, "plan_mini")
		list, used, _, err = s.Links(ctx, ann.Subject)
		if err != nil || used != 3 || list[0].State != "paused_plan" {
			t.Fatalf("%+v %v", list, err)
		}
		// R24: the camera's end takes it out of links; the last one ends the link.
		if _, err := s.DeleteCamera(ctx, ann.Subject, dock.ID); err != nil {
			t.Fatal(err)
		}
		s.until("swept", func() bool {
			_, used, _, err := s.Links(ctx, ann.Subject)
			return err == nil && used == 1 && len(s.keysWith(dock.ID)) == 0
		})
	})
}

func TestR4_RacingForTheThirdLink(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store)
		nodes := []*stand{s, newStand(t, store), newStand(t, store)}
		ann := s.person("Ann")
		cam := s.camera(ann.Subject, "Yard")
		s.shareLink(ann.Subject, "one", cam.ID)
		s.shareLink(ann.Subject, "two", cam.ID)
		for range 30 {
			var wg sync.WaitGroup
			won := make(chan LinkView, 8)
			for i := range 6 {
				n := nodes[i%3]
				wg.Go(func() {
					l, err := n.CreateLink(n.ctx(), ann.Subject, NewLink{Kind: LinkShare, Name: "link " + string(rune('a'+i)), Cameras: []string{cam.ID}, RiskAcknowledged: true})
					if err == nil {
						won <- l
					} else if fault.Code(err) != "link_cap" {
						t.Errorf("the loser: %v", err)
					}
				})
			}
			wg.Wait()
			if len(won) != 1 {
				t.Fatalf("%d of 6 got the third link", len(won))
			}
			if _, err := s.RemoveLink(s.ctx(), ann.Subject, (<-won).Link.ID); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestR34_TemporaryLinks(t *testing.T) {
	s := newStand(t, openBolt(t, t.TempDir()))
	ctx := s.ctx()
	ann := s.person("Ann")
	cam, dock := s.camera(ann.Subject, "Yard"), s.camera(ann.Subject, "Dock")
	in := NewLink{Kind: LinkTemporary, Cameras: []string{cam.ID}, Starts: time.Now(), Ends: time.Now().Add(time.Hour)}
	two := in
	two.Cameras = []string{cam.ID, dock.ID}
	if _, err := s.CreateLink(ctx, ann.Subject, two); !fault.Is(err, fault.Invalid) {
		t.Fatal(err)
	}
	var last LinkView
	for range 10 {
		var err error
		if last, err = s.CreateLink(ctx, ann.Subject, in); err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.CreateLink(ctx, ann.Subject, in)
	wantCode(t, err, fault.Conflict, "link_cap")
	in.Cameras = []string{dock.ID} // per camera
	if _, err := s.CreateLink(ctx, ann.Subject, in); err != nil {
		t.Fatal(err)
	}
	s.shareLink(ann.Subject, "apart from the three", cam.ID)
	if _, err := s.UpdateLink(ctx, ann.Subject, last.Link.ID, LinkPatch{Cameras: &[]string{dock.ID}}); !fault.Is(err, fault.Invalid) {
		t.Fatal("its camera changed", err)
	}
	later := time.Now().Add(3 * time.Hour)
	if l, err := s.UpdateLink(ctx, ann.Subject, last.Link.ID, LinkPatch{Ends: &later}); err != nil || !l.Link.Ends.Equal(later) {
		t.Fatal(err)
	}
}

// TestR75_GuestsOfALink walks ruling 4: exchange, visit, states, removal.
func TestR75_GuestsOfALink(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store).run()
		ctx := s.ctx()
		ann, bob := s.person("Ann"), s.person("Bob")
		cam := s.camera(ann.Subject, "Yard")
		link := s.shareLink(ann.Subject, "Gate", cam.ID)
		gone := func(err error) {
			t.Helper()
			wantCode(t, err, fault.Gone, "link_gone")
			if err.Error() != errLinkGone().Error() {
				t.Fatalf("not byte-equal: %v", err)
			}
		}
		for _, bad := range []string{"", "x", secret.Random().Reveal(), link.Secret.Reveal() + "x", strings.Repeat("/", secretLen)} {
			_, _, err := s.Exchange(ctx, secret.New(bad), Subject{})
			gone(err)
		}
		id, tick, err := s.Exchange(ctx, link.Secret, bob.Subject)
		if err != nil {
			t.Fatal(err)
		}
		none := secret.String{}
		client := Client{IP: netip.MustParseAddr("203.0.113.9"), Browser: "Chrome"}
		other := s.shareLink(ann.Subject, "Other", cam.ID)
		for _, c := range []struct {
			link         string
			tick, cookie secret.String
		}{{id, none, none}, {id, secret.New("s1.test.AAAA"), none}, {other.Link.ID, tick, none}, {NewID(), tick, none}, {"x", tick, none}, {id, link.Secret, none}, {id, none, secret.Random()}} {
			_, _, _, err := s.Visit(ctx, c.link, c.tick, c.cookie, client)
			gone(err)
		}
		sub, cookie, info, err := s.Visit(ctx, id, tick, none, client)
		if err != nil || info.State != VisitLive || info.Name != "Gate" || info.OwnerName != "Ann" || info.Language != "en" || len(info.Cameras) != 1 || info.Owner || info.Sound {
			t.Fatalf("%+v %v", info, err)
		}
		// The cookie is kept; it is no account login and no other link's.
		same, none2, _, err := s.Visit(ctx, id, tick, cookie, client)
		if err != nil || same != sub || !none2.Empty() {
			t.Fatal(same, err)
		}
		_, _, err = s.AuthenticateVisit(ctx, other.Link.ID, cookie)
		gone(err)
		_, _, err = s.Authenticate(ctx, cookie)
		wantCode(t, err, fault.Unauthenticated, fault.CodeNotSignedIn)
		_, _, err = s.AuthenticateVisit(ctx, id, ann.Cookie)
		gone(err)
		// R86: the owner's own visit is marked.
		_, own, err := s.Exchange(ctx, link.Secret, ann.Subject)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, info, err = s.Visit(ctx, id, own, none, client); err != nil || !info.Owner {
			t.Fatalf("%+v %v", info, err)
		}
		state := func(want VisitState, reason Reason) VisitInfo {
			t.Helper()
			_, info, err := s.AuthenticateVisit(ctx, id, cookie)
			if err != nil || info.State != want || info.Reason != reason {
				t.Fatalf("%+v %v, want %s", info, err, want)
			}
			return info
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(second(s.PauseLink(ctx, ann.Subject, id)))
		if info := state(VisitPaused, ReasonLinkPaused); info.Since.IsZero() {
			t.Fatal("paused since when?")
		}
		if again, _, err := s.Exchange(ctx, link.Secret, Subject{}); err != nil || again != id {
			t.Fatal("a paused link exchanges:", err)
		}
		must(second(s.ResumeLink(ctx, ann.Subject, id)))
		soon, later := time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)
		must(second(s.UpdateLink(ctx, ann.Subject, id, LinkPatch{Starts: &soon, Ends: &later})))
		if info := state(VisitNotYet, ReasonLinkNotStarted); !info.Until.Equal(soon) {
			t.Fatalf("%+v", info)
		}
		past := time.Time{}
		must(second(s.UpdateLink(ctx, ann.Subject, id, LinkPatch{Starts: &past, Ends: &past})))
		// The password, once per visit, bound to its version.
		must(second(s.UpdateLink(ctx, ann.Subject, id, LinkPatch{Password: new(secret.New("sesame"))})))
		if info := state(VisitPasswordRequired, ReasonPasswordRequired); len(info.Cameras) != 0 {
			t.Fatal("cameras before the password")
		}
		wantCode(t, s.VisitPassword(ctx, sub, secret.New("wrong")), fault.Forbidden, "password_wrong")
		must(s.VisitPassword(ctx, sub, secret.New("sesame")))
		state(VisitLive, "")
		must(second(s.UpdateLink(ctx, ann.Subject, id, LinkPatch{Password: new(secret.New("sesame2"))})))
		state(VisitPasswordRequired, ReasonPasswordRequired)
		must(second(s.UpdateLink(ctx, ann.Subject, id, LinkPatch{Password: new(secret.String{})})))
		state(VisitLive, "")
		vs, err := s.Visits(ctx, ann.Subject, id)
		if err != nil || len(vs) != 2 || vs[0].Hash != nil {
			t.Fatalf("%+v %v", vs, err)
		}
		must(s.StopVisit(ctx, ann.Subject, id, sub.Visit))
		state(VisitEnded, ReasonStoppedByOwner)
		must(second(s.RemoveLink(ctx, ann.Subject, id)))
		_, _, err = s.AuthenticateVisit(ctx, id, cookie)
		gone(err)
		_, _, _, err = s.Visit(ctx, id, tick, cookie, client)
		gone(err)
		s.until("swept", func() bool { return len(s.keysWith(id)) == 0 })
	})
}

func TestVisitsAreBounded(t *testing.T) {
	s := newStand(t, openBolt(t, t.TempDir()), func(c *Config) { c.Visits = 8 })
	ann := s.person("Ann")
	link := s.shareLink(ann.Subject, "Gate", s.camera(ann.Subject, "Yard").ID)
	var cookie secret.String
	for range 8 {
		_, cookie, _ = s.guest(link)
	}
	id, tick, err := s.Exchange(s.ctx(), link.Secret, Subject{})
	if err != nil {
		t.Fatal(err)
	}
	_, _, _, err = s.Visit(s.ctx(), id, tick, secret.String{}, Client{})
	wantCode(t, err, fault.Conflict, "too_many_viewers")
	if _, _, _, err = s.Visit(s.ctx(), id, tick, cookie, Client{}); err != nil {
		t.Fatal("one who is in:", err)
	}
}

// TestR106_RemovedLinksAreNoGuesses for a year, by whatever way they went.
func TestR106_RemovedLinksAreNoGuesses(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t, openBolt(t, dir), func(c *Config) { c.Mono = func() int64 { return int64(time.Second) } })
		ann, bob := s.person("Ann"), s.person("Bob")
		cam, other := s.camera(ann.Subject, "Yard"), s.camera(ann.Subject, "Gate")
		gone := map[string]secret.String{
			"removed":            s.shareLink(ann.Subject, "One", other.ID).Secret,
			"without its camera": s.shareLink(ann.Subject, "Two", cam.ID).Secret,
			"without its owner":  s.shareLink(bob.Subject, "Three", s.camera(bob.Subject, "Door").ID).Secret,
		}
		id, _, err := s.Exchange(s.ctx(), gone["removed"], Subject{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.RemoveLink(s.ctx(), ann.Subject, id); err != nil {
			t.Fatal(err)
		}
		if _, err := s.DeleteCamera(s.ctx(), ann.Subject, cam.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.CloseAccount(s.ctx(), Operator, bob.Account.ID); err != nil {
			t.Fatal(err)
		}
		for _, after := range []time.Duration{0, goneKept - time.Second} {
			time.Sleep(after)
			if err := s.expire(s.ctx()); err != nil {
				t.Fatal(err)
			}
			for name, sec := range gone {
				if _, _, err := s.Exchange(s.ctx(), sec, Subject{}); fault.Code(err) != "link_removed" {
					t.Errorf("%s, after %v: %v", name, after, err)
				}
			}
		}
		_, _, err = s.Exchange(s.ctx(), secret.Random(), Subject{})
		wantCode(t, err, fault.Gone, "link_gone")
		time.Sleep(time.Second)
		if err := s.expire(s.ctx()); err != nil {
			t.Fatal(err)
		}
		_, _, err = s.Exchange(s.ctx(), gone["removed"], Subject{})
		wantCode(t, err, fault.Gone, "link_gone")
	})
}

func TestTicketsLastAMinute(t *testing.T) {
	onFakeTime(t, func(t *testing.T, s *stand, w *wire) {
		ann := s.person("Ann")
		link := s.shareLink(ann.Subject, "Gate", s.camera(ann.Subject, "Yard").ID)
		id, tick, err := s.Exchange(s.ctx(), link.Secret, Subject{})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(59 * time.Second)
		if _, _, _, err := s.Visit(s.ctx(), id, tick, secret.String{}, Client{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		_, _, _, err = s.Visit(s.ctx(), id, tick, secret.String{}, Client{})
		wantCode(t, err, fault.Gone, "link_gone")
	})
}

// TestF30_NewerRecordsAreDenied: a record of another version is not guessed at.
func TestF30_NewerRecordsAreDenied(t *testing.T) {
	s := newStand(t, openBolt(t, t.TempDir())).run()
	ann := s.person("Ann")
	cam := s.camera(ann.Subject, "Yard")
	e := newEnded()
	l := s.subscribe(ann.Subject, cam.ID, e.tell)
	v, err := s.read(s.ctx(), []string{keyCamera(cam.ID)})
	if err != nil {
		t.Fatal(err)
	}
	newer := strings.Replace(string(v.raw[0].Data), `"v":1`, `"v":2`, 1)
	if _, err := s.store.Commit(s.ctx(), kv.Txn{ID: kv.NewID(time.Now()), Space: kv.Control, Writes: []kv.Write{{Key: keyCamera(cam.ID), Data: []byte(newer)}}}); err != nil {
		t.Fatal(err)
	}
	s.wantDecision(ann.Subject, ActLive, cam.ID, ReasonUnavailable)
	s.until("cut", func() bool { return dead(l) })
	s.wantEnd(l, e, ReasonUnavailable)
}
