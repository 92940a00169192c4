package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"sightline/authz"
	"sightline/controlroom/gallery"
	"sightline/ingest/intake"
	"sightline/internal/fault"
)

// Gallery keeps images (controlroom/gallery).
type Gallery interface {
	intake.Accepter
	List(ctx context.Context, s authz.Subject, q gallery.Query) (gallery.Page, error)
	Days(ctx context.Context, s authz.Subject) ([]gallery.Day, error)
	Tags(ctx context.Context, s authz.Subject) ([]string, error)
	Image(ctx context.Context, s authz.Subject, id string) (gallery.Image, error)
	Original(ctx context.Context, s authz.Subject, id string) (gallery.Image, []byte, error)
	Thumbnail(ctx context.Context, s authz.Subject, id string) ([]byte, error)
	Change(ctx context.Context, s authz.Subject, id string, p gallery.Patch) (gallery.Image, error)
	Batch(ctx context.Context, s authz.Subject, ids []string, do gallery.Do, tag string) (done []string, failed []gallery.Failure, err error)
	Usage(ctx context.Context, s authz.Subject) (gallery.Usage, error)
	Room(ctx context.Context) gallery.Room
	Guest(ctx context.Context, owner string, cameras []string) ([]gallery.GuestImage, error)
	GuestBytes(ctx context.Context, s authz.Subject, owner string, cameras []string, id string, thumbnail bool) ([]byte, error)
}

type imageView struct {
	ID         string       `json:"id"`
	Camera     string       `json:"camera"`
	CameraName string       `json:"camera_name"` // as it was called when the image came
	Sender     *imageSender `json:"sender"`      // who it was received from; null: of an own camera
	TakenAt    *time.Time   `json:"taken_at"`    // null: not known
	ReceivedAt time.Time    `json:"received_at"`
	Width      int          `json:"width"`
	Height     int          `json:"height"`
	Bytes      int64        `json:"bytes"`
	Favourite  bool         `json:"favourite"`
	Tags       []string     `json:"tags"`
}

type imageSender struct {
	ID   string `json:"id"`
	Name string `json:"name"` // "" when the account is closed
}

type imagesView struct {
	Images []imageView `json:"images"`
	Next   string      `json:"next,omitempty"` // after of the next page
}

type daysView struct {
	Days []dayView `json:"days"`
}

type dayView struct {
	Day   string `json:"day"` // yyyy-mm-dd in the account's zone
	Count int    `json:"count"`
}

type tagsView struct {
	Tags []string `json:"tags"`
}

type imageDetail struct {
	imageView
	Via     string     `json:"via"` // http mail ftp live demand notice snapshot
	Details imageFacts `json:"details"`
}

// imageFacts is what the picture says of itself.
type imageFacts struct {
	Make  string      `json:"make,omitempty"`
	Model string      `json:"model,omitempty"`
	Place *imagePlace `json:"place,omitempty"`
}

type imagePlace struct {
	Lat float64 `json:"lat"` // degrees, north positive
	Lon float64 `json:"lon"` // degrees, east positive
}

type imagePatch struct {
	Favourite *bool     `json:"favourite,omitempty"`
	Tags      *[]string `json:"tags,omitempty"`
}

type batchInput struct {
	IDs []string `json:"ids"`
	Do  string   `json:"do"` // delete restore favourite unfavourite tag untag
	Tag string   `json:"tag,omitempty"`
}

type batchView struct {
	Done   []string      `json:"done"`
	Failed []batchFailed `json:"failed"`
}

type batchFailed struct {
	ID   string `json:"id"`
	Code string `json:"code"`
}

type quotaView struct {
	Limit   int64       `json:"limit"` // bytes
	Used    int64       `json:"used"`
	Count   int         `json:"count"`
	Cameras []quotaPart `json:"cameras"` // own images, largest first
	Senders []quotaPart `json:"senders"` // received ones
	Skipped int         `json:"skipped"` // images that found no room since there was some
	Since   *time.Time  `json:"skipped_since,omitempty"`
}

type quotaPart struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	Count int    `json:"count"`
}

// batchWait: five hundred images are five hundred commits.
const batchWait = 60 * time.Second

func imageRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/images", who: account, out: imagesView{}, handle: listImages,
			summary: "One's gallery, newest first. Query: camera, sender (an account's id, or me), tag, favourite=true, from and to (RFC 3339, when it was received), after (an image's id), limit (1 to 200)."},
		{method: "GET", path: "/api/v1/images/days", who: account, out: daysView{}, handle: imageDays, summary: "How many images each day has, newest first."},
		{method: "GET", path: "/api/v1/images/tags", who: account, out: tagsView{}, handle: imageTags, summary: "The tags of one's images, 200 at most."},
		{method: "GET", path: "/api/v1/images/quota", who: account, out: quotaView{}, handle: imageQuota, summary: "What one's images take of the plan, and what takes it."},
		{method: "POST", path: "/api/v1/images/batch", who: account, body: jsonBody, bytes: 64 << 10, wait: batchWait, in: batchInput{}, out: batchView{}, handle: batchImages,
			summary: "Do one thing to up to 500 images. What is deleted frees its room at once and can be restored for a minute."},
		{method: "GET", path: "/api/v1/images/:id", who: account, out: imageDetail{}, handle: getImage, summary: "One image with its details."},
		{method: "PATCH", path: "/api/v1/images/:id", who: account, body: jsonBody, in: imagePatch{}, out: imageDetail{}, handle: patchImage, summary: "Favourite and tags."},
		{method: "GET", path: "/api/v1/images/:id/original", who: account, answer: jpegType, handle: originalImage,
			summary: "The image as it was sent. Query: download=true for a file with a name."},
		{method: "GET", path: "/api/v1/images/:id/thumbnail", who: account, answer: jpegType, handle: thumbnailImage, summary: "The image at 480 pixels, upright."},
	}
}

// query reads the list's filters out of the address.
func (r *request) imageQuery() (q gallery.Query, err error) {
	args := r.c.Request().URI().QueryArgs()
	q = gallery.Query{Camera: string(args.Peek("camera")), Sender: string(args.Peek("sender")), Tag: string(args.Peek("tag")),
		Favourite: string(args.Peek("favourite")) == "true", After: string(args.Peek("after"))}
	for name, to := range map[string]*time.Time{"from": &q.From, "to": &q.To} {
		if v := string(args.Peek(name)); v != "" {
			if *to, err = time.Parse(time.RFC3339, v); err != nil {
				return q, fault.Field(name, fault.CodeBadValue, "Write the time as 2026-03-29T05:04:03Z.")
			}
		}
	}
	if v := string(args.Peek("limit")); v != "" {
		if q.Limit, err = strconv.Atoi(v); err != nil || q.Limit == 0 {
			return q, fault.Field("limit", fault.CodeBadValue, "A page has 1 to 200 images.")
		}
	}
	return q, nil
}

func listImages(r *request) error {
	q, err := r.imageQuery()
	if err != nil {
		return err
	}
	p, err := r.s.cfg.Gallery.List(r.ctx, r.subject, q)
	if err != nil {
		return err
	}
	out := imagesView{Images: make([]imageView, 0, len(p.Images)), Next: p.Next}
	for _, i := range p.Images {
		out.Images = append(out.Images, viewImage(i, p.Names[i.Sender]))
	}
	return r.ok(out)
}

func viewImage(i gallery.Image, sender string) imageView {
	v := imageView{ID: i.ID, Camera: i.Camera, CameraName: i.CameraName, TakenAt: optional(i.Taken), ReceivedAt: i.Received, Width: i.Width, Height: i.Height,
		Bytes: i.Bytes, Favourite: i.Favourite, Tags: i.Tags}
	if v.Tags == nil {
		v.Tags = []string{}
	}
	if i.Sender != "" {
		v.Sender = &imageSender{ID: i.Sender, Name: sender}
	}
	return v
}

func imageDays(r *request) error {
	days, err := r.s.cfg.Gallery.Days(r.ctx, r.subject)
	if err != nil {
		return err
	}
	out := daysView{Days: make([]dayView, 0, len(days))}
	for _, d := range days {
		out.Days = append(out.Days, dayView(d))
	}
	return r.ok(out)
}

func imageTags(r *request) error {
	tags, err := r.s.cfg.Gallery.Tags(r.ctx, r.subject)
	if err != nil {
		return err
	}
	return r.ok(tagsView{tags})
}

func imageQuota(r *request) error {
	u, err := r.s.cfg.Gallery.Usage(r.ctx, r.subject)
	if err != nil {
		return err
	}
	return r.ok(quotaView{Limit: u.Limit, Used: u.Used, Count: u.Count, Cameras: quotaParts(u.Cameras), Senders: quotaParts(u.Senders),
		Skipped: u.Skipped, Since: optional(u.Since)})
}

func quotaParts(list []gallery.Share) []quotaPart {
	out := make([]quotaPart, 0, len(list))
	for _, s := range list {
		out = append(out, quotaPart(s))
	}
	return out
}

func batchImages(r *request) error {
	var in batchInput
	if err := r.decode(&in); err != nil {
		return err
	}
	done, failed, err := r.s.cfg.Gallery.Batch(r.ctx, r.subject, in.IDs, gallery.Do(in.Do), in.Tag)
	if err != nil {
		return err
	}
	out := batchView{Done: done, Failed: make([]batchFailed, 0, len(failed))}
	for _, f := range failed {
		out.Failed = append(out.Failed, batchFailed(f))
	}
	return r.ok(out)
}

func getImage(r *request) error {
	i, err := r.s.cfg.Gallery.Image(r.ctx, r.subject, r.param("id"))
	if err != nil {
		return err
	}
	return r.image(i)
}

func patchImage(r *request) error {
	var in imagePatch
	if err := r.decode(&in); err != nil {
		return err
	}
	i, err := r.s.cfg.Gallery.Change(r.ctx, r.subject, r.param("id"), gallery.Patch{Favourite: in.Favourite, Tags: in.Tags})
	if err != nil {
		return err
	}
	return r.image(i)
}

// image answers with one image and the name of who sent it.
func (r *request) image(i gallery.Image) error {
	name := ""
	if i.Sender != "" {
		names, err := r.s.cfg.Authority.AccountNames(r.ctx, []string{i.Sender})
		if err != nil {
			return err
		}
		name = names[i.Sender]
	}
	facts := imageFacts{Make: i.Details.Make, Model: i.Details.Model}
	if i.Details.Placed {
		facts.Place = &imagePlace{Lat: i.Details.Lat, Lon: i.Details.Lon}
	}
	return r.ok(imageDetail{imageView: viewImage(i, name), Via: string(i.Via), Details: facts})
}

func originalImage(r *request) error {
	i, data, err := r.s.cfg.Gallery.Original(r.ctx, r.subject, r.param("id"))
	if err != nil {
		return err
	}
	if string(r.c.Request().URI().QueryArgs().Peek("download")) == "true" {
		at := i.Received
		if !i.Taken.IsZero() {
			at = i.Taken
		}
		// No text of a person is in the name: headers and file systems differ in what they take.
		r.c.Response().Header.Set("Content-Disposition", `attachment; filename="image_`+at.Format("2006-01-02_150405")+`_`+i.ID[len(i.ID)-6:]+`.jpg"`)
	}
	return r.picture(data)
}

func thumbnailImage(r *request) error {
	data, err := r.s.cfg.Gallery.Thumbnail(r.ctx, r.subject, r.param("id"))
	if err != nil {
		return err
	}
	return r.picture(data)
}

// picture answers with a JPEG.
func (r *request) picture(data []byte) error {
	r.c.Response().Header.SetContentType(jpegType)
	r.c.Status(http.StatusOK).Response().SetBodyRaw(data)
	return nil
}
