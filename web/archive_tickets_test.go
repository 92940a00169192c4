package web

import (
	"bytes"
	"context"
	"net/http"
	"net/http/cookiejar"
	"os/exec"
	"strings"
	"testing"
	"time"

	"sightline/authz"
	"sightline/controlroom/archive"
	"sightline/internal/hlstest"
	"sightline/internal/seal"
)

func (h *harness) ticket(c *caller, cam string, from, to time.Time, change ...func(*http.Request)) (path string, v ticketView) {
	h.t.Helper()
	in := row{"from": from.Format(time.RFC3339Nano)}
	if !to.IsZero() {
		in["to"] = to.Format(time.RFC3339Nano)
	}
	v = read[ticketView](h.t, h.do("POST", archivePath(cam, "tickets"), in, c, change...).want(h.t, 201))
	path, ok := strings.CutPrefix(v.URL, h.url)
	if !ok || !strings.HasPrefix(path, archivePath(cam, "play/")) || !strings.HasSuffix(path, "/playlist.m3u8") {
		h.t.Fatalf("the address of a ticket is %s", v.URL)
	}
	return path, v
}

// A ticket is an address that works by itself for five minutes and no longer; a
// player that keeps its cookie goes on with what it began, and with that only.
func TestR15_ATicketWorksForFiveMinutes(t *testing.T) {
	clk := shiftedTo(time.Now())
	h := newHarnessAt(t, clk, func(c *Config) { c.Clock = clk })
	owner := h.person("owner", false)
	cam, tp := h.recorded(owner, "Yard")
	other, _ := h.recorded(owner, "Gate")
	path, v := h.ticket(owner, cam, tp.from, tp.from.Add(4*time.Second))
	dir := strings.TrimSuffix(path, "playlist.m3u8")
	if left := v.Expires.Sub(clk.Now()); left > 5*time.Minute || left < 4*time.Minute {
		t.Errorf("it works for %v", left)
	}
	list := h.playlist(nil, path)
	file := h.whole(nil, dir, list)
	decodes(t, file)
	all := h.playlist(owner, archivePath(cam, "playlist.m3u8?"+moments(tp.from, tp.to)))
	h.pieceOf(nil, dir, all.Pieces[0]).want(t, 206)
	h.pieceOf(nil, dir, all.Pieces[len(all.Pieces)-1]).want(t, 404) // not what it is for
	h.do("GET", dir+all.Pieces[len(all.Pieces)-1].URI, nil, nil).want(t, 404)
	for _, rest := range []string{"coverage", "days", "still", "tickets", ""} {
		if res := h.do("GET", dir+rest, nil, nil); res.StatusCode != 404 && res.StatusCode != 405 {
			t.Errorf("%s by a ticket: %d", rest, res.StatusCode)
		}
	}
	text := strings.Split(path, "/")[7]
	if strings.Contains(h.log.String(), text) {
		t.Error("a ticket is in the log")
	}
	if got := h.do("GET", path, nil, nil).Header.Get("Referrer-Policy"); got != "no-referrer" {
		t.Errorf("Referrer-Policy %q", got)
	}
	for i := 3; i < len(text); i += 17 { // one letter is another
		letter := byte('A')
		if text[i] == 'A' {
			letter = 'B'
		}
		forged := text[:i] + string(letter) + text[i+1:]
		if res := h.do("GET", strings.Replace(path, text, forged, 1), nil, nil); res.StatusCode != 404 {
			t.Errorf("changed at %d it is %d", i, res.StatusCode)
		}
	}
	h.do("GET", strings.Replace(path, cam, other, 1), nil, nil).want(t, 404)

	second, _ := h.ticket(owner, cam, tp.from, tp.from.Add(4*time.Second))
	player := newCookiePlayer(h)
	player.get(path, 200)
	stolen := player.cookies(path)
	if len(stolen) != 1 || len(player.cookies(second)) != 0 || len(player.cookies("/api/v1/cameras")) != 0 {
		t.Errorf("cookies %v", stolen)
	}
	for range 5 {
		clk.jump(4 * time.Minute)
		player.get(path, 200)
		player.get(dir+list.Pieces[0].Map, 200)
	}
	h.do("GET", path, nil, nil).want(t, 404) // without its cookie the address is dead
	h.do("GET", dir+list.Pieces[0].URI, nil, nil, bytesFrom(0, 10)).want(t, 404)
	key := header("Cookie", player.cookies(path)[0].String())
	h.do("GET", path, nil, nil, key).want(t, 200)
	h.do("GET", second, nil, nil, key).want(t, 404) // it is for that address
	h.do("GET", strings.Replace(path, cam, other, 1), nil, nil, key).want(t, 404)
	h.do("GET", path, nil, nil, header("Cookie", stolen[0].String())).want(t, 404) // and only for minutes
	h.do("GET", path, nil, nil, header("Cookie", "sightline-reading="+text)).want(t, 404)
	h.do("GET", archivePath(cam, "coverage?"+moments(tp.from, tp.to)), nil, nil, key).want(t, 401)
	clk.jump(6 * time.Minute)
	player.get(path, 404)
}

// cookiePlayer is a client that keeps cookies.
type cookiePlayer struct {
	h   *harness
	jar *cookiejar.Jar
	c   *http.Client
}

func newCookiePlayer(h *harness) *cookiePlayer {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return &cookiePlayer{h, jar, &http.Client{Jar: jar, Transport: h.client.Transport}}
}

func (p *cookiePlayer) get(path string, want int) {
	p.h.t.Helper()
	res, err := p.c.Get(p.h.url + path)
	if err != nil {
		p.h.t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != want {
		p.h.t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
	}
}

func (p *cookiePlayer) cookies(path string) []*http.Cookie {
	req, err := http.NewRequest("GET", p.h.url+path, nil)
	if err != nil {
		p.h.t.Fatal(err)
	}
	return p.jar.Cookies(req.URL)
}

// A ticket dies with what it was made with, at once.
func TestATicketDiesWithItsLogin(t *testing.T) {
	h := newHarness(t)
	owner := h.named("owner@example.org", "Owner")
	cam, tp := h.recorded(owner, "Yard")
	token := func(c *caller) (string, string) {
		res := h.do("POST", "/api/v1/me/tokens", row{"name": "player"}, c).want(t, 201)
		return res.field("id"), res.field("token")
	}
	for name, end := range map[string]func(c *caller, g string, tok string){
		"sign-out":      func(c *caller, _, _ string) { h.do("POST", "/api/v1/logout", nil, c).want(t, 204) },
		"password":      func(c *caller, _, _ string) { h.newPassword(c) },
		"token revoked": func(c *caller, _, tok string) { h.do("DELETE", "/api/v1/me/tokens/"+tok, nil, c).want(t, 204) },
		"suspended": func(c *caller, _, _ string) {
			if _, err := h.authority.SetState(t.Context(), authz.Operator, c.account.ID, authz.AccountSuspended); err != nil {
				t.Fatal(err)
			}
		},
		"grant revoked": func(_ *caller, g, _ string) {
			tab := h.table(owner, cam)
			rows := []row{}
			for _, r := range tab.Rows {
				if r.GrantID != g {
					rows = append(rows, row{"grant_id": r.GrantID, "levels": r.Levels})
				}
			}
			h.save(owner, cam, tab.Version, rows...).want(t, 200)
		},
		"level taken": func(_ *caller, g, _ string) {
			tab := h.table(owner, cam)
			var rows []row
			for _, r := range tab.Rows {
				levels := r.Levels
				if r.GrantID == g {
					levels = []string{"online"}
				}
				rows = append(rows, row{"grant_id": r.GrantID, "levels": levels})
			}
			h.save(owner, cam, tab.Version, rows...).want(t, 200)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := h.named(strings.ReplaceAll(name, " ", "")+"@example.org", "Person "+name)
			g := h.grantBeside(owner, cam, c, []string{"online", "archive"})
			id, tok := token(c)
			var with []func(*http.Request)
			if name == "token revoked" {
				with = append(with, bearer(tok))
			}
			path, _ := h.ticket(c, cam, tp.from, tp.to, with...)
			p := newCookiePlayer(h)
			p.get(path, 200)
			list := h.playlist(nil, path)
			piece := strings.TrimSuffix(path, "playlist.m3u8") + list.Pieces[0].URI
			h.do("GET", piece, nil, nil, bytesFrom(0, 10)).want(t, 206)
			end(c, g, id)
			for _, at := range []string{path, piece} {
				res := h.do("GET", at, nil, nil, bytesFrom(0, 10))
				if res.StatusCode != 401 && res.StatusCode != 403 && res.StatusCode != 404 {
					t.Errorf("%s: %d", at, res.StatusCode)
				}
				res, _ = h.try("GET", at, nil, nil, header("Cookie", p.cookies(path)[0].String()))
				if res.StatusCode < 401 {
					t.Errorf("with its cookie: %d", res.StatusCode)
				}
			}
		})
	}
}

// newPassword changes the password of who is signed in; his login stays.
func (h *harness) newPassword(c *caller) {
	h.t.Helper()
	h.do("POST", "/api/v1/me/password", row{"current": testPassword, "password": testPassword + " anew"}, c).want(h.t, 204)
	h.do("GET", "/api/v1/me", nil, c).want(h.t, 200)
}

// grantBeside offers a camera beside the grants it has, and accepts.
func (h *harness) grantBeside(owner *caller, cam string, to *caller, levels []string) string {
	h.t.Helper()
	return h.grant(owner, cam, to, row{"levels": levels})
}

// ffmpeg plays the address of a ticket for longer than the ticket works.
func TestFFmpegPlaysPastTheEndOfATicket(t *testing.T) {
	const life = 8 * time.Second
	h := newHarness(t, func(c *Config) {
		box, err := seal.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		c.Archive.(*archive.Reader).Tickets = archive.NewTickets(box, life)
	})
	owner := h.person("owner", false)
	cam, tp := h.recorded(owner, "Yard")
	path, v := h.ticket(owner, cam, tp.from, tp.to)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	began := time.Now()
	cmd := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-xerror", "-re", "-i", v.URL, "-enc_time_base", "-1", "-f", "null", "-")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil || said.Len() > 0 {
		t.Errorf("%v\n%s", err, said.String())
	}
	if took := time.Since(began); took < life+2*time.Second {
		t.Errorf("it played for %v", took)
	}
	h.do("GET", path, nil, nil).want(t, 404)
	if _, err := hlstest.Parse(h.do("GET", path, nil, nil).body); err == nil {
		t.Error("the ticket still works")
	}
}
