package web

import (
	"context"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"sightline/authz"
	"sightline/controlroom"
	"sightline/ingest/intake"
	"sightline/internal/fault"
)

// IntakeDoors is where cameras reach the listeners beside HTTP, told to owners.
type IntakeDoors struct {
	MailDomain string // what mail addresses end in; "" = no mails are taken
	FTPHost    string // "" = no FTP
	FTPPort    int
}

type intakeView struct {
	Takes        bool           `json:"takes"` // false: none yet, nothing else is set
	Key          string         `json:"key,omitempty"`
	UploadURL    string         `json:"upload_url,omitempty"`
	Mail         string         `json:"mail,omitempty"`
	FTP          *intakeFTPView `json:"ftp,omitempty"`
	EveryMinutes int            `json:"every_minutes"`
	OnNotice     bool           `json:"on_notice"`
	Tell         bool           `json:"tell"` // a notice for each image that arrives, at most one in notices.every
	SnapshotURL  string         `json:"snapshot_url"`
}

type intakeFTPView struct {
	Host string `json:"host"`
	Port int    `json:"port"`
	User string `json:"user"` // the password is the key
}

type intakeInput struct {
	EveryMinutes *int    `json:"every_minutes,omitempty"`
	OnNotice     *bool   `json:"on_notice,omitempty"`
	Tell         *bool   `json:"tell,omitempty"`
	SnapshotURL  *string `json:"snapshot_url,omitempty"`
}

type receiptView struct {
	Image string `json:"image"` // id in the owner's gallery
	New   bool   `json:"new"`   // false: it was there already
}

const (
	uploadBytes = 10<<20 + 64<<10 // a picture and what multipart puts around it
	uploadRead  = 60 * time.Second
	uploadWait  = 60 * time.Second
	uploadFiles = 10 // of one multipart body
	uploadPath  = "/intake/"
	stillWait   = 30 * time.Second
)

func intakeRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/cameras/:id/intake", who: account, out: intakeView{}, handle: getIntake,
			summary: "How images of an own camera come in: its key, addresses and schedule."},
		{method: "PUT", path: "/api/v1/cameras/:id/intake", who: account, body: jsonBody, in: intakeInput{}, out: intakeView{}, handle: setIntake,
			summary: "Let images of an own camera come in: a still every so many minutes, and the camera's own address for stills."},
		{method: "POST", path: "/api/v1/cameras/:id/intake/renew", who: account, out: intakeView{}, handle: renewIntake,
			summary: "Give an own camera a new key and mail address; the old ones stop at once."},
		{method: "POST", path: "/api/v1/cameras/:id/images", who: account, status: created, wait: stillWait, out: receiptView{}, handle: takeStill,
			summary: "Take an image of an own camera now."},
		{method: "PUT", path: uploadPath + ":camera", who: sender, body: pictureBody, bytes: uploadBytes, wait: uploadWait, status: created, out: receiptView{}, handle: upload,
			summary: "Upload a picture of a camera with its key (Authorization: Bearer, or key in the query): image/jpeg, or multipart/form-data with files. 200 when it was there already."},
		{method: "POST", path: uploadPath + ":camera", who: sender, body: pictureBody, bytes: uploadBytes, wait: uploadWait, status: created, out: receiptView{}, handle: upload,
			summary: "As PUT, for cameras that only post."},
	}
}

func getIntake(r *request) error {
	v, ok, err := r.s.cfg.Room.Intake(r.ctx, r.subject, r.param("id"))
	if err == nil && !ok {
		return r.ok(intakeView{})
	}
	return r.intake(v, err)
}

func (r *request) intake(v controlroom.IntakeView, err error) error {
	if err != nil {
		return err
	}
	out := intakeView{Takes: true, Key: v.Key.Reveal(), UploadURL: r.base() + uploadPath + v.User, EveryMinutes: v.Every, OnNotice: v.OnNotice, Tell: v.Tell, SnapshotURL: v.SnapshotURL}
	doors := r.s.cfg.Intake
	if doors.MailDomain != "" {
		out.Mail = v.Mail + "@" + doors.MailDomain
	}
	if doors.FTPHost != "" {
		out.FTP = &intakeFTPView{Host: doors.FTPHost, Port: doors.FTPPort, User: v.User}
	}
	return r.ok(out)
}

func setIntake(r *request) error {
	var in intakeInput
	if err := r.decode(&in); err != nil {
		return err
	}
	return r.intake(r.s.cfg.Room.SetIntake(r.ctx, r.subject, r.param("id"), controlroom.IntakeInput{Every: in.EveryMinutes, OnNotice: in.OnNotice, Tell: in.Tell, SnapshotURL: in.SnapshotURL}))
}

func renewIntake(r *request) error {
	return r.intake(r.s.cfg.Room.RenewIntake(r.ctx, r.subject, r.param("id")))
}

func takeStill(r *request) error {
	got, err := r.s.cfg.Room.TakeStill(r.ctx, r.subject, r.param("id"))
	if err != nil {
		return err
	}
	return r.json(http.StatusCreated, receiptView(got))
}

// admitUpload decides before a body is read how large it may be: only who shows
// a camera's key is let in with a picture, so that nobody else fills the memory.
func (s *Server) admitUpload(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	var uri fasthttp.URI
	if err := uri.Parse(nil, h.RequestURI()); err != nil {
		return fasthttp.RequestConfig{}
	}
	camera, ok := strings.CutPrefix(string(uri.Path()), uploadPath)
	if m := string(h.Method()); !ok || m != "PUT" && m != "POST" || h.ContentLength() <= maxBody && h.ContentLength() >= 0 {
		return fasthttp.RequestConfig{}
	}
	ctx, cancel := context.WithTimeout(s.base, time.Second)
	defer cancel()
	if s.cfg.Room.ByKey(ctx, camera, keyOf(h, &uri)) != nil {
		return fasthttp.RequestConfig{}
	}
	return fasthttp.RequestConfig{MaxRequestBodySize: uploadBytes, ReadTimeout: uploadRead}
}

func (r *request) sender() error {
	return r.keyed(r.s.cfg.Room.ByKey, fault.Unauthenticated)
}

func upload(r *request) error {
	files, err := r.uploads()
	if err != nil {
		return err
	}
	var first *intake.Receipt
	for _, data := range files {
		got, err := r.s.cfg.Gallery.Accept(r.ctx, intake.Arrival{Camera: r.param("camera"), Data: data, Via: intake.ViaHTTP})
		if err != nil {
			if fault.Is(err, fault.NotFound) {
				return fault.New(fault.Gone, string(authz.ReasonCameraGone), "This camera was removed.")
			}
			return err
		}
		if first == nil || got.New && !first.New {
			first = &got
		}
	}
	status := http.StatusOK
	if first.New {
		status = http.StatusCreated
	}
	return r.json(status, receiptView(*first))
}

// uploads are the pictures of a body: itself, or the files of a form.
func (r *request) uploads() ([][]byte, error) {
	body := r.c.Request().Body()
	// A type that cannot be read is a camera's: what counts is what the body is.
	kind, params, _ := mime.ParseMediaType(string(r.c.Request().Header.ContentType()))
	if kind != "multipart/form-data" {
		return [][]byte{body}, nil
	}
	var files [][]byte
	err := eachPart(body, params["boundary"], func(_ *multipart.Part, data []byte) {
		if len(data) > 2 && data[0] == 0xff && data[1] == 0xd8 {
			files = append(files, data)
		}
	})
	if err != nil {
		return nil, fault.Wrap(err, fault.Malformed, fault.CodeBadImage, "The form did not come whole.")
	}
	if len(files) > uploadFiles {
		return nil, fault.Newf(fault.TooLarge, fault.CodeTooLarge, "A form has at most %d pictures.", uploadFiles)
	}
	if len(files) == 0 {
		return nil, fault.New(fault.Invalid, fault.CodeBadImage, "There is no JPEG picture in this form.")
	}
	return files, nil
}
