package web

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"sightline/authz"
	"sightline/controlroom/archive"
	"sightline/internal/fault"
)

// Archive reads what cameras recorded (archive.Reader). It decides nothing: every
// handler asks the authority, for every request.
type Archive interface {
	Days(ctx context.Context, camera string, zone *time.Location) ([]archive.Day, error)
	Coverage(ctx context.Context, camera string, layer archive.Layer, s archive.Span) ([]archive.Span, error)
	Segments(ctx context.Context, camera string, layer archive.Layer, s archive.Span, limit int, after string) ([]archive.Segment, error)
	Pieces(ctx context.Context, camera string, layer archive.Layer, c archive.Cut) ([]archive.Piece, error)
	Segment(ctx context.Context, camera, id string) (archive.Segment, error)
	Init(ctx context.Context, camera, hash string) ([]byte, error)
	ReadAt(ctx context.Context, camera, segment string, p []byte, off int64) (int, error)
	MediaOf(ctx context.Context, camera, init string) (archive.Media, error)
	At(ctx context.Context, camera string, layer archive.Layer, at time.Time, width int, allow func(archive.Span) bool) (archive.Still, error)

	Make(t archive.Ticket) string
	Open(camera, ticket string, now time.Time) (t archive.Ticket, fresh, ok bool)
	Key(camera, ticket string, now time.Time) string
	Goes(camera, ticket, key string, now time.Time) (left time.Duration, ok bool)
	Life() time.Duration
}

const (
	coverageMost = 31 * 24 * time.Hour // of one request
	playlistMost = 25 * time.Hour      // a day, also the one on which the clock is set back

	playlistType = "application/vnd.apple.mpegurl"
	videoType    = "video/mp4"
)

type archiveDays struct {
	Zone string       `json:"zone"` // the camera's
	Days []archiveDay `json:"days"` // with footage that may be seen, oldest first
}

type archiveDay struct {
	Date  string `json:"date"`            // yyyy-mm-dd in the zone
	Bytes *int64 `json:"bytes,omitempty"` // about; for the owner and with Download
}

type archiveCoverage struct {
	Layer  string         `json:"layer"`  // that the spans are of
	Layers []string       `json:"layers"` // of which there is footage in the time asked for
	Now    time.Time      `json:"now"`
	Edge   time.Time      `json:"edge"` // the newest moment that may be seen now
	Spans  []archive.Span `json:"spans"`
	Bounds archiveBounds  `json:"bounds"`
}

// archiveBounds says why not everything is seen (R13, R21).
type archiveBounds struct {
	From      *time.Time `json:"from,omitempty"` // only footage from then on
	OnlyHours bool       `json:"only_hours"`     // only of scheduled hours
	Delay     int        `json:"delay_s"`        // so old it has to be, for who may not watch live
}

func archiveRoutes() []route {
	const dir = "/api/v1/cameras/:id/archive/"
	list := []route{
		{method: "GET", path: dir + "days", who: account, out: archiveDays{}, handle: archiveDaysOf,
			summary: "The days on which there is footage that one may see, in the camera's zone."},
		{method: "GET", path: dir + "coverage", who: account, out: archiveCoverage{}, handle: archiveCoverageOf,
			summary: "The spans in which there is footage that one may see. Query: from, to (RFC 3339, at most 31 days), layer (main or sub; without it the one there is, main first)."},
		{method: "GET", path: dir + "still", who: account, answer: jpegType, handle: archiveStill,
			summary: "The picture at or before a moment, for hovering over a timeline; X-Captured-At says of when it is. Query: at (RFC 3339), width (160, 320, 640 or 1280; default 320), layer."},
		{method: "POST", path: dir + "tickets", who: account, body: jsonBody, status: created, in: ticketInput{}, out: ticketView{}, handle: makeTicket,
			summary: "An address of a playlist for a player without a login. It works for 5 minutes, for what the asking login or token may see; a player that keeps cookies goes on with its reading."},
	}
	for _, m := range []string{"GET", "HEAD"} {
		list = append(list,
			route{method: m, path: dir + "master.m3u8", who: account, answer: playlistType, handle: archiveMaster,
				summary: "A multivariant playlist (RFC 8216) of the layers there are, with codecs, size and bit rate. Query as for the playlist, but layer."},
			route{method: m, path: dir + "playlist.m3u8", who: account, answer: playlistType, handle: archivePlaylist,
				summary: "A playlist (RFC 8216) of fragmented MP4 by byte ranges, each beginning with a key frame. Query: from (RFC 3339), to (at most 25 hours later; absent or in the future: the playlist grows), layer."},
			route{method: m, path: dir + "segments/:segment", who: account, answer: videoType, handle: archiveSegment,
				summary: "Bytes of a segment, with Range. Everything that is asked for must be within what one may see; else 404."},
			route{method: m, path: dir + "init/:hash", who: account, answer: videoType, handle: archiveInit, summary: "The head that a playlist's segments need before them."},
			route{method: m, path: dir + "play/:ticket/playlist.m3u8", who: ticketed, answer: playlistType, handle: ticketPlaylist, summary: "The playlist of a ticket."},
			route{method: m, path: dir + "play/:ticket/segments/:segment", who: ticketed, answer: videoType, handle: archiveSegment, summary: "Bytes of a segment of a ticket's playlist."},
			route{method: m, path: dir + "play/:ticket/init/:hash", who: ticketed, answer: videoType, handle: archiveInit, summary: "A head of a ticket's playlist."},
		)
	}
	return list
}

// shapes are path parts that are no ids: what does not look so is not looked up.
var shapes = map[string]*regexp.Regexp{
	"segment": regexp.MustCompile(`^(main|sub)\.[0-9]{1,19}\.[0-9a-f]{8}(\.mp4)?$`),
	"hash":    regexp.MustCompile(`^[0-9a-f]{16}(\.mp4)?$`),
	"ticket":  regexp.MustCompile(`^s1\.[a-z0-9]{1,16}\.[A-Za-z0-9_-]{40,700}$`),
}

// footage decides about the camera of the path, and says what of its recordings
// may be seen. A server that records nothing has none, after the decision.
func (r *request) footage() (authz.Decision, error) {
	d, err := r.s.cfg.Authority.Check(r.ctx, r.subject, authz.ActArchive, authz.Object{Camera: r.param("id")})
	if err != nil {
		return d, err
	}
	return d, d.Fault()
}

// now is the server's time. What may be seen is decided on the store's; this one
// is told, and limits nothing but the life of tickets.
func (r *request) now() time.Time { return r.s.cfg.Clock.Now() }

// file is a path part that is a file's name, without its end.
func (r *request) file(name string) string { return strings.TrimSuffix(r.param(name), ".mp4") }

func (r *request) query(name string) string {
	return string(r.c.Request().URI().QueryArgs().Peek(name))
}

// moment reads a time of the query; zero when it is not there.
func (r *request) moment(name string) (time.Time, error) {
	v := r.query(name)
	if v == "" {
		return time.Time{}, nil
	}
	return parseMoment(name, v)
}

// moments reads from and to of the query.
func (r *request) moments() (from, to time.Time, err error) {
	if from, err = r.moment("from"); err == nil {
		to, err = r.moment("to")
	}
	return from, to, err
}

func parseMoment(name, v string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, v)
	if err != nil || t.Year() < 1970 || t.Year() > 2200 {
		return time.Time{}, fault.Field(name, fault.CodeBadValue, "Write the time as 2026-03-29T05:04:03Z.")
	}
	return t.UTC(), nil
}

// span reads from and to, of which most lies between.
func (r *request) span(most time.Duration) (archive.Span, error) {
	from, to, err := r.moments()
	if err != nil {
		return archive.Span{}, err
	}
	return checkSpan(from, to, most)
}

func checkSpan(from, to time.Time, most time.Duration) (archive.Span, error) {
	switch {
	case from.IsZero():
		return archive.Span{}, fault.Field("from", fault.CodeRequired, "Say from when on.")
	case !to.IsZero() && !from.Before(to):
		return archive.Span{}, fault.Field("to", fault.CodeBadValue, "The end has to be after the beginning.")
	case to.Sub(from) > most:
		return archive.Span{}, fault.Field("to", fault.CodeTooLong, "That is too long for one request.")
	}
	return archive.Span{From: from, To: to}, nil
}

func (r *request) layer() (archive.Layer, error) { return parseLayer(r.query("layer")) }

func parseLayer(v string) (archive.Layer, error) {
	switch l := archive.Layer(v); l {
	case "", archive.Main, archive.Sub:
		return l, nil
	}
	return "", fault.Field("layer", fault.CodeBadValue, "A layer is main or sub.")
}

func archiveDaysOf(r *request) error {
	d, err := r.footage()
	if err != nil {
		return err
	}
	cam, err := r.s.cfg.Authority.CameraOf(r.ctx, r.subject, r.param("id"))
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(cam.Camera.Zone)
	if err != nil {
		zone = time.UTC
	}
	out := archiveDays{Zone: zone.String(), Days: []archiveDay{}}
	if r.s.cfg.Archive == nil {
		return r.ok(out)
	}
	done, err := r.s.readings.enter(r.subject.Account, false)
	if err != nil {
		return err
	}
	defer done()
	days, err := r.s.cfg.Archive.Days(r.ctx, cam.Camera.ID, zone)
	if err != nil {
		return err
	}
	sizes := d.Owner
	if !sizes && !d.Footage.Bounded() {
		take, err := r.s.cfg.Authority.Check(r.ctx, r.subject, authz.ActDownload, authz.Object{Camera: cam.Camera.ID})
		if err != nil {
			return err
		}
		sizes = take.Allowed
	}
	for _, day := range days {
		if d.Footage.Bounded() {
			some, err := r.someOf(d.Footage, cam.Camera.ID, day.Date, zone)
			if err != nil {
				return err
			}
			if !some {
				continue
			}
		}
		v := archiveDay{Date: day.Date}
		if sizes {
			v.Bytes = &day.Bytes
		}
		out.Days = append(out.Days, v)
	}
	return r.ok(out)
}

// someOf reports whether anything recorded on a day lies within bounds.
func (r *request) someOf(f authz.Footage, camera, date string, zone *time.Location) (bool, error) {
	from, err := time.ParseInLocation(time.DateOnly, date, zone)
	if err != nil {
		return false, err
	}
	day := archive.Span{From: from, To: from.AddDate(0, 0, 1)}
	open := archive.Within(f, []archive.Span{day})
	switch {
	case len(open) == 0:
		return false, nil
	case len(open) == 1 && open[0] == day:
		return true, nil
	}
	for _, layer := range []archive.Layer{archive.Main, archive.Sub} {
		spans, err := r.s.cfg.Archive.Coverage(r.ctx, camera, layer, day)
		if err != nil {
			return false, err
		}
		if len(archive.Within(f, spans)) > 0 {
			return true, nil
		}
	}
	return false, nil
}

func archiveCoverageOf(r *request) error {
	d, err := r.footage()
	if err != nil {
		return err
	}
	span, err := r.span(coverageMost)
	if err != nil {
		return err
	}
	asked, err := r.layer()
	if err != nil {
		return err
	}
	if span.To.IsZero() {
		return fault.Field("to", fault.CodeRequired, "Say until when.")
	}
	now := r.now().UTC()
	out := archiveCoverage{Layers: []string{}, Now: now, Edge: now, Spans: []archive.Span{}, Bounds: boundsOf(d.Footage, now)}
	if !d.Footage.To.IsZero() {
		out.Edge = d.Footage.To
	}
	done, err := r.s.readings.enter(r.subject.Account, false)
	if err != nil {
		return err
	}
	defer done()
	found := map[archive.Layer][]archive.Span{}
	if r.s.cfg.Archive != nil {
		for _, l := range []archive.Layer{archive.Main, archive.Sub} {
			spans, err := r.s.cfg.Archive.Coverage(r.ctx, r.param("id"), l, span)
			if err != nil {
				return err
			}
			if spans = archive.Within(d.Footage, spans); len(spans) > 0 {
				found[l] = spans
				out.Layers = append(out.Layers, string(l))
			}
		}
	}
	out.Layer = string(fallBack(asked, func(l archive.Layer) bool { return len(found[l]) > 0 }))
	out.Spans = append(out.Spans, found[archive.Layer(out.Layer)]...)
	return r.ok(out)
}

// fallBack is the layer that is asked for, main without a wish; where there is
// nothing of it, the other one.
func fallBack(asked archive.Layer, has func(archive.Layer) bool) archive.Layer {
	order := []archive.Layer{archive.Main, archive.Sub}
	if asked == archive.Sub {
		slices.Reverse(order)
	}
	for _, l := range order {
		if has(l) {
			return l
		}
	}
	return order[0]
}

func boundsOf(f authz.Footage, now time.Time) archiveBounds {
	b := archiveBounds{From: optional(f.From), OnlyHours: f.Hours != nil}
	if !f.To.IsZero() {
		b.Delay = max(1, int(now.Sub(f.To).Round(time.Second)/time.Second))
	}
	return b
}

func archiveStill(r *request) error {
	d, err := r.footage()
	if err != nil {
		return err
	}
	at, err := r.moment("at")
	if err != nil {
		return err
	}
	asked, err := r.layer()
	if err != nil {
		return err
	}
	if at.IsZero() {
		return fault.Field("at", fault.CodeRequired, "Say of which moment.")
	}
	width, err := r.width()
	if err != nil {
		return err
	}
	if r.s.cfg.Archive == nil {
		return errInvisible
	}
	done, err := r.s.readings.stills.enter(r.ctx, r.subject.Account)
	if err != nil {
		return err
	}
	defer done()
	order := []archive.Layer{archive.Sub, archive.Main} // the smaller one is quicker
	if asked == archive.Main {
		slices.Reverse(order)
	}
	for _, l := range order {
		s, err := r.s.cfg.Archive.At(r.ctx, r.param("id"), l, at, width, allowed(d.Footage))
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if d, err = r.footage(); err != nil { // cutting it took its time
			return err
		}
		r.c.Response().Header.Set(capturedHeader, s.At.Format(time.RFC3339Nano))
		return r.picture(s.JPEG)
	}
	return errInvisible
}

// width reads how wide a picture is wanted; zero when nothing is said.
func (r *request) width() (int, error) {
	v := r.query("width")
	if v == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		return 0, fault.Field("width", fault.CodeBadValue, "Write the width in pixels as 320.")
	}
	return n, nil
}

// allowed asks the bounds of a decision.
func allowed(f authz.Footage) func(archive.Span) bool {
	return func(s archive.Span) bool { return archive.Covered(f, s) }
}

func archiveInit(r *request) error {
	if _, err := r.footage(); err != nil {
		return err
	}
	if r.s.cfg.Archive == nil {
		return errInvisible
	}
	b, err := r.s.cfg.Archive.Init(r.ctx, r.param("id"), r.file("hash"))
	if fault.Is(err, fault.NotFound) {
		return errInvisible
	}
	if err != nil {
		return err
	}
	return r.bytes(videoType, b)
}

// bytes answers GET and HEAD with the same headers.
func (r *request) bytes(kind string, b []byte) error {
	h := &r.c.Response().Header
	h.SetContentType(kind)
	r.c.Status(http.StatusOK)
	if r.rt.method == http.MethodHead {
		r.c.Response().SkipBody = true
		h.SetContentLength(len(b))
		return nil
	}
	r.c.Response().SetBodyRaw(b)
	return nil
}
