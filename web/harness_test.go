package web

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/authz"
	"sightline/controlroom"
	"sightline/controlroom/archive"
	"sightline/controlroom/events"
	"sightline/controlroom/gallery"
	"sightline/controlroom/notice"
	"sightline/controlroom/usage"
	"sightline/ingest"
	"sightline/ingest/onvif"
	"sightline/internal/blob/dirblob"
	"sightline/internal/clock"
	"sightline/internal/ffmpeg"
	"sightline/internal/kv/boltkv"
	"sightline/internal/mail/mailtest"
	"sightline/internal/seal"
	"sightline/internal/secret"
	"sightline/ratelimit"
	"sightline/ratelimit/locallimit"
	"sightline/sfu"
)

// harness is a whole server on a real listener: bolt store, authority, ingest,
// media engine, control room, web.
type harness struct {
	pictures  string // folder of the images
	t         testing.TB
	srv       *Server
	url       string
	authority *authz.Authority
	room      *controlroom.Room
	gallery   *gallery.Gallery
	events    *events.Events
	archive   *archive.Archive
	exports   *archive.Exports
	registry  *prometheus.Registry
	store     *boltkv.Store
	log       *logBuffer
	client    *http.Client
}

// logBuffer keeps everything logged, at every level.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

const testPassword = "correct horse battery"

// soon is how late what is told or cut at once may come here: before anything is
// looked at again without a hint, on a machine that has other things to do. The
// seconds of the spec are held by internal/measure.
const soon = 20 * time.Second

// standing gives a server limits whose clock stands: no bucket fills again and no
// window ends, however long a test takes.
func standing(rules ratelimit.Rules) func(*Config) {
	limits := ratelimit.New(ratelimit.Config{Rules: rules, Now: func() int64 { return int64(time.Hour) }})
	return func(c *Config) { c.Limits = limits }
}

func newHarness(t testing.TB, change ...func(*Config)) *harness {
	t.Helper()
	return newHarnessAt(t, clock.System, change...)
}

// newHarnessAt is newHarness at another time of day.
func newHarnessAt(t testing.TB, clk clock.Clock, change ...func(*Config)) *harness {
	t.Helper()
	return newHarnessWith(t, clk, nil, change...)
}

// newHarnessWith is newHarnessAt with a server that sends mail to the sink, when
// it is not nil.
func newHarnessWith(t testing.TB, clk clock.Clock, sink *mailtest.Sink, change ...func(*Config)) *harness {
	t.Helper()
	return newHarnessBudgets(t, clk, sink, testBudgets{}, change...)
}

// testBudgets are the budgets of share links, zero as they are by default.
type testBudgets struct {
	slots   ratelimit.SlotRules
	hours   ratelimit.HoursRules
	updates ratelimit.UpdateRules
}

// newHarnessBudgets is newHarnessWith with other budgets.
func newHarnessBudgets(t testing.TB, clk clock.Clock, sink *mailtest.Sink, b testBudgets, change ...func(*Config)) *harness {
	t.Helper()
	h := &harness{t: t, registry: prometheus.NewRegistry(), log: &logBuffer{}}
	log := slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	dir := t.TempDir()
	h.pictures = filepath.Join(dir, "images")
	ctx, cancel := context.WithCancel(context.Background())
	fatal := func(err error) {
		t.Helper()
		if err != nil {
			cancel()
			t.Fatal(err)
		}
	}

	store, err := boltkv.Open(ctx, dir, boltkv.Config{Log: log, Registerer: h.registry, Clock: clk, Timeout: soon})
	fatal(err)
	h.store = store
	box, err := seal.Open(dir)
	fatal(err)
	h.authority = authz.New(authz.Config{Store: store, Seal: box, Log: log, Node: "test", DataDir: dir, Registerer: h.registry, Clock: clk,
		Mail:    sink != nil,
		Timeout: soon}) // of one call; this machine may be busy
	ran := make(chan error, 1)
	go func() { ran <- h.authority.Run(ctx) }()
	guard := ingest.NewGuard(ingest.GuardConfig{Loopback: true})
	fleet := ingest.New(ingest.Config{Guard: guard, Log: log, Registerer: h.registry})
	engine, err := sfu.NewEngine(sfu.EngineConfig{Loopback: true, TCPPort: -1, ConnectTimeout: time.Minute, Log: log, Registerer: h.registry})
	fatal(err)
	board, err := notice.NewBoard(notice.BoardConfig{Store: store, Authority: h.authority, Mail: sink != nil, Log: log, Registerer: h.registry})
	fatal(err)
	boardRan := make(chan error, 1)
	go func() { boardRan <- board.Run(ctx) }()
	sending := h.sends(ctx, sink, store, box)
	tool, err := ffmpeg.Find(ctx)
	fatal(err)
	blobs, err := dirblob.Open(h.pictures)
	fatal(err)
	h.gallery, err = gallery.New(gallery.Config{Store: store, Blobs: blobs, Authority: h.authority, Log: log, Registerer: h.registry, Alone: true,
		CameraRate: 10_000, GuestMost: 20})
	fatal(err)
	galleryRan := make(chan error, 1)
	go func() { galleryRan <- h.gallery.Run(ctx) }()
	slots, hours := locallimit.New(store, locallimit.Config{SlotRules: b.slots, Clock: clk}), locallimit.NewHours(store, b.hours, clk)
	updates := locallimit.NewUpdates(store, b.updates, clk)
	book, err := usage.New(usage.Config{Slots: slots, Updates: updates, Hours: hours, Store: store, Window: b.hours.Window})
	fatal(err)
	watch, err := usage.NewWatch(usage.WatchConfig{Store: store, Book: book, Every: 100 * time.Millisecond, Log: log, Clock: clk})
	fatal(err)
	watchRan := make(chan error, 1)
	go func() { watchRan <- watch.Run(ctx) }()
	visits, err := usage.NewLog(usage.LogConfig{Store: store, Touched: watch.Touch, Log: log, Clock: clk})
	fatal(err)
	visitsRan := make(chan error, 1)
	go func() { visitsRan <- visits.Run(ctx) }()
	devices := onvif.NewFleet(onvif.Config{Dial: guard.DialContext, Log: log, Registerer: h.registry})
	h.room, err = controlroom.New(controlroom.Config{Store: store, Visits: visits, Budgets: controlroom.Budgets{Slots: slots, Hours: hours}, Authority: h.authority, Fleet: fleet, Engine: engine, Notices: board,
		Guard: guard, Seal: box, FFmpeg: tool, Images: h.gallery, Node: "test", Relays: sfu.TURN{URLs: []string{"turn:turn.example.org"}, Secret: secret.New("a shared secret")}, Devices: devices, Log: log, Registerer: h.registry, Clock: clk})
	fatal(err)
	h.poll("the authority to be ready", func() bool { return h.authority.Ready() == nil })
	fatal(h.room.Start(ctx))

	h.archive, err = archive.New(archive.Config{Sources: fleet, Disks: []archive.Disk{{Path: filepath.Join(dir, "archive")}}, Reserve: 64 << 20, Segment: 10 * time.Minute, Log: log, Clock: clk})
	fatal(err)
	h.events, err = events.New(events.Config{Store: store, Authority: h.authority, Seal: box, Fleet: fleet, Recorder: h.archive, Alone: true, HookRate: 30, Silence: time.Minute, Log: log, Registerer: h.registry})
	fatal(err)
	eventsRan := make(chan error, 1)
	go func() { eventsRan <- h.events.Run(ctx) }()
	recordings, err := archive.NewRecordings(archive.RecordingsConfig{Store: store, Authority: h.authority, Archive: h.archive, Node: "test", Log: log, Clock: clk})
	fatal(err)
	archiveRan := make(chan error, 2)
	go func() { archiveRan <- h.archive.Run(ctx) }()
	go func() { archiveRan <- recordings.Run(ctx) }()
	reader := archive.NewReader(archive.ReaderConfig{Archive: h.archive, Seal: box, FFmpeg: tool, Log: log})
	reader.Stills = archive.NewStills(archive.StillsConfig{Archive: h.archive, Tool: tool, Limit: soon, Log: log, Registerer: h.registry})
	pushes, hooks := h.waysOut(store, box, log, clk)
	cfg := Config{
		Push: pushes, Webhooks: hooks,
		Exports: h.exporting(dir, tool, clk), Recordings: recordings, Events: h.events, Archive: reader,
		Authority: h.authority, Room: h.room, Notices: board, Gallery: h.gallery, Updates: updates, Usage: book, VisitLog: visits, Limits: ratelimit.New(ratelimit.Config{Registerer: h.registry}), Log: log, Registerer: h.registry,
		Version: "test", Node: "test", StoreKind: store.Kind(), Assets: testPages(), Listen: "127.0.0.1:0", DataDir: dir,
		Networks: func() []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix("192.168.1.0/24")} },
	}
	for _, fn := range change {
		fn(&cfg)
	}
	h.srv, err = New(cfg)
	fatal(err)
	l, err := h.srv.Listen()
	fatal(err)
	h.url = h.srv.URLs()[0]
	served := make(chan error, 1)
	go func() { served <- h.srv.Serve(l) }()
	h.client = &http.Client{Transport: &http.Transport{DisableCompression: true}, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

	t.Cleanup(func() {
		h.client.CloseIdleConnections()
		if err := h.srv.Close(); err != nil {
			t.Errorf("closing the server: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serving: %v", err)
		}
		h.room.Close()
		devices.Close()
		fleet.Close()
		if err := engine.Close(); err != nil {
			t.Errorf("closing the engine: %v", err)
		}
		cancel()
		<-ran
		<-boardRan
		<-eventsRan
		sending.Wait()
		<-galleryRan
		<-visitsRan
		<-watchRan
		<-archiveRan
		<-archiveRan
		h.archive.Close()
		blobs.Close()
		if err := store.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	return h
}

// poll waits until cond holds, at most 40 s.
func (h *harness) poll(what string, cond func() bool) {
	h.t.Helper()
	deadline := time.Now().Add(40 * time.Second)
	for !cond() {
		if time.Now().After(deadline) {
			h.t.Fatalf("waited 40 s for %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// who asks, in a test.
type caller struct {
	name    string
	account authz.Account
	cookie  string // Cookie header
	token   string
}

// person makes an account and signs it in.
func (h *harness) person(name string, admin bool) *caller {
	h.t.Helper()
	acc, err := h.authority.AddAccount(context.Background(), authz.Operator, newAccount(name, admin))
	if err != nil {
		h.t.Fatal(err)
	}
	c := &caller{name: name, account: acc}
	h.signIn(c)
	return c
}

func newAccount(name string, admin bool) authz.NewAccount {
	return authz.NewAccount{
		Email: name + "@example.org", InstanceAdmin: admin, Plan: authz.PlanPro, Loopback: true,
		Profile: authz.Profile{Name: name, Password: secret.New(testPassword), Language: "en", Zone: "Europe/Kyiv"},
	}
}

func (h *harness) signIn(c *caller) {
	h.t.Helper()
	res := h.do("POST", "/api/v1/login", map[string]string{"email": c.account.Email, "password": testPassword}, nil)
	res.want(h.t, 200)
	c.cookie = "__Host-sightline=" + res.cookie("__Host-sightline")
}

func (h *harness) tokenOf(c *caller) string {
	h.t.Helper()
	if c.token == "" {
		res := h.do("POST", "/api/v1/me/tokens", map[string]any{"name": "test"}, c)
		res.want(h.t, 201)
		c.token = res.field("token")
	}
	return c.token
}

// camera adds a camera that never answers.
func (h *harness) camera(c *caller, name string) string {
	h.t.Helper()
	res := h.do("POST", "/api/v1/cameras", map[string]any{"name": name, "main": "rtsp://127.0.0.1:9/main"}, c)
	res.want(h.t, 201)
	return res.field("id")
}

// link makes a share link and returns its id and secret.
func (h *harness) link(c *caller, name string, cameras ...string) (id, sec string) {
	h.t.Helper()
	res := h.do("POST", "/api/v1/links", map[string]any{"kind": "share", "name": name, "cameras": cameras, "acknowledge_risk": true}, c)
	res.want(h.t, 201)
	_, sec, ok := strings.Cut(res.field("url"), "/s#")
	if !ok {
		h.t.Fatalf("link address %q", res.field("url"))
	}
	return res.field("id"), sec
}

// guest opens a link as a fresh browser does.
func (h *harness) guest(sec string) (link string, g *caller) {
	h.t.Helper()
	res := h.do("POST", "/g/exchange", map[string]string{"secret": sec}, nil)
	res.want(h.t, 200)
	link = res.field("link")
	visit := h.do("POST", "/g/"+link+"/visit", map[string]string{"ticket": res.field("ticket")}, nil)
	visit.want(h.t, 200)
	return link, &caller{name: "guest", cookie: "__Secure-sightline-guest=" + visit.cookie("__Secure-sightline-guest")}
}

// answer is what came back.
type answer struct {
	*http.Response
	body []byte
}

func (a answer) want(t testing.TB, status int) answer {
	t.Helper()
	if a.StatusCode != status {
		t.Fatalf("%s %s: %d, want %d: %s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, a.body)
	}
	return a
}

func (a answer) code() string { return a.field("code") }

func (a answer) field(name string) string {
	var m map[string]any
	if json.Unmarshal(a.body, &m) != nil {
		return ""
	}
	s, _ := m[name].(string)
	return s
}

func (a answer) cookie(name string) string {
	for _, c := range a.Cookies() {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// do asks as a page of ours does; c nil is nobody. body may be nil, a string
// or []byte (sent as it is) or a value (sent as JSON).
func (h *harness) do(method, path string, body any, c *caller, change ...func(*http.Request)) answer {
	h.t.Helper()
	res, err := h.try(method, path, body, c, change...)
	if err != nil {
		h.t.Fatal(err)
	}
	return res
}

func (h *harness) try(method, path string, body any, c *caller, change ...func(*http.Request)) (answer, error) {
	var rd io.Reader
	kind := "application/json"
	switch b := body.(type) {
	case nil:
		kind = ""
	case string:
		rd = strings.NewReader(b)
	case []byte:
		rd = bytes.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			return answer{}, err
		}
		rd = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, h.url+path, rd)
	if err != nil {
		return answer{}, err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	req.Header.Set("X-Sightline", "1")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if c != nil && c.cookie != "" {
		req.Header.Set("Cookie", c.cookie)
	}
	for _, fn := range change {
		fn(req)
	}
	res, err := h.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return answer{res, raw}, err
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func without(name string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Del(name) }
}

func bearer(token string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header = http.Header{"Authorization": {"Bearer " + token}, "Content-Type": r.Header["Content-Type"]}
	}
}
