package web

import (
	"net/http"
	"strconv"
	"strings"

	"sightline/authz"
	"sightline/controlroom/archive"
	"sightline/internal/fault"
)

// byteRange is a part of a segment: from inclusive, to exclusive.
type byteRange struct {
	from, to int64
	part     bool // a Range was asked for: 206
}

// rangeOf reads Range (RFC 9110, 14.2) for something of size bytes. One range is
// answered; several, another unit or what cannot be read is as if none was asked for.
// ok is false for 416.
func rangeOf(header string, size int64) (_ byteRange, ok bool) {
	whole := byteRange{0, size, false}
	set, ok := strings.CutPrefix(header, "bytes=")
	if !ok || strings.Contains(set, ",") {
		return whole, true
	}
	first, last, ok := strings.Cut(strings.Trim(set, " \t"), "-")
	if !ok {
		return whole, true
	}
	if first == "" {
		n, ok := digits(last)
		switch {
		case !ok:
			return whole, true
		case n == 0 || size == 0:
			return whole, false
		}
		return byteRange{max(0, size-n), size, true}, true
	}
	from, ok := digits(first)
	if !ok {
		return whole, true
	}
	to := size
	if last != "" {
		n, ok := digits(last)
		if !ok || n < from {
			return whole, true
		}
		to = min(size, n+1)
	}
	return byteRange{from, to, true}, from < size
}

// digits reads a decimal number of at most 18 digits.
func digits(s string) (int64, bool) {
	if s == "" || len(s) > 18 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// archiveSegment answers bytes of one segment when every fragment they are of may
// be seen. The answer runs on a lease: it ends when the right does.
func archiveSegment(r *request) error {
	camera := r.param("id")
	done, err := r.s.readings.enter(r.subject.Account, true)
	if err != nil {
		return err
	}
	running := false
	defer func() {
		if !running {
			done()
		}
	}()
	rd := &reading{s: r.s, conn: r.c.Context().Conn(), ticket: r.ticket, archive: r.s.cfg.Archive, camera: camera, id: r.file("segment")}
	lease, d, err := r.s.cfg.Authority.Subscribe(r.ctx, r.subject, camera, authz.ActArchive, func(authz.Decision) { rd.cut() })
	if err != nil {
		return err
	}
	if err := d.Fault(); err != nil {
		return err
	}
	defer func() {
		if !running {
			rd.leave()
			lease.Release()
		}
	}()
	if rd.archive == nil {
		return errInvisible
	}
	seg, err := rd.archive.Segment(r.ctx, camera, rd.id)
	if fault.Is(err, fault.NotFound) {
		return errInvisible
	}
	if err != nil {
		return err
	}
	if !r.knows(d.Footage, &seg) {
		return errInvisible
	}
	h := &r.c.Response().Header
	h.Set("Accept-Ranges", "bytes")
	tag := ""
	if !seg.Growing {
		tag = `"` + seg.ID + "-" + strconv.FormatInt(seg.Bytes, 10) + `"`
		h.Set("ETag", tag)
	}
	want := r.c.Get("Range")
	if cond := r.c.Get("If-Range"); cond != "" && (tag == "" || cond != tag) {
		want = ""
	}
	part, ok := rangeOf(want, seg.Bytes)
	if !ok {
		h.Set("Content-Range", "bytes */"+strconv.FormatInt(seg.Bytes, 10))
		return errRange
	}
	rd.from, rd.to = part.from, part.to
	rd.frags = seg.Touched(part.from, part.to)
	if !r.mayHave(d.Footage, &seg, rd.frags) {
		h.Del("ETag")
		return errInvisible
	}
	h.SetContentType(videoType)
	status := http.StatusOK
	if part.part {
		status = http.StatusPartialContent
		size := strconv.FormatInt(seg.Bytes, 10)
		if seg.Growing {
			size = "*"
		}
		h.Set("Content-Range", "bytes "+strconv.FormatInt(part.from, 10)+"-"+strconv.FormatInt(part.to-1, 10)+"/"+size)
	}
	r.c.Status(status)
	if r.rt.method == http.MethodHead {
		r.c.Response().SkipBody = true
		h.SetContentLength(int(part.to - part.from))
		return nil
	}
	running = true
	rd.lease, rd.done = lease, done
	rd.begin()
	r.c.Response().SetBodyStream(rd, int(part.to-part.from))
	return nil
}

var errRange = &statusError{http.StatusRequestedRangeNotSatisfiable, fault.CodeBadValue, "There are not so many bytes."}

// knows reports whether anything of a segment may be seen: of another one not even
// its size is told.
func (r *request) knows(f authz.Footage, seg *archive.Segment) bool {
	for i := range seg.Fragments {
		if r.mayHave(f, seg, seg.Fragments[i:i+1]) {
			return true
		}
	}
	return false
}

// mayHave reports whether all of some fragments may be seen; none is not.
func (r *request) mayHave(f authz.Footage, seg *archive.Segment, frags []archive.Fragment) bool {
	if len(frags) == 0 || !covered(f, frags) {
		return false
	}
	if r.ticket == nil {
		return true
	}
	if seg.Layer != r.ticket.Layer {
		return false
	}
	// What its playlist lists, and nothing beside it.
	cut := cutOf(authz.Footage{}, archive.Span{From: r.ticket.From, To: r.ticket.To})
	from, to := frags[0].Offset, frags[len(frags)-1].Offset+frags[len(frags)-1].Bytes
	at := from
	for _, p := range archive.Pieces([]archive.Segment{*seg}, cut) {
		if p.Offset <= at && at < p.Offset+p.Bytes {
			at = p.Offset + p.Bytes
		}
	}
	return at >= to
}

func covered(f authz.Footage, frags []archive.Fragment) bool {
	if !f.Bounded() {
		return true
	}
	for i := range frags {
		if !archive.Covered(f, frags[i].Span()) {
			return false
		}
	}
	return true
}
