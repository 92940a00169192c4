package web

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sightline/authz"
	"sightline/controlroom/archive"
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
	body, footage, err := r.leasedBody(&r.s.takings, x.Camera, authz.ActDownload)
	defer body.drop()
	if err != nil {
		return err
	}
	if !coversAll(footage, x.Spans) {
		return errOutdated
	}
	file, err := r.s.cfg.Exports.Open(r.ctx, r.subject.Account, x.ID)
	if err != nil {
		return err
	}
	body.done = file.Close
	part, err := r.exportHeaders(file)
	if err != nil {
		return err
	}
	if r.rt.method == http.MethodHead {
		return r.noBody(part)
	}
	if err := r.noteExport(x); err != nil {
		return err
	}
	body.send(r, &exportPart{Reader: file.Reader(part.from, part.to), file: file, spans: x.Spans}, part.to-part.from)
	return nil
}

// exportPart is what is answered of an export.
type exportPart struct {
	io.Reader
	file  *archive.ExportFile
	spans []archive.Span
}

func (p *exportPart) covered(f authz.Footage) bool {
	return p.file.Cause() == nil && coversAll(f, p.spans)
}

func (p *exportPart) stands() bool { return true }

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
	tag := `"` + f.Export.Tag + `"`
	part, err := r.wanted(tag, f.Size)
	if err != nil {
		return part, err
	}
	r.videoPart(part, strconv.FormatInt(f.Size, 10))
	h := &r.c.Response().Header
	h.Set("Accept-Ranges", "bytes")
	h.Set("ETag", tag)
	h.Set("Content-Disposition", attachment(f.Export.Name))
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
