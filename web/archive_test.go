package web

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sightline/internal/hlstest"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// An owner reads what was recorded: days, coverage, playlist, heads, pieces and
// stills, and what he gets is what ffmpeg decodes without a complaint.
func TestTheArchiveIsRead(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", false)
	cam, tp := h.recorded(owner, "Yard")

	days := read[archiveDays](t, h.do("GET", archivePath(cam, "days"), nil, owner).want(t, 200))
	size := int64(0)
	for _, d := range days.Days { // two, if it was recorded at midnight
		if d.Bytes == nil {
			t.Fatalf("%+v", days)
		}
		size += *d.Bytes
	}
	if n := len(days.Days); n == 0 || n > 2 || size < 1<<20 || days.Zone == "" {
		t.Errorf("%+v", days)
	}
	wide := moments(tp.from.Add(-time.Hour), tp.to.Add(time.Second))
	c := read[archiveCoverage](t, h.do("GET", archivePath(cam, "coverage?"+wide), nil, owner).want(t, 200))
	if c.Layer != "main" || !slices.Equal(c.Layers, []string{"main"}) || len(c.Spans) != 1 || !c.Spans[0].From.Equal(tp.from) || !c.Spans[0].To.Equal(tp.to) || c.Edge.Before(c.Now) {
		t.Errorf("%+v, the tape is from %v to %v", c, tp.from, tp.to)
	}

	dir := archivePath(cam, "")
	list := h.playlist(owner, dir+"playlist.m3u8?"+wide+"&layer=sub")
	if list.Type != "VOD" || !list.Ended || (list.Duration()-tp.to.Sub(tp.from)).Abs() > 200*time.Millisecond {
		t.Errorf("%+v lasts %v, the tape %v", list, list.Duration(), tp.to.Sub(tp.from))
	}
	if got := h.do("GET", dir+"playlist.m3u8?"+wide+"&layer=sub", nil, owner).Header.Get("X-Layer"); got != "main" {
		t.Errorf("asked for sub, it is %q", got)
	}
	file := h.whole(owner, dir, list)
	decodes(t, file)

	master := h.do("GET", dir+"master.m3u8?"+wide, nil, owner).want(t, 200)
	variants, err := hlstest.ParseMultivariant(master.body)
	if err != nil {
		t.Fatalf("%v in\n%s", err, master.body)
	}
	if len(variants) != 1 || variants[0].Resolution != "640x360" || len(variants[0].Codecs) != 2 || !strings.HasPrefix(variants[0].Codecs[0], "avc1.4d") || variants[0].Codecs[1] != "fLaC" {
		t.Errorf("%+v", variants)
	}
	if again := h.playlist(owner, dir+variants[0].URI); len(again.Pieces) != len(list.Pieces) {
		t.Errorf("the variant has %d pieces, not %d", len(again.Pieces), len(list.Pieces))
	}

	at := tp.from.Add(3200 * time.Millisecond)
	still := h.do("GET", dir+"still?at="+at.Format(time.RFC3339Nano)+"&width=160", nil, owner).want(t, 200)
	taken, err := time.Parse(time.RFC3339Nano, still.Header.Get("X-Captured-At"))
	if err != nil || taken.After(at) || at.Sub(taken) > time.Second || still.Header.Get("Content-Type") != "image/jpeg" || !bytes.HasPrefix(still.body, []byte{0xff, 0xd8}) {
		t.Errorf("a still of %v for %v, %d bytes: %v", taken, at, len(still.body), err)
	}
	for _, width := range []string{"-1", "0", "1e3", "320px", "99999999999999999999"} {
		h.do("GET", dir+"still?at="+at.Format(time.RFC3339Nano)+"&width="+width, nil, owner).want(t, 422)
	}
	h.do("GET", dir+"still?at="+tp.from.Add(-time.Minute).Format(time.RFC3339Nano), nil, owner).want(t, 404)
	for _, res := range []answer{still, master} {
		if got := res.Header.Get("Cache-Control"); got != "private, no-store" {
			t.Errorf("%s may be kept: %q", res.Request.URL.Path, got)
		}
	}
}

// whole fetches a playlist as a player does and checks each piece as Safari would:
// it begins with moof after boxes that may be there, its first picture is a key
// frame, and media time goes on where no discontinuity is said.
func (h *harness) whole(c *caller, dir string, list *hlstest.Playlist) []byte {
	h.t.Helper()
	var file []byte
	heads := map[string]bool{}
	var end uint64
	for i, p := range list.Pieces {
		if !heads[p.Map] {
			heads[p.Map] = true
			head := h.do("GET", dir+p.Map, nil, c).want(h.t, 200)
			if !bytes.Equal(boxName(head.body), []byte("ftyp")) || head.Header.Get("Content-Type") != "video/mp4" || bytes.Contains(head.body, []byte("hev1")) {
				h.t.Errorf("a head of %q", head.body[:min(40, len(head.body))])
			}
			file = append(file, head.body...)
		}
		res := h.pieceOf(c, dir, p).want(h.t, 206)
		if int64(len(res.body)) != p.Length || res.Header.Get("Content-Type") != "video/mp4" {
			h.t.Fatalf("piece %d: %d bytes of %d, %s", i, len(res.body), p.Length, res.Header.Get("Content-Type"))
		}
		begin, length, key, err := looked(res.body)
		if err != nil {
			h.t.Fatalf("piece %d: %v", i, err)
		}
		if !key {
			h.t.Errorf("piece %d does not begin with a key frame", i)
		}
		if off := int64(begin) - int64(end); i > 0 && !p.Discontinuity && (off > 90 || off < -90) {
			h.t.Errorf("piece %d begins at media time %d, the one before ended at %d", i, begin, end)
		}
		if d := time.Duration(length) * time.Second / 90000; (d - p.Duration).Abs() > 2*time.Millisecond {
			h.t.Errorf("piece %d plays %v, its EXTINF says %v", i, d, p.Duration)
		}
		end = begin + length
		file = append(file, res.body...)
	}
	return file
}

func boxName(b []byte) []byte {
	if len(b) < 8 {
		return nil
	}
	return b[4:8]
}

// boxes goes through the boxes of b.
func boxes(b []byte, fn func(name string, body []byte) error) error {
	for len(b) > 0 {
		if len(b) < 8 {
			return fmt.Errorf("%d bytes are left over", len(b))
		}
		n := int(binary.BigEndian.Uint32(b))
		if n < 8 || n > len(b) {
			return fmt.Errorf("a box %q of %d in %d bytes", b[4:8], n, len(b))
		}
		if err := fn(string(b[4:8]), b[8:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// looked reads what a piece says of its pictures: its first decode time, how long
// it plays, and whether its first picture is a key frame.
func looked(b []byte) (begin, length uint64, key bool, err error) {
	first := true
	err = boxes(b, func(name string, body []byte) error {
		switch name {
		case "moof":
			return boxes(body, func(name string, traf []byte) error {
				if name != "traf" {
					return nil
				}
				var head trackHead
				return boxes(traf, func(name string, x []byte) error {
					switch {
					case name == "tfhd":
						head = headOf(x)
					case head.id != 1:
					case name == "tfdt" && first:
						begin = binary.BigEndian.Uint64(x[4:])
					case name == "trun":
						d, k := run(x, head)
						if first {
							key, first = k, false
						}
						length += d
					}
					return nil
				})
			})
		case "mdat", "prft", "uuid", "styp", "emsg":
			return nil
		}
		return fmt.Errorf("a box %q", name)
	})
	return begin, length, key, err
}

// trackHead is a tfhd: what holds for samples that do not say it themselves.
type trackHead struct{ id, duration, flags uint32 }

func headOf(x []byte) (h trackHead) {
	flags := binary.BigEndian.Uint32(x) & 0xffffff
	h.id = binary.BigEndian.Uint32(x[4:])
	x = x[8:]
	for _, f := range []struct {
		bit uint32
		n   int
		to  *uint32
	}{{1, 8, nil}, {2, 4, nil}, {8, 4, &h.duration}, {0x10, 4, nil}, {0x20, 4, &h.flags}} {
		if flags&f.bit != 0 {
			if f.to != nil {
				*f.to = binary.BigEndian.Uint32(x)
			}
			x = x[f.n:]
		}
	}
	return h
}

// run reads a trun: how long it plays and whether it begins with a key frame.
func run(x []byte, h trackHead) (length uint64, key bool) {
	flags, n := binary.BigEndian.Uint32(x)&0xffffff, binary.BigEndian.Uint32(x[4:])
	x = x[8:]
	first := h.flags
	if flags&1 != 0 {
		x = x[4:]
	}
	if flags&4 != 0 {
		first, x = binary.BigEndian.Uint32(x), x[4:]
	}
	for i := range n {
		d := h.duration
		if flags&0x100 != 0 {
			d, x = binary.BigEndian.Uint32(x), x[4:]
		}
		length += uint64(d)
		if flags&0x200 != 0 {
			x = x[4:]
		}
		if flags&0x400 != 0 {
			if i == 0 && flags&4 == 0 {
				first = binary.BigEndian.Uint32(x)
			}
			x = x[4:]
		}
		if flags&0x800 != 0 {
			x = x[4:]
		}
	}
	return length, first&0x10000 == 0
}

// decodes runs ffmpeg over a file; any complaint is a failure.
func decodes(t *testing.T, file []byte) {
	t.Helper()
	cmd := exec.Command("ffmpeg", "-v", "error", "-xerror", "-f", "mp4", "-i", "pipe:0", "-enc_time_base", "-1", "-f", "null", "-")
	cmd.Stdin = bytes.NewReader(file)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("it does not decode: %v\n%s", err, out)
	}
}

// HEAD is GET without the body, for ranges too; a range that is not there is 416,
// one that cannot be read is none, If-Range holds for what is closed.
func TestRangesOfASegment(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", false)
	cam, tp := h.recorded(owner, "Yard")
	dir := archivePath(cam, "")
	list := h.playlist(owner, dir+"playlist.m3u8?"+moments(tp.from, tp.to))
	seg := dir + list.Pieces[len(list.Pieces)/2].URI
	whole := h.do("GET", seg, nil, owner).want(t, 200)
	size, tag := int64(len(whole.body)), whole.Header.Get("ETag")
	if tag == "" || whole.Header.Get("Accept-Ranges") != "bytes" || whole.ContentLength != size {
		t.Errorf("%v", whole.Header)
	}
	decodes(t, whole.body)
	for _, c := range []struct {
		ask      string
		status   int
		from, to int64
	}{
		{"bytes=0-0", 206, 0, 1}, {"bytes=0-", 206, 0, size}, {"bytes=100-199", 206, 100, 200}, {"bytes=-1", 206, size - 1, size},
		{"bytes=-" + itoa(size+10), 206, 0, size}, {"bytes=" + itoa(size-1) + "-" + itoa(size+1000), 206, size - 1, size},
		{"bytes=" + itoa(size) + "-", 416, 0, 0}, {"bytes=-0", 416, 0, 0}, {"bytes=999999999999999999-", 416, 0, 0},
		{"bytes=0-1,5-9", 200, 0, size}, {"bytes=9-5", 200, 0, size}, {"bytes=a-b", 200, 0, size}, {"bytes=-", 200, 0, size}, {"items=0-1", 200, 0, size},
		{"bytes=0x10-0x20", 200, 0, size}, {"bytes=+1-2", 200, 0, size}, {"bytes=99999999999999999999-", 200, 0, size}, {"bytes=0-99999999999999999999", 200, 0, size},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			res := h.do(method, seg, nil, owner, header("Range", c.ask))
			if res.StatusCode != c.status {
				t.Errorf("%s %s: %d, want %d", method, c.ask, res.StatusCode, c.status)
				continue
			}
			switch c.status {
			case 416:
				if got := res.Header.Get("Content-Range"); got != "bytes */"+itoa(size) {
					t.Errorf("%s: %q", c.ask, got)
				}
				continue
			case 206:
				if got, want := res.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-%d/%d", c.from, c.to-1, size); got != want {
					t.Errorf("%s: %q, want %q", c.ask, got, want)
				}
			}
			if res.ContentLength != c.to-c.from {
				t.Errorf("%s %s: a length of %d, want %d", method, c.ask, res.ContentLength, c.to-c.from)
			}
			if method == "GET" && !bytes.Equal(res.body, whole.body[c.from:c.to]) {
				t.Errorf("%s: other bytes", c.ask)
			}
			if method == "HEAD" && len(res.body) > 0 {
				t.Errorf("HEAD %s: %d bytes", c.ask, len(res.body))
			}
		}
	}
	for cond, want := range map[string]int{tag: 206, `"other"`: 200, "W/" + tag: 200, "Sat, 28 Mar 2026 12:00:00 GMT": 200} {
		if res := h.do("GET", seg, nil, owner, header("Range", "bytes=5-9"), header("If-Range", cond)); res.StatusCode != want {
			t.Errorf("If-Range %s: %d, want %d", cond, res.StatusCode, want)
		}
	}
	if res := h.do("POST", seg, nil, owner); res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", res.StatusCode)
	}
}
