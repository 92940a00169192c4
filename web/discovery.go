package web

import (
	"context"
	"time"

	"sightline/authz"
	"sightline/controlroom"
	"sightline/ingest/onvif"
	"sightline/internal/fault"
)

// Discovery looks for cameras on the server's local networks.
type Discovery struct {
	Who    string // off (or empty), administrators or accounts
	Search func(ctx context.Context) ([]onvif.Neighbour, error)
}

// Codes of a search that is not allowed.
const (
	codeDiscoveryOff    = "discovery_off"
	codeDiscoveryAdmins = "discovery_administrators"
)

const searchWait = 10 * time.Second

type neighboursView struct {
	Devices []controlroom.Neighbour `json:"devices"`
}

func discoveryRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/discovery", who: account, limit: tests, wait: searchWait,
			summary: "Look for ONVIF cameras on the server's local networks, for 4 seconds. Off unless onvif.discovery allows it.",
			out:     neighboursView{}, handle: searchCameras},
		{method: "POST", path: "/api/v1/onvif/probe", who: account, limit: tests, body: jsonBody, wait: probeWait,
			summary: "Ask a camera by ONVIF what streams it offers, without keeping anything.",
			in:      controlroom.ONVIFInput{}, out: controlroom.ONVIFResult{}, handle: askONVIF},
	}
}

func searchCameras(r *request) error {
	d := r.s.cfg.Discovery
	switch {
	case d.Search == nil || d.Who != "administrators" && d.Who != "accounts":
		return fault.New(fault.Forbidden, codeDiscoveryOff, "Looking for cameras is switched off on this server. Its operator can switch it on with onvif.discovery.")
	case d.Who == "administrators":
		can, err := r.s.cfg.Authority.Check(r.ctx, r.subject, authz.ActInstance, authz.Object{})
		if err != nil {
			return err
		}
		if !can.Allowed {
			return fault.New(fault.Forbidden, codeDiscoveryAdmins, "Only administrators of this server may look for cameras on its network.")
		}
	}
	found, err := d.Search(r.ctx)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, codeDiscoveryOff, "This server has no network to look for cameras on.").After(time.Minute)
	}
	list, err := r.s.cfg.Room.Neighbours(r.ctx, r.subject, found)
	if err != nil {
		return err
	}
	return r.ok(neighboursView{list})
}

func askONVIF(r *request) error {
	var in controlroom.ONVIFInput
	if err := r.decode(&in); err != nil {
		return err
	}
	out, err := r.s.cfg.Room.AskONVIF(r.ctx, r.subject, in)
	if err != nil {
		return err
	}
	return r.ok(out)
}
