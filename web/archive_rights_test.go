package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sightline/authz"
)

// surfaces are the four that a level opens, as one request each: what is asked, and
// how a refusal is told from an answer.
func surfaces(h *harness, cam string, tp tape) map[string]func(c *caller) answer {
	between := moments(tp.from, tp.to)
	all := map[string]func(c *caller) answer{
		"online": func(c *caller) answer {
			return h.do("POST", "/whep/"+cam, "v=0", c, header("Content-Type", "application/sdp"))
		},
		"archive": func(c *caller) answer { return h.do("GET", archivePath(cam, "playlist.m3u8?"+between), nil, c) },
	}
	for i := range h.srv.table {
		switch rt := &h.srv.table[i]; rt.method + " " + rt.path {
		case "GET /api/v1/cameras/:id/events":
			all["notices"] = func(c *caller) answer { return h.do("GET", "/api/v1/cameras/"+cam+"/events?"+between, nil, c) }
		case "POST /api/v1/cameras/:id/archive/exports":
			all["download"] = func(c *caller) answer {
				return h.do("POST", archivePath(cam, "exports"), row{"from": tp.from.Format(time.RFC3339Nano), "to": tp.to.Format(time.RFC3339Nano), "layer": "main"}, c)
			}
		}
	}
	return all
}

// Rows R11, R12 and R16: the eleven sets on the four surfaces over HTTP, and those
// who have no set at all: a guest, a stranger, somebody who is suspended.
func TestR12_R16_ElevenSetsOnFourSurfaces(t *testing.T) {
	h := newHarness(t)
	owner, bob, eve := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby"), h.named("eve@example.org", "Evelyn")
	cam, tp := h.recorded(owner, "Yard")
	_, sec := h.link(owner, "Yard link", cam)
	link, guest := h.guest(sec)
	g := h.grant(owner, cam, bob, nil)
	asks := surfaces(h, cam, tp)
	if len(asks) != 4 {
		t.Errorf("only %d surfaces are served", len(asks))
	}
	cells := 0
	for _, set := range levelSets() {
		if !legalSet(set) {
			continue
		}
		h.save(owner, cam, h.table(owner, cam).Version, row{"grant_id": g, "levels": set}).want(t, 200)
		for level, ask := range asks {
			cells++
			res := ask(bob)
			refused := res.StatusCode == 403 && res.code() == "level_missing"
			if want := !slices.Contains(set, level); refused != want || !refused && res.StatusCode >= 401 && res.StatusCode != 429 && res.StatusCode != 422 {
				t.Errorf("%v on %s: %d %.200s", set, level, res.StatusCode, res.body)
			}
		}
	}
	if want := 11 * len(asks); cells != want {
		t.Errorf("%d cells, want %d", cells, want)
	}
	hidden := h.do("GET", "/api/v1/nothing", nil, eve).want(t, 404)
	for level, ask := range asks {
		if res := ask(eve).want(t, 404); string(res.body) != string(hidden.body) {
			t.Errorf("a stranger on %s: %s", level, res.body)
		}
		for name, c := range map[string]*caller{"guest": guest, "nobody": nil} {
			if res := ask(c); res.StatusCode != 401 {
				t.Errorf("%s on %s: %d", name, level, res.StatusCode)
			}
		}
	}
	for _, rest := range []string{"days", "coverage", "playlist.m3u8", "still"} {
		if res := h.do("GET", "/g/"+link+"/cameras/"+cam+"/archive/"+rest, nil, guest); res.StatusCode != 404 {
			t.Errorf("below the link, %s: %d", rest, res.StatusCode)
		}
	}
	h.save(owner, cam, h.table(owner, cam).Version, row{"grant_id": g, "levels": fourNames}).want(t, 200)
	if _, err := h.authority.SetState(t.Context(), authz.Operator, bob.account.ID, authz.AccountSuspended); err != nil {
		t.Fatal(err)
	}
	for level, ask := range asks {
		if res := ask(bob); res.StatusCode != 401 && res.StatusCode != 403 {
			t.Errorf("suspended, on %s: %d %s", level, res.StatusCode, res.body)
		}
	}
}

// Row R13: who may not watch live gets nothing that is younger than a minute, by
// whatever he asks with; the minute moves on.
func TestR13_NothingYoungerThanAMinute(t *testing.T) {
	tp := theTape(t)
	clk := shiftedTo(tp.from.Add(-time.Hour))
	h := newHarnessAt(t, clk, func(c *Config) { c.Clock = clk })
	owner, bob := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby")
	cam := h.camera(owner, "Yard")
	h.put(tp, cam)
	h.grant(owner, cam, bob, row{"levels": []string{"archive"}})
	clk.stand(tp.from.Add(time.Minute + 4*time.Second))
	dir := archivePath(cam, "")
	all := h.playlist(owner, dir+"playlist.m3u8?"+moments(tp.from, tp.to))

	edge := func() time.Time { return clk.Now().Add(-time.Minute) }
	c := read[archiveCoverage](t, h.do("GET", dir+"coverage?"+moments(tp.from, tp.to), nil, bob).want(t, 200))
	if after := edge(); c.Edge.After(after) || c.Bounds.Delay != 60 || len(c.Spans) != 1 || c.Spans[0].To.After(after) || !c.Spans[0].From.Equal(tp.from) {
		t.Errorf("%+v, the edge is %v", c, after)
	}
	mine := h.playlist(bob, dir+"playlist.m3u8?"+moments(tp.from, tp.to))
	last := mine.Pieces[len(mine.Pieces)-1]
	if end := last.At.Add(last.Duration); end.After(edge()) || edge().Sub(end) > 4*time.Second || len(mine.Pieces) >= len(all.Pieces) {
		t.Errorf("%d of %d pieces, to %v; the edge is %v", len(mine.Pieces), len(all.Pieces), end, edge())
	}
	seen, hidden := 0, 0
	for _, p := range all.Pieces {
		end := p.At.Add(p.Duration)
		before := edge()
		res := h.pieceOf(bob, dir, p)
		switch after := edge(); {
		case end.Before(before.Add(-50 * time.Millisecond)):
			seen++
			res.want(t, 206)
		case end.After(after.Add(50 * time.Millisecond)):
			hidden++
			res.want(t, 404)
			head := h.do("HEAD", dir+p.URI, nil, bob, bytesFrom(p.Offset, p.Offset+p.Length))
			if head.StatusCode != 404 || head.Header.Get("ETag") != "" || head.Header.Get("Content-Range") != "" {
				t.Errorf("HEAD of what may not be seen: %d %v", head.StatusCode, head.Header)
			}
			at := end.Add(-time.Millisecond).Format(time.RFC3339Nano)
			h.do("GET", dir+"still?at="+at, nil, owner).want(t, 200)
			if end.After(edge().Add(2 * time.Second)) {
				h.do("GET", dir+"still?at="+at, nil, bob).want(t, 404)
			}
		}
	}
	if seen == 0 || hidden == 0 {
		t.Fatalf("%d seen, %d hidden", seen, hidden)
	}
	// The segment that lies across the edge is not given as a whole, nor a range that
	// reaches over it, however it is asked for; what is before it is.
	var across string
	for _, p := range mine.Pieces {
		for _, q := range all.Pieces {
			if q.URI == p.URI && q.At.After(edge().Add(time.Second)) {
				across = dir + p.URI
			}
		}
	}
	if across != "" {
		h.do("GET", across, nil, bob, bytesFrom(0, 2000)).want(t, 206)
		for _, ask := range []string{"", "bytes=0-", "bytes=-1", "bytes=0-0,1-1", "bytes=5-", "nonsense"} {
			for _, method := range []string{"GET", "HEAD"} {
				h.do(method, across, nil, bob, header("Range", ask)).want(t, 404)
			}
		}
		h.do("GET", across, nil, bob, header("Range", "bytes=0-9"), header("If-Range", `"other"`)).want(t, 404)
		twice := func(r *http.Request) { r.Header["Range"] = []string{"bytes=0-9", "bytes=0-"} }
		if res := h.do("GET", across, nil, bob, twice); res.StatusCode == 206 && len(res.body) != 10 || res.StatusCode == 200 {
			t.Errorf("two ranges: %d with %d bytes", res.StatusCode, len(res.body))
		}
	}
	// A list without an end has longer pieces, only grows, and stays behind the edge.
	clk.jump(4 * time.Second)
	grown := h.playlist(bob, dir+"playlist.m3u8?"+moments(tp.from, time.Time{}))
	clk.jump(4 * time.Second)
	more := h.playlist(bob, dir+"playlist.m3u8?"+moments(tp.from, time.Time{}))
	if err := more.Extends(grown); err != nil {
		t.Errorf("from %d to %d pieces: %v", len(grown.Pieces), len(more.Pieces), err)
	}
	clk.jump(30 * time.Second)
	whole := h.playlist(bob, dir+"playlist.m3u8?"+moments(tp.from, time.Time{}))
	if err := whole.Extends(more); err != nil || len(whole.Pieces) <= len(grown.Pieces) || (whole.Duration()-tp.to.Sub(tp.from)).Abs() > 200*time.Millisecond {
		t.Errorf("from %d to %d pieces, %v of %v: %v", len(grown.Pieces), len(whole.Pieces), whole.Duration(), tp.to.Sub(tp.from), err)
	}
	for _, p := range all.Pieces {
		h.pieceOf(bob, dir, p).want(t, 206)
	}
}

// Row R21: only footage from the grant on, and only of scheduled hours, for every
// byte.
func TestR21_OnlyFromAndOnlyHours(t *testing.T) {
	tp := theTape(t)
	middle := tp.from.Add(5 * time.Second)
	clk := shiftedTo(middle.Add(-3 * time.Second))
	h := newHarnessAt(t, clk, func(c *Config) { c.Clock = clk })
	owner, bob, ann := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby"), h.named("ann@example.org", "Annie")
	cam := h.camera(owner, "Yard")
	clk.stand(middle)
	before := clk.Now()
	h.grant(owner, cam, bob, row{"levels": []string{"online", "archive"}, "only_from": true})
	after := clk.Now()
	h.put(tp, cam)
	clk.jump(45 * time.Minute)
	for _, c := range []*caller{owner, bob, ann} {
		h.signIn(c)
	}
	dir := archivePath(cam, "")
	all := h.playlist(owner, dir+"playlist.m3u8?"+moments(tp.from, tp.to))
	mine := h.playlist(bob, dir+"playlist.m3u8?"+moments(tp.from, tp.to))
	if first := mine.Pieces[0].At; first.Before(before) || first.Sub(after) > 3*time.Second {
		t.Errorf("the first piece is of %v, the grant of %v", first, after)
	}
	c := read[archiveCoverage](t, h.do("GET", dir+"coverage?"+moments(tp.from, tp.to), nil, bob).want(t, 200))
	if len(c.Spans) != 1 || c.Spans[0].From.Before(before) || c.Bounds.From == nil || c.Bounds.Delay != 0 {
		t.Errorf("%+v", c)
	}
	for _, p := range all.Pieces {
		want := 206
		if p.At.Before(before) {
			want = 404
		} else if p.At.Before(after) {
			continue
		}
		h.pieceOf(bob, dir, p).want(t, want)
		h.do("GET", dir+"still?at="+p.At.Add(100*time.Millisecond).Format(time.RFC3339Nano), nil, bob).want(t, map[int]int{206: 200, 404: 404}[want])
	}

	h.do("PATCH", "/api/v1/cameras/"+cam, row{"zone": "Asia/Kolkata"}, owner).want(t, 200) // not whole hours from UTC, and no hour is there twice
	zone, err := time.LoadLocation(read[archiveDays](t, h.do("GET", dir+"days", nil, owner).want(t, 200)).Zone)
	if err != nil {
		t.Fatal(err)
	}
	quarters := func(from, to time.Time) (list []row) {
		for at := from; at.Before(to); at = at.Add(15 * time.Minute) {
			local := at.In(zone)
			m := (local.Hour()*60 + local.Minute()) / 15 * 15
			list = append(list, row{"day": int(local.Weekday()), "from": m, "to": m + 15})
		}
		return list
	}
	now := clk.Now()
	for name, c := range map[string]struct {
		hours []row
		want  int
	}{"with the tape's hours": {quarters(now.Add(-75*time.Minute), now.Add(30*time.Minute)), 200}, "without": {quarters(now.Add(-15*time.Minute), now.Add(30*time.Minute)), 404}} {
		tab := h.table(owner, cam)
		rows := []row{{"account": ann.account.ID, "levels": []string{"online", "archive"}, "only_hours": true, "schedule": row{"intervals": c.hours}}}
		for _, r := range tab.Rows {
			if r.Account.ID == ann.account.ID {
				rows[0]["grant_id"] = r.GrantID
				delete(rows[0], "account")
			}
		}
		saved := read[tableOf](t, h.save(owner, cam, tab.Version, rows...).want(t, 200))
		for _, r := range saved.Rows {
			if r.State == "offered" {
				h.do("POST", "/api/v1/offers/"+r.GrantID+"/accept", nil, ann).want(t, 204)
			}
		}
		where := fmt.Sprintf("hours %s", name)
		res := h.do("GET", dir+"playlist.m3u8?"+moments(tp.from, tp.to), nil, ann)
		if res.StatusCode != c.want {
			t.Errorf("%s: the playlist is %d %s", where, res.StatusCode, res.body)
		}
		cover := read[archiveCoverage](t, h.do("GET", dir+"coverage?"+moments(tp.from, tp.to), nil, ann).want(t, 200))
		days := read[archiveDays](t, h.do("GET", dir+"days", nil, ann).want(t, 200))
		if (len(cover.Spans) == 1) != (c.want == 200) || !cover.Bounds.OnlyHours || (len(days.Days) > 0) != (c.want == 200) {
			t.Errorf("%s: %+v, %+v", where, cover, days)
		}
		for _, d := range days.Days {
			if d.Bytes != nil {
				t.Errorf("%s: the size of a day is told", where)
			}
		}
		for _, p := range all.Pieces[:2] {
			h.pieceOf(ann, dir, p).want(t, map[int]int{200: 206, 404: 404}[c.want])
		}
	}
}

// What one may not know of is not there: tricks in ids, other cameras' footage
// through one's own, strangers.
func TestNothingOfOthersByAnyAddress(t *testing.T) {
	h := newHarness(t)
	owner, eve := h.person("owner", false), h.person("eve", false)
	cam, tp := h.recorded(owner, "Yard")
	own := h.camera(eve, "Mine")
	list := h.playlist(owner, archivePath(cam, "playlist.m3u8?"+moments(tp.from, tp.to)))
	seg, head := list.Pieces[0].URI, list.Pieces[0].Map
	hidden := h.do("GET", "/api/v1/nothing", nil, eve).want(t, 404)
	for _, path := range []string{
		archivePath(cam, "days"), archivePath(cam, "coverage"), archivePath(cam, "coverage?from=x"), archivePath(cam, "playlist.m3u8"), archivePath(cam, "master.m3u8?layer=x"),
		archivePath(cam, "still"), archivePath(cam, seg), archivePath(cam, head), archivePath(authz.NewID(), seg), archivePath(own, seg), archivePath(own, head),
		archivePath(own, strings.Replace(seg, "main", "sub", 1)), archivePath(own, "segments/main.0.00000000"), archivePath(own, "segments/main.-1.00000000"),
		archivePath(own, "segments/../../"+cam+"/archive/"+seg), archivePath(own, "segments/..%2f..%2f"+cam+"%2fmain"), archivePath(own, "segments/%2e%2e%2f"), archivePath(own, "segments/main.1.0000000g"),
		archivePath(own, "segments/main.99999999999999999999.00000000"), archivePath(own, "segments/main.%31.00000000"), archivePath(own, "init/../init"), archivePath(own, "init/%2e%2e"),
		archivePath(own, "init/AAAAAAAAAAAAAAAA"), archivePath(own, "segments/"), archivePath(own, "segments/"+seg[9:]+"/"), archivePath(own, "segments/"+seg[9:]+".mp4"),
		archivePath(own, "playlist.m3u8?"+moments(tp.from, tp.to)), archivePath(own, "still?at="+tp.from.Format(time.RFC3339)),
		archivePath(own, "play/s1.k."+strings.Repeat("A", 200)+"/playlist.m3u8"), archivePath(own, "play/x/playlist.m3u8"),
	} {
		for _, method := range []string{"GET", "HEAD"} {
			if method == "HEAD" && (strings.Contains(path, "days") || strings.Contains(path, "coverage") || strings.Contains(path, "still")) {
				continue
			}
			res := h.do(method, path, nil, eve, header("Range", "bytes=0-9"))
			if res.StatusCode != 404 || method == "GET" && string(res.body) != string(hidden.body) {
				t.Errorf("%s %s: %d %s", method, path, res.StatusCode, res.body)
			}
		}
	}
	if res := h.do("POST", archivePath(cam, "tickets"), row{"from": "x"}, eve); res.StatusCode != 404 || string(res.body) != string(hidden.body) {
		t.Errorf("a ticket: %d %s", res.StatusCode, res.body)
	}
	for _, q := range []string{"", "from=yesterday", "from=2026-03-28T12:00:00Z&to=2026-03-28T12:00:00Z", "from=2026-03-28T12:00:00Z&to=2026-03-30T12:00:00Z", "from=2026-03-28T12:00:00Z&to=2026-03-28T13:00:00Z&layer=all", "from=0001-01-01T00:00:00Z&to=0001-01-01T01:00:00Z"} {
		if res := h.do("GET", archivePath(cam, "playlist.m3u8?"+q), nil, owner); res.StatusCode != 422 {
			t.Errorf("%q: %d %s", q, res.StatusCode, res.body)
		}
	}
}
