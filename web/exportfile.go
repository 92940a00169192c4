package web

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"sightline/authz"
	"sightline/controlroom/archive"
	"sightline/internal/clock"
	"sightline/internal/fault"
)

// codeExportOutdated is why an export is refused that was made when more could be seen.
const codeExportOutdated = "export_outdated"

var errOutdated = fault.New(fault.Forbidden, codeExportOutdated, "A part of this footage is not open to you any more. Make a new export.")

// exportFile answers bytes of an export. They run on a lease of the right to
// download, and on what of the camera's footage may be seen.
func exportFile(r *request) error {
	x, err := r.export()
	if err != nil {
		return err
	}
	t := &taking{s: r.s, conn: r.c.Context().Conn(), spans: x.Spans}
	lease, d, err := r.s.cfg.Authority.Subscribe(r.ctx, r.subject, x.Camera, authz.ActDownload, func(authz.Decision) { t.cut() })
	if err != nil {
		return err
	}
	if err := d.Fault(); err != nil {
		return err
	}
	t.lease = lease
	running := false
	defer func() {
		if !running {
			_ = t.Close()
		}
	}()
	if !coversAll(d.Footage, x.Spans) {
		return errOutdated
	}
	if t.file, err = r.s.cfg.Exports.Open(r.ctx, r.subject.Account, x.ID); err != nil {
		return err
	}
	part, err := r.exportHeaders(t.file)
	if err != nil {
		return err
	}
	if r.rt.method == http.MethodHead {
		r.c.Response().SkipBody = true
		r.c.Response().Header.SetContentLength(int(part.to - part.from))
		return nil
	}
	if err := r.noteExport(x); err != nil {
		return err
	}
	t.from, t.to = part.from, part.to
	running = true
	t.begin()
	r.c.Response().SetBodyStream(t, int(part.to-part.from))
	return nil
}

// coversAll says whether every picture of an export may be seen.
func coversAll(f authz.Footage, spans []archive.Span) bool {
	for _, s := range spans {
		if f.Bounded() && !archive.Covered(f, s) {
			return false
		}
	}
	return true
}

// noteExport writes who takes what away into the owner's log, once an export.
func (r *request) noteExport(x archive.Export) error {
	if x.Noted {
		return nil
	}
	how := "plain"
	if x.Watermark {
		how = "watermark"
	}
	if err := r.s.cfg.Authority.NoteExport(r.ctx, r.subject, x.Camera, r.client.String(), "export", x.ID, "from", x.From.UTC().Format(time.RFC3339),
		"to", x.To.UTC().Format(time.RFC3339), "layer", string(x.Layer), "bytes", strconv.FormatInt(x.Bytes, 10), "how", how); err != nil {
		return err
	}
	return r.s.cfg.Exports.Note(r.subject.Account, x.ID)
}

// exportHeaders says what is answered: all of the file, or the part asked for if
// it is still the file that the other parts are of.
func (r *request) exportHeaders(f *archive.ExportFile) (byteRange, error) {
	h := &r.c.Response().Header
	tag := `"` + f.Export.Tag + `"`
	size := strconv.FormatInt(f.Size, 10)
	want := r.c.Get("Range")
	if cond := r.c.Get("If-Range"); cond != "" && cond != tag {
		want = ""
	}
	part, ok := rangeOf(want, f.Size)
	if !ok {
		h.Set("Content-Range", "bytes */"+size)
		return part, errRange
	}
	h.SetContentType(videoType)
	h.Set("Accept-Ranges", "bytes")
	h.Set("ETag", tag)
	h.Set("Content-Disposition", attachment(f.Export.Name))
	r.c.Status(http.StatusOK)
	if part.part {
		r.c.Status(http.StatusPartialContent)
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%s", part.from, part.to-1, size))
	}
	return part, nil
}

// attachment names a file (RFC 6266): as it is for who reads RFC 5987, and in
// ASCII for all others.
func attachment(name string) string {
	var plain, coded strings.Builder
	ascii := true
	for _, c := range []byte(name) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' {
			plain.WriteByte(c)
			coded.WriteByte(c)
			continue
		}
		ascii = false
		fmt.Fprintf(&coded, "%%%02X", c)
	}
	if ascii {
		return `attachment; filename="` + name + `"`
	}
	rest := strings.Trim(plain.String(), "-")
	if strings.HasPrefix(rest, "_") {
		rest = "camera" + rest
	}
	return `attachment; filename="` + rest + `"; filename*=UTF-8''` + coded.String()
}

// taking is one running download. The library calls WriteTo and Close on one
// goroutine; cut may come from any.
type taking struct {
	s        *Server
	conn     net.Conn
	lease    *authz.Lease
	file     *archive.ExportFile
	spans    []archive.Span
	from, to int64

	mu    sync.Mutex
	over  bool // the connection is not its any more
	gone  bool
	watch *time.Timer
}

// takings are the downloads that run.
type takings struct {
	mu      sync.Mutex
	running map[*taking]struct{}
	closed  bool
}

// close cuts them: they go on where they were with the next server.
func (a *takings) close() {
	a.mu.Lock()
	a.closed = true
	var rest []*taking
	for t := range a.running {
		rest = append(rest, t)
	}
	a.mu.Unlock()
	for _, t := range rest {
		t.cut()
	}
}

func (a *takings) enter(t *taking) (closed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.running == nil {
		a.running = map[*taking]struct{}{}
	}
	a.running[t] = struct{}{}
	return a.closed
}

func (t *taking) begin() {
	setUnsent(t.conn, unsentMost)
	closed := t.s.takings.enter(t)
	t.mu.Lock()
	t.watch = time.AfterFunc(standsEvery, t.look)
	t.mu.Unlock()
	if closed {
		t.cut()
	}
}

// look ends it when something has changed that does not end its lease: bounds that
// were drawn closer, or the export was removed.
func (t *taking) look() {
	if !t.stands() {
		t.cut()
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.over && !t.gone {
		t.watch.Reset(standsEvery)
	}
}

func (t *taking) stands() bool {
	return t.lease.ValidUntil() > clock.Mono() && t.file.Cause() == nil && coversAll(t.lease.Decision().Footage, t.spans)
}

// cut ends the connection at once. What the system has not sent yet is dropped.
func (t *taking) cut() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over || t.gone {
		return
	}
	t.gone = true
	if t.conn != nil {
		reset(t.conn)
	}
}

func (t *taking) isGone() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.gone
}

// WriteTo writes the answer.
func (t *taking) WriteTo(w io.Writer) (int64, error) {
	r := t.file.Reader(t.from, t.to)
	buf := make([]byte, readChunk)
	sent := int64(0)
	for sent < t.to-t.from {
		n, err := r.Read(buf)
		if !t.stands() { // after the read: it may have taken long
			t.cut()
		}
		if t.isGone() {
			return sent, errCut
		}
		if n == 0 {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return sent, err
		}
		_ = t.conn.SetWriteDeadline(time.Now().Add(chunkWait))
		if n, err = w.Write(buf[:n]); err != nil {
			return sent + int64(n), err
		}
		sent += int64(n)
	}
	return sent, nil
}

// Read is not called: the library prefers WriteTo.
func (t *taking) Read([]byte) (int, error) { return 0, errors.ErrUnsupported }

// Close ends the answer; the connection may go on with another request.
func (t *taking) Close() error {
	t.mu.Lock()
	t.over = true
	if t.watch != nil {
		t.watch.Stop()
	}
	t.mu.Unlock()
	t.lease.Release()
	a := &t.s.takings
	a.mu.Lock()
	delete(a.running, t)
	a.mu.Unlock()
	if t.file != nil {
		t.file.Close()
	}
	return nil
}
