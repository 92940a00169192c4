package web

import (
	"context"

	"sightline/authz"
	"sightline/controlroom/archive"
)

// Recordings is how cameras are recorded (controlroom/archive).
type Recordings interface {
	Recording(ctx context.Context, s authz.Subject, camera string) (archive.Recording, error)
	SetRecording(ctx context.Context, s authz.Subject, camera string, version uint64, p archive.Policy) (archive.Recording, error)
	Storage() archive.Storage
}

type recordingInput struct {
	Policy  archive.Policy `json:"policy"`
	Version uint64         `json:"version"` // that of the recording that was read
}

func recordingRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/cameras/:id/recording", who: account, out: archive.Recording{}, handle: getRecording,
			summary: "How an own camera is recorded, and whether it is. available is false where no server of this installation keeps footage."},
		{method: "PUT", path: "/api/v1/cameras/:id/recording", who: account, body: jsonBody, in: recordingInput{}, out: archive.Recording{}, handle: putRecording,
			summary: "Choose how an own camera is recorded: off, continuous, schedule (hours in the camera's zone) or notice. A version that is not the stored one is 409 stale."},
	}
}

func getRecording(r *request) error {
	out, err := r.s.cfg.Recordings.Recording(r.ctx, r.subject, r.param("id"))
	if err != nil {
		return err
	}
	return r.ok(out)
}

func putRecording(r *request) error {
	var in recordingInput
	if err := r.decode(&in); err != nil {
		return err
	}
	out, err := r.s.cfg.Recordings.SetRecording(r.ctx, r.subject, r.param("id"), in.Version, in.Policy)
	if err != nil {
		return err
	}
	return r.ok(out)
}
