package controlroom

import (
	"context"

	"sightline/authz"
)

// Start loads all cameras into ingest and follows the store from there, so that
// an edit made on any node applies here within a second. It returns when the
// cameras are loaded; the following ends with Close.
func (r *Room) Start(ctx context.Context) error { panic("soon") }

// Drain begins a graceful stop: sockets are told, new viewing sessions are
// refused with fault.Unavailable "draining", running ones go on.
func (r *Room) Drain() { panic("soon") }

// Close ends every session and socket (close code 4000) and waits for all goroutines.
func (r *Room) Close() { panic("soon") }

// Cameras lists what the account owns, was granted or sees through a group, own
// ones in the owner's order first.
func (r *Room) Cameras(ctx context.Context, sub authz.Subject) ([]Camera, error) { panic("soon") }

// Camera returns one. One the subject cannot see is the same fault.NotFound as none.
func (r *Room) Camera(ctx context.Context, sub authz.Subject, id string) (Camera, error) {
	panic("soon")
}

// CreateCamera stores a camera of the subject's account and starts pulling it.
func (r *Room) CreateCamera(ctx context.Context, sub authz.Subject, in CameraInput) (Camera, error) {
	panic("soon")
}

// UpdateCamera changes an own camera; running tiles follow without reconnecting.
func (r *Room) UpdateCamera(ctx context.Context, sub authz.Subject, id string, in CameraInput) (Camera, error) {
	panic("soon")
}

// DeleteCamera removes an own camera; its running tiles end with camera_gone.
func (r *Room) DeleteCamera(ctx context.Context, sub authz.Subject, id string) error { panic("soon") }

// OrderCameras stores the owner's order. Ids that are not the subject's are NotFound.
func (r *Room) OrderCameras(ctx context.Context, sub authz.Subject, ids []string) error {
	panic("soon")
}

// TestCamera tries a source without storing anything. Failures of the camera are
// in the result; the error is for bad input. Takes up to 15 s.
func (r *Room) TestCamera(ctx context.Context, sub authz.Subject, in TestInput) (TestResult, error) {
	panic("soon")
}

// CameraHealth is the state of an own camera's layers on this node.
func (r *Room) CameraHealth(ctx context.Context, sub authz.Subject, id string) (Health, error) {
	panic("soon")
}

// Views lists the account's views; one that never saved any has the default one
// (row R90), with version 0 and id "default".
func (r *Room) Views(ctx context.Context, sub authz.Subject) ([]View, error) { panic("soon") }

// CreateView stores a view. ID and Version are set by the room.
func (r *Room) CreateView(ctx context.Context, sub authz.Subject, v View) (View, error) {
	panic("soon")
}

// UpdateView replaces a view; v.Version must be the stored one, else fault.Conflict "stale".
func (r *Room) UpdateView(ctx context.Context, sub authz.Subject, v View) (View, error) {
	panic("soon")
}

// DeleteView removes a view.
func (r *Room) DeleteView(ctx context.Context, sub authz.Subject, id string) error { panic("soon") }

// OpenRequest begins a viewing session.
type OpenRequest struct {
	SDP     string     `json:"sdp"`
	Version uint64     `json:"version"`
	Tiles   []TileWant `json:"tiles"`
}

// Opened is a begun viewing session. Tiles whose decision is not yet known are connecting.
type Opened struct {
	ID    string      `json:"id"`
	SDP   string      `json:"sdp"`
	Tiles []TileState `json:"tiles"`
}

// Open begins a viewing session of an account's login (or token) or a guest's visit.
// Refused: fault.Conflict too_many_viewers, fault.Malformed bad_sdp, fault.Unavailable
// authz_unavailable (store away and no tile could be decided) or draining.
func (r *Room) Open(ctx context.Context, sub authz.Subject, req OpenRequest) (Opened, error) {
	panic("soon")
}

// Renegotiate answers a new offer of the same viewing session: pool growth, ICE restart.
func (r *Room) Renegotiate(ctx context.Context, sub authz.Subject, id, sdp string) (string, error) {
	panic("soon")
}

// CloseViewing ends a viewing session. Another login's or visit's is NotFound.
func (r *Room) CloseViewing(ctx context.Context, sub authz.Subject, id string) error { panic("soon") }

// OpenWHEP begins a viewing session of one camera for a player of others; layer is
// "auto", "sub" or "main" ("" = auto). Refusals are errors: fault.NotFound for what
// the account cannot see, fault.Forbidden with the reason otherwise.
func (r *Room) OpenWHEP(ctx context.Context, sub authz.Subject, camera, layer, sdp string) (id, answer string, err error) {
	panic("soon")
}

// CloseWHEP ends it. Another camera's, login's or token's id is NotFound.
func (r *Room) CloseWHEP(ctx context.Context, sub authz.Subject, camera, id string) error {
	panic("soon")
}

// Watching is how many viewing sessions of each link have media now on this node.
func (r *Room) Watching(links []string) map[string]int { panic("soon") }

// Connect makes the socket of one tab. The caller pumps text messages: Receive what
// arrives, write what Messages yields, and closes the transport with Code when Done.
func (r *Room) Connect(ctx context.Context, sub authz.Subject) (*Socket, error) { panic("soon") }
