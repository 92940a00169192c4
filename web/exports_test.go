package web

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sightline/controlroom/archive"
	"sightline/internal/clock"
	"sightline/internal/ffmpeg"
)

// exporting makes the exports of a harness. They end after its server.
func (h *harness) exporting(dir string, tool *ffmpeg.Tool, clk clock.Clock) *archive.Exports {
	h.t.Helper()
	e, err := archive.NewExports(archive.ExportsConfig{Archive: h.archive, Folder: filepath.Join(dir, "exports"), Tool: tool, Clock: clk, Registerer: h.registry})
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { e.Run(ctx); close(over) }()
	h.t.Cleanup(func() {
		stop()
		<-over
		e.Close()
	})
	h.exports = e
	return e
}

func (h *harness) export(c *caller, cam string, from, to time.Time, extra row) answer {
	h.t.Helper()
	in := row{"from": from, "to": to, "layer": "main"}
	for k, v := range extra {
		in[k] = v
	}
	return h.do("POST", archivePath(cam, "exports"), in, c)
}

func (h *harness) exported(c *caller, cam string, from, to time.Time) exportView {
	h.t.Helper()
	return read[exportView](h.t, h.export(c, cam, from, to, nil).want(h.t, 201))
}

// again gives somebody a camera, in other levels where he has it.
func (h *harness) again(owner *caller, cam string, to *caller, r row) {
	h.t.Helper()
	table := h.table(owner, cam)
	if len(table.Rows) == 0 {
		h.grant(owner, cam, to, r)
		return
	}
	r["grant_id"] = table.Rows[0].GrantID
	h.save(owner, cam, table.Version, r).want(h.t, 200)
}

// downloads are the rows of an owner's log about footage that was taken away.
func (h *harness) downloads(owner *caller) (list []auditLine) {
	h.t.Helper()
	for _, l := range read[auditView](h.t, h.do("GET", "/api/v1/audit", nil, owner).want(h.t, 200)).Rows {
		if l.Action == "camera.download" {
			list = append(list, l)
		}
	}
	return list
}

var downloadLevels = row{"levels": []string{"online", "archive", "download", "notices"}}

// A file is made, fetched whole and in parts, gone on with, written into the
// owner's log, and removed.
func TestExportIsFetched(t *testing.T) {
	h := newHarness(t)
	owner, anna := h.person("owner", false), h.person("anna", false)
	cam, tp := h.recorded(owner, "Вхід «А» / 1")
	h.grant(owner, cam, anna, downloadLevels)

	look := read[exportLookView](t, h.do("GET", archivePath(cam, "exports?"+moments(tp.from, tp.to)), nil, anna).want(t, 200))
	x := h.exported(anna, cam, tp.from, tp.to)
	if x.State != "ready" || x.Gaps != 0 || len(x.Left) != 0 || x.Progress != 1 || !strings.HasPrefix(x.Name, "вхід-а-1_20") || !strings.HasSuffix(x.Name, ".mp4") {
		t.Errorf("%+v", x)
	}
	if d := float64(look.Bytes)/float64(x.Bytes) - 1; d > 0.2 || d < -0.2 || look.Seconds < x.Seconds-1 {
		t.Errorf("it looked like %+v and is %+v", look, x)
	}
	if rows := h.downloads(owner); len(rows) != 0 {
		t.Errorf("before a byte was fetched the log has %+v", rows)
	}
	h.do("HEAD", x.URL, nil, anna).want(t, 200)
	if rows := h.downloads(owner); len(rows) != 0 {
		t.Errorf("a HEAD takes nothing away, the log has %+v", rows)
	}
	whole := h.do("GET", x.URL, nil, anna).want(t, 200)
	if int64(len(whole.body)) != x.Bytes || whole.Header.Get("Content-Type") != "video/mp4" || whole.Header.Get("Accept-Ranges") != "bytes" || whole.Header.Get("ETag") == "" {
		t.Errorf("%d bytes of %d, %v", len(whole.body), x.Bytes, whole.Header)
	}
	if got := whole.Header.Get("Content-Disposition"); !strings.HasPrefix(got, `attachment; filename="1_20`) || !strings.Contains(got, `; filename*=UTF-8''%D0%B2%D1%85%D1%96%D0%B4-`) {
		t.Errorf("it is called %s", got)
	}
	decodes(t, whole.body)
	rows := h.downloads(owner)
	if len(rows) != 1 || rows[0].Who.Name != "anna" || rows[0].What.ID != cam || !strings.Contains(rows[0].Detail, "from: "+x.From.Format(time.RFC3339)) || !strings.Contains(rows[0].Detail, "how: plain") {
		t.Errorf("the owner's log has %+v", rows)
	}

	// Parts are of the same file, and go on where one was cut.
	for _, cut := range []int64{0, 1, 999, x.Bytes / 2, x.Bytes - 1} {
		part := h.do("GET", x.URL, nil, anna, header("Range", "bytes="+itoa(cut)+"-"), header("If-Range", whole.Header.Get("ETag"))).want(t, 206)
		if !bytes.Equal(part.body, whole.body[cut:]) || part.Header.Get("Content-Range") != fmt.Sprintf("bytes %d-%d/%d", cut, x.Bytes-1, x.Bytes) {
			t.Errorf("from %d: %d bytes, %s", cut, len(part.body), part.Header.Get("Content-Range"))
		}
	}
	if res := h.do("GET", x.URL, nil, anna, header("Range", "bytes=5-"), header("If-Range", `"another"`)).want(t, 200); int64(len(res.body)) != x.Bytes {
		t.Errorf("%d bytes", len(res.body))
	}
	h.do("GET", x.URL, nil, anna, header("Range", "bytes="+itoa(x.Bytes)+"-")).want(t, 416)
	if rows := h.downloads(owner); len(rows) != 1 {
		t.Errorf("the log has %d rows of one export", len(rows))
	}
	list := read[exportsView](t, h.do("GET", "/api/v1/exports", nil, anna).want(t, 200))
	if len(list.Exports) != 1 || list.Exports[0].Requests < 6 || list.Limits.BytesLeft != list.Limits.Bytes-x.Bytes {
		t.Errorf("%+v", list)
	}

	// It is hers alone.
	for _, c := range []*caller{owner, h.person("bob", false)} {
		h.do("GET", "/api/v1/exports/"+x.ID, nil, c).want(t, 404)
		h.do("GET", x.URL, nil, c).want(t, 404)
		h.do("DELETE", "/api/v1/exports/"+x.ID, nil, c).want(t, 404)
	}
	h.do("GET", x.URL, nil, nil).want(t, 401)
	h.do("DELETE", "/api/v1/exports/"+x.ID, nil, anna).want(t, 204)
	h.do("GET", x.URL, nil, anna).want(t, 404)
}

// curl goes on with a download that was cut.
func TestExportGoesOn(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", false)
	cam, tp := h.recorded(owner, "Gate")
	x := h.exported(owner, cam, tp.from, tp.to)
	whole := h.do("GET", x.URL, nil, owner).want(t, 200).body
	file := filepath.Join(t.TempDir(), "gate.mp4")
	curl := func(more ...string) {
		t.Helper()
		args := append([]string{"-sS", "-f", "-H", "Authorization: Bearer " + h.tokenOf(owner), "-o", file, h.url + x.URL}, more...)
		if out, err := exec.Command("curl", args...).CombinedOutput(); err != nil {
			t.Fatalf("curl: %v %s", err, out)
		}
	}
	curl("-r", "0-"+itoa(x.Bytes/3))
	curl("-C", "-")
	got, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, whole) {
		t.Errorf("%d of %d bytes: %v", len(got), len(whole), err)
	}
}

// Only who may download now gets anything, and only of what may be seen.
func TestExportNeedsDownload(t *testing.T) {
	h := newHarness(t)
	owner, anna := h.person("owner", false), h.person("anna", false)
	cam, tp := h.recorded(owner, "Gate")
	h.export(anna, cam, tp.from, tp.to, nil).want(t, 404) // she knows of no such camera
	for _, levels := range [][]string{{"online"}, {"online", "notices"}, {"archive"}, {"online", "archive"}, {"online", "archive", "notices"}} {
		h.again(owner, cam, anna, row{"levels": levels})
		h.export(anna, cam, tp.from, tp.to, nil).want(t, 403)
		h.do("GET", archivePath(cam, "exports?"+moments(tp.from, tp.to)), nil, anna).want(t, 403)
	}
	h.again(owner, cam, anna, row{"levels": []string{"archive", "download"}})
	x := h.exported(anna, cam, tp.from, tp.to) // older than a minute: also without the live picture
	h.do("GET", x.URL, nil, anna).want(t, 200)
	recent := h.export(anna, cam, time.Now().Add(-30*time.Second), time.Now(), nil)
	recent.want(t, 409)
	if recent.field("code") != "no_footage" {
		t.Errorf("%s", recent.body)
	}

	// From today on: what was made before can not be fetched any more.
	h.again(owner, cam, anna, row{"levels": []string{"archive", "download"}, "only_from": true})
	res := h.do("GET", x.URL, nil, anna).want(t, 403)
	if res.field("code") != codeExportOutdated {
		t.Errorf("%s", res.body)
	}
	none := h.export(anna, cam, tp.from, tp.to, nil).want(t, 409)
	if none.field("code") != "no_footage" {
		t.Errorf("%s", none.body)
	}
	look := read[exportLookView](t, h.do("GET", archivePath(cam, "exports?"+moments(tp.from, tp.to)), nil, anna).want(t, 200))
	if look.Bytes != 0 || look.From != nil || len(look.Left) != 1 || look.Left[0].Reason != leftBefore {
		t.Errorf("%+v", look)
	}

	h.again(owner, cam, anna, row{"levels": []string{"online", "archive"}})
	h.do("GET", x.URL, nil, anna).want(t, 403)
	h.export(owner, cam, tp.to, tp.from, nil).want(t, 422)
	h.export(owner, cam, tp.from, tp.from.Add(40*24*time.Hour), nil).want(t, 422)
}

// A revoke ends bytes that run within a second; also a bound that is drawn closer.
func TestR31_ExportIsCutByARevoke(t *testing.T) {
	for _, c := range []struct {
		name string
		row  row
	}{
		{"level taken", row{"levels": []string{"online", "archive"}}},
		{"from today on", row{"levels": []string{"online", "archive", "download"}, "only_from": true}},
		{"revoked", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHarness(t)
			owner, anna := h.person("owner", false), h.person("anna", false)
			cam, tp := h.recorded(owner, "Gate")
			h.grant(owner, cam, anna, downloadLevels)
			x := h.exported(anna, cam, tp.from, tp.to)
			conn, body := h.slowly(t, anna, x.URL)
			defer conn.Close()
			first, err := io.CopyN(io.Discard, body, 200_000)
			if err != nil {
				t.Fatal(first, err)
			}
			if c.row == nil {
				h.save(owner, cam, h.table(owner, cam).Version).want(t, 200)
			} else {
				table := h.table(owner, cam)
				r := row{"grant_id": table.Rows[0].GrantID}
				for k, v := range c.row {
					r[k] = v
				}
				h.save(owner, cam, table.Version, r).want(t, 200)
			}
			cut := time.Now()
			_ = conn.SetReadDeadline(cut.Add(2 * soon))
			for rest := int64(0); ; {
				n, err := io.CopyN(io.Discard, body, 1000)
				rest += n
				if err != nil {
					if d := time.Since(cut); d > soon || rest+first >= x.Bytes {
						t.Errorf("it ended after %v with %d of %d bytes: %v", d, first+rest, x.Bytes, err)
					}
					break
				}
				<-time.After(10 * time.Millisecond) // a reader that is slower than the bytes there are
			}
		})
	}
}

// slowly begins a download by a reader that takes little at once.
func (h *harness) slowly(t *testing.T, c *caller, path string) (net.Conn, io.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.(*net.TCPConn).SetReadBuffer(16 << 10)
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\n\r\n", path, strings.TrimPrefix(h.url, "http://"), c.cookie)
	r := bufio.NewReaderSize(conn, 16<<10)
	res, err := http.ReadResponse(r, nil)
	if err != nil || res.StatusCode != 200 {
		t.Fatal(res, err)
	}
	return conn, res.Body
}

// A watermarked file is encoded, says how far it is, and is in the log as such.
func TestExportWithAWatermark(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", false)
	cam, tp := h.recorded(owner, "Gate")
	x := read[exportView](t, h.export(owner, cam, tp.from, tp.from.Add(4*time.Second), row{"watermark": true}).want(t, 201))
	if x.State != archive.ExportWaiting || !x.Watermark {
		t.Errorf("%+v", x)
	}
	deadline := time.Now().Add(3 * time.Minute)
	for x.State != "ready" {
		if x.State == "failed" || time.Now().After(deadline) {
			t.Fatalf("%+v", x)
		}
		if res := h.do("GET", x.URL, nil, owner); res.StatusCode != 409 && res.StatusCode != 200 {
			t.Fatalf("%d %s", res.StatusCode, res.body)
		}
		<-time.After(100 * time.Millisecond)
		x = read[exportView](t, h.do("GET", "/api/v1/exports/"+x.ID, nil, owner).want(t, 200))
	}
	decodes(t, h.do("GET", x.URL, nil, owner).want(t, 200).body)
	if rows := h.downloads(owner); len(rows) != 1 || !strings.Contains(rows[0].Detail, "how: watermark") {
		t.Errorf("%+v", rows)
	}
}

func TestAttachmentNames(t *testing.T) {
	for name, want := range map[string]string{
		"gate_2026-11-22_14-03-00.mp4":       `attachment; filename="gate_2026-11-22_14-03-00.mp4"`,
		"двір_2026-11-22_14-03-00.mp4":       `attachment; filename="camera_2026-11-22_14-03-00.mp4"; filename*=UTF-8''%D0%B4%D0%B2%D1%96%D1%80_2026-11-22_14-03-00.mp4`,
		"a\"b\r\nc_2026-11-22_14-03-00.mp4":  `attachment; filename="abc_2026-11-22_14-03-00.mp4"; filename*=UTF-8''a%22b%0D%0Ac_2026-11-22_14-03-00.mp4`,
		"tür-2_2026-11-22_14-03-00.mp4":      `attachment; filename="tr-2_2026-11-22_14-03-00.mp4"; filename*=UTF-8''t%C3%BCr-2_2026-11-22_14-03-00.mp4`,
		"двір-двері_2026-11-22_14-03-00.mp4": `attachment; filename="camera_2026-11-22_14-03-00.mp4"; filename*=UTF-8''%D0%B4%D0%B2%D1%96%D1%80-%D0%B4%D0%B2%D0%B5%D1%80%D1%96_2026-11-22_14-03-00.mp4`,
	} {
		if got := attachment(name); got != want {
			t.Errorf("%q: %s", name, got)
		}
	}
}
