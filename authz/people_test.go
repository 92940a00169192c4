package authz

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/secret"
)

func (s *stand) find(of Subject, text, camera string) (names []string) {
	s.t.Helper()
	q, ok := NewSearch(text)
	if !ok {
		return nil
	}
	found, err := s.People(s.ctx(), of, q, camera)
	if err != nil {
		s.t.Fatalf("%q: %v", text, err)
	}
	for _, f := range found {
		names = append(names, f.Name)
	}
	return names
}

// unverified makes an account whose address is not proved, as open registration does.
func (s *stand) unverified(email, name string) Account {
	s.t.Helper()
	m, err := s.prepare(s.ctx(), email, profile(name))
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.change(s.ctx(), func(_ context.Context, d *draft) error {
		v, err := s.read(s.ctx(), []string{keyMail(m.account.Email)})
		if err != nil {
			return err
		}
		return m.write(d, v)
	}); err != nil {
		s.t.Fatal(err)
	}
	return m.account
}

// prove verifies an account's address, as the link of a mail does.
func (s *stand) prove(acc Account) {
	s.t.Helper()
	one := secret.Random()
	hash := one.Hash()
	if err := s.write(s.ctx(), draft{writes: []kv.Write{{Key: keyVerify(secretID(hash)), Data: encode(Verification{head: v1, ID: secretID(hash),
		Account: acc.ID, Email: acc.Email, Hash: hash[:], Ends: time.Now().Add(time.Hour)})}}}); err != nil {
		s.t.Fatal(err)
	}
	if err := s.Verify(s.ctx(), one); err != nil {
		s.t.Fatal(err)
	}
}

// The index holds what the accounts say, whatever was done to them.
func (s *stand) checkIndex() {
	s.t.Helper()
	snap, err := s.store.Read(s.ctx(), kv.Control, nil, []kv.Scan{{Prefix: pAccount}, {Prefix: pFind}})
	if err != nil {
		s.t.Fatal(err)
	}
	var want, have []string
	for _, v := range snap.Scans[0] {
		acc, err := decode[Account](v.Data)
		if err != nil {
			s.t.Fatal(err)
		}
		want = append(want, indexKeys(acc)...)
	}
	for _, v := range snap.Scans[1] {
		have = append(have, v.Key)
	}
	slices.Sort(want)
	if !slices.Equal(want, have) {
		s.t.Fatalf("the index is\n%q, want\n%q", have, want)
	}
}

func TestR5_TheIndexOfPeople(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store)
		ctx := s.ctx()
		ann, bob := s.person("Annabel"), s.person("Robert")
		uma := s.unverified("uma@example.org", "Umaverified")
		if got := s.find(ann.Subject, "umav", ""); got != nil { // ruling 9
			t.Errorf("unverified and found: %v", got)
		}
		s.prove(uma)
		if got := s.find(ann.Subject, "umav", ""); len(got) != 1 {
			t.Errorf("verified and not found: %v", got)
		}
		for _, name := range []string{"Björn Ærø", "Straße Weiß", "王小明同", "  Two   Words  ", "O'Neil-Smith", "x/y/z/../w", strings.Repeat("lang ", 11)} {
			if _, err := s.UpdateProfile(ctx, bob.Subject, ProfilePatch{Name: new(name)}); err != nil {
				t.Fatal(name, err)
			}
			s.checkIndex()
			if got := s.find(ann.Subject, name, ""); len(got) != 1 {
				t.Errorf("%q does not find itself", name)
			}
		}
		for _, hidden := range []bool{true, false} {
			if _, err := s.UpdateProfile(ctx, bob.Subject, ProfilePatch{Hidden: new(hidden)}); err != nil {
				t.Fatal(err)
			}
			s.checkIndex()
			if got := s.find(ann.Subject, "robert", ""); (len(got) == 0) != hidden {
				t.Errorf("hidden %v: %v", hidden, got)
			}
		}
		for _, st := range []AccountState{AccountSuspended, AccountActive} {
			if _, err := s.SetState(ctx, Operator, bob.Account.ID, st); err != nil {
				t.Fatal(err)
			}
			s.checkIndex()
		}
		if _, err := s.CloseAccount(ctx, Operator, bob.Account.ID); err != nil {
			t.Fatal(err)
		}
		s.checkIndex()
		// Accounts of before there was an index get their entries at the next start.
		if err := s.sweepPrefixes(ctx, pFind); err != nil {
			t.Fatal(err)
		}
		for i := range 45 {
			s.unverified(fmt.Sprintf("many%d@example.org", i), "Many")
		}
		if got := s.find(ann.Subject, "umav", ""); got != nil {
			t.Fatal("found without an index")
		}
		if err := s.indexPeople(ctx); err != nil {
			t.Fatal(err)
		}
		s.checkIndex()
		if err := s.indexPeople(ctx); err != nil {
			t.Fatal(err)
		}
		s.checkIndex()
	})
}

func TestR5_WhatCountsAsFourCharacters(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "abc": false, "abcd": true, " abc ": false, "ab d": true, "ab\u00a0\u00a0": false, "éèê": false, "éèêë": true,
		"e\u0301e\u0301": false, "e\u0301e\u0301e\u0301e\u0301": true, "....": false, "a.b.": false, "\u200b\u200b\u200b\u200b": false, "王小明": false,
		"王小明同": true, "\xff\xff\xff\xff": false, "a\x00bc": true, strings.Repeat("a", 5000): false,
	} {
		if q, ok := NewSearch(text); ok != want {
			t.Errorf("%q: %v (%q)", text, ok, q.text)
		}
	}
}

// R6: a grant that waits gives nothing, becomes an offer whichever comes first,
// and goes with its row or its camera.
func TestR6_WaitingGrants(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store)
		ctx := s.ctx()
		ann := s.person("Ann")
		if _, err := s.UpdateInstance(ctx, Operator, InstancePatch{Registration: new(RegistrationInvite)}); err != nil {
			t.Fatal(err)
		}
		yard, dock, gate := s.camera(ann.Subject, "Yard"), s.camera(ann.Subject, "Dock"), s.camera(ann.Subject, "Gate")
		row := GrantEdit{Email: "new@example.net", Invite: true, Levels: LevelOnline}
		save := func(c Camera, rows ...GrantEdit) AccessTable {
			t.Helper()
			tab, err := s.Access(ctx, ann.Subject, c.ID)
			if err != nil {
				t.Fatal(err)
			}
			if tab, err = s.SaveAccess(ctx, ann.Subject, c.ID, tab.Version, rows); err != nil {
				t.Fatal(err)
			}
			return tab
		}
		for _, c := range []Camera{yard, dock, gate} {
			if tab := save(c, row); tab.Rows[0].Grant.Account != "" || tab.Rows[0].Grant.Email != "new@example.net" || len(tab.Invited) != 1 {
				t.Fatalf("%+v", tab)
			}
		}
		if list, err := s.Invitations(ctx, Operator); err != nil || len(list) != 1 { // one to an address, of one owner
			t.Fatal(list, err)
		}
		save(dock) // revoked while it waits
		if _, err := s.DeleteCamera(ctx, ann.Subject, gate.ID); err != nil {
			t.Fatal(err)
		}
		if left := s.keysWith(gate.ID); len(left) != 0 {
			t.Fatal(left)
		}
		// An account that has not proved the address gets nothing yet.
		acc := s.unverified("new@example.net", "New")
		if tab := save(dock, row); tab.Rows[0].Grant.Account != "" || len(tab.Invited) != 0 {
			t.Fatalf("%+v", tab)
		}
		_, err := s.SaveAccess(ctx, ann.Subject, dock.ID, 1<<60, nil)
		wantCode(t, err, fault.Conflict, "stale")
		s.prove(acc)
		l := s.signIn("new@example.net")
		offers, err := s.Offers(ctx, l.Subject)
		if err != nil || len(offers) != 2 || offers[0].State != "offered" || offers[0].Grant.Email != "" {
			t.Fatalf("%+v %v", offers, err)
		}
		s.wantDecision(l.Subject, ActLive, yard.ID, ReasonOfferPending)
		if left := append(s.keysWith(pWait), s.keysWith(pWaitOf)...); len(left) != 0 {
			t.Fatal(left)
		}
		if ids, err := s.AcceptAll(ctx, l.Subject); err != nil || len(ids) != 2 {
			t.Fatal(ids, err)
		}
		s.wantDecision(l.Subject, ActLive, yard.ID, ReasonOK)
	})
}

// R6: whoever is quicker, the owner's Save or the registration, the person ends
// with exactly one offer.
func TestR6_SaveAgainstRegistration(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		often := func(c *Config) { c.MailsADay = 1000 } // an invitation a round
		s, far := newStand(t, store, often), newStand(t, store, often)
		ctx := s.ctx()
		ann := s.person("Ann")
		if _, err := s.UpdateInstance(ctx, Operator, InstancePatch{Registration: new(RegistrationInvite)}); err != nil {
			t.Fatal(err)
		}
		cam := s.camera(ann.Subject, "Yard")
		for i := range 40 {
			email := fmt.Sprintf("new%d@example.net", i)
			tab, err := s.Access(ctx, ann.Subject, cam.ID)
			if err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			wg.Go(func() {
				if _, err := far.AddAccount(ctx, Operator, NewAccount{Email: email, Profile: profile("New")}); err != nil {
					t.Errorf("register: %v", err)
				}
			})
			if _, err := s.SaveAccess(ctx, ann.Subject, cam.ID, tab.Version, []GrantEdit{{Email: email, Invite: true, Levels: LevelOnline}}); err != nil {
				t.Fatalf("save: %v", err)
			}
			wg.Wait()
			l := s.signIn(email)
			if offers, err := s.Offers(ctx, l.Subject); err != nil || len(offers) != 1 {
				t.Fatalf("round %d: %+v %v", i, offers, err)
			}
			if tab, err := s.Access(ctx, ann.Subject, cam.ID); err != nil || len(tab.Rows) != 1 || tab.Rows[0].Grant.Account != l.Account.ID {
				t.Fatalf("round %d: %+v %v", i, tab, err)
			}
		}
	})
}

// R31, R33: a decline is told once, leaving is told apart, and the events say
// what it was before.
func TestR31_ADeclineIsOneEvent(t *testing.T) {
	s := newStand(t, openBolt(t, t.TempDir()))
	ann, bob := s.person("Ann"), s.person("Bob")
	cam := s.camera(ann.Subject, "Yard")
	tab, err := s.SaveAccess(s.ctx(), ann.Subject, cam.ID, 0, []GrantEdit{{Account: bob.Account.ID, Levels: LevelOnline}})
	if err != nil {
		t.Fatal(err)
	}
	g := tab.Rows[0].Grant.ID
	for _, step := range []func() error{
		func() error { return s.RejectOffer(s.ctx(), bob.Subject, g) }, func() error { return s.RejectOffer(s.ctx(), bob.Subject, g) },
		func() error { return s.AcceptOffer(s.ctx(), bob.Subject, g) }, func() error { return s.RejectOffer(s.ctx(), bob.Subject, g) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, e := range s.events(event.OfferChanged{}.Type(), func(event.Event) bool { return true }) {
		o, _ := e.(event.OfferChanged)
		got = append(got, o.Was+">"+o.State)
	}
	if want := ">offered offered>declined declined>accepted accepted>declined"; strings.Join(got, " ") != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// R33: accept against revoke, and two Saves at once, on two nodes: thousands of
// times over both stores (a tenth with -short).
func TestR33_RacesOfATable(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		rounds := 1000
		if testing.Short() {
			rounds = 100
		}
		s, far := newStand(t, store), newStand(t, store)
		ctx := s.ctx()
		ann, bob, eve := s.person("Ann"), s.person("Bob"), s.person("Eve")
		cam := s.camera(ann.Subject, "Yard")
		tab, err := s.Access(ctx, ann.Subject, cam.ID)
		if err != nil {
			t.Fatal(err)
		}
		won := 0
		for i := range rounds {
			to := bob
			if tab, err = s.SaveAccess(ctx, ann.Subject, cam.ID, tab.Version, []GrantEdit{{Account: to.Account.ID, Levels: LevelOnline}}); err != nil {
				t.Fatal(err)
			}
			g, version := tab.Rows[0].Grant.ID, tab.Version
			var wg sync.WaitGroup
			var accept, other, mine error
			var fresh AccessTable
			wg.Go(func() { accept = far.AcceptOffer(ctx, bob.Subject, g) })
			wg.Go(func() {
				fresh, other = far.SaveAccess(ctx, ann.Subject, cam.ID, version, []GrantEdit{{GrantID: g, Levels: LevelArchive}, {Account: eve.Account.ID, Levels: LevelOnline}})
			})
			tab, mine = s.SaveAccess(ctx, ann.Subject, cam.ID, version, nil) // revokes
			wg.Wait()
			if accept != nil && !fault.Is(accept, fault.NotFound) {
				t.Fatalf("round %d: accept: %v", i, accept)
			}
			if (mine == nil) == (other == nil) {
				t.Fatalf("round %d: two Saves at one version: %v and %v", i, mine, other)
			}
			d, err := s.Check(ctx, bob.Subject, ActLive, Object{Camera: cam.ID})
			if err != nil {
				t.Fatal(err)
			}
			if mine == nil {
				won++
				wantCode(t, other, fault.Conflict, "stale")
				if !d.Invisible || len(tab.Rows) != 0 || len(fresh.Rows) != 0 {
					t.Fatalf("round %d: revoked, and then %+v %+v %+v", i, d, tab, fresh)
				}
				if offers, err := s.Offers(ctx, bob.Subject); err != nil || len(offers) != 0 {
					t.Fatalf("round %d: %+v %v", i, offers, err)
				}
			} else {
				wantCode(t, mine, fault.Conflict, "stale")
				if d.Invisible || accept != nil || len(tab.Rows) != 2 {
					t.Fatalf("round %d: changed, and then %+v %v %+v", i, d, accept, tab)
				}
				s.wantDecision(bob.Subject, ActArchive, cam.ID, ReasonOK)
				if tab, err = s.SaveAccess(ctx, ann.Subject, cam.ID, tab.Version, nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		t.Logf("%d of %d were won by the revoke", won, rounds)
	})
}
