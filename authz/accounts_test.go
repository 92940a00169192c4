package authz

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/secret"
)

func TestSetupByOneTimeCode(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store)
		ctx := s.ctx()
		if open, err := s.SetupRequired(ctx); err != nil || !open {
			t.Fatal(open, err)
		}
		in := SetupRequest{Code: secret.New("AAAAA-AAAAA"), Email: " Ann@Example.org ", Profile: profile("Ann"), Networks: []netip.Prefix{netip.MustParsePrefix("192.168.1.77/24")}}
		_, err := s.Setup(ctx, in)
		wantCode(t, err, fault.Invalid, fault.CodeWrongCode)
		in.Code = secret.New(strings.ToLower(strings.ReplaceAll(s.SetupCode().Reveal(), "-", " ")))
		bad := in
		bad.Profile.Password = secret.New("1234567890")
		_, err = s.Setup(ctx, bad)
		wantCode(t, err, fault.Invalid, fault.CodeWeakPassword)
		in.Client = Client{IP: netip.MustParseAddr("::ffff:192.0.2.1"), Browser: "Firefox"}
		l, err := s.Setup(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		acc := l.Account
		if acc.Email != "ann@example.org" || acc.Plan != PlanPro || !acc.InstanceAdmin || !acc.EmailVerified || acc.State != AccountActive {
			t.Fatalf("%+v", acc)
		}
		_, err = s.Setup(ctx, in)
		wantCode(t, err, fault.Conflict, fault.CodeSetupDone)
		wantCode(t, s.CheckSetup(ctx, s.SetupCode()), fault.Conflict, fault.CodeSetupDone)
		sub, who, err := s.Authenticate(ctx, l.Cookie)
		if err != nil || sub != l.Subject || who.ID != acc.ID {
			t.Fatal(sub, err)
		}
		i, err := s.Instance(ctx)
		if err != nil || i.Registration != RegistrationClosed || len(i.Networks) != 1 || i.Networks[0] != "192.168.1.0/24" {
			t.Fatalf("%+v %v", i, err)
		}
	})
}

func TestTwoSetupsAtOnceMakeOneAccount(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			s := newStand(t, store)
			wg.Go(func() {
				_, errs[i] = s.Setup(s.ctx(), SetupRequest{Code: s.SetupCode(), Email: "ann@example.org", Profile: profile("Ann")})
			})
		}
		wg.Wait()
		ok := 0
		for _, err := range errs {
			if err == nil {
				ok++
			} else {
				wantCode(t, err, fault.Conflict, fault.CodeSetupDone)
			}
		}
		if ok != 1 {
			t.Fatalf("%d set-ups succeeded", ok)
		}
	})
}

func TestT19_Logins(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store).run()
		ctx := s.ctx()
		ann := s.person("Ann")
		two := s.signIn("ann@example.org")
		if ann.Cookie.Equal(two.Cookie) {
			t.Fatal("two sign-ins, one cookie")
		}
		for _, bad := range []string{"", "x", "slt_x", two.Cookie.Reveal() + "x", two.Cookie.Reveal()[:len(two.Cookie.Reveal())-1], "slt_" + two.Cookie.Reveal(),
			NewID() + two.Cookie.Reveal()[26:], two.Cookie.Reveal()[:27] + secret.Random().Reveal()} {
			_, _, err := s.Authenticate(ctx, secret.New(bad))
			wantCode(t, err, fault.Unauthenticated, fault.CodeNotSignedIn)
		}
		ls, err := s.Logins(ctx, ann.Subject)
		if err != nil || len(ls) != 2 || ls[0].Hash != nil || ls[0].IP != "192.0.2.7" || ls[0].Browser != "Firefox" {
			t.Fatalf("%+v %v", ls, err)
		}
		// A password change ends the other logins, not the asking one, and not tokens.
		tok, tokSecret, err := s.CreateToken(ctx, ann.Subject, "player", 0)
		if err != nil {
			t.Fatal(err)
		}
		wantCode(t, s.ChangePassword(ctx, ann.Subject, secret.New("not the password"), secret.New("another long one")), fault.Invalid, fault.CodeBadLogin)
		if err := s.ChangePassword(ctx, ann.Subject, secret.New(goodPassword), secret.New("another long one")); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Authenticate(ctx, ann.Cookie); err != nil {
			t.Fatal("the asking login ended", err)
		}
		_, _, err = s.Authenticate(ctx, two.Cookie)
		wantCode(t, err, fault.Unauthenticated, "login_ended")
		sub, _, err := s.Authenticate(ctx, tokSecret)
		if err != nil || sub.Token != tok.ID || sub.Login != "" {
			t.Fatal(sub, err)
		}
		_, err = s.SignIn(ctx, "ann@example.org", secret.New(goodPassword), Client{})
		wantCode(t, err, fault.Unauthenticated, fault.CodeBadLogin)
		if _, err = s.SignIn(ctx, " ANN@example.ORG", secret.New("another long one"), Client{}); err != nil {
			t.Fatal(err)
		}
		// Ending one's own and another's.
		bob := s.person("Bob")
		wantCode(t, s.EndLogin(ctx, bob.Subject, ann.Subject.Login), fault.NotFound, fault.CodeNotFound)
		wantCode(t, s.RevokeToken(ctx, bob.Subject, tok.ID), fault.NotFound, fault.CodeNotFound)
		if err := s.SignOut(ctx, ann.Subject); err != nil {
			t.Fatal(err)
		}
		_, _, err = s.Authenticate(ctx, ann.Cookie)
		wantCode(t, err, fault.Unauthenticated, fault.CodeNotSignedIn)
		if err := s.SignOut(ctx, ann.Subject); err != nil {
			t.Fatal("signing out twice:", err)
		}
		if err := s.RevokeToken(ctx, Subject{Kind: AccountSubject, Account: ann.Account.ID, Token: tok.ID}, tok.ID); err != nil {
			t.Fatal(err)
		}
		_, _, err = s.Authenticate(ctx, tokSecret)
		wantCode(t, err, fault.Unauthenticated, fault.CodeNotSignedIn)
	})
}

func TestManyLoginsMakeRoom(t *testing.T) {
	s := newStand(t, openBolt(t, t.TempDir()))
	s.person("Ann")
	for range maxLogins + 5 {
		s.signIn("ann@example.org")
	}
	last := s.signIn("ann@example.org")
	ls, err := s.Logins(s.ctx(), last.Subject)
	if err != nil || len(ls) != maxLogins {
		t.Fatalf("%d logins, %v", len(ls), err)
	}
}

func TestAccountsOfTheInstance(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store, func(c *Config) { c.NewPlan = PlanTrial }).run()
		ctx := s.ctx()
		ann, bob := s.person("Ann"), s.person("Bob")
		if !ann.Account.InstanceAdmin || bob.Account.InstanceAdmin || bob.Account.Plan != PlanTrial {
			t.Fatalf("%+v", bob.Account)
		}
		_, err := s.Accounts(ctx, bob.Subject)
		wantCode(t, err, fault.NotFound, fault.CodeNotFound)
		_, err = s.SetState(ctx, bob.Subject, ann.Account.ID, AccountSuspended)
		wantCode(t, err, fault.NotFound, fault.CodeNotFound)
		_, err = s.SetState(ctx, ann.Subject, ann.Account.ID, AccountSuspended)
		wantCode(t, err, fault.Conflict, fault.CodeConflict)
		s.camera(bob.Subject, "Yard")
		list, err := s.Accounts(ctx, ann.Subject)
		if err != nil || len(list) != 2 || list[1].Cameras != 1 || list[1].Account.ID != bob.Account.ID {
			t.Fatalf("%+v %v", list, err)
		}
		if _, err := s.SetState(ctx, ann.Subject, bob.Account.ID, AccountSuspended); err != nil {
			t.Fatal(err)
		}
		_, _, err = s.Authenticate(ctx, bob.Cookie)
		wantCode(t, err, fault.Unauthenticated, "account_suspended")
		_, err = s.SignIn(ctx, "bob@example.org", secret.New(goodPassword), Client{})
		wantCode(t, err, fault.Forbidden, "account_suspended")
		_, err = s.SignIn(ctx, "bob@example.org", secret.New("a wrong password"), Client{})
		wantCode(t, err, fault.Unauthenticated, fault.CodeBadLogin)
		if _, err := s.SetState(ctx, Operator, bob.Account.ID, AccountActive); err != nil {
			t.Fatal(err)
		}
		_, _, err = s.Authenticate(ctx, bob.Cookie) // a login from before does not come back
		wantCode(t, err, fault.Unauthenticated, "login_ended")
		s.signIn("bob@example.org")
		if acc, err := s.SetPlan(ctx, ann.Subject, bob.Account.ID, PlanStandard); err != nil || acc.Plan != PlanStandard || !acc.TrialEnds.IsZero() {
			t.Fatalf("%+v %v", acc, err)
		}
		if acc, err := s.FindAccount(ctx, Operator, "BOB@example.org"); err != nil || acc.ID != bob.Account.ID {
			t.Fatal(acc, err)
		}
		_, err = s.AddAccount(ctx, Operator, NewAccount{Email: "bob@example.org", Profile: profile("Bob")})
		wantCode(t, err, fault.Invalid, fault.CodeEmailTaken)
		_, err = s.AddAccount(ctx, ann.Subject, NewAccount{Email: "x@example.org", Profile: profile("X")})
		wantCode(t, err, fault.NotFound, fault.CodeNotFound)
		// Closing: the only instance administrator cannot, others can.
		_, err = s.CloseAccount(ctx, ann.Subject, ann.Account.ID)
		wantCode(t, err, fault.Conflict, fault.CodeConflict)
		bob = s.signIn("bob@example.org")
		if _, err := s.CloseAccount(ctx, bob.Subject, bob.Account.ID); err != nil {
			t.Fatal(err)
		}
		if _, _, err = s.Authenticate(ctx, bob.Cookie); !fault.Is(err, fault.Unauthenticated) {
			t.Fatal(err)
		}
		s.until("swept", func() bool { return len(s.keysWith(bob.Account.ID)) == 0 })
		s.person("Bob") // the address is free again
	})
}

// keysWith lists the keys of the control space (without events) that name an id.
func (s *stand) keysWith(id string) (out []string) {
	s.t.Helper()
	snap, err := s.store.Read(s.ctx(), kv.Control, nil, []kv.Scan{{}})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, v := range snap.Scans[0] {
		if strings.HasPrefix(v.Key, "ev") || strings.HasPrefix(v.Key, pClosed) { // the log of a closed account goes later (TestLogsAreKeptForATime)
			continue
		}
		if strings.Contains(v.Key, id) {
			out = append(out, v.Key)
		}
	}
	return out
}

// post collects the requests for mail of a stand, with their secrets opened: each
// once, though a feed may tell one again when its disk is late.
type post struct {
	s    *stand
	mu   sync.Mutex
	seen map[string]bool // by place in the feed
	kept map[string][]secret.String
}

// post follows the feed until the test ends.
func (s *stand) post() *post {
	p := &post{s: s, seen: make(map[string]bool), kept: make(map[string][]secret.String)}
	ctx, cancel := context.WithCancel(s.ctx())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = event.Follow(ctx, s.store, kv.Control, "post", func(_ context.Context, e event.Entry) error {
			if m, ok := e.Event.(event.MailRequested); ok {
				sec, err := s.cfg.Seal.Unseal(string(m.Sealed), MailPlace(m))
				if err != nil {
					s.t.Errorf("a mail's secret: %v", err)
				}
				p.mu.Lock()
				defer p.mu.Unlock()
				if p.seen[e.Key] {
					return nil
				}
				p.seen[e.Key] = true
				p.kept[m.Kind] = append(p.kept[m.Kind], sec)
			}
			return nil
		})
	}()
	s.t.Cleanup(func() { cancel(); <-done })
	return p
}

// mails waits until n of a kind have been asked for.
func (p *post) mails(kind string, n int) (out []secret.String) {
	p.s.t.Helper()
	p.s.until("mailed: "+kind, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		out = p.kept[kind]
		return len(out) >= n
	})
	if len(out) != n {
		p.s.t.Fatalf("%d mails of %s, want %d", len(out), kind, n)
	}
	return out
}

func TestInvitations(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store)
		ctx := s.ctx()
		ann := s.person("Ann")
		_, _, err := s.Invite(ctx, ann.Subject, "bob@example.org", "")
		wantCode(t, err, fault.Conflict, fault.CodeRegistrationShut)
		mode := RegistrationInvite
		if _, err := s.UpdateInstance(ctx, ann.Subject, InstancePatch{Registration: &mode}); err != nil {
			t.Fatal(err)
		}
		inv, handed, err := s.Invite(ctx, ann.Subject, "Bob@example.org", "")
		if err != nil || handed.Mailed || handed.Secret.Empty() {
			t.Fatal(handed, err)
		}
		_, again, err := s.Invite(ctx, ann.Subject, "bob@example.org", "")
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.CheckInvitation(ctx, handed.Secret) // the newer one took its place
		wantCode(t, err, fault.Gone, fault.CodeTokenInvalid)
		got, err := s.CheckInvitation(ctx, again.Secret)
		if err != nil || got.Email != "bob@example.org" || got.Hash != nil {
			t.Fatal(got, err)
		}
		bob, err := s.RedeemInvitation(ctx, again.Secret, profile("Bob"), Client{})
		if err != nil || !bob.Account.EmailVerified || bob.Account.InstanceAdmin || bob.Account.Email != "bob@example.org" {
			t.Fatalf("%+v %v", bob.Account, err)
		}
		if _, _, err := s.Authenticate(ctx, bob.Cookie); err != nil {
			t.Fatal(err)
		}
		_, err = s.RedeemInvitation(ctx, again.Secret, profile("Bob"), Client{})
		wantCode(t, err, fault.Gone, fault.CodeTokenInvalid)
		_, _, err = s.Invite(ctx, bob.Subject, "eve@example.org", "")
		wantCode(t, err, fault.NotFound, fault.CodeNotFound)
		inv, handed, err = s.Invite(ctx, ann.Subject, "eve@example.org", "")
		if err != nil {
			t.Fatal(err)
		}
		if list, err := s.Invitations(ctx, ann.Subject); err != nil || len(list) != 1 || list[0].ID != inv.ID {
			t.Fatal(list, err)
		}
		if err := s.RevokeInvitation(ctx, ann.Subject, inv.ID); err != nil {
			t.Fatal(err)
		}
		_, err = s.CheckInvitation(ctx, handed.Secret)
		wantCode(t, err, fault.Gone, fault.CodeTokenInvalid)
		wantCode(t, s.RevokeInvitation(ctx, ann.Subject, inv.ID), fault.NotFound, fault.CodeNotFound)
		mode = RegistrationOpen
		_, err = s.UpdateInstance(ctx, ann.Subject, InstancePatch{Registration: &mode})
		wantCode(t, err, fault.Conflict, fault.CodeMailOff)
		wantCode(t, s.Register(ctx, "eve@example.org", profile("Eve"), ""), fault.Forbidden, fault.CodeRegistrationShut)
		wantCode(t, s.RequestReset(ctx, "ann@example.org", ""), fault.Conflict, fault.CodeMailOff)
	})
}

func TestRegistrationVerificationAndResetByMail(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store, func(c *Config) { c.Mail = true })
		ctx := s.ctx()
		post := s.post()
		ann := s.person("Ann")
		mode := RegistrationOpen
		if _, err := s.UpdateInstance(ctx, ann.Subject, InstancePatch{Registration: &mode}); err != nil {
			t.Fatal(err)
		}
		if _, handed, err := s.Invite(ctx, ann.Subject, "bob@example.org", "https://cam.example"); err != nil || !handed.Mailed || !handed.Secret.Empty() {
			t.Fatal(handed, err)
		}
		invited := post.mails(event.MailInvitation, 1)
		if _, err := s.CheckInvitation(ctx, invited[0]); err != nil {
			t.Fatal(err)
		}
		if err := s.Register(ctx, "eve@example.org", profile("Eve"), ""); err != nil {
			t.Fatal(err)
		}
		eve := s.signIn("eve@example.org")
		if eve.Account.EmailVerified {
			t.Fatal("verified without a mail")
		}
		cam := s.camera(eve.Subject, "Yard")
		s.wantDecision(eve.Subject, ActLive, cam.ID, ReasonOK)
		s.wantDecision(eve.Subject, ActShare, cam.ID, ReasonEmailUnverified)
		// The address that has an account gets the same answer (T21) and a reset.
		if err := s.Register(ctx, "eve@example.org", profile("Mallory"), ""); err != nil {
			t.Fatal(err)
		}
		ver := post.mails(event.MailVerification, 1)
		post.mails(event.MailReset, 1)
		if err := s.Verify(ctx, ver[0]); err != nil {
			t.Fatal(err)
		}
		wantCode(t, s.Verify(ctx, ver[0]), fault.Gone, fault.CodeTokenInvalid)
		s.wantDecision(eve.Subject, ActShare, cam.ID, ReasonOK)
		// Reset: unknown addresses get the same nil; a used one is gone; logins end.
		if err := s.RequestReset(ctx, "nobody@example.org", ""); err != nil {
			t.Fatal(err)
		}
		if err := s.RequestReset(ctx, "ann@example.org", ""); err != nil {
			t.Fatal(err)
		}
		resets := post.mails(event.MailReset, 2)
		wantCode(t, s.RedeemReset(ctx, resets[1], secret.New("short")), fault.Invalid, fault.CodeTooShort)
		if err := s.RedeemReset(ctx, resets[1], secret.New("one more long walk")); err != nil {
			t.Fatal(err)
		}
		wantCode(t, s.RedeemReset(ctx, resets[1], secret.New("one more long walk")), fault.Gone, fault.CodeTokenInvalid)
		_, _, err := s.Authenticate(ctx, ann.Cookie)
		wantCode(t, err, fault.Unauthenticated, "login_ended")
		if _, err := s.SignIn(ctx, "ann@example.org", secret.New("one more long walk"), Client{}); err != nil {
			t.Fatal(err)
		}
		if h, err := s.ResetAccount(ctx, Operator, eve.Account.ID, ""); err != nil || h.Secret.Empty() {
			t.Fatal("the operator's reset is handed over:", err)
		}
	})
}

func TestProfile(t *testing.T) {
	s := newStand(t, openBolt(t, t.TempDir()))
	ctx := s.ctx()
	ann := s.person("Ann")
	for name, bad := range map[string]ProfilePatch{
		"zone": {Zone: new("Mars/Olympus")}, "language": {Language: new("english please")}, "theme": {Theme: new("pink")},
		"name": {Name: new("evil\u202ename")},
	} {
		_, err := s.UpdateProfile(ctx, ann.Subject, bad)
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	acc, err := s.UpdateProfile(ctx, ann.Subject, ProfilePatch{Name: new("Anna"), Zone: new("Pacific/Apia"), Language: new("uk"), Theme: new("dark"), Shortcuts: new(false)})
	if err != nil || acc.Name != "Anna" || acc.Zone != "Pacific/Apia" || !acc.NoShortcuts {
		t.Fatalf("%+v %v", acc, err)
	}
	if again, err := s.Account(ctx, ann.Subject); err != nil || again.Name != "Anna" {
		t.Fatal(again, err)
	}
}

func TestEmailAddresses(t *testing.T) {
	for in, want := range map[string]string{
		" Ann@Example.ORG ": "ann@example.org", "a.b+c@x": "a.b+c@x", "": "", "ann": "", "a@b@c": "", "Ann <a@b.org>": "", "a@b.org, c@d.org": "",
		"a b@c.org": "", "a\n@c.org": "", "\"a\"@c.org": "", strings.Repeat("a", 250) + "@b.org": "", "ä@exämple.org": "ä@exämple.org",
	} {
		got, err := NormalEmail(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q %v", in, got, err)
		}
	}
	for in, want := range map[string]string{"oleg@example.com": "ol***@ex***.com", "a@b.c": "***@***.c", "ab@localhost": "a***@lo***"} {
		if got := MaskEmail(in); got != want {
			t.Errorf("%q masked: %q, want %q", in, got, want)
		}
	}
}

func TestPasswordRules(t *testing.T) {
	for p, code := range map[string]string{
		"short": fault.CodeTooShort, "123456789": fault.CodeTooShort, "1234567890": fault.CodeWeakPassword, "Password123": fault.CodeWeakPassword,
		"aaaaaaaaaaaa": fault.CodeWeakPassword, "abcabcabcabc": fault.CodeWeakPassword, "ann.longname": fault.CodeWeakPassword, "ann.longname@example.org": fault.CodeWeakPassword,
		strings.Repeat("x1y", 43): fault.CodeTooLong, "ten letter": "", "пароль, що довгий": "", strings.Repeat("abcdefgh", 16)[:127] + "z": "", "bad\xff\xfebytes!": fault.CodeBadValue,
	} {
		_, err := normalPassword("password", secret.New(p), "ann.longname@example.org", "Ann")
		if got := fault.Code(err); got != code {
			t.Errorf("%q: %q, want %q", p, got, code)
		}
	}
	// NFC: two ways to type one password are one password.
	s := newStand(t, openBolt(t, t.TempDir()))
	h, err := s.hasher.hash(s.ctx(), nfc("a cafe\u0301 long ago"))
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, err := s.hasher.check(s.ctx(), secret.New("a caf\u00e9 long ago"), h); err != nil || !ok {
		t.Fatal("composed and decomposed differ", err)
	}
}

func TestT20_HashingIsBounded(t *testing.T) { synctest.Test(t, hashingIsBounded) }

func hashingIsBounded(t *testing.T) {
	h := newHasher()
	h.metrics = newMetrics(nil, func() float64 { return 0 })
	if p := h.params; p.memory != 7*1024 || p.time != 5 || p.threads != 1 {
		t.Fatalf("%+v", p)
	}
	ctx := context.Background()
	var leave []func()
	for range hashesAtOnce {
		l, err := h.enter(ctx)
		if err != nil {
			t.Fatal(err)
		}
		leave = append(leave, l)
	}
	// Two are in: 32 may wait, the rest is refused at once; after 2 s the waiting too.
	began := time.Now() // in the bubble
	var wg sync.WaitGroup
	errs := make(chan error, hashesQueued)
	for range hashesQueued {
		wg.Go(func() {
			l, err := h.enter(ctx)
			if err == nil {
				l()
			}
			errs <- err
		})
	}
	synctest.Wait()
	if n := h.queue.waiting(); n != hashesQueued {
		t.Fatalf("%d wait", n)
	}
	if _, err := h.enter(ctx); !fault.Is(err, fault.Unavailable) || fault.Code(err) != fault.CodeBusy {
		t.Fatalf("the 35th: %v", err)
	}
	if d := time.Since(began); d != 0 {
		t.Fatalf("the refusal took %v", d)
	}
	wg.Wait()
	if d := time.Since(began); d != hashWait {
		t.Fatalf("waiting took %v", d)
	}
	for range hashesQueued {
		if err := <-errs; fault.Code(err) != fault.CodeBusy {
			t.Fatalf("a waiting one: %v", err)
		}
	}
	for _, l := range leave {
		l()
	}
	if n := h.queue.waiting(); n != 0 {
		t.Fatalf("%d still wait", n)
	}
	if ok, _, err := h.check(ctx, secret.New(strings.Repeat("x", 4096)), h.dummy); ok || err != nil {
		t.Fatal(ok, err)
	}
	if l, err := h.enter(ctx); err != nil {
		t.Fatal("not free again:", err)
	} else {
		l()
	}
}

func TestOldHashesAreRenewedAtSignIn(t *testing.T) {
	s := newStand(t, openBolt(t, t.TempDir()))
	ann := s.person("Ann")
	s.hasher.params = argonParams{128, 1, 1}
	s.signIn("ann@example.org")
	v, err := s.read(s.ctx(), []string{keyCredential(ann.Account.ID)})
	if err != nil || !strings.Contains(string(v.raw[0].Data), "m=128,") {
		t.Fatalf("%s %v", v.raw[0].Data, err)
	}
	s.signIn("ann@example.org")
}
