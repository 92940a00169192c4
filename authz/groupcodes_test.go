package authz

import (
	"context"
	"strings"
	"testing"
	"time"

	"sightline/internal/fault"
	"sightline/internal/kv"
)

func TestR44_CodesAreReusableCountedRotatedAndRevoked(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store)
		ctx := s.ctx()
		ann, bob, eve, max := s.person("Ann"), s.person("Bob"), s.person("Eve"), s.person("Max")
		g := s.group(ann, nil, nil)
		c, err := s.CreateShareCode(ctx, ann.Subject, g, RoleViewer, 0)
		if err != nil {
			t.Fatal(err)
		}
		if d := c.Ends.Sub(s.storeTime()); d < 7*24*time.Hour-time.Minute || d > 7*24*time.Hour {
			t.Fatalf("a code works for %v, want a week", d)
		}
		for _, p := range []NewLogin{bob, eve} {
			if v, err := s.JoinGroup(ctx, p.Subject, c.Code.Reveal()); err != nil || v.Role != RoleViewer || v.Group.ID != g {
				t.Fatalf("%+v %v", v, err)
			}
		}
		s.wantRoles(g, "ann=administrator bob=viewer eve=viewer")
		detail, err := s.GroupOf(ctx, ann.Subject, g)
		if err != nil || len(detail.Codes) != 1 || detail.Codes[0].Uses != 2 || detail.Codes[0].Code.Reveal() != c.Code.Reveal() {
			t.Fatalf("%+v %v", detail, err)
		}
		if d, err := s.GroupOf(ctx, bob.Subject, g); err != nil || d.Codes != nil || len(d.People) != 3 || d.People[0].Name != "Ann" || strings.Contains(d.People[0].EmailMasked, "ann@") {
			t.Fatalf("a viewer sees %+v %v", d, err)
		}
		for _, f := range []func() error{
			func() error { return second(s.CreateShareCode(ctx, bob.Subject, g, RoleViewer, 0)) },
			func() error { return second(s.RotateShareCode(ctx, bob.Subject, g, c.ID)) },
			func() error { return s.RevokeShareCode(ctx, bob.Subject, g, c.ID) },
			func() error { return third(s.InviteAdministrator(ctx, bob.Subject, g, "max@example.org", "")) },
		} {
			wantCode(t, f(), fault.Forbidden, "role_viewer")
		}
		again, err := s.RotateShareCode(ctx, ann.Subject, g, c.ID)
		if err != nil || again.ID != c.ID || again.Uses != 0 || again.Code.Reveal() == c.Code.Reveal() {
			t.Fatalf("%+v %v", again, err)
		}
		wantCode(t, second(s.JoinGroup(ctx, max.Subject, c.Code.Reveal())), fault.Invalid, fault.CodeShareCode)
		if err := s.RevokeShareCode(ctx, ann.Subject, g, c.ID); err != nil {
			t.Fatal(err)
		}
		wantCode(t, second(s.JoinGroup(ctx, max.Subject, again.Code.Reveal())), fault.Invalid, fault.CodeShareCode)
		wantCode(t, s.RevokeShareCode(ctx, ann.Subject, g, c.ID), fault.NotFound, fault.CodeNotFound)
		wantCode(t, second(s.RotateShareCode(ctx, ann.Subject, g, c.ID)), fault.NotFound, fault.CodeNotFound)
		wantCode(t, second(s.CreateShareCode(ctx, ann.Subject, g, RoleAdministrator, 0)), fault.Invalid, fault.CodeBadValue)
		wantCode(t, second(s.CreateShareCode(ctx, ann.Subject, g, RoleMember, 91)), fault.Invalid, fault.CodeBadValue)
		day, err := s.CreateShareCode(ctx, ann.Subject, g, RoleMember, 1)
		if err != nil || day.Ends.Sub(s.storeTime()) > 24*time.Hour {
			t.Fatalf("%+v %v", day, err)
		}
		for range maxCodes - 1 {
			if _, err := s.CreateShareCode(ctx, ann.Subject, g, RoleMember, 1); err != nil {
				t.Fatal(err)
			}
		}
		wantCode(t, second(s.CreateShareCode(ctx, ann.Subject, g, RoleMember, 1)), fault.Conflict, fault.CodeConflict)
	})
}

// storeTime is the store's clock.
func (s *stand) storeTime() time.Time {
	s.t.Helper()
	v, err := s.read(s.ctx(), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return v.now
}

// later sets a store's clock forward.
type later struct {
	kv.Store
	by time.Duration
}

func (l *later) Read(ctx context.Context, sp kv.Space, keys []string, scans []kv.Scan) (kv.Snapshot, error) {
	snap, err := l.Store.Read(ctx, sp, keys, scans)
	snap.Now = snap.Now.Add(l.by)
	return snap, err
}

func TestR45_CodesThatDoNotWorkSayOneSameThing(t *testing.T) {
	clock := &later{Store: openBolt(t, t.TempDir())}
	s := newStand(t, clock)
	ctx := s.ctx()
	ann, bob := s.person("Ann"), s.person("Bob")
	g := s.group(ann, nil, nil)
	c, err := s.CreateShareCode(ctx, ann.Subject, g, RoleMember, 0)
	if err != nil {
		t.Fatal(err)
	}
	text := c.Code.Reveal()
	if len(text) != 11 || text[5] != '-' || strings.ContainsAny(text, "ILOU") || text != strings.ToUpper(text) {
		t.Fatalf("a code looks like %q", text)
	}
	revoked, err := s.CreateShareCode(ctx, ann.Subject, g, RoleMember, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RevokeShareCode(ctx, ann.Subject, g, revoked.ID); err != nil {
		t.Fatal(err)
	}
	other, _, err := s.InviteAdministrator(ctx, ann.Subject, g, "max@example.org", "")
	if err != nil {
		t.Fatal(err)
	}
	short, err := s.CreateShareCode(ctx, ann.Subject, g, RoleMember, 1)
	if err != nil {
		t.Fatal(err)
	}
	dead, err := s.CreateGroup(ctx, ann.Subject, "Gone")
	if err != nil {
		t.Fatal(err)
	}
	ofDead, err := s.CreateShareCode(ctx, ann.Subject, dead.Group.ID, RoleMember, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.DeleteGroup(ctx, ann.Subject, dead.Group.ID); err != nil {
		t.Fatal(err)
	}
	clock.by = 24 * time.Hour // exactly: the end is exclusive
	bob = s.signIn("bob@example.org")
	want := errShareCode().Error()
	for name, typed := range map[string]string{"unknown": newCode().Reveal(), "empty": "", "short": "ABCDE", "other letters": "ABCDE-FGHJ!", "revoked": revoked.Code.Reveal(),
		"expired": short.Code.Reveal(), "for somebody else": other.Code.Reveal(), "of a deleted group": ofDead.Code.Reveal()} {
		if _, err := s.JoinGroup(ctx, bob.Subject, typed); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	// Case, spaces, the dash and look-alikes do not matter.
	typed := " " + strings.NewReplacer("0", "o", "1", "l", "-", " ").Replace(strings.ToLower(text))
	if v, err := s.JoinGroup(ctx, bob.Subject, typed); err != nil || v.Role != RoleMember {
		t.Fatalf("%q: %+v %v", typed, v, err)
	}
	clock.by = 8 * 24 * time.Hour
	if err := s.expire(ctx); err != nil {
		t.Fatal(err)
	}
	v, err := s.read(ctx, nil, kv.Scan{Prefix: pCode}, kv.Scan{Prefix: pCodeHash})
	if err != nil || len(v.scans[0])+len(v.scans[1]) != 0 {
		t.Fatalf("%d codes and %d hashes stay after their end (%v)", len(v.scans[0]), len(v.scans[1]), err)
	}
}

func TestR47_AnInvitationIsForOneAddressOneUseOneDay(t *testing.T) {
	clock := &later{Store: openBolt(t, t.TempDir())}
	s := newStand(t, clock)
	ctx := s.ctx()
	ann, bob, eve := s.person("Ann"), s.person("Bob"), s.person("Eve")
	g := s.group(ann, []NewLogin{eve}, nil)
	invite := func(email string) GroupCode {
		t.Helper()
		c, _, err := s.InviteAdministrator(ctx, ann.Subject, g, email, "")
		if err != nil || c.Ends.Sub(s.storeTime()) > 24*time.Hour {
			t.Fatal(c, err)
		}
		return c
	}
	old := invite("bob@example.org")
	c := invite(" BOB@example.org")
	if d, err := s.GroupOf(ctx, ann.Subject, g); err != nil || len(d.Codes) != 2 || d.Codes[1].Email != "bob@example.org" || !d.Codes[1].Code.Empty() {
		t.Fatalf("%+v %v", d.Codes, err)
	}
	for who, p := range map[string]struct {
		NewLogin
		c GroupCode
	}{"another account": {eve, c}, "an older invitation": {bob, old}} {
		_, err := s.JoinGroup(ctx, p.Subject, p.c.Code.Reveal())
		if fault.Code(err) != fault.CodeShareCode {
			t.Errorf("%s: %v", who, err)
		}
	}
	wantCode(t, second(s.RotateShareCode(ctx, ann.Subject, g, c.ID)), fault.NotFound, fault.CodeNotFound)
	if v, err := s.JoinGroup(ctx, bob.Subject, c.Code.Reveal()); err != nil || v.Role != RoleAdministrator {
		t.Fatalf("%+v %v", v, err)
	}
	wantCode(t, second(s.JoinGroup(ctx, bob.Subject, c.Code.Reveal())), fault.Invalid, fault.CodeShareCode)
	c = invite("eve@example.org") // a member is promoted by it
	clock.by = 24 * time.Hour
	eve, bob = s.signIn("eve@example.org"), s.signIn("bob@example.org")
	wantCode(t, second(s.JoinGroup(ctx, eve.Subject, c.Code.Reveal())), fault.Invalid, fault.CodeShareCode)
	// Every administrator has all rights, also against the creator.
	if _, err := s.RemoveParticipant(ctx, bob.Subject, g, ann.Account.ID); err != nil {
		t.Fatal(err)
	}
	s.wantRoles(g, "bob=administrator eve=member")
}
