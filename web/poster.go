package web

import (
	"time"
)

// jpegType is the media type of stills.
const jpegType = "image/jpeg"

// capturedHeader says when the picture was taken; its age is for the reader to
// tell, against the server's clock.
const capturedHeader = "X-Captured-At"

func posterRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/cameras/:id/poster", who: account, answer: jpegType, summary: posterSummary, handle: poster},
		{method: "GET", path: "/g/:link/cameras/:id/poster", who: guest, answer: jpegType, summary: posterSummary, handle: poster},
	}
}

const posterSummary = "A still of a camera that may be watched live now, at most 640 pixels wide, or the newest image of a still camera as it came, without metadata; X-Captured-At says when it was taken. " +
	"503 no_still_source where there is none."

func poster(r *request) error {
	var among []string // cameras of a guest's link
	for _, c := range r.visit.Cameras {
		among = append(among, c.ID)
	}
	s, err := r.s.cfg.Room.Poster(r.ctx, r.subject, r.viewer(), r.param("id"), among...)
	if err != nil {
		return err
	}
	h := &r.c.Response().Header
	h.SetContentType(jpegType)
	h.Set(capturedHeader, s.At.Format(time.RFC3339Nano))
	r.c.Response().SetBodyRaw(s.JPEG)
	return nil
}
