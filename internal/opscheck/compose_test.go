package opscheck

import (
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"sightline/cmd/sightline/config"
	"sightline/internal/kv/rediskv"
	"sightline/internal/redistest"
)

// service is a service of the Compose file, its merge keys resolved.
type service struct {
	Image       string
	User        string
	Restart     string
	ReadOnly    bool     `yaml:"read_only"`
	CapDrop     []string `yaml:"cap_drop"`
	SecurityOpt []string `yaml:"security_opt"`
	Environment map[string]string
	Command     []string
	Ports       []string
	Volumes     []string
	Tmpfs       []string
	Networks    []string
	DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
	Healthcheck struct{ Test []string }
}

type compose struct {
	Services map[string]service
	Networks map[string]struct{ Internal bool }
	Volumes  map[string]any
}

func readCompose(t *testing.T) compose {
	t.Helper()
	var c compose
	readYAML(t, deploy+"compose.yaml", &c)
	return c
}

func readYAML(t *testing.T, path string, out any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(raw, out); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

var pinned = regexp.MustCompile(`^[a-z/-]+:v?\d+\.\d+\.\d+(-\w+)?$`)

// Every service is closed up as far as it can be, says when it is well, and is
// one exact version.
func TestComposeIsHardened(t *testing.T) {
	c := readCompose(t)
	if names := len(c.Services); names != 4 {
		t.Errorf("%d services", names)
	}
	for name, s := range c.Services {
		uid, _, _ := strings.Cut(s.User, ":")
		switch {
		case !s.ReadOnly, !slices.Equal(s.CapDrop, []string{"ALL"}), !slices.Contains(s.SecurityOpt, "no-new-privileges:true"):
			t.Errorf("%s is not closed up", name)
		case uid == "" || uid == "0" || uid == "root":
			t.Errorf("%s runs as %q", name, s.User)
		case len(s.Healthcheck.Test) < 2 || s.Restart == "":
			t.Errorf("%s has health check %v and restart %q", name, s.Healthcheck.Test, s.Restart)
		case !pinned.MatchString(s.Image) && s.Image != "sightline:local":
			t.Errorf("%s takes %s, which is no exact version", name, s.Image)
		}
		for _, v := range s.Volumes {
			from, to, _ := strings.Cut(v, ":")
			if strings.HasPrefix(from, ".") {
				if _, err := os.Stat(filepath.Join(deploy, from)); err != nil || !strings.HasSuffix(to, ":ro") {
					t.Errorf("%s mounts %s: %v", name, v, err)
				}
			} else if _, ok := c.Volumes[from]; !ok {
				t.Errorf("%s mounts volume %s, which is not declared", name, from)
			}
		}
		for _, n := range s.Networks {
			if _, ok := c.Networks[n]; !ok {
				t.Errorf("%s is on network %s, which is not declared", name, n)
			}
		}
		for on, d := range s.DependsOn {
			if _, ok := c.Services[on]; !ok || d.Condition != "service_healthy" {
				t.Errorf("%s waits for %s: %+v", name, on, d)
			}
		}
	}
	if !c.Networks["inside"].Internal || !slices.Equal(c.Services["redis"].Networks, []string{"inside"}) || len(c.Services["redis"].Ports) != 0 {
		t.Error("Redis can be reached from outside")
	}
}

// What the file says of Sightline is what the program understands.
func TestComposeFitsTheProgram(t *testing.T) {
	c := readCompose(t)
	s := c.Services["sightline"]
	given := map[string]string{"SIGHTLINE_MEDIA_ADDRESSES": "192.0.2.1"}
	var environ []string
	for k, v := range s.Environment {
		if name, fallback, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(v, "${"), "}"), ":"); ok && strings.HasPrefix(v, "${") {
			if v = given[name]; v == "" {
				v = strings.TrimPrefix(fallback, "-")
			}
		}
		environ = append(environ, k+"="+v)
	}
	if _, err := config.Load("", environ); err != nil {
		t.Errorf("the program does not take the environment: %v", err)
	}
	docker, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range s.Ports {
		_, inside, _ := strings.Cut(p, ":")
		port, _, _ := strings.Cut(inside, "/")
		if !regexp.MustCompile(`(?m)^EXPOSE .*\b` + port + `\b`).Match(docker) {
			t.Errorf("port %s is published and not exposed by the Dockerfile", port)
		}
	}
	def := config.Default()
	if want := []string{"8443:8443", "8189:8189/udp", "8189:8189/tcp"}; !slices.Equal(s.Ports, want) || def.Media.Port != 8189 || s.Environment["SIGHTLINE_LISTEN"] != ":8443" {
		t.Errorf("ports %v, the program listens on %s and %d", s.Ports, s.Environment["SIGHTLINE_LISTEN"], def.Media.Port)
	}
	if !strings.Contains(string(docker), "USER "+s.User+"\n") || !strings.Contains(string(docker), "VOLUME "+s.Environment["SIGHTLINE_DATA"]+"\n") {
		t.Errorf("user %s or folder %s is not the image's", s.User, s.Environment["SIGHTLINE_DATA"])
	}
	if s.Healthcheck.Test[1] != "/sightline" || s.Healthcheck.Test[2] != "health" { // cmd/sightline: TestHealth
		t.Errorf("health check %v", s.Healthcheck.Test)
	}

	var prom struct {
		ScrapeConfigs []struct {
			JobName string                       `yaml:"job_name"`
			Static  []struct{ Targets []string } `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	readYAML(t, deploy+"prometheus/prometheus.yml", &prom)
	if want := "sightline" + s.Environment["SIGHTLINE_OPS_LISTEN"]; prom.ScrapeConfigs[0].JobName != "sightline" || prom.ScrapeConfigs[0].Static[0].Targets[0] != want {
		t.Errorf("Prometheus asks %+v, the metrics are at %s", prom.ScrapeConfigs, want)
	}
}

// Grafana finds its data source and its dashboards where they are mounted.
func TestComposeFitsGrafana(t *testing.T) {
	c := readCompose(t)
	var sources struct {
		Datasources []struct{ URL, Type string }
	}
	readYAML(t, deploy+"grafana/provisioning/datasources/prometheus.yml", &sources)
	if d := sources.Datasources; len(d) != 1 || d[0].Type != "prometheus" || d[0].URL != "http://prometheus:9090" {
		t.Errorf("data sources %+v", d)
	}
	var boards struct {
		Providers []struct{ Options struct{ Path string } }
	}
	readYAML(t, deploy+"grafana/provisioning/dashboards/sightline.yml", &boards)
	g := c.Services["grafana"]
	path := boards.Providers[0].Options.Path
	if !slices.Contains(g.Volumes, "./grafana/dashboards:"+path+":ro") {
		t.Errorf("dashboards are looked for in %s, mounted are %v", path, g.Volumes)
	}
	if home := g.Environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]; home != path+"/"+Dashboards()[0].UID+".json" {
		t.Errorf("the first page is %s", home)
	}
}

// The Redis of the Compose file keeps what it acknowledged: the store opens on
// one with its very flags.
func TestComposeRedisIsTaken(t *testing.T) {
	command := readCompose(t).Services["redis"].Command
	if command[0] != "redis-server" {
		t.Fatalf("command %v", command)
	}
	r := redistest.Start(t, command[1:]...)
	s, err := rediskv.Open(t.Context(), r.URL(), rediskv.Config{Log: slog.New(slog.DiscardHandler), Timeout: 5 * time.Second, Patience: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
