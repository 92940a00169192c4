package authz

import (
	"slices"
	"testing"
	"time"

	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/secret"
)

// Row R96: a kiosk may be itself, and see and watch the cameras of its view;
// every other action there is, or will be, is denied.
func TestR96_KioskIsDeniedByDefault(t *testing.T) {
	now := time.Now()
	me, cam, other, view := NewID(), NewID(), NewID(), NewID()
	s := Subject{Kind: DeviceSubject, Account: me, Login: NewID()}
	facts := func(camera string) Facts {
		acc := &Account{ID: me, State: AccountActive, InstanceAdmin: true, Plan: PlanPro}
		v := &deviceView{}
		v.Cells = append(v.Cells, struct {
			Camera string `json:"camera"`
			Any    int    `json:"any"`
		}{Camera: cam})
		return Facts{Account: acc, Owner: acc, Camera: &Camera{ID: camera, Owner: me, Enabled: true, Sound: true},
			Login: &Login{ID: s.Login, Account: me, Kind: LoginKiosk, View: view}, View: v, Link: &Link{ID: camera, Owner: me}}
	}
	may := map[Action]bool{ActDevice: true, ActSee: true, ActLive: true}
	for act := ActNone; act <= actEnd; act++ {
		d := Decide(s, act, Object{Camera: cam, Link: cam, Group: cam}, facts(cam), now)
		if d.Allowed != may[act] {
			t.Errorf("%v of a kiosk: allowed %v", act, d.Allowed)
		}
		if d.Owner {
			t.Errorf("%v: a kiosk is held like an owner", act)
		}
		if act != ActDevice && Decide(s, act, Object{Camera: other}, facts(other), now).Allowed {
			t.Errorf("%v on a camera outside of the view is allowed", act)
		}
		// A person's login is no kiosk, and a kiosk's is no person.
		f := facts(cam)
		f.Login.Kind = ""
		if Decide(s, act, Object{Camera: cam}, f, now).Allowed {
			t.Errorf("%v: a person's login serves as a kiosk", act)
		}
		person := s
		person.Kind = AccountSubject
		if Decide(person, act, Object{Camera: cam}, facts(cam), now).Allowed {
			t.Errorf("%v: a kiosk serves as a person", act)
		}
		gone := facts(cam)
		gone.View = nil
		if d := Decide(s, act, Object{Camera: cam}, gone, now); d.Allowed {
			t.Errorf("%v without its view: %+v", act, d)
		}
	}
	f := facts(cam)
	f.View.Cells[0].Camera, f.View.Cells[0].Any = "", 3
	if !Decide(s, ActLive, Object{Camera: cam}, f, now).Allowed {
		t.Error("a cell that takes any camera takes none")
	}
}

func TestT19_KioskLogins(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store)
		s.run()
		ctx := t.Context()
		olena := s.person("olena").Subject
		l, key, err := s.CreateKiosk(ctx, olena, NewKiosk{Name: "Porch"})
		if err != nil {
			t.Fatal(err)
		}
		if l.Hash != nil || !l.Waits() {
			t.Errorf("%+v", l)
		}
		dev, cookie, err := s.OpenKiosk(ctx, key, secret.String{}, Client{})
		if err != nil || dev.Kind != DeviceSubject || dev.Account != olena.Account || dev.Login != l.ID {
			t.Fatalf("%+v %v", dev, err)
		}
		if got, err := s.AuthenticateKiosk(ctx, cookie); err != nil || got != dev {
			t.Errorf("%+v %v", got, err)
		}
		_, _, err = s.OpenKiosk(ctx, key, secret.String{}, Client{})
		wantCode(t, err, fault.Gone, fault.CodeTokenInvalid)
		_, _, err = s.Authenticate(ctx, cookie)
		wantCode(t, err, fault.Unauthenticated, fault.CodeNotSignedIn)
		_, err = s.AuthenticateKiosk(ctx, secret.New(cookie.Reveal()[:len(cookie.Reveal())-1]+"-"))
		wantCode(t, err, fault.Unauthenticated, fault.CodeNotSignedIn)
		_, err = s.Logins(ctx, dev)
		if err == nil {
			t.Error("a kiosk lists logins")
		}

		// A day without use ends a person's login, not a kiosk; a new password ends both.
		list, err := s.Logins(ctx, olena)
		if err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(list, func(k Login) bool { return k.ID == l.ID }); i < 0 || !list[i].IdleEnds.IsZero() || !list[i].Ends.IsZero() {
			t.Errorf("a kiosk idles out: %+v", list)
		}
		if err := s.EndLogin(ctx, olena, l.ID); err != nil {
			t.Fatal(err)
		}
		_, err = s.AuthenticateKiosk(ctx, cookie)
		wantCode(t, err, fault.Unauthenticated, fault.CodeNotSignedIn)

		l2, key2, err := s.CreateKiosk(ctx, olena, NewKiosk{Name: "Hall"})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.EndLogin(ctx, olena, l2.ID); err != nil { // before it was opened
			t.Fatal(err)
		}
		_, _, err = s.OpenKiosk(ctx, key2, secret.String{}, Client{})
		wantCode(t, err, fault.Gone, fault.CodeTokenInvalid)
	})
}

// Two screens open one address in the same moment: one of them is it.
func TestT19_TwoScreensOneAddress(t *testing.T) {
	s := newStand(t, openBolt(t, t.TempDir()))
	s.run()
	olena := s.person("olena").Subject
	_, key, err := s.CreateKiosk(t.Context(), olena, NewKiosk{Name: "Porch"})
	if err != nil {
		t.Fatal(err)
	}
	const n = 8
	got := make(chan error, n)
	for range n {
		go func() {
			_, _, err := s.OpenKiosk(t.Context(), key, secret.String{}, Client{})
			got <- err
		}()
	}
	won := 0
	for range n {
		if err := <-got; err == nil {
			won++
		} else {
			wantCode(t, err, fault.Gone, fault.CodeTokenInvalid)
		}
	}
	if won != 1 {
		t.Errorf("%d screens opened it", won)
	}
}
