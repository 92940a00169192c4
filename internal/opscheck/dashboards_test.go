package opscheck

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the dashboards")

const deploy = "../../deploy/"

// What lies in deploy/grafana is what the lists make.
func TestDocsDashboards(t *testing.T) {
	var made []string
	for _, d := range Dashboards() {
		want, err := d.JSON()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(deploy, "grafana/dashboards", d.UID+".json")
		made = append(made, path)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != string(want) {
			t.Errorf("%s is not what the lists make (%v): run make docs", path, err)
		}
	}
	all, err := filepath.Glob(deploy + "grafana/dashboards/*")
	if err != nil || !slices.Equal(slices.Sorted(slices.Values(made)), all) {
		t.Errorf("deploy/grafana/dashboards has %v, the lists make %v", all, made)
	}
}

// personal are label names that would point at somebody; a camera's random id is none.
var personal = regexp.MustCompile(`\b(account|user|email|person|link|visit|token|ip|address|session|group)\b *(,|\)|=|}})`)

func TestR88_DashboardsNameNobody(t *testing.T) {
	for _, d := range Dashboards() {
		ids := map[string]bool{}
		for _, r := range d.Rows {
			for _, p := range r.Panels {
				if ids[p.Title] {
					t.Errorf("%s: two panels are called %q", d.Title, p.Title)
				}
				ids[p.Title] = true
				for _, q := range p.Queries {
					if m := personal.FindString(q.Expr + " " + q.Legend); m != "" {
						t.Errorf("%s, %s: %q is about somebody", d.Title, p.Title, m)
					}
				}
			}
		}
	}
}

// What Grafana insists on: ids once, places that do not overlap, a data source
// by variable, queries that carry the chosen servers.
func TestDashboardsAreWhole(t *testing.T) {
	for _, d := range Dashboards() {
		raw, err := d.JSON()
		if err != nil {
			t.Fatal(err)
		}
		var is struct {
			UID, Title    string
			SchemaVersion int
			Panels        []struct {
				ID         int
				Type       string
				GridPos    struct{ X, Y, W, H int }
				Datasource struct{ UID string }
				Targets    []struct{ RefID, Expr string }
			}
		}
		if err := json.Unmarshal(raw, &is); err != nil {
			t.Fatal(err)
		}
		if is.UID == "" || len(is.UID) > 40 || is.Title == "" || is.SchemaVersion < 36 {
			t.Errorf("%s: uid %q, schema %d", d.Title, is.UID, is.SchemaVersion)
		}
		taken, ids := map[[2]int]int{}, map[int]bool{}
		for _, p := range is.Panels {
			if ids[p.ID] {
				t.Errorf("%s: id %d twice", d.Title, p.ID)
			}
			ids[p.ID] = true
			for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
				for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
					if o := taken[[2]int{x, y}]; o != 0 || x >= 24 {
						t.Fatalf("%s: panels %d and %d overlap", d.Title, o, p.ID)
					}
					taken[[2]int{x, y}] = p.ID
				}
			}
			if p.Type == "row" {
				continue
			}
			if p.Datasource.UID != "${datasource}" || len(p.Targets) == 0 {
				t.Errorf("%s: panel %d has data source %q and %d queries", d.Title, p.ID, p.Datasource.UID, len(p.Targets))
			}
			for _, q := range p.Targets {
				if !strings.Contains(q.Expr, "$instance") && !strings.Contains(q.Expr, "ALERTS") {
					t.Errorf("%s: %s asks all servers", d.Title, q.Expr)
				}
			}
		}
	}
}
