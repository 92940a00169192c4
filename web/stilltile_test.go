package web

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sightline/ingest/intake"
	"sightline/internal/testpeer"
)

// Ruling 7: a still camera on a wall shows its newest image, to its owner and to
// guests, needs no stream and is never unreachable.
func TestRuling7_StillCamerasOnWalls(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", false)
	cam, _ := h.still(owner, "Trail")
	link, sec := h.link(owner, "Trail link", cam)
	_, g := h.guest(sec)
	for _, c := range []struct {
		name, base string
		by         *caller
		n          int
	}{{"account", "/api/v1", owner, 1}, {"guest", "/g/" + link, g, 11}} {
		t.Run(c.name, func(t *testing.T) {
			id := ""
			p, err := testpeer.Join(t.Context(), testpeer.Config{Video: 1, Exchange: func(_ context.Context, offer string) (string, error) {
				res := h.do("POST", c.base+"/viewing", map[string]any{"sdp": offer, "version": 1,
					"tiles": []any{map[string]any{"cell": 0, "camera": cam, "px": 640, "focus": false}}}, c.by).want(t, 201)
				id = res.field("id")
				return res.field("sdp"), nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			sock := h.socket(t, c.base+"/socket", c.by)
			sock.send(map[string]any{"type": "hello", "viewing": id})
			first := sock.until("tiles")["tiles"].([]any)[0].(map[string]any)
			for first["state"] != "image" { // this node may not have heard yet of what kind it is
				first = sock.until("tile")
			}
			if first["mid"] != nil {
				t.Fatalf("%v", first)
			}
			at := c.base + "/cameras/" + cam + "/poster"
			if c.n == 1 {
				if first["reason"] != "no_still_source" || first["image"] != nil {
					t.Errorf("before the first image: %v", first)
				}
				if res := h.do("GET", at, nil, c.by).want(t, 503); res.code() != "no_still_source" {
					t.Errorf("%s", res.body)
				}
			}
			image := h.sendImage(cam, c.n)
			var m map[string]any
			for m == nil || m["image"] != image {
				m = sock.until("tile")
			}
			if m["state"] != "image" || m["reason"] != nil || m["last_frame_at"] == nil {
				t.Errorf("%v", m)
			}
			res := h.do("GET", at, nil, c.by).want(t, 200)
			if bytes.Contains(res.body, []byte("Exif")) || bytes.Contains(res.body, []byte("secret place")) || !bytes.HasPrefix(res.body, []byte{0xff, 0xd8}) {
				t.Error("the poster is not the picture alone")
			}
			if _, err := time.Parse(time.RFC3339Nano, res.Header.Get("X-Captured-At")); err != nil {
				t.Error(err)
			}
			// Nobody's connection carries it, and it is no viewing.
			sock.send(map[string]any{"type": "tiles", "version": 2, "tiles": []any{}})
		})
	}
	// A guest of another link gets the 404 of what is not there.
	other, sec2 := h.link(owner, "Yard link", h.camera(owner, "Yard"))
	_, g2 := h.guest(sec2)
	h.do("GET", "/g/"+other+"/cameras/"+cam+"/poster", nil, g2).want(t, 404)
	if _, res := h.whep(t, cam, "", owner); res.StatusCode != http.StatusConflict || !strings.Contains(string(res.body), "still images") {
		t.Errorf("a player of a still camera: %d %s", res.StatusCode, res.body)
	}
}

// on_notice: whoever makes a notice about a camera has an image of it taken, once
// for a notice, and only where the owner asked for it.
func TestImagesOnNotice(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", false)
	cam := h.camera(owner, "Yard")
	snap := serveOnce(t, pic(t, 70))
	if _, ok, err := h.room.Noticed(t.Context(), cam, "n1"); ok || err != nil {
		t.Errorf("nobody asked for it: %v %v", ok, err)
	}
	set := map[string]any{"on_notice": true, "snapshot_url": snap + "/now.jpg"}
	h.do("PUT", "/api/v1/cameras/"+cam+"/intake", set, owner).want(t, 200)
	var got intake.Receipt
	var ok bool
	var err error
	h.poll("this node to know the camera", func() bool {
		got, ok, err = h.room.Noticed(t.Context(), cam, "n1")
		return ok || err != nil
	})
	if err != nil || !got.New {
		t.Fatalf("%+v %v %v", got, ok, err)
	}
	if again, ok, err := h.room.Noticed(t.Context(), cam, "n1"); err != nil || !ok || again.New || again.Image != got.Image {
		t.Errorf("the notice again: %+v %v %v", again, ok, err)
	}
	if one := decoded[imageDetail](t, h.do("GET", "/api/v1/images/"+got.Image, nil, owner).want(t, 200)); one.Via != "notice" {
		t.Errorf("%+v", one)
	}
}

// serveOnce serves one picture at every address.
func serveOnce(t *testing.T, data []byte) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) }))
	t.Cleanup(s.Close)
	return s.URL
}
