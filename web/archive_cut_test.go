package web

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/hlstest"
	"sightline/internal/testcam"
)

// slowRead is what somebody with a small window got of a whole segment: how many
// bytes came, when the last did, and the whole size.
type slowRead struct {
	got, size int64
	last      time.Time
	err       error
}

// readSlowly takes 8 KiB twenty times a second, up to where it says that it is going;
// from when it is told to go on, five times.
func readSlowly(h *harness, path string, c *caller, done chan<- slowRead, going chan<- struct{}, on <-chan struct{}) {
	var out slowRead
	defer func() { done <- out }()
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	if err != nil {
		out.err = err
		return
	}
	defer conn.Close()
	_ = conn.(*net.TCPConn).SetReadBuffer(8 << 10)
	cookie := ""
	if c != nil {
		cookie = "Cookie: " + c.cookie + "\r\n"
	}
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nX-Sightline: 1\r\n%s\r\n", path, strings.TrimPrefix(h.url, "http://"), cookie)
	res, err := http.ReadResponse(bufio.NewReaderSize(conn, 16), nil)
	if err != nil || res.StatusCode != 200 {
		out.err = fmt.Errorf("%v %+v", err, res)
		return
	}
	out.size = res.ContentLength
	buf := make([]byte, 8<<10)
	pace := time.NewTicker(50 * time.Millisecond)
	defer pace.Stop()
	for range pace.C {
		n, err := res.Body.Read(buf)
		if n > 0 {
			out.got += int64(n)
			out.last = time.Now()
		}
		if going != nil && out.got > 48<<10 {
			close(going)
			going = nil
			<-on
			pace.Reset(200 * time.Millisecond)
		}
		if err != nil {
			out.err = err
			return
		}
	}
}

// Ruling 5: an answer that runs ends within a second after the right to it did,
// whatever ended it, however slowly it is read.
func TestARunningAnswerIsCut(t *testing.T) {
	h := newHarness(t)
	owner := h.named("owner@example.org", "Owner")
	cam, tp := h.recorded(owner, "Yard")
	list := h.playlist(owner, archivePath(cam, "playlist.m3u8?"+moments(tp.from, tp.to)))
	seg := list.Pieces[len(list.Pieces)/2].URI
	change := func(g string, to func(row)) {
		tab := h.table(owner, cam)
		rows := []row{}
		for _, r := range tab.Rows {
			v := row{"grant_id": r.GrantID, "levels": r.Levels}
			if r.GrantID == g {
				if to == nil {
					continue
				}
				to(v)
			}
			rows = append(rows, v)
		}
		h.save(owner, cam, tab.Version, rows...).want(t, 200)
	}
	for _, s := range []struct {
		name   string
		ticket bool
		end    func(c *caller, g string)
	}{
		{"grant revoked", false, func(_ *caller, g string) { change(g, nil) }},
		{"level taken", false, func(_ *caller, g string) { change(g, func(v row) { v["levels"] = []string{"online"} }) }},
		{"bounds drawn closer", false, func(_ *caller, g string) { change(g, func(v row) { v["only_from"] = true }) }},
		{"signed out", false, func(c *caller, _ string) { h.do("POST", "/api/v1/logout", nil, c).want(t, 204) }},
		{"password, by ticket", true, func(c *caller, _ string) { h.newPassword(c) }},
		{"suspended, by ticket", true, func(c *caller, _ string) {
			if _, err := h.authority.SetState(t.Context(), authz.Operator, c.account.ID, authz.AccountSuspended); err != nil {
				t.Fatal(err)
			}
		}},
		{"camera deleted", false, func(*caller, string) { h.do("DELETE", "/api/v1/cameras/"+cam, nil, owner).want(t, 204) }},
	} {
		t.Run(s.name, func(t *testing.T) {
			c := h.named(strings.NewReplacer(" ", "", ",", "").Replace(s.name)+"@example.org", "Person "+s.name)
			g := h.grantBeside(owner, cam, c, []string{"online", "archive"})
			path := archivePath(cam, seg)
			who := c
			if s.ticket {
				at, _ := h.ticket(c, cam, tp.from, tp.to)
				path, who = strings.TrimSuffix(at, "playlist.m3u8")+seg, nil
			}
			done, going, on := make(chan slowRead, 1), make(chan struct{}), make(chan struct{})
			goOn := sync.OnceFunc(func() { close(on) })
			defer goOn()
			go readSlowly(h, path, who, done, going, on)
			select {
			case <-going:
			case out := <-done:
				t.Fatalf("%+v", out)
			}
			began := time.Now()
			s.end(c, g)
			goOn()
			out := <-done
			if out.got >= out.size {
				t.Fatalf("all %d bytes came", out.size)
			}
			if late := out.last.Sub(began); late > soon {
				t.Errorf("the last byte came %v after the request that ended it", late)
			} else {
				t.Logf("the last byte came %v after, %d of %d", max(late, 0), out.got, out.size)
			}
		})
	}
	h.poll("no answer to be counted", func() bool {
		h.srv.readings.mu.Lock()
		defer h.srv.readings.mu.Unlock()
		return h.srv.readings.all == 0 && h.srv.readings.running.count() == 0
	})
}

// One account has so many answers at once; others are not touched by it, and a
// server that closes does not wait for slow readers.
func TestAnswersAtOnceAreBounded(t *testing.T) {
	h := newHarness(t, func(c *Config) { c.CloseTimeout = chunkWait * 3 / 4 })
	owner, bob := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby")
	cam, tp := h.recorded(owner, "Yard")
	h.grant(owner, cam, bob, row{"levels": []string{"online", "archive"}})
	list := h.playlist(owner, archivePath(cam, "playlist.m3u8?"+moments(tp.from, tp.to)))
	seg := archivePath(cam, list.Pieces[len(list.Pieces)/2].URI)
	for range readsAtOnce { // each is asked for, begins, and is not read any further
		conn, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.(*net.TCPConn).SetReadBuffer(8 << 10)
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\n\r\n", seg, strings.TrimPrefix(h.url, "http://"), bob.cookie)
		var status [12]byte
		if _, err := io.ReadFull(conn, status[:]); err != nil || string(status[9:]) != "200" {
			t.Fatalf("%q %v", status, err)
		}
	}
	if res := h.do("GET", seg, nil, bob); res.StatusCode != 429 || res.Header.Get("Retry-After") == "" {
		t.Errorf("one more: %d", res.StatusCode)
	}
	h.do("GET", seg, nil, owner).want(t, 200)
	if err := h.srv.Close(); err != nil {
		t.Error(err)
	}
	if strings.Contains(h.log.String(), "requests were still running when the server closed") {
		t.Error("it waited for slow readers for as long as it waits for anything")
	}
}

// What is recorded now is read as it grows: a list that is only appended to, pieces
// that decode, and for who may not watch live nothing of it.
func TestFootageIsReadWhileItGrows(t *testing.T) {
	h := newHarness(t)
	owner, bob := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby")
	clip, err := testcam.Make(t.Context(), testcam.Spec{Seconds: 4, Width: 320, Height: 180, GOP: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	src, err := testcam.New(testcam.Config{Main: clip})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	cam := h.do("POST", "/api/v1/cameras", row{"name": "Yard", "main": src.Main()}, owner).want(t, 201).field("id")
	h.grant(owner, cam, bob, row{"levels": []string{"archive"}})
	from := time.Now()
	rec := h.do("GET", "/api/v1/cameras/"+cam+"/recording", nil, owner).want(t, 200)
	version := read[struct {
		Version uint64 `json:"version"`
	}](t, rec).Version
	h.do("PUT", "/api/v1/cameras/"+cam+"/recording", row{"policy": row{"mode": "continuous", "layer": "main"}, "version": version}, owner).want(t, 200)
	dir := archivePath(cam, "")
	ask := dir + "playlist.m3u8?" + moments(from.Add(-time.Second), time.Time{})
	h.poll("something to be recorded", func() bool { return h.do("GET", ask, nil, owner).StatusCode == 200 })
	before := h.playlist(owner, ask)
	if before.Type != "EVENT" || before.Ended {
		t.Errorf("%+v", before)
	}
	h.poll("more of it", func() bool {
		now := h.playlist(owner, ask)
		if err := now.Extends(before); err != nil {
			t.Fatal(err)
		}
		more := len(now.Pieces) > len(before.Pieces)
		before = now
		return more
	})
	decodes(t, h.whole(owner, dir, before))
	newest := func() (string, hlstest.Piece) {
		p := h.playlist(owner, ask).Pieces
		return dir + p[len(p)-1].URI, p[len(p)-1]
	}
	seg, _ := newest()
	res := h.do("GET", seg, nil, owner, header("Range", "bytes=0-99")).want(t, 206)
	if got := res.Header.Get("Content-Range"); got != "bytes 0-99/*" || res.Header.Get("ETag") != "" {
		t.Errorf("of one that grows: %q %q", got, res.Header.Get("ETag"))
	}
	decodes(t, h.do("GET", seg, nil, owner).want(t, 200).body)
	// Of the last minute he gets nothing, however long it took to come here.
	seg, last := newest()
	h.do("GET", seg, nil, bob).want(t, 404)
	h.pieceOf(bob, dir, last).want(t, 404)
	h.do("GET", seg, nil, bob, bytesFrom(last.Offset, last.Offset+1)).want(t, 404)
	h.do("GET", dir+"playlist.m3u8?"+moments(time.Now().Add(-20*time.Second), time.Time{}), nil, bob).want(t, 404)
	if c := read[archiveCoverage](t, h.do("GET", dir+"coverage?"+moments(time.Now().Add(-20*time.Second), time.Now()), nil, bob).want(t, 200)); len(c.Spans) != 0 {
		t.Errorf("%+v", c)
	}
}
