package authz

import (
	"sync"
	"testing"

	"sightline/internal/fault"
	"sightline/internal/kv"
)

// R44, R46: many people use one code at once, some of them twice: each is in it
// once, and every use is counted.
func TestR44_ManyJoinAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store)
		ann := s.person("Ann")
		g := s.group(ann, nil, nil)
		c, err := s.CreateShareCode(s.ctx(), ann.Subject, g, RoleMember, 0)
		if err != nil {
			t.Fatal(err)
		}
		var people []NewLogin
		for _, name := range []string{"B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M"} {
			people = append(people, s.person(name))
		}
		var wg sync.WaitGroup
		for _, p := range people {
			for range 2 {
				wg.Go(func() {
					for {
						_, err := s.JoinGroup(s.ctx(), p.Subject, c.Code.Reveal())
						if err == nil {
							return
						}
						if !fault.Is(err, fault.Conflict) { // too busy: to be asked again
							t.Error(err)
							return
						}
					}
				})
			}
		}
		wg.Wait()
		d, err := s.GroupOf(s.ctx(), ann.Subject, g)
		if err != nil || len(d.People) != 13 || d.Group.Participants != 13 || d.Codes[0].Uses != 12 {
			t.Fatalf("%d people, %d counted, %d uses (%v)", len(d.People), d.Group.Participants, d.Codes[0].Uses, err)
		}
		s.roles(g) // the counters fit
	})
}

// R47: an invitation that two browsers of its person use at once works once, and
// is used up.
func TestR47_AnInvitationIsUsedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store)
		ann, bob := s.person("Ann"), s.person("Bob")
		again := s.signIn("bob@example.org")
		for range 50 {
			g := s.group(ann, nil, nil)
			c, _, err := s.InviteAdministrator(s.ctx(), ann.Subject, g, "bob@example.org", "")
			if err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			for _, p := range []NewLogin{bob, again} {
				wg.Go(func() {
					if _, err := s.JoinGroup(s.ctx(), p.Subject, c.Code.Reveal()); err != nil && fault.Code(err) != fault.CodeShareCode {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			s.wantRoles(g, "ann=administrator bob=administrator")
			if _, err := s.DeleteGroup(s.ctx(), ann.Subject, g); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// R48, R49: two administrators close their accounts at once, or one leaves while
// the other closes: the group is gone with the last, or lives with one.
func TestR49_ClosingAndLeavingAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store)
		s.person("Root") // the first account administers the instance
		ctx := s.ctx()
		for i := range 60 {
			ann, bob, eve := s.person("Ann"), s.person("Bob"), s.person("Eve")
			g := s.group(ann, nil, []NewLogin{eve})
			c, _, err := s.InviteAdministrator(ctx, ann.Subject, g, "bob@example.org", "")
			if err == nil {
				_, err = s.JoinGroup(ctx, bob.Subject, c.Code.Reveal())
			}
			if err != nil {
				t.Fatal(err)
			}
			var left error
			var wg sync.WaitGroup
			wg.Go(func() {
				if _, err := s.CloseAccount(ctx, ann.Subject, ann.Account.ID); err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() {
				switch i % 3 {
				case 0:
					_, left = s.CloseAccount(ctx, bob.Subject, bob.Account.ID)
				case 1:
					_, left = s.LeaveGroup(ctx, bob.Subject, g, false)
				case 2:
					_, left = s.LeaveGroup(ctx, bob.Subject, g, true)
				}
			})
			wg.Wait()
			now := s.roles(g)
			switch {
			case i%3 == 1 && fault.Code(left) == fault.CodeSoleAdmin:
				if now != "bob=administrator eve=viewer" {
					t.Fatalf("round %d: %q", i, now)
				}
			case left != nil:
				t.Fatalf("round %d: %v", i, left)
			case now != "":
				t.Fatalf("round %d: %q lives on", i, now)
			}
			for _, p := range []NewLogin{bob, eve} {
				if _, err := s.CloseAccount(ctx, Operator, p.Account.ID); err != nil && !fault.Is(err, fault.NotFound) {
					t.Fatal(err)
				}
			}
			s.nothingLeft(g)
		}
	})
}
