package web

import "sightline/authz"

type askInput struct {
	Camera string `json:"camera,omitempty"` // one of them
	Link   string `json:"link,omitempty"`
}

type askedView struct {
	Accepted bool `json:"accepted"` // always true: it says nothing of what was asked for
}

func askingRoutes() []route {
	return []route{{method: "POST", path: "/api/v1/access_requests", who: account, body: jsonBody, status: accepted, in: askInput{}, out: askedView{}, handle: askAccess,
		summary: "Ask the owner of a camera or a link for access. The answer is the same whatever it is about, and whether it exists."}}
}

func askAccess(r *request) error {
	var in askInput
	if err := r.decode(&in); err != nil {
		return err
	}
	if err := r.s.cfg.Authority.RequestAccess(r.ctx, r.subject, authz.Object{Camera: in.Camera, Link: in.Link}); err != nil {
		return err
	}
	return r.json(accepted, askedView{Accepted: true})
}
