//go:build ops

package opscheck

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"sightline/internal/mail/mailtest"
	"sightline/internal/measure"
	"sightline/internal/redistest"
	"sightline/internal/testpeer"
	"sightline/internal/testport"
)

// moves are what must have grown, or be there, under the load of TestLive: the
// other queries answer 0 on a healthy server.
var moves = []string{
	`up{job="sightline"}`, `sightline_ready`, `sightline_build_info`,
	`sightline_disk_free_bytes{folder="images"}`, `sightline_tls_certificate_expiry_timestamp_seconds - time()`,
	`sightline_viewers_live{kind="account"}`, `sightline_viewers_live{kind="guest"}`,
	`rate(sightline_viewing_seconds_total{kind="guest"}[30s])`, `sightline_link_viewing_seconds_total`, `sightline_viewing_opened_total{kind="guest"}`,
	`sightline_guest_addresses`, `sightline_guest_slots`, `sightline_guests_throttled{reason="throttled_hours"}`, `sightline_gallery_updates_total`,
	`sightline_authz_decisions_total{reason="ok"}`, `sightline_authz_leases`, `sightline_authz_revoke_to_cut_seconds_count`,
	`sightline_tiles_cut_total{kind="guest"}`, `sum(sightline_authz_leases_ended_total{reason=~"link_.*"})`,
	`rate(sightline_store_call_seconds_count{op="read"}[30s])`, `sightline_web_sockets{kind="account"}`, `sightline_web_sockets{kind="guest"}`,
	`sightline_ingest_layers{state="live"}`, `sightline_ingest_key_frames_total`, `rate(sightline_ingest_frames_total[30s])`, `sightline_ingest_wanted`,
	`rate(sightline_sfu_packets_total[30s])`, `rate(sightline_sfu_bytes_total[30s])`, `sightline_sfu_tiles{layer="low"}`,
	`sightline_sfu_first_picture_seconds_count{phase="answer"}`, `sightline_sfu_first_picture_seconds_count{phase="connect"}`,
	`sightline_sfu_first_picture_seconds_count{phase="picture"}`, `sightline_sfu_first_picture_seconds_count{phase="total"}`,
	`sightline_images_total{via="http",outcome="stored"}`, `sightline_stills_total{result="cut"}`,
	`sightline_mails_total{outcome="sent"}`, `sum(sightline_notices_total)`, `sum(sightline_http_requests_total{class="2xx"})`,
	`instance:sightline_cpu_seconds_per_packet:rate5m`, `instance:sightline_authz_revoke_to_cut_seconds:p99_5m`,
	`instance_phase:sightline_sfu_first_picture_seconds:p95_5m{phase="total"}`,
}

// quiet are the queries that rightly answer nothing, with the reason.
var quiet = map[string]string{
	`60 * sum by (what, class) (rate(sightline_onvif_failures_total{instance=~"$instance"}[$__rate_interval])) > 0`: "no conversation with a camera fails",
}

// undefined are those that answer NaN, with the reason.
var undefined = map[string]string{
	`histogram_quantile(0.99, sum by (instance, le) (rate(sightline_archive_write_seconds_bucket{instance=~"$instance"}[$__rate_interval])))`: "the measured servers record nothing",
	`histogram_quantile(0.95, sum by (le) (rate(sightline_archive_still_seconds_bucket{instance=~"$instance"}[$__rate_interval])))`:           "nobody looks at recordings",
	`histogram_quantile(0.95, sum by (instance, le) (rate(sightline_webhook_seconds_bucket{instance=~"$instance"}[$__rate_interval])))`:       "nobody has a webhook",
	quantile("0.95", "sightline_image_copies_seconds", ""):                                                                                    "nobody shares a still camera in a group here",
}

// Two servers on one Redis under load, scraped by a real Prometheus with the
// configuration and rules of deploy/: every query of every dashboard and rule
// answers, and what the load moves has moved.
func TestLive(t *testing.T) {
	if os.Getenv("SIGHTLINE_BIN") == "" {
		t.Fatal("SIGHTLINE_BIN is not set: run this stage with `make ops`")
	}
	first, second := servers(t)
	prom := startPrometheus(t, first.Demo.OpsURL, second.Demo.OpsURL)
	load(t, first, second)
	for _, q := range moves {
		var got []float64
		deadline := time.Now().Add(time.Minute)
		for {
			got = prom.ask(t, q)
			if slices.ContainsFunc(got, func(v float64) bool { return v > 0 && !math.IsInf(v, 0) }) {
				break
			}
			if time.Now().After(deadline) {
				t.Errorf("%s has not moved: %v", q, got)
				break
			}
			pause(t, 300*time.Millisecond)
		}
	}
	queries := 0
	for _, d := range Dashboards() {
		for _, r := range d.Rows {
			for _, p := range r.Panels {
				for _, q := range p.Queries {
					queries++
					prom.answers(t, d.Title+", "+p.Title, q.Expr)
				}
			}
		}
	}
	rules, err := ReadRules(deploy + "prometheus/rules")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		for _, q := range r.Measured() {
			queries++
			prom.answers(t, "rule "+r.Alert+r.Record, q)
		}
	}
	prom.healthy(t, len(rules))
	t.Logf("%d queries answered", queries)
}

// servers starts the demo and a second server with all that can be switched on:
// TLS, a mail server, mail and FTP for still cameras, and three seconds of
// guests' viewing.
func servers(t *testing.T) (first, second *measure.Program) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	redis := redistest.Start(t).URL()
	first, err := measure.StartDemo(ctx, measure.Options{Data: t.TempDir(), Store: redis, Args: []string{"--images"}})
	if err != nil {
		t.Fatal(err)
	}
	stop := func(p *measure.Program) func() {
		return func() {
			if err := p.Stop(); err != nil {
				t.Error(err)
			}
			if t.Failed() {
				t.Log(p.Last(4000))
			}
		}
	}
	t.Cleanup(stop(first))
	post, err := mailtest.New(mailtest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(post.Close)
	cert, key := certificate(t)
	second, err = first.StartSecondNode(ctx, redis, t.TempDir(), "--tls-cert", cert, "--tls-key", key,
		"--smtp-host", "127.0.0.1", "--smtp-port", strconv.Itoa(post.Port()), "--smtp-security", "plain", "--smtp-from", "Sightline <s@example.org>",
		"--public-url", "https://cameras.example.org", "--host", "127.0.0.1",
		"--intake-mail-listen", "127.0.0.1:0", "--intake-ftp-listen", "127.0.0.1:0", "--limits-viewer-hours", "3s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop(second))
	second.Demo.BaseURL = strings.Replace(second.Demo.BaseURL, "http:", "https:", 1)
	return first, second
}

// load is what people do, a little of everything.
func load(t *testing.T, first, second *measure.Program) {
	t.Helper()
	ctx := measure.Patient(t.Context())
	ok := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	owner := measure.NewClient(first.Demo.BaseURL, first.Demo.Accounts[0].Token)
	var cams []string
	for _, c := range first.Demo.Cameras {
		cams = append(cams, c.ID)
	}
	crowd, err := measure.NewCrowd(ctx, first, nil)
	ok("a crowd", err)
	t.Cleanup(crowd.Close)
	wall, err := measure.OpenWall(ctx, owner, "/api/v1", cams, 320, testpeer.Config{NACK: true, TWCC: true})
	ok("the owner's wall", err)
	t.Cleanup(wall.Close)
	for _, base := range []string{first.Demo.BaseURL, second.Demo.BaseURL} {
		guest, link, err := measure.Guest(ctx, base, first.Demo.GuestLink)
		ok("a guest", err)
		ok("his gallery", guest.Do(ctx, "POST", "/g/"+link+"/gallery", nil, nil))
		w, err := measure.OpenWall(ctx, guest, "/g/"+link, cams[:1], 320, testpeer.Config{})
		ok("his wall", err)
		t.Cleanup(w.Close)
	}
	ok("an image of a live camera", owner.Do(ctx, "POST", "/api/v1/cameras/"+cams[0]+"/images", nil, nil))
	_, err = measure.Revoke(ctx, first.Demo, []string{first.Demo.BaseURL}, measure.LinkRemoved, 4)
	ok("a revocation", err)
	elsewhere := measure.NewClient(second.Demo.BaseURL, first.Demo.Accounts[0].Token)
	ok("invitations allowed", elsewhere.Do(ctx, "PATCH", "/api/v1/instance", map[string]string{"registration": "invite"}, nil))
	ok("an invitation by mail", elsewhere.Do(ctx, "POST", "/api/v1/instance/invitations", map[string]string{"email": "new@example.org"}, nil))
}

// prometheus is a running one.
type prometheus struct{ url string }

// startPrometheus runs Prometheus with what deploy/prometheus has, but for the
// servers' addresses and the pace.
func startPrometheus(t *testing.T, ops ...string) *prometheus {
	t.Helper()
	raw, err := os.ReadFile(deploy + "prometheus/prometheus.yml")
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, u := range ops {
		targets = append(targets, strconv.Quote(strings.TrimPrefix(u, "http://")))
	}
	rules, err := filepath.Abs(deploy + "prometheus/rules")
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for was, is := range map[string]string{
		`["sightline:8190"]`: "[" + strings.Join(targets, ", ") + "]", "interval: 15s": "interval: 1s", "- rules/": "- " + rules + "/",
	} {
		if !strings.Contains(text, was) {
			t.Fatalf("prometheus.yml has no %q", was)
		}
		text = strings.ReplaceAll(text, was, is)
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	port, release, err := testport.Hold()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("prometheus", "--config.file", config, "--storage.tsdb.path", filepath.Join(dir, "data"), "--web.listen-address", addr, "--log.level", "warn")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		log.Close()
		if out, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("prometheus: %s", out)
		}
	})
	p := &prometheus{"http://" + addr}
	deadline := time.Now().Add(time.Minute)
	for {
		if res, err := http.Get(p.url + "/-/ready"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return p
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("Prometheus is not ready")
		}
		pause(t, 100*time.Millisecond)
	}
}

func (p *prometheus) get(t *testing.T, path string, out any) error {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+path, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s: %s", answer.Status, answer.Error)
	}
	return json.Unmarshal(answer.Data, out)
}

// ask is the values a query answers now.
func (p *prometheus) ask(t *testing.T, query string) []float64 {
	t.Helper()
	var data struct {
		Result []struct{ Value [2]any }
	}
	if err := p.get(t, "/api/v1/query?query="+url.QueryEscape(query), &data); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	out := []float64{}
	for _, r := range data.Result {
		v, err := strconv.ParseFloat(fmt.Sprint(r.Value[1]), 64)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		out = append(out, v)
	}
	return out
}

// answers holds a query to answering something.
func (p *prometheus) answers(t *testing.T, where, expr string) {
	t.Helper()
	q := strings.NewReplacer("$__rate_interval", "30s", "$instance", ".*").Replace(expr)
	switch got := p.ask(t, q); {
	case len(got) > 0 && quiet[expr] != "":
		t.Errorf("%s: %s answers, although %s", where, q, quiet[expr])
	case len(got) == 0 && quiet[expr] == "":
		t.Errorf("%s: %s answers nothing", where, q)
	case len(got) > 0 && !slices.ContainsFunc(got, func(v float64) bool { return !math.IsNaN(v) }) && undefined[expr] == "":
		t.Errorf("%s: %s answers no number", where, q)
	}
}

// healthy holds Prometheus to having read all rules and evaluated each without an error.
func (p *prometheus) healthy(t *testing.T, want int) {
	t.Helper()
	var data struct {
		Groups []struct {
			Rules []struct{ Name, Health, LastError string }
		}
	}
	n := 0
	for deadline := time.Now().Add(time.Minute); ; pause(t, 300*time.Millisecond) {
		if err := p.get(t, "/api/v1/rules", &data); err != nil {
			t.Fatal(err)
		}
		n = 0
		waiting := false // for its first evaluation
		var ill []string
		for _, g := range data.Groups {
			for _, r := range g.Rules {
				n++
				waiting = waiting || r.Health == "unknown"
				if r.Health != "ok" {
					ill = append(ill, fmt.Sprintf("rule %s: %s %s", r.Name, r.Health, r.LastError))
				}
			}
		}
		if waiting && time.Now().Before(deadline) {
			continue
		}
		for _, s := range ill {
			t.Error(s)
		}
		break
	}
	if n != want {
		t.Errorf("Prometheus has %d rules, the files %d", n, want)
	}
}

func pause(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
		t.FailNow()
	}
}
