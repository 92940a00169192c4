package web

import (
	"net/http"

	"sightline/controlroom"
	"sightline/sfu"
)

// The connection test: a browser that does not get through asks why.

func connectivityRoutes() []route {
	return []route{
		{method: "POST", path: "/api/v1/connectivity", who: account, limit: offers, body: jsonBody, bytes: offerBytes, status: created,
			summary: "Begin a connection test: an offer in, the answer out; the connection carries nothing.",
			in:      controlroom.ConnectionTestRequest{}, out: controlroom.ConnectionTest{}, handle: beginConnectivity},
		{method: "GET", path: "/api/v1/connectivity/:id", who: account,
			summary: "How the connection test does: each pair of addresses, and in a sentence why it failed. Kept for a minute.",
			out:     sfu.Connectivity{}, handle: connectivityReport},
	}
}

func beginConnectivity(r *request) error {
	var in controlroom.ConnectionTestRequest
	if err := r.decode(&in); err != nil {
		return err
	}
	out, err := r.s.cfg.Room.TestConnection(r.ctx, r.subject, in.SDP)
	if err != nil {
		return err
	}
	return r.json(http.StatusCreated, out)
}

func connectivityReport(r *request) error {
	out, err := r.s.cfg.Room.ConnectionReport(r.subject, r.param("id"))
	if err != nil {
		return err
	}
	return r.ok(out)
}
