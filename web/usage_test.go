package web

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"sightline/internal/clock"
	"sightline/internal/testpeer"
	"sightline/ratelimit"
)

// proxied is a guest's browser at an address of its own, behind a real reverse
// proxy that the server trusts.
type proxied struct {
	h      *harness
	from   string
	client *http.Client
	caller *caller
	link   string
	via    harness // the same server as the browser reaches it
	sec    string
	*screen
}

// ask asks as this guest, below his link.
func (p *proxied) ask(method, path string) answer {
	return p.via.do(method, "/g/"+p.link+path, nil, p.caller)
}

func (p *proxied) behind() *harness { return &p.via }

// again opens the link as another browser at the same address.
func (p *proxied) again(t *testing.T) answer {
	t.Helper()
	res := p.via.do("POST", "/g/exchange", map[string]string{"secret": p.sec}, nil).want(t, 200)
	return p.via.do("POST", "/g/"+p.link+"/visit", map[string]string{"ticket": res.field("ticket")}, nil).want(t, 200)
}

// proxy runs a reverse proxy that adds its peer to X-Forwarded-For, as they do.
func (h *harness) proxy(t *testing.T) string {
	t.Helper()
	target, err := url.Parse(h.url)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{ReadHeaderTimeout: 40 * time.Second, Handler: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"] // what the client claims stays, ours is added
		r.SetXForwarded()
		r.Out.Host = target.Host
		r.Out.Header.Del("X-Forwarded-Proto")
	}}}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close(); <-done })
	return "http://" + l.Addr().String()
}

// arrive opens a link from an address through the proxy; forged is what the
// browser claims to be.
func (h *harness) arrive(t *testing.T, proxy, sec, from, forged string) *proxied {
	t.Helper()
	d := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	p := &proxied{h: h, from: from, client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{DialContext: d.DialContext}}}
	t.Cleanup(p.client.CloseIdleConnections)
	behind := *h
	behind.client, behind.url = p.client, proxy
	p.via, p.sec = behind, sec
	claim := func(r *http.Request) {
		if forged != "" {
			r.Header.Set("X-Forwarded-For", forged)
		}
	}
	res := behind.do("POST", "/g/exchange", map[string]string{"secret": sec}, nil, claim)
	res.want(t, 200)
	p.link = res.field("link")
	visit := behind.do("POST", "/g/"+p.link+"/visit", map[string]string{"ticket": res.field("ticket")}, nil, claim)
	visit.want(t, 200)
	p.caller = &caller{name: from, cookie: "__Secure-sightline-guest=" + visit.cookie("__Secure-sightline-guest")}
	p.screen = &screen{h: h, t: t}
	p.look(t, &behind, d, claim)
	return p
}

// look watches the link's first camera.
func (p *proxied) look(t *testing.T, h *harness, d *net.Dialer, claim func(*http.Request)) {
	t.Helper()
	cam := decoded[visitView](t, h.do("GET", "/g/"+p.link+"/visit", nil, p.caller, claim).want(t, 200)).Cameras[0].ID
	var id string
	var err error
	p.peer, err = testpeer.Join(t.Context(), testpeer.Config{Video: 2, Exchange: func(_ context.Context, offer string) (string, error) {
		res := h.do("POST", "/g/"+p.link+"/viewing", map[string]any{"sdp": offer, "version": 1, "tiles": []row{{"cell": 0, "camera": cam, "px": 320, "focus": false}}}, p.caller, claim)
		if res.StatusCode != 201 {
			return "", fmt.Errorf("%s", res.body)
		}
		id = res.field("id")
		return res.field("sdp"), nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.peer.Close)
	ws := websocket.Dialer{HandshakeTimeout: 40 * time.Second, NetDialContext: d.DialContext}
	p.conn, _, err = ws.Dial("ws"+strings.TrimPrefix(h.url, "http")+"/g/"+p.link+"/socket", http.Header{"Origin": {p.h.url}, "Cookie": {p.caller.cookie}})
	if err != nil {
		t.Fatal(err)
	}
	p.say(row{"type": "hello", "viewing": id})
	done, stop := make(chan struct{}), make(chan struct{})
	go p.listen(done)
	go func() {
		tick := time.NewTicker(3 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.say(row{"type": "ping", "t": 1})
			case <-stop:
				return
			}
		}
	}()
	t.Cleanup(func() { close(stop); _ = p.conn.Close(); <-done })
}

func (h *harness) usageOf(t *testing.T, owner *caller, link string) usageView {
	t.Helper()
	return decoded[usageView](t, h.do("GET", "/api/v1/links/"+link+"/usage", nil, owner).want(t, 200))
}

func trusting(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} }

// TestR77_R82_TheEleventhGuestGetsStills while ten stay live, whatever addresses
// they claim; the owner sees both, and his own visit is free (R86).
func TestR77_R82_TheEleventhGuestGetsStills(t *testing.T) {
	h := newHarness(t, trusting)
	owner := h.person("owner", true)
	cam := h.liveCamera(t, owner, "Yard")
	link, sec := h.link(owner, "Yard", cam)
	proxy := h.proxy(t)
	var ten []*proxied
	for i := range 10 {
		g := h.arrive(t, proxy, sec, fmt.Sprintf("127.0.1.%d", i+1), "")
		g.plays(g.from)
		ten = append(ten, g)
	}
	arrived := time.Now()
	late := h.arrive(t, proxy, sec, "127.0.1.11", "127.0.1.1") // claims to be the first
	h.poll("stills", func() bool { state, why, _, _ := late.tile(); return state == "throttled" && why == "throttled_users" })
	frames := func() (n uint64) {
		for _, s := range late.peer.Stats() {
			n += s.Frames
		}
		return n
	}
	h.poll("a picture", func() bool { return frames() > 0 })
	again := h.arrive(t, proxy, sec, "127.0.1.3", "203.0.113.9, 127.0.1.77") // another browser at an address with a slot
	again.plays("a second browser of the third address")
	u := h.usageOf(t, owner, link)
	if u.State != "throttled" || u.Users.Used != 10 || u.Users.Budget != 10 || u.Users.State != "throttled" || len(u.Users.Frees) == 0 || len(u.Hours) < 24 || len(u.Hours) > 25 {
		t.Errorf("%+v", u)
	}
	h.poll("the owner sees eleven addresses and viewing time", func() bool {
		u = h.usageOf(t, owner, link)
		return u.Addresses == 11 && u.ViewerSeconds.Used > 0 && u.ViewerSeconds.Budget == 36000
	})
	for _, g := range ten {
		g.plays(g.from + " stays live")
	}
	if state, _, _, _ := late.tile(); state != "throttled" || frames() > 21*(1+uint64(time.Since(arrived)/time.Minute)) { // a picture a minute
		t.Errorf("the eleventh: %s after %d frames", state, frames())
	}
	other := h.person("other", false)
	if res := h.do("GET", "/api/v1/links/"+link+"/usage", nil, other); res.StatusCode != 404 {
		t.Errorf("another account: %d", res.StatusCode)
	}
}

// TestR79_R82_R83_ViewerHoursOnACompressedClock: ten hours a day as three seconds in
// ten. Every guest gets stills, and live again by itself.
func TestR79_R82_R83_ViewerHoursOnACompressedClock(t *testing.T) {
	h := newHarnessBudgets(t, clock.System, nil, testBudgets{
		slots: ratelimit.SlotRules{Keep: 10 * time.Second}, hours: ratelimit.HoursRules{Budget: 3 * time.Second, Window: 10 * time.Second}}, trusting)
	owner := h.person("owner", true)
	link, sec := h.link(owner, "Yard", h.liveCamera(t, owner, "Yard"))
	proxy := h.proxy(t)
	one, two := h.arrive(t, proxy, sec, "127.0.1.1", ""), h.arrive(t, proxy, sec, "127.0.1.2", "")
	one.plays("the first")
	for _, g := range []*proxied{one, two} {
		h.poll("stills for "+g.from, func() bool { state, why, _, _ := g.tile(); return state == "throttled" && why == "throttled_hours" })
	}
	h.poll("the owner's word of it", func() bool {
		u := h.usageOf(t, owner, link)
		if u.ViewerSeconds.Used > 3+2*6 {
			t.Fatalf("%+v", u)
		}
		return u.ViewerSeconds.State == "throttled" && u.State == "throttled"
	})
	h.poll("live again", func() bool { state, _, _, _ := one.tile(); return state == "live" })
}
