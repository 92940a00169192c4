package notice

import (
	"strings"
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/internal/mail/mailtest"
	"sightline/internal/secret"
)

// TestR35_ALinkByMail goes from the owner's request to a real SMTP server: the
// letter is in his language, says the window in his zone, carries his text as text,
// and never the password.
func TestR35_ALinkByMail(t *testing.T) {
	b := setUp(t)
	s, m := b.sink(t, mailtest.Config{})
	b.run(t, m)
	a := authz.New(authz.Config{Store: b.store, Seal: b.box, Mail: true, Timeout: 20 * time.Second})
	pass := secret.New("correct horse battery")
	if _, err := a.AddAccount(t.Context(), authz.Operator, authz.NewAccount{Email: "olena@example.org", Plan: authz.PlanPro,
		Profile: authz.Profile{Name: "Olena", Password: pass, Language: "uk", Zone: "Europe/Kyiv"}}); err != nil {
		t.Fatal(err)
	}
	login, err := a.SignIn(t.Context(), "olena@example.org", pass, authz.Client{})
	if err != nil {
		t.Fatal(err)
	}
	me := login.Subject
	cam, err := a.CreateCamera(t.Context(), me, authz.CameraSpec{Name: "Yard"})
	if err != nil {
		t.Fatal(err)
	}
	starts := time.Now().Add(time.Hour).Truncate(time.Minute)
	l, err := a.CreateLink(t.Context(), me, authz.NewLink{Kind: authz.LinkTemporary, Cameras: []string{cam.ID}, Starts: starts,
		Ends: starts.Add(time.Hour), Password: secret.New("blue gate")})
	if err != nil {
		t.Fatal(err)
	}
	text := "Дивись <b>сюди</b> & {url}\n\nhttps://evil.example/"
	if err := a.MailLink(t.Context(), me, l.Link.ID, "guest@example.net", "a\rb", "https://cams.example.org"); fault.Code(err) != fault.CodeBadValue {
		t.Fatalf("a carriage return: %v", err)
	}
	for to, code := range map[string]string{"": fault.CodeRequired, "x": fault.CodeBadEmail, "a@b.org\r\nBcc: c@d.org": fault.CodeBadEmail, "a@b.org,c@d.org": fault.CodeBadEmail} {
		if err := a.MailLink(t.Context(), me, l.Link.ID, to, "", ""); fault.Code(err) != code {
			t.Errorf("%q: %v", to, err)
		}
	}
	if err := a.MailLink(t.Context(), me, l.Link.ID, "guest@example.net", strings.Repeat("ї", 501), ""); fault.Code(err) != fault.CodeTooLong {
		t.Errorf("a long text: %v", err)
	}
	if err := a.MailLink(t.Context(), me, l.Link.ID, "Guest@Example.net", text, "https://cams.example.org"); err != nil {
		t.Fatal(err)
	}
	mails, err := s.Wait(within(t, time.Minute), 1)
	if err != nil {
		t.Fatal(err)
	}
	got := mails[0]
	zone, _ := time.LoadLocation("Europe/Kyiv")
	url := "https://cams.example.org/s#" + l.Secret.Reveal()
	for _, want := range []string{url, "Olena", text, starts.In(zone).Format("2006-01-02 15:04 MST"), starts.Add(time.Hour).In(zone).Format("2006-01-02 15:04 MST"), "пароль"} {
		if !strings.Contains(got.Text, want) {
			t.Errorf("no %q in\n%s", want, got.Text)
		}
	}
	if got.To != "guest@example.net" || got.Lang != "uk" || strings.Contains(got.Text+got.HTML+got.Subject, "blue gate") {
		t.Errorf("%+v", got)
	}
	if strings.Contains(got.HTML, "<b>") || !strings.Contains(got.HTML, "&lt;b&gt;") || strings.Count(got.HTML, "<a ") != 1 || strings.Count(got.Text, l.Secret.Reveal()) != 1 {
		t.Errorf("the owner's text is not text:\n%s", got.HTML)
	}
	off := authz.New(authz.Config{Store: b.store, Seal: b.box, Timeout: 20 * time.Second})
	if err := off.MailLink(t.Context(), me, l.Link.ID, "guest@example.net", "", ""); !fault.Is(err, fault.Conflict) || fault.Code(err) != fault.CodeMailOff {
		t.Errorf("without a mail server: %v", err)
	}
}
