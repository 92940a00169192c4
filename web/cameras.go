package web

import (
	"net/http"

	"sightline/controlroom"
)

type camerasView struct {
	Cameras []controlroom.Camera `json:"cameras"`
}

type orderInput struct {
	IDs []string `json:"ids"`
}

func cameraRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/cameras", who: account, summary: "Cameras one owns or may see, own ones first.",
			out: camerasView{}, handle: listCameras},
		{method: "POST", path: "/api/v1/cameras", who: account, body: jsonBody, status: created, summary: "Add a camera; it is pulled at once.",
			in: controlroom.CameraInput{}, out: controlroom.Camera{}, handle: createCamera},
		{method: "POST", path: "/api/v1/cameras/test", who: account, limit: tests, body: jsonBody, wait: probeWait,
			summary: "Try a source without keeping it. What is wrong with the camera is in the answer.",
			in:      controlroom.TestInput{}, out: controlroom.TestResult{}, handle: testCamera},
		{method: "PUT", path: "/api/v1/cameras/order", who: account, body: jsonBody, status: empty, summary: "The order of one's own cameras.",
			in: orderInput{}, handle: orderCameras},
		{method: "GET", path: "/api/v1/cameras/:id", who: account, summary: "One camera.", out: controlroom.Camera{}, handle: getCamera},
		{method: "PATCH", path: "/api/v1/cameras/:id", who: account, body: jsonBody,
			summary: "Change an own camera; running tiles follow. Another scheme, host or port clears the stored password unless one is sent.",
			in:      controlroom.CameraInput{}, out: controlroom.Camera{}, handle: patchCamera},
		{method: "DELETE", path: "/api/v1/cameras/:id", who: account, status: empty, summary: "Remove an own camera with all access to it.",
			handle: func(r *request) error { return r.then(r.s.cfg.Room.DeleteCamera(r.ctx, r.subject, r.param("id"))) }},
		{method: "GET", path: "/api/v1/cameras/:id/health", who: account, summary: "The layers of an own camera on this node.",
			out: controlroom.Health{}, handle: cameraHealth},
	}
}

func listCameras(r *request) error {
	list, err := r.s.cfg.Room.Cameras(r.ctx, r.subject)
	if err != nil {
		return err
	}
	if list == nil {
		list = []controlroom.Camera{}
	}
	return r.ok(camerasView{list})
}

func createCamera(r *request) error {
	var in controlroom.CameraInput
	if err := r.decode(&in); err != nil {
		return err
	}
	cam, err := r.s.cfg.Room.CreateCamera(r.ctx, r.subject, in)
	if err != nil {
		return err
	}
	return r.json(http.StatusCreated, cam)
}

func testCamera(r *request) error {
	var in controlroom.TestInput
	if err := r.decode(&in); err != nil {
		return err
	}
	out, err := r.s.cfg.Room.TestCamera(r.ctx, r.subject, in)
	if err != nil {
		return err
	}
	return r.ok(out)
}

func orderCameras(r *request) error {
	var in orderInput
	if err := r.decode(&in); err != nil {
		return err
	}
	return r.then(r.s.cfg.Room.OrderCameras(r.ctx, r.subject, in.IDs))
}

func getCamera(r *request) error {
	cam, err := r.s.cfg.Room.Camera(r.ctx, r.subject, r.param("id"))
	if err != nil {
		return err
	}
	return r.ok(cam)
}

func patchCamera(r *request) error {
	var in controlroom.CameraInput
	if err := r.decode(&in); err != nil {
		return err
	}
	cam, err := r.s.cfg.Room.UpdateCamera(r.ctx, r.subject, r.param("id"), in)
	if err != nil {
		return err
	}
	return r.ok(cam)
}

func cameraHealth(r *request) error {
	h, err := r.s.cfg.Room.CameraHealth(r.ctx, r.subject, r.param("id"))
	if err != nil {
		return err
	}
	return r.ok(h)
}
