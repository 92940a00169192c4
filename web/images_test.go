package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"strings"
	"testing"
	"time"

	"sightline/ingest/intake"
	"sightline/internal/clock"
	"sightline/ratelimit"
)

// pic is a JPEG that is like no other, with an EXIF block and a comment.
func pic(t testing.TB, n int) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 32, 24))
	for i := range 16 {
		if n>>i&1 == 1 {
			img.SetGray(i, i, color.Gray{255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	exif := "\xff\xe1\x00\x22Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x0f\x01\x02\x00\x04\x00\x00\x00Fox\x00\x00\x00\x00\x00"
	note := fmt.Sprintf("secret place %d", n)
	comment := append([]byte{0xff, 0xfe, 0, byte(len(note) + 2)}, note...)
	out := append(bytes.Clone(b.Bytes()[:2]), exif...)
	return append(append(out, comment...), b.Bytes()[2:]...)
}

func (h *harness) sendImage(cam string, n int) string {
	h.t.Helper()
	r, err := h.gallery.Accept(h.t.Context(), intake.Arrival{Camera: cam, Data: pic(h.t, n), Via: intake.ViaHTTP})
	if err != nil {
		h.t.Fatal(err)
	}
	return r.Image
}

func (h *harness) images(c *caller, query string) (ids []string, next string) {
	h.t.Helper()
	var out imagesView
	if err := json.Unmarshal(h.do("GET", "/api/v1/images"+query, nil, c).want(h.t, 200).body, &out); err != nil {
		h.t.Fatal(err)
	}
	for _, i := range out.Images {
		ids = append(ids, i.ID)
	}
	return ids, out.Next
}

// share puts a camera into a new group with members.
func (h *harness) groupWith(owner *caller, cam string, members ...*caller) string {
	h.t.Helper()
	g := h.do("POST", "/api/v1/groups", map[string]any{"name": "Hunters"}, owner).want(h.t, 201).field("id")
	code := h.do("POST", "/api/v1/groups/"+g+"/codes", map[string]any{"role": "member", "days": 7}, owner).want(h.t, 201).field("code")
	for _, m := range members {
		h.do("POST", "/api/v1/groups/join", map[string]any{"code": code}, m).want(h.t, 200)
	}
	h.do("PUT", "/api/v1/groups/"+g+"/cameras/"+cam, map[string]any{"images_only": false}, owner).want(h.t, 200)
	return g
}

func TestR51_R52_R53_ImagesOverHTTP(t *testing.T) {
	h := newHarness(t)
	owner, friend, stranger := h.person("owner", false), h.person("friend", false), h.person("stranger", false)
	cam := h.camera(owner, "Yard")
	g := h.groupWith(owner, cam, friend)
	first, second := h.sendImage(cam, 1), h.sendImage(cam, 2)
	h.poll("the friend's copies", func() bool { ids, _ := h.images(friend, ""); return len(ids) == 2 })

	if ids, next := h.images(owner, "?limit=1"); len(ids) != 1 || ids[0] != second || next != second {
		t.Errorf("the first page: %v, next %s", ids, next)
	}
	if ids, next := h.images(owner, "?limit=1&after="+second); len(ids) != 1 || ids[0] != first || next != "" {
		t.Errorf("the second page: %v, next %s", ids, next)
	}
	one := h.do("GET", "/api/v1/images/"+first, nil, friend).want(t, 200)
	if d := decoded[imageDetail](t, one); d.CameraName != "Yard" || d.Sender == nil || d.Sender.Name != "owner" || d.Details.Make != "Fox" || d.Via != "http" {
		t.Errorf("%s", one.body)
	}
	h.do("PATCH", "/api/v1/images/"+first, map[string]any{"favourite": true, "tags": []string{"Fox"}}, friend).want(t, 200)
	for query, want := range map[string]int{"?favourite=true": 1, "?tag=Fox": 1, "?camera=" + cam: 2, "?sender=" + owner.account.ID: 2, "?sender=me": 0,
		"?from=2020-01-01T00:00:00Z": 2, "?to=2020-01-01T00:00:00Z": 0} {
		if ids, _ := h.images(friend, query); len(ids) != want {
			t.Errorf("%s: %d images, want %d", query, len(ids), want)
		}
	}
	for _, query := range []string{"?limit=0", "?limit=x", "?limit=201", "?from=yesterday", "?after=x", "?camera=x", "?sender=x"} {
		h.do("GET", "/api/v1/images"+query, nil, friend).want(t, 422)
	}
	res := h.do("GET", "/api/v1/images/"+first+"/original?download=true", nil, friend).want(t, 200)
	if !bytes.Equal(res.body, pic(t, 1)) || res.Header.Get("Content-Type") != "image/jpeg" || !strings.HasPrefix(res.Header.Get("Content-Disposition"), `attachment; filename="image_20`) ||
		!strings.Contains(res.Header.Get("Cache-Control"), "no-store") {
		t.Errorf("the original: %d bytes, %v", len(res.body), res.Header)
	}
	h.do("GET", "/api/v1/images/"+first+"/thumbnail", nil, friend).want(t, 200)

	hidden := h.do("GET", "/api/v1/nothing", nil, stranger).want(t, 404)
	for _, path := range []string{"", "/original", "/thumbnail"} {
		if res := h.do("GET", "/api/v1/images/"+first+path, nil, stranger).want(t, 404); string(res.body) != string(hidden.body) {
			t.Errorf("another's image %s: %s", path, res.body)
		}
	}

	batch := func(c *caller, do string, ids ...string) batchView {
		t.Helper()
		var out batchView
		if err := json.Unmarshal(h.do("POST", "/api/v1/images/batch", map[string]any{"ids": ids, "do": do, "tag": "x"}, c).want(t, 200).body, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	batch(owner, "delete", first, second)
	h.do("DELETE", "/api/v1/groups/"+g, nil, owner).want(t, 200)
	if ids, _ := h.images(friend, ""); len(ids) != 2 {
		t.Errorf("after the sender deleted all: %d copies", len(ids))
	}
	if q := h.do("GET", "/api/v1/images/quota", nil, owner).want(t, 200); !strings.Contains(string(q.body), `"used":0`) {
		t.Errorf("deleting frees at once: %s", q.body)
	}
	batch(owner, "restore", second)
	if ids, _ := h.images(owner, ""); len(ids) != 1 || ids[0] != second {
		t.Errorf("undo: %v", ids)
	}
	if out := batch(friend, "tag", first, strings.Repeat("0", 26)); len(out.Done) != 1 || len(out.Failed) != 1 || out.Failed[0].Code != "no_such_thing" {
		t.Errorf("%+v", out)
	}
	if tags := h.do("GET", "/api/v1/images/tags", nil, friend).want(t, 200); !strings.Contains(string(tags.body), `"tags":["`) {
		t.Errorf("%s", tags.body)
	}
	h.do("POST", "/api/v1/images/batch", map[string]any{"ids": []string{first}, "do": "burn"}, friend).want(t, 422)
	h.do("POST", "/api/v1/images/batch", map[string]any{"ids": []string{}, "do": "delete"}, friend).want(t, 422)
	days := h.do("GET", "/api/v1/images/days", nil, friend).want(t, 200)
	count := 0
	for _, d := range decoded[daysView](t, days).Days { // two, if it is midnight
		count += d.Count
	}
	if count != 2 {
		t.Errorf("%s", days.body)
	}
	var q quotaView
	if err := json.Unmarshal(h.do("GET", "/api/v1/images/quota", nil, friend).want(t, 200).body, &q); err != nil || q.Count != 2 || len(q.Senders) != 1 || q.Senders[0].Name != "owner" || q.Limit != 500e9 {
		t.Errorf("%+v %v", q, err)
	}
}

func TestR66_R67_R69_R78_GuestGallery(t *testing.T) {
	h := newHarnessBudgets(t, clock.System, nil, testBudgets{updates: ratelimit.UpdateRules{Repeat: time.Hour}})
	owner := h.person("owner", false)
	cam, hidden := h.camera(owner, "Yard"), h.camera(owner, "Bedroom")
	var ids []string
	for n := range 25 { // the harness shows guests 20
		ids = append(ids, h.sendImage(cam, n))
	}
	other := h.sendImage(hidden, 100)
	link, sec := h.link(owner, "Yard link", cam)
	_, g := h.guest(sec)
	at := "/g/" + link
	load := func(c *caller) (out guestGalleryView) {
		t.Helper()
		if err := json.Unmarshal(h.do("POST", at+"/gallery", nil, c).want(t, 200).body, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	first := load(g)
	if len(first.Images) != 20 || first.Images[0].ID != ids[24] || first.Images[19].ID != ids[5] || first.Used != 1 || first.Budget != 40 || first.AsOf.IsZero() {
		t.Errorf("%d images, used %d of %d", len(first.Images), first.Used, first.Budget)
	}
	if again := load(g); again.Used != 1 {
		t.Errorf("a repeat is counted: %d", again.Used)
	}
	gone := h.do("GET", at+"/images/"+strings.Repeat("0", 26), nil, g).want(t, 404)
	for what, id := range map[string]string{"the 21st": ids[4], "another camera's": other} {
		for _, path := range []string{"", "/thumbnail"} {
			if res := h.do("GET", at+"/images/"+id+path, nil, g).want(t, 404); string(res.body) != string(gone.body) {
				t.Errorf("%s: %s", what, res.body)
			}
		}
	}
	for _, path := range []string{"", "/thumbnail"} {
		res := h.do("GET", at+"/images/"+ids[24]+path, nil, g).want(t, 200)
		if bytes.Contains(res.body, []byte("Exif")) || bytes.Contains(res.body, []byte("secret")) || res.Header.Get("Content-Type") != "image/jpeg" {
			t.Errorf("R69: what is about the picture is in its bytes%s", path)
		}
		if _, err := jpeg.Decode(bytes.NewReader(res.body)); err != nil {
			t.Error(err)
		}
		if res.Header.Get("Content-Disposition") != "" {
			t.Error("a guest's image is a download")
		}
	}
	body := string(h.do("POST", at+"/gallery", nil, g).want(t, 200).body)
	for _, word := range []string{"bytes", "details", "Fox", "favourite", "tags", "via"} {
		if strings.Contains(body, word) {
			t.Errorf("R69: the list says %q", word)
		}
	}

	// The budget: 39 more guests, then the cached list with the wait (R82).
	guests := []*caller{}
	for range 40 {
		_, c := h.guest(sec)
		guests = append(guests, c)
	}
	for _, c := range guests[:39] {
		load(c)
	}
	h.sendImage(cam, 200)
	late := load(guests[39])
	if late.Throttled == nil || time.Until(*late.Throttled) < 23*time.Hour || late.Used != 40 || len(late.Images) != 19 || late.Images[0].ID != ids[24] {
		t.Errorf("past the budget: throttled %v, used %d, %d images", late.Throttled, late.Used, len(late.Images))
	}
	// The list is as it was, and what has left its limits is not in it.
	if late.Images[18].ID != ids[6] {
		t.Errorf("the oldest of the cached list is %s", late.Images[18].ID)
	}
	h.do("PATCH", "/api/v1/links/"+link, map[string]any{"cameras": []string{hidden}}, owner).want(t, 200)
	if none := load(guests[39]); len(none.Images) != 0 {
		t.Errorf("a camera taken from the link is still in the cached list: %d images", len(none.Images))
	}
	h.do("GET", at+"/images/"+ids[24], nil, g).want(t, 404)

	// A temporary link is for live video only (R40).
	temporary, tsec := h.temporary(owner, cam, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), nil)
	_, tg := h.guest(tsec)
	for _, path := range []string{"/gallery?after=" + ids[24], "/recent", "/images/" + ids[24]} {
		if res := h.do("GET", "/g/"+temporary.ID+path, nil, tg).want(t, 403); res.code() != "limited_mode" {
			t.Errorf("%s: %s", path, res.body)
		}
	}
}

func TestR72_RecentImagesForSpareCells(t *testing.T) {
	clk := shiftedTo(time.Now())
	h := newHarness(t, func(c *Config) { c.Clock = clk })
	clk.stand(time.Now())
	owner := h.person("owner", false)
	cam := h.camera(owner, "Yard")
	link, sec := h.link(owner, "Yard link", cam)
	_, g := h.guest(sec)
	recent := func() (out recentView) {
		t.Helper()
		if err := json.Unmarshal(h.do("GET", "/g/"+link+"/recent", nil, g).want(t, 200).body, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	var ids []string
	for n := range 8 {
		ids = append(ids, h.sendImage(cam, n))
	}
	if got := recent(); len(got.Images) != 6 || got.Images[0].ID != ids[7] {
		t.Errorf("%+v", got)
	}
	h.sendImage(cam, 9)
	if got := recent(); got.Images[0].ID != ids[7] {
		t.Error("spare cells are a gallery that refreshes for free")
	}
	for range 10 {
		recent()
	}
	clk.jump(recentLife)
	if got := recent(); got.Images[0].ID == ids[7] {
		t.Error("spare cells never get newer images")
	}
	var out guestGalleryView
	if err := json.Unmarshal(h.do("POST", "/g/"+link+"/gallery", nil, g).want(t, 200).body, &out); err != nil || out.Used != 1 {
		t.Errorf("used %d: what fills cells was counted", out.Used)
	}
}

func TestNewImagesReachOpenPages(t *testing.T) {
	h := newHarness(t)
	owner, friend := h.person("owner", false), h.person("friend", false)
	cam := h.camera(owner, "Yard")
	h.groupWith(owner, cam, friend)
	his := h.socket(t, "/api/v1/socket", friend)
	his.send(map[string]any{"type": "hello"})
	his.until("badges")
	h.sendImage(cam, 1)
	for his.until("changed")["what"] != "images" {
	}
	if ids, _ := h.images(friend, ""); len(ids) != 1 {
		t.Errorf("told of images, and there are %d", len(ids))
	}
}
