package web

import (
	"strings"
	"testing"
	"time"
)

type storageAnswer struct {
	Available bool
	Wanted    int
	Server    string
	Gaps      *uint64
	Disks     []struct {
		Path, State        string
		Free, Total, Bytes int64
		Reserve, Room      int64
		Listed, Absent     bool
		Since, Oldest      time.Time
		Cause              string
	}
	Bucket *struct{}
	Images struct {
		Kind, State string
		Free        *int64
		Reserve     int64
	}
}

// Where things lie is the administrator's to know, with what is left and what goes
// next; it names no camera, and to anybody else there is no such address.
func TestStorageOverHTTP(t *testing.T) {
	h := newHarness(t)
	admin, owner := h.person("admin", true), h.person("owner", false)
	cam := h.camera(owner, "Yard")
	const at = "/api/v1/instance/storage"
	rec := decoded[recordingAnswer](t, h.do("GET", "/api/v1/cameras/"+cam+"/recording", nil, owner).want(t, 200))
	h.do("PUT", "/api/v1/cameras/"+cam+"/recording", row{"version": rec.Version, "policy": row{"mode": "continuous", "layer": "sub"}}, owner).want(t, 200)
	var body string
	var s storageAnswer
	h.poll("the disk to be listed and the camera wanted", func() bool {
		res := h.do("GET", at, nil, admin).want(t, 200)
		body, s = string(res.body), decoded[storageAnswer](t, res)
		return s.Wanted == 1 && len(s.Disks) == 1 && s.Disks[0].Listed
	})
	if !s.Available || s.Server == "" || s.Gaps == nil || s.Bucket != nil {
		t.Errorf("%s", body)
	}
	d := s.Disks[0]
	if d.State != "ok" || d.Path == "" || d.Free == 0 || d.Total < d.Free || d.Reserve != 64<<20 || d.Room != d.Free-d.Reserve || d.Absent || !d.Since.IsZero() || d.Cause != "" {
		t.Errorf("%+v", d)
	}
	if i := s.Images; i.Kind != "disk" || i.State != "ok" || i.Free == nil || *i.Free == 0 || i.Reserve == 0 {
		t.Errorf("%+v", i)
	}
	if strings.Contains(body, cam) || strings.Contains(body, "Yard") {
		t.Errorf("it names a camera: %s", body)
	}
	none := h.do("GET", "/api/v1/nothing", nil, owner).want(t, 404)
	if res := h.do("GET", at, nil, owner).want(t, 404); string(res.body) != string(none.body) {
		t.Errorf("it is told from none: %s", res.body)
	}
	h.do("GET", at, nil, nil).want(t, 401)
	h.do("POST", at, nil, admin).want(t, 405)
}
