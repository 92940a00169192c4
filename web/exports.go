package web

import (
	"context"
	"net/http"
	"time"

	"sightline/authz"
	"sightline/controlroom/archive"
	"sightline/internal/fault"
)

// Exports are files of footage that people take away (archive.Exports). It decides
// nothing: a handler asks the authority when one is made, at each request for its
// bytes, and as long as they run.
type Exports interface {
	Look(ctx context.Context, w archive.ExportWant) (archive.ExportLook, error)
	Create(ctx context.Context, ask archive.ExportAsk) (archive.Export, error)
	List(account string) []archive.Export
	Get(account, id string) (archive.Export, error)
	Delete(account, id string) error
	Note(account, id string) error
	Open(ctx context.Context, account, id string) (*archive.ExportFile, error)
	Limits(account string) archive.ExportLimits
}

const (
	exportLead  = 2 * time.Minute  // before what is asked for: the key frame may be so far
	exportTrail = time.Minute      // behind it: the picture that is shown at its end ends there
	exportWait  = 60 * time.Second // a day of footage is computed in a second; others may be before it
)

// Reasons why something is left out of an export, beside those of the archive.
const (
	leftBefore = "before_access" // only footage from a day on
	leftHours  = "outside_hours" // only footage of scheduled hours
	leftDelay  = "too_new"       // without the live picture: so old it has to be
)

type exportInput struct {
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Layer     string    `json:"layer"`     // main or sub; "" is the one there is, main first
	Watermark bool      `json:"watermark"` // burn in who takes it, and the time
}

type exportView struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"` // of the file; "" where one may not download of this camera now
	Camera     string     `json:"camera"`
	CameraName string     `json:"camera_name"` // likewise
	Layer      string     `json:"layer"`
	From       time.Time  `json:"from"` // of what it shows
	To         time.Time  `json:"to"`
	Seconds    float64    `json:"seconds"` // that it plays
	Bytes      int64      `json:"bytes"`   // exactly, when it is ready
	Gaps       int        `json:"gaps"`    // pauses of the recording in it; the file goes on without them
	Left       []leftView `json:"left_out"`
	Rest       *spanView  `json:"rest,omitempty"` // to be exported as another file: the camera's codec changed
	Watermark  bool       `json:"watermark"`
	State      string     `json:"state"`           // ready waiting running failed
	Progress   float64    `json:"progress"`        // 0 to 1
	Error      string     `json:"error,omitempty"` // code, when it failed
	URL        string     `json:"url"`
	Created    time.Time  `json:"created"`
	Expires    time.Time  `json:"expires"`
	Requests   int        `json:"requests"` // for its bytes: the first, and each time it went on
}

type leftView struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Reason string    `json:"reason"` // no_footage before_access outside_hours too_new key_frame codec_changed
}

type spanView struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

type exportsView struct {
	Exports []exportView     `json:"exports"` // newest first
	Limits  exportLimitsView `json:"limits"`
}

type exportLimitsView struct {
	Longest   float64 `json:"longest_s"`   // of one file
	Marked    float64 `json:"watermark_s"` // of one with a watermark; 0: this server makes none
	Hours     float64 `json:"day_s"`       // of footage in 24 hours; below 0: no limit
	HoursLeft float64 `json:"day_left_s"`
	Bytes     int64   `json:"day_bytes"`
	BytesLeft int64   `json:"day_left_bytes"`
}

type exportLookView struct {
	Layer   string           `json:"layer"` // of what it would be
	Bytes   int64            `json:"bytes"` // about
	Seconds float64          `json:"seconds"`
	From    *time.Time       `json:"from"` // null: there is nothing
	To      *time.Time       `json:"to"`
	Gaps    int              `json:"gaps"`
	Left    []leftView       `json:"left_out"`
	Limits  exportLimitsView `json:"limits"`
}

func exportRoutes() []route {
	const of = "/api/v1/cameras/:id/archive/exports"
	return []route{
		{method: "GET", path: of, who: account, out: exportLookView{}, handle: lookExport,
			summary: "What an export of a range would be, without making it. Query: from, to (RFC 3339), layer (main or sub; without it the one there is, main first)."},
		{method: "POST", path: of, who: account, body: jsonBody, status: created, wait: exportWait, in: exportInput{}, out: exportView{}, handle: createExport,
			summary: "Make a file of a range of footage: an MP4 whose size is known, and which can be fetched at once and in parts. With a watermark it is encoded first."},
		{method: "GET", path: "/api/v1/exports", who: account, out: exportsView{}, handle: listExports, summary: "One's exports of the last day, newest first, and how much may still be exported."},
		{method: "GET", path: "/api/v1/exports/:id", who: account, out: exportView{}, handle: getExport, summary: "One export, with its progress."},
		{method: "DELETE", path: "/api/v1/exports/:id", who: account, status: empty, handle: deleteExport, summary: "Remove an export. What runs of it ends."},
		{method: "GET", path: "/api/v1/exports/:id/file", who: account, answer: videoType, handle: exportFile,
			summary: "The bytes of an export, with Range, If-Range and ETag. The right to download is asked for at each request and as long as bytes run; the first one is written into the owner's log before any."},
		{method: "HEAD", path: "/api/v1/exports/:id/file", who: account, answer: videoType, handle: exportFile, summary: "Size and name of an export's file."},
	}
}

// take decides whether footage of a camera may be taken away, and what of it.
func (r *request) take(camera string) (authz.Decision, error) {
	d, err := r.s.cfg.Authority.Check(r.ctx, r.subject, authz.ActDownload, authz.Object{Camera: camera})
	if err != nil {
		return d, err
	}
	if err := d.Fault(); err != nil {
		return d, err
	}
	if r.s.cfg.Exports == nil {
		return d, errInvisible
	}
	return d, nil
}

// exportWant is a range as its bounds leave it.
func exportWant(d authz.Decision, camera, layer string, from, to time.Time) archive.ExportWant {
	f := d.Footage
	return archive.ExportWant{Camera: camera, Layer: archive.Layer(layer), Span: archive.Span{From: from.UTC(), To: to.UTC()},
		Open: archive.Within(f, []archive.Span{{From: from.Add(-exportLead).UTC(), To: to.Add(exportTrail).UTC()}}),
		Why: func(at time.Time) string {
			switch {
			case !f.From.IsZero() && at.Before(f.From):
				return leftBefore
			case !f.To.IsZero() && !at.Before(f.To):
				return leftDelay
			}
			return leftHours
		}}
}

// checkExport refuses ranges that nobody means, before bounds are worked out.
func checkExport(from, to time.Time) error {
	switch {
	case from.IsZero():
		return fault.Field("from", fault.CodeRequired, "Say from when.")
	case to.IsZero():
		return fault.Field("to", fault.CodeRequired, "Say until when.")
	case !from.Before(to):
		return fault.Field("to", fault.CodeBadValue, "The end is after the beginning.")
	case to.Sub(from) > archive.ExportLonger:
		return fault.Field("to", fault.CodeTooLong, "That is too long for one file.")
	}
	return nil
}

func lookExport(r *request) error {
	camera := r.param("id")
	d, err := r.take(camera)
	if err != nil {
		return err
	}
	from, to, err := r.moments()
	if err != nil {
		return err
	}
	if err := checkExport(from, to); err != nil {
		return err
	}
	done, err := r.s.readings.enter(r.subject.Account, false)
	if err != nil {
		return err
	}
	defer done()
	l, err := r.s.cfg.Exports.Look(r.ctx, exportWant(d, camera, r.query("layer"), from, to))
	if err != nil {
		return err
	}
	return r.ok(exportLookView{Layer: string(l.Layer), Bytes: l.Bytes, Seconds: l.Seconds, From: optional(l.From), To: optional(l.To), Gaps: l.Gaps,
		Left: viewLeft(l.Left), Limits: r.exportLimits()})
}

func createExport(r *request) error {
	camera := r.param("id")
	d, err := r.take(camera)
	if err != nil {
		return err
	}
	var in exportInput
	if err := r.decode(&in); err != nil {
		return err
	}
	if err := checkExport(in.From, in.To); err != nil {
		return err
	}
	c, err := r.s.cfg.Authority.CameraOf(r.ctx, r.subject, camera)
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(c.Camera.Zone)
	if err != nil {
		zone = time.UTC
	}
	done, err := r.s.readings.enter(r.subject.Account, false)
	if err != nil {
		return err
	}
	defer done()
	x, err := r.s.cfg.Exports.Create(r.ctx, archive.ExportAsk{Account: r.subject.Account, CameraName: c.Camera.Name, Zone: zone,
		Watermark: in.Watermark, Mark: r.account.Name, ExportWant: exportWant(d, camera, in.Layer, in.From, in.To)})
	if err != nil {
		return err
	}
	return r.json(http.StatusCreated, viewExport(x))
}

func listExports(r *request) error {
	out := exportsView{Exports: []exportView{}, Limits: r.exportLimits()}
	if r.s.cfg.Exports != nil {
		open := map[string]bool{}
		for _, x := range r.s.cfg.Exports.List(r.subject.Account) {
			if _, asked := open[x.Camera]; !asked {
				var err error
				if open[x.Camera], err = r.mayTake(x.Camera); err != nil {
					return err
				}
			}
			out.Exports = append(out.Exports, viewOwn(x, open[x.Camera]))
		}
	}
	return r.ok(out)
}

// mayTake says whether footage of a camera may be taken away now.
func (r *request) mayTake(camera string) (bool, error) {
	d, err := r.s.cfg.Authority.Check(r.ctx, r.subject, authz.ActDownload, authz.Object{Camera: camera})
	return err == nil && d.Allowed, err
}

// viewOwn is an export as its owner sees it. As with notices, a camera that is not
// open to him is not named; he may still remove the export.
func viewOwn(x archive.Export, open bool) exportView {
	v := viewExport(x)
	if !open {
		v.CameraName, v.Name = "", ""
	}
	return v
}

func (r *request) exportLimits() (v exportLimitsView) {
	if r.s.cfg.Exports == nil {
		return v
	}
	l := r.s.cfg.Exports.Limits(r.subject.Account)
	return exportLimitsView{Longest: l.Longest.Seconds(), Marked: l.Marked.Seconds(), Hours: l.Hours.Seconds(), HoursLeft: l.HoursLeft.Seconds(),
		Bytes: l.Bytes, BytesLeft: l.BytesLeft}
}

// export is the export of the path, if it is the subject's own.
func (r *request) export() (archive.Export, error) {
	if r.s.cfg.Exports == nil {
		return archive.Export{}, errInvisible
	}
	return r.s.cfg.Exports.Get(r.subject.Account, r.param("id"))
}

func getExport(r *request) error {
	x, err := r.export()
	if err != nil {
		return err
	}
	open, err := r.mayTake(x.Camera)
	if err != nil {
		return err
	}
	return r.ok(viewOwn(x, open))
}

func deleteExport(r *request) error {
	if _, err := r.export(); err != nil {
		return err
	}
	if err := r.s.cfg.Exports.Delete(r.subject.Account, r.param("id")); err != nil {
		return err
	}
	return r.done()
}

func viewExport(x archive.Export) exportView {
	v := exportView{ID: x.ID, Name: x.Name, Camera: x.Camera, CameraName: x.CameraName, Layer: string(x.Layer), From: x.From, To: x.To,
		Seconds: x.Seconds, Bytes: x.Bytes, Gaps: x.Gaps, Left: viewLeft(x.Left), Watermark: x.Watermark, State: x.State, Progress: x.Progress,
		Error: x.Error, URL: "/api/v1/exports/" + x.ID + "/file", Created: x.Created, Expires: x.Expires, Requests: x.Requests}
	if x.Rest != nil {
		v.Rest = &spanView{x.Rest.From, x.Rest.To}
	}
	return v
}

func viewLeft(list []archive.Left) []leftView {
	out := make([]leftView, 0, len(list))
	for _, l := range list {
		out = append(out, leftView(l))
	}
	return out
}
