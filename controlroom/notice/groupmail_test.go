package notice

import (
	"strings"
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/mail/mailtest"
	"sightline/internal/secret"
)

// TestR47_AnInvitationByMail: the code of an administrator's invitation goes to
// the address alone, over a real SMTP server, and works for it.
func TestR47_AnInvitationByMail(t *testing.T) {
	b := setUp(t)
	s, m := b.sink(t, mailtest.Config{})
	b.run(t, m)
	a := authz.New(authz.Config{Store: b.store, Seal: b.box, Mail: true, Timeout: 20 * time.Second})
	person := func(name string) authz.Subject {
		t.Helper()
		pass := secret.New("correct horse battery")
		if _, err := a.AddAccount(t.Context(), authz.Operator, authz.NewAccount{Email: name + "@example.org",
			Profile: authz.Profile{Name: name, Password: pass, Language: "en", Zone: "UTC"}}); err != nil {
			t.Fatal(err)
		}
		l, err := a.SignIn(t.Context(), name+"@example.org", pass, authz.Client{})
		if err != nil {
			t.Fatal(err)
		}
		return l.Subject
	}
	ann, bob := person("ann"), person("bob")
	g, err := a.CreateGroup(t.Context(), ann, "Night <b>watch</b>")
	if err != nil {
		t.Fatal(err)
	}
	c, mailed, err := a.InviteAdministrator(t.Context(), ann, g.Group.ID, "bob@example.org", "https://cams.example.org")
	if err != nil || !mailed || !c.Code.Empty() {
		t.Fatalf("%+v mailed %v: %v", c, mailed, err)
	}
	mails, err := s.Wait(within(t, time.Minute), 1)
	if err != nil {
		t.Fatal(err)
	}
	got := mails[0]
	_, rest, _ := strings.Cut(got.Text, "type the code ")
	code, _, _ := strings.Cut(rest, ";")
	if got.To != "bob@example.org" || !strings.Contains(got.Text, "https://cams.example.org/settings/groups\n") || !strings.Contains(got.Text, "“Night <b>watch</b>”") {
		t.Errorf("to %s:\n%s", got.To, got.Text)
	}
	if strings.Contains(got.HTML, "<b>") || strings.Count(got.HTML, "<a ") != 1 || strings.Contains(got.Subject, code) {
		t.Errorf("%s\n%s", got.Subject, got.HTML)
	}
	if v, err := a.JoinGroup(t.Context(), bob, code); err != nil || v.Role != authz.RoleAdministrator {
		t.Fatalf("%q: %+v %v", code, v, err)
	}
}
