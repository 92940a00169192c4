package web

import (
	"time"

	"sightline/controlroom"
)

const steerWait = 15 * time.Second // a camera that answers slowly

func ptzRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/cameras/:id/ptz", who: account, wait: steerWait, summary: "What of a camera can be steered, and its presets. Needs the right ptz.",
			out: controlroom.SteerView{}, handle: steerView},
		{method: "POST", path: "/api/v1/cameras/:id/ptz", who: account, body: jsonBody, status: empty,
			summary: "Steer a camera: exactly one of move, stop, preset and home. A movement ends by itself after 0.8 s unless it is repeated. Needs the right ptz.",
			in:      controlroom.SteerCommand{}, handle: steer},
	}
}

func steerView(r *request) error {
	v, err := r.s.cfg.Room.SteerView(r.ctx, r.subject, r.param("id"))
	if err != nil {
		return err
	}
	return r.ok(v)
}

func steer(r *request) error {
	var in controlroom.SteerCommand
	if err := r.decode(&in); err != nil {
		return err
	}
	return r.then(r.s.cfg.Room.Steer(r.ctx, r.subject, r.param("id"), in))
}
