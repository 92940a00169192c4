package web

import (
	"context"
	"fmt"
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

// wanted is the part that is asked for of something of size bytes. tag is what an
// If-Range has to name; "": it has none yet.
func (r *request) wanted(tag string, size int64) (byteRange, error) {
	want := r.c.Get("Range")
	if cond := r.c.Get("If-Range"); cond != "" && cond != tag {
		want = ""
	}
	part, ok := rangeOf(want, size)
	if !ok {
		r.c.Response().Header.Set("Content-Range", "bytes */"+strconv.FormatInt(size, 10))
		return part, errRange
	}
	return part, nil
}

// videoPart heads an answer with a part of a video; size is what Content-Range says
// of the whole.
func (r *request) videoPart(part byteRange, size string) {
	h := &r.c.Response().Header
	h.SetContentType(videoType)
	r.c.Status(http.StatusOK)
	if part.part {
		r.c.Status(http.StatusPartialContent)
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%s", part.from, part.to-1, size))
	}
}

// noBody answers HEAD.
func (r *request) noBody(part byteRange) error {
	r.c.Response().SkipBody = true
	r.c.Response().Header.SetContentLength(int(part.to - part.from))
	return nil
}

// archiveSegment answers bytes of one segment when every fragment they are of may
// be seen.
func archiveSegment(r *request) error {
	camera := r.param("id")
	done, err := r.s.readings.enter(r.subject.Account, true)
	if err != nil {
		return err
	}
	body, footage, err := r.leasedBody(&r.s.readings.running, camera, authz.ActArchive)
	body.done = done
	defer body.drop()
	if err != nil {
		return err
	}
	sp := &segmentPart{s: r.s, ticket: r.ticket, archive: r.s.cfg.Archive, camera: camera, id: r.file("segment")}
	if sp.archive == nil {
		return errInvisible
	}
	seg, err := sp.archive.Segment(r.ctx, camera, sp.id)
	if fault.Is(err, fault.NotFound) {
		return errInvisible
	}
	if err != nil {
		return err
	}
	if !r.knows(footage, &seg) {
		return errInvisible
	}
	h := &r.c.Response().Header
	h.Set("Accept-Ranges", "bytes")
	tag, size := "", "*"
	if !seg.Growing {
		size = strconv.FormatInt(seg.Bytes, 10)
		tag = `"` + seg.ID + "-" + size + `"`
		h.Set("ETag", tag)
	}
	part, err := r.wanted(tag, seg.Bytes)
	if err != nil {
		return err
	}
	sp.at, sp.frags = part.from, seg.Touched(part.from, part.to)
	if !r.mayHave(footage, &seg, sp.frags) {
		h.Del("ETag")
		return errInvisible
	}
	r.videoPart(part, size)
	if r.rt.method == http.MethodHead {
		return r.noBody(part)
	}
	body.send(r, sp, part.to-part.from)
	return nil
}

// segmentPart is what is answered of a segment.
type segmentPart struct {
	s          *Server
	ticket     *archive.Ticket // nil: a login
	archive    Archive
	camera, id string
	at         int64              // next byte
	frags      []archive.Fragment // of what is answered
}

func (p *segmentPart) Read(b []byte) (int, error) {
	n, err := p.archive.ReadAt(p.s.base, p.camera, p.id, b, p.at)
	p.at += int64(n)
	return n, err
}

func (p *segmentPart) covered(f authz.Footage) bool { return covered(f, p.frags) }

// stands asks again for whom a ticket's answer is.
func (p *segmentPart) stands() bool {
	if p.ticket == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(p.s.base, standsEvery)
	defer cancel()
	acc, err := p.s.cfg.Authority.Account(ctx, p.ticket.Subject)
	if err != nil { // a store that is away ends answers by their leases
		return fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Unknown)
	}
	return acc.LoginGeneration == p.ticket.Generation
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
