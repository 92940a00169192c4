package web

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/kv"
)

// answers of the slice, as a client reads them.
type (
	rowOf struct {
		GrantID  string       `json:"grant_id"`
		Account  accessPerson `json:"account"`
		Email    string       `json:"email"`
		Waiting  bool         `json:"waiting"`
		Watching bool         `json:"watching"`
		State    string       `json:"state"`
		Levels   []string     `json:"levels"`
		Rights   []string     `json:"rights"`
		Until    *time.Time   `json:"until"`
		Message  string       `json:"message"`
		Answered *time.Time   `json:"answered_at"`
	}
	tableOf struct {
		Version uint64        `json:"version"`
		Rows    []rowOf       `json:"rows"`
		Invited []invitedView `json:"invited"`
	}
	problemBody struct {
		Code  string   `json:"code"`
		Field string   `json:"field"`
		Table *tableOf `json:"table"`
	}
	row map[string]any
)

var allKeys = []kv.Scan{{}}

func read[T any](t testing.TB, a answer) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	return v
}

// named makes an account whose name is not its e-mail.
func (h *harness) named(email, name string) *caller {
	h.t.Helper()
	in := newAccount("x", false)
	in.Email, in.Profile.Name = email, name
	acc, err := h.authority.AddAccount(context.Background(), authz.Operator, in)
	if err != nil {
		h.t.Fatal(err)
	}
	c := &caller{name: name, account: acc}
	h.signIn(c)
	return c
}

func (h *harness) table(c *caller, cam string) tableOf {
	h.t.Helper()
	return read[tableOf](h.t, h.do("GET", "/api/v1/cameras/"+cam+"/access", nil, c).want(h.t, 200))
}

// save keeps the rows that are there and adds or changes some.
func (h *harness) save(c *caller, cam string, version uint64, rows ...row) answer {
	h.t.Helper()
	if rows == nil {
		rows = []row{}
	}
	return h.do("PUT", "/api/v1/cameras/"+cam+"/access", map[string]any{"version": version, "rows": rows}, c)
}

// grant offers a camera and accepts, and returns the grant.
func (h *harness) grant(owner *caller, cam string, to *caller, extra row) string {
	h.t.Helper()
	t := h.table(owner, cam)
	r := row{"account": to.account.ID, "levels": []string{"online"}}
	for k, v := range extra {
		r[k] = v
	}
	rows := []row{r}
	for _, old := range t.Rows {
		rows = append(rows, row{"grant_id": old.GrantID, "levels": old.Levels, "rights": old.Rights, "until": old.Until})
	}
	after := read[tableOf](h.t, h.save(owner, cam, t.Version, rows...).want(h.t, 200))
	for _, got := range after.Rows {
		if got.Account.ID == to.account.ID {
			h.do("POST", "/api/v1/offers/"+got.GrantID+"/accept", nil, to).want(h.t, 204)
			return got.GrantID
		}
	}
	h.t.Fatal("no row")
	return ""
}

func (h *harness) search(c *caller, q, cam string) (names []string) {
	h.t.Helper()
	res := h.do("GET", "/api/v1/people?q="+url.QueryEscape(q)+"&camera="+cam, nil, c).want(h.t, 200)
	for _, p := range read[peopleView](h.t, res).People {
		if p.ID == "" || !strings.Contains(p.EmailMasked, "***@") || strings.Contains(string(res.body), "annika@") {
			h.t.Errorf("%s", res.body)
		}
		names = append(names, p.Name)
	}
	return names
}
