package web

import (
	"strings"
	"testing"

	"sightline/authz"
)

type recordingAnswer struct {
	Policy struct {
		Mode, Layer string
		KeepDays    int `json:"keep_days"`
	}
	Version   uint64
	Available bool
}

// How a camera is recorded is its owner's to choose: version-checked, in his log;
// others learn nothing of it.
func TestRecordingOverHTTP(t *testing.T) {
	h := newHarness(t)
	admin, owner, other := h.person("admin", true), h.person("owner", false), h.person("other", false)
	cam := h.camera(owner, "Yard")
	at := "/api/v1/cameras/" + cam + "/recording"
	rec := decoded[recordingAnswer](t, h.do("GET", at, nil, owner).want(t, 200))
	if rec.Version != 0 || rec.Policy.Mode != "off" || !rec.Available {
		t.Errorf("%+v", rec)
	}
	want := row{"version": 0, "policy": row{"mode": "continuous", "layer": "sub", "pre_roll_s": 0, "post_roll_s": 30, "keep_days": 7, "keep_bytes": 0, "sound": true}}
	rec = decoded[recordingAnswer](t, h.do("PUT", at, want, owner).want(t, 200))
	if rec.Version == 0 || rec.Policy.Mode != "continuous" || rec.Policy.Layer != "sub" || rec.Policy.KeepDays != 7 {
		t.Errorf("%+v", rec)
	}
	if res := h.do("PUT", at, want, owner).want(t, 409); res.code() != "stale" {
		t.Errorf("%s", res.body)
	}
	if res := h.do("PUT", at, row{"version": rec.Version, "policy": row{"mode": "schedule"}}, owner).want(t, 422); res.code() != "required" {
		t.Errorf("%s", res.body)
	}
	none := "/api/v1/cameras/" + authz.NewID() + "/recording"
	for _, c := range []*caller{other, admin} {
		for _, method := range []string{"GET", "PUT"} {
			var body any
			if method == "PUT" {
				body = want
			}
			if a, b := h.do(method, at, body, c).want(t, 404), h.do(method, none, body, c).want(t, 404); string(a.body) != string(b.body) {
				t.Errorf("%s is told from none: %s", method, a.body)
			}
		}
	}
	h.poll("the archive to know", func() bool { return h.archive.Policy(cam).Mode == "continuous" })
	h.poll("the row in the log", func() bool {
		return strings.Contains(string(h.do("GET", "/api/v1/audit", nil, owner).want(t, 200).body), "camera.recording")
	})
	h.do("DELETE", "/api/v1/cameras/"+cam, nil, owner).want(t, 204)
	h.poll("the policy to be gone", func() bool { return h.archive.Policy(cam).Mode == "off" })
}
