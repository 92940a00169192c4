package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"sightline/authz"
	"sightline/controlroom/notice"
	"sightline/internal/clock"
	"sightline/internal/i18n"
	"sightline/internal/kv/boltkv"
	"sightline/internal/mail"
	"sightline/internal/mail/mailtest"
	"sightline/internal/seal"
)

// sends runs the sender of letters until ctx ends; without a sink there is none.
func (h *harness) sends(ctx context.Context, sink *mailtest.Sink, store *boltkv.Store, box *seal.Box) *sync.WaitGroup {
	h.t.Helper()
	var wg sync.WaitGroup
	if sink == nil {
		return &wg
	}
	m, err := mail.New(mail.Config{Host: "127.0.0.1", Port: sink.Port(), Security: mail.Plain, From: "Sightline <cams@example.org>", Timeout: soon})
	if err != nil {
		h.t.Fatal(err)
	}
	texts, err := i18n.New()
	if err != nil {
		h.t.Fatal(err)
	}
	n, err := notice.New(notice.Config{Store: store, Seal: box, Mail: m, Texts: texts, Recipients: h.authority, Retry: []time.Duration{50 * time.Millisecond}})
	if err != nil {
		h.t.Fatal(err)
	}
	wg.Go(func() { _ = n.Run(ctx) })
	return &wg
}

// Row R35 and the rule against an open relay, over HTTP and a real SMTP server:
// links, invitations and offers are counted together, 20 in 24 hours an account,
// and a server that starts again still knows it.
func TestR35_MailsAreCountedTogether(t *testing.T) {
	sink, err := mailtest.New(mailtest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sink.Close)
	h := newHarnessWith(t, clock.System, sink)
	admin := h.person("admin", true)
	h.do("PATCH", "/api/v1/instance", row{"registration": "invite"}, admin).want(t, 200)
	owner, bob := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby")
	cam, dock := h.camera(owner, "Yard"), h.camera(owner, "Dock")
	link, _ := h.link(owner, "Gate", cam)
	mailed := func(i int) answer {
		return h.do("POST", "/api/v1/links/"+link+"/mail", row{"to": fmt.Sprintf("guest%d@example.net", i), "text": "Look <b>here</b>"}, owner)
	}
	delivered := func(n int) {
		t.Helper()
		h.poll(fmt.Sprintf("%d letters", n), func() bool { return len(sink.Mails()) >= n })
	}
	if res := mailed(0).want(t, http.StatusAccepted); string(res.body) != `{"accepted":true}`+"\n" {
		t.Errorf("%s", res.body)
	}
	delivered(1)
	if m := sink.Mails()[0]; m.To != "guest0@example.net" || !strings.Contains(m.Text, h.url+"/s#") || !strings.Contains(m.Text, "<b>here</b>") || !strings.Contains(m.HTML, "&lt;b&gt;here") {
		t.Errorf("%+v", m)
	}
	if res := h.do("POST", "/api/v1/links/"+link+"/mail", row{"to": "no address"}, owner); res.StatusCode != 422 { // costs nothing
		t.Errorf("%d %s", res.StatusCode, res.body)
	}
	h.save(owner, cam, 0, row{"account": bob.account.ID}).want(t, 200)                   // an offer: 2
	h.save(owner, dock, 0, row{"email": "new@example.net", "invite": true}).want(t, 200) // an invitation: 3
	group := h.do("POST", "/api/v1/groups", row{"name": "Street"}, owner).want(t, 201).field("id")
	h.do("POST", "/api/v1/groups/"+group+"/invitations", row{"email": "bob@example.org"}, owner).want(t, 201) // 4
	delivered(4)
	for i := range 16 {
		mailed(1+i).want(t, http.StatusAccepted)
	}
	res := mailed(17)
	if res.StatusCode != http.StatusTooManyRequests || res.code() != "rate_limited" || res.Header.Get("Retry-After") == "" {
		t.Fatalf("the 21st: %d %s", res.StatusCode, res.body)
	}
	if res := h.do("POST", "/api/v1/groups/"+group+"/invitations", row{"email": "eve@example.org"}, owner); res.StatusCode != 429 {
		t.Errorf("an invitation: %d %s", res.StatusCode, res.body)
	}
	tab := h.table(owner, dock)
	keep := row{"grant_id": tab.Rows[0].GrantID, "levels": []string{"online"}}
	if res := h.save(owner, dock, tab.Version, keep, row{"email": "newer@example.net", "invite": true}); res.StatusCode != 429 || len(h.table(owner, dock).Rows) != 1 {
		t.Errorf("a Save with an invitation: %d %s", res.StatusCode, res.body)
	}
	h.save(owner, dock, tab.Version, keep, row{"account": bob.account.ID}).want(t, 200) // an offer goes, without a letter
	h.poll("the offer in the page", func() bool { return len(read[offersView](t, h.do("GET", "/api/v1/offers", nil, bob)).Offers) == 2 })
	delivered(20)
	if n := len(sink.Mails()); n != 20 {
		t.Errorf("%d letters went out", n)
	}

	// Another process on the same store, such as this one started again.
	box, err := seal.Open(h.srv.cfg.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	again := authz.New(authz.Config{Store: h.store, Seal: box, Mail: true, Timeout: soon})
	if ok, err := again.SpendMail(t.Context(), owner.account.ID); ok || err != nil {
		t.Errorf("after a start: %v %v", ok, err)
	}
	if ok, err := again.SpendMail(t.Context(), bob.account.ID); !ok || err != nil {
		t.Errorf("somebody else: %v %v", ok, err)
	}
}
