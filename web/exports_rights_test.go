package web

import (
	"os"
	"path/filepath"
	"testing"

	"sightline/authz"
)

// Who may not download of a camera any more is not told its name by what he made
// before, may remove it, and it goes with the camera.
func TestExportOutlivesNoRight(t *testing.T) {
	h := newHarness(t)
	owner, anna := h.person("owner", false), h.person("anna", false)
	cam, tp := h.recorded(owner, "Secret shed")
	h.grant(owner, cam, anna, downloadLevels)
	x := h.exported(anna, cam, tp.from, tp.to)
	mine := h.exported(owner, cam, tp.from, tp.to)
	seen := func(named bool) {
		t.Helper()
		list := read[exportsView](t, h.do("GET", "/api/v1/exports", nil, anna).want(t, 200)).Exports
		if len(list) != 1 {
			t.Fatalf("%+v", list)
		}
		one := read[exportView](t, h.do("GET", "/api/v1/exports/"+x.ID, nil, anna).want(t, 200))
		for _, v := range []exportView{list[0], one} {
			if (v.Name != "") != named || (v.CameraName != "") != named || v.ID != x.ID {
				t.Errorf("%+v", v)
			}
		}
	}
	seen(true)
	h.again(owner, cam, anna, row{"levels": []string{"online", "archive"}})
	seen(false)
	h.again(owner, cam, anna, row{"levels": []string{"online", "archive", "download"}})
	seen(true)
	h.save(owner, cam, h.table(owner, cam).Version).want(t, 200) // revoked
	seen(false)
	h.do("DELETE", "/api/v1/exports/"+x.ID, nil, anna).want(t, 204)

	h.do("DELETE", "/api/v1/cameras/"+cam, nil, owner).want(t, 204)
	h.poll("the export to go with the camera", func() bool {
		return h.do("GET", "/api/v1/exports/"+mine.ID, nil, owner).StatusCode == 404
	})
	left, err := os.ReadDir(filepath.Join(h.srv.cfg.DataDir, "exports"))
	if err != nil || len(left) != 0 {
		t.Errorf("%v %v", left, err)
	}
}

// Without a layer an export is of the one there is, as a playlist.
func TestExportOfTheLayerThereIs(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", false)
	tp := theTape(t)
	cam := h.camera(owner, "Gate")
	files := map[string][]byte{}
	for rel, data := range tp.files {
		if rest, main := below(rel, "main"); main {
			rel = filepath.Join("sub", rest)
		}
		files[rel] = data
	}
	h.put(tape{files: files}, cam)
	look := read[exportLookView](t, h.do("GET", archivePath(cam, "exports?"+moments(tp.from, tp.to)), nil, owner).want(t, 200))
	x := read[exportView](t, h.do("POST", archivePath(cam, "exports"), row{"from": tp.from, "to": tp.to}, owner).want(t, 201))
	if look.Layer != "sub" || look.Bytes == 0 || x.Layer != "sub" || x.Bytes == 0 {
		t.Errorf("%+v %+v", look, x)
	}
	decodes(t, h.do("GET", x.URL, nil, owner).want(t, 200).body)
	h.export(owner, cam, tp.from, tp.to, nil).want(t, 409) // main, by name
}

func below(path, first string) (rest string, ok bool) {
	rest, err := filepath.Rel(first, path)
	return rest, err == nil && filepath.IsLocal(rest)
}

// Looks and makings count among what an account reads at once.
func TestExportsAreReadingsToo(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", false)
	cam, tp := h.recorded(owner, "Gate")
	for range listsAtOnce {
		done, err := h.srv.readings.enter(owner.account.ID, false)
		if err != nil {
			t.Fatal(err)
		}
		defer done()
	}
	for _, res := range []answer{
		h.do("GET", archivePath(cam, "exports?"+moments(tp.from, tp.to)), nil, owner),
		h.export(owner, cam, tp.from, tp.to, nil),
	} {
		if res.want(t, 429); res.field("code") != string(authz.ReasonRateLimited) {
			t.Errorf("%s", res.body)
		}
	}
}
