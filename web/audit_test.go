package web

import (
	"context"
	"slices"
	"testing"

	"sightline/internal/event"
	"sightline/internal/kv"
)

// TestR104_TheOwnersLog: every change of a link and of access is in it, in order,
// before and after it was copied to the owner's own space; nobody else sees it and
// nothing changes it.
func TestR104_TheOwnersLog(t *testing.T) {
	h := newHarness(t)
	owner, other := h.person("owner", true), h.person("other", false)
	cam, dock := h.camera(owner, "Yard"), h.camera(owner, "Dock")
	id, sec := h.link(owner, "Gate", cam)
	_, g := h.guest(sec)
	h.do("POST", "/api/v1/links/"+id+"/pause", nil, owner).want(t, 200)
	h.do("POST", "/api/v1/links/"+id+"/resume", nil, owner).want(t, 200)
	h.do("PATCH", "/api/v1/links/"+id, map[string]any{"cameras": []string{cam, dock}, "sound": true}, owner).want(t, 200)
	visits := decoded[visitsView](t, h.do("GET", "/api/v1/links/"+id+"/visits", nil, owner).want(t, 200))
	h.do("POST", "/api/v1/links/"+id+"/visits/"+visits.Visits[0].ID+"/stop", nil, owner).want(t, 204)
	h.do("DELETE", "/api/v1/links/"+id, nil, owner).want(t, 200)
	all := func(c *caller, query string) auditView {
		t.Helper()
		return decoded[auditView](t, h.do("GET", "/api/v1/audit"+query, nil, c).want(t, 200))
	}
	links := func(v auditView) (out []string) {
		for _, r := range v.Rows {
			if r.What.Kind == "link" || r.What.Kind == "visit" {
				out = append(out, r.Action)
			}
			if r.ID == "" || r.At.IsZero() || r.Action == "" {
				t.Errorf("%+v", r)
			}
		}
		return out
	}
	want := []string{"link.remove", "visit.stop", "link.change", "link.cameras", "link.resume", "link.pause", "link.create"}
	before := all(owner, "?limit=200")
	if got := links(before); !slices.Equal(got, want) {
		t.Fatalf("%v", got)
	}
	for _, r := range before.Rows {
		if r.What.Kind == "link" && r.What.ID == id && (r.Who.Name != "owner" || r.Who.ID != owner.account.ID || r.Who.As != "account") {
			t.Errorf("%+v", r)
		}
		if r.Action == "link.remove" && r.What.Name != "Gate" {
			t.Errorf("a removed link lost its name: %+v", r)
		}
	}
	if rows := all(other, "").Rows; slices.ContainsFunc(rows, func(r auditLine) bool { return r.What.ID == id }) {
		t.Error("another account reads it")
	}
	h.do("GET", "/api/v1/audit", nil, g).want(t, 401)
	h.do("GET", "/api/v1/audit?limit=0", nil, owner).want(t, 422)
	h.do("GET", "/api/v1/audit?limit=201", nil, owner).want(t, 422)
	h.do("GET", "/api/v1/audit?before=../x", nil, owner).want(t, 422)
	for _, m := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		h.do(m, "/api/v1/audit", nil, owner).want(t, 405)
	}

	// The consumer moves the rows; the log reads the same, page by page.
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = h.authority.FollowAudit(ctx) }()
	h.poll("the rows to be in the owner's space and out of the feed", func() bool {
		snap, err := h.store.Read(ctx, kv.Bulk(owner.account.ID), nil, []kv.Scan{{Prefix: "audit/"}})
		return err == nil && len(snap.Scans[0]) == len(before.Rows)
	})
	h.poll("the feed to be trimmed", func() bool {
		left, err := event.Recent(t.Context(), h.store, kv.Control, 100)
		if err != nil {
			t.Fatal(err)
		}
		_, err = event.Trim(t.Context(), h.store, kv.Control)
		return err == nil && len(left) == 0
	})
	cancel() // not before: it has to pass what follows the last row, too
	<-done
	var pages []auditLine
	for v := all(owner, "?limit=2"); ; v = all(owner, "?limit=2&before="+v.Next) {
		if len(v.Rows) > 2 {
			t.Fatalf("%d rows", len(v.Rows))
		}
		pages = append(pages, v.Rows...)
		if v.Next == "" {
			break
		}
	}
	if !slices.Equal(pages, before.Rows) {
		t.Fatalf("%d rows became %d:\n%+v\n%+v", len(before.Rows), len(pages), before.Rows, pages)
	}
}
