package web

import (
	"encoding/json"
	"strings"
	"testing"

	"sightline/controlroom"
)

// R89, R90, R98 over HTTP: what an account may store, what it is told when it may
// not, and that nobody else sees it.
func TestR89_ViewsOverHTTP(t *testing.T) {
	h := newHarness(t)
	owner, other := h.person("owner", true), h.person("other", false)
	cam := h.camera(owner, "Yard")
	list := func(c *caller) []controlroom.View {
		t.Helper()
		var out struct{ Views []controlroom.View }
		if err := json.Unmarshal(h.do("GET", "/api/v1/views", nil, c).want(t, 200).body, &out); err != nil {
			t.Fatal(err)
		}
		return out.Views
	}
	if first := list(owner); len(first) != 1 || first[0].ID != "default" || first[0].Version != 0 || len(first[0].Cells) != 1 {
		t.Fatalf("R90: %+v", first)
	}
	type body = map[string]any
	grid := func(change body) body {
		b := body{"name": "Gate", "rows": 2, "columns": 2, "cells": []body{{"camera": cam}, {"any": 2}}, "default_for": []string{"phone"}}
		for k, v := range change {
			b[k] = v
		}
		return b
	}
	var v controlroom.View
	if err := json.Unmarshal(h.do("POST", "/api/v1/views", grid(nil), owner).want(t, 201).body, &v); err != nil || len(v.Cells) != 4 || v.Layout != "grid" {
		t.Fatalf("%+v %v", v, err)
	}
	for _, tc := range []struct {
		in          body
		field, says string
	}{
		{body{"name": ""}, "name", "Enter a name"},
		{body{"name": "gATE"}, "name", "Choose another"},
		{body{"name": "B", "rows": 5}, "rows", "1 to 4 rows"},
		{body{"name": "B", "columns": 0}, "columns", "1 to 4 columns"},
		{body{"name": "B", "layout": "3+3"}, "layout", "1+5"},
		{body{"name": "B", "rows": 1, "columns": 1}, "cells", "make the view larger"},
		{body{"name": "B", "cells": []body{{}, {"any": 4000}}}, "cells", "Cell 2"},
		{body{"name": "B", "default_for": []string{"tv"}}, "default_for", "desktop"},
	} {
		res := h.do("POST", "/api/v1/views", grid(tc.in), owner).want(t, 422)
		var p struct{ Field, Detail string }
		if err := json.Unmarshal(res.body, &p); err != nil || p.Field != tc.field || !strings.Contains(p.Detail, tc.says) {
			t.Errorf("%v: %s", tc.in, res.body)
		}
	}
	h.do("POST", "/api/v1/views", grid(body{"colour": "red"}), owner).want(t, 400)

	at := "/api/v1/views/" + v.ID
	hidden := h.do("PUT", "/api/v1/views/00000000000000000000000000", grid(nil), other).want(t, 404)
	if res := h.do("PUT", at, grid(body{"version": v.Version}), other).want(t, 404); string(res.body) != string(hidden.body) {
		t.Errorf("somebody else's looks other than none: %s", res.body)
	}
	h.do("DELETE", at, nil, other).want(t, 404)
	if res := h.do("PUT", at, grid(body{"version": v.Version + 1}), owner).want(t, 409); !strings.Contains(string(res.body), `"stale"`) {
		t.Errorf("%s", res.body)
	}
	h.do("PUT", at, grid(body{"version": v.Version, "layout": "1+5", "name": "One large"}), owner).want(t, 200)
	if all := list(owner); len(all) != 1 || all[0].Rows != 3 || len(all[0].Cells) != 6 || all[0].Cells[0].Camera != cam {
		t.Errorf("%+v", all)
	}
	h.do("DELETE", at, nil, owner).want(t, 204)
	h.do("DELETE", at, nil, owner).want(t, 404)
	h.do("GET", "/api/v1/views", nil, nil).want(t, 401)
}
