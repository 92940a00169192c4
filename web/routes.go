package web

import (
	"net/http"
	"time"
)

// apiRoutes is the table of everything that is not a page: one function a noun.
func (s *Server) apiRoutes() []route {
	var t []route
	for _, part := range [][]route{
		statusRoutes(), setupRoutes(), loginRoutes(), registrationRoutes(), meRoutes(), cameraRoutes(), accessRoutes(), peopleRoutes(),
		groupRoutes(), askingRoutes(),
		viewRoutes(), kioskRoutes(), linkRoutes(), instanceRoutes(), limitRoutes(), viewingRoutes(), connectivityRoutes(), guestRoutes(), whepRoutes(), noticeRoutes(), pushRoutes(), webhookRoutes(), posterRoutes(), imageRoutes(), guestGalleryRoutes(), intakeRoutes(), recordingRoutes(), storageRoutes(), archiveRoutes(), exportRoutes(), hookRoutes(), eventRoutes(), discoveryRoutes(), ptzRoutes(),
	} {
		t = append(t, part...)
	}
	return t
}

// defaultView is the one id that is a word: the view every account
// has before it saved one (row R90).
const defaultView = "default"

const (
	created  = http.StatusCreated
	accepted = http.StatusAccepted
	empty    = http.StatusNoContent

	passwordWait = 20 * time.Second // argon2id behind a queue
	probeWait    = 25 * time.Second // a camera that never answers
)
