package web

import (
	"encoding/json"
	"testing"
)

// Pages of a guest's gallery go on at another node, or after a restart, and lead
// to nothing newer than the list they are of.
func TestGalleryPagesGoOnAtAnotherNode(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", false)
	cam, _ := h.still(owner, "Trail")
	link, sec := h.link(owner, "Trail link", cam)
	_, g := h.guest(sec)
	var ids []string
	for n := range 6 {
		ids = append(ids, h.sendImage(cam, n))
	}
	page := func(after string) (out guestGalleryView) {
		t.Helper()
		if err := json.Unmarshal(h.do("GET", "/g/"+link+"/gallery?after="+after, nil, g).want(t, 200).body, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	h.do("POST", "/g/"+link+"/gallery", nil, g).want(t, 200)
	h.srv.galleries.mu.Lock()
	h.srv.galleries.by = nil
	h.srv.galleries.mu.Unlock()
	h.sendImage(cam, 7)
	if got := page(ids[4]); len(got.Images) != 4 || got.Images[0].ID != ids[3] || got.AsOf.IsZero() {
		t.Errorf("%+v", got)
	}
	if got := page("zzzzzzzzzzzzzzzzzzzzzzzzzz"); len(got.Images) != 0 {
		t.Errorf("a made-up place in the list shows %d images for free", len(got.Images))
	}
}
