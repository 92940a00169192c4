package web

import "sightline/authz"

type statusView struct {
	SetupRequired bool     `json:"setup_required"`
	Registration  string   `json:"registration"` // closed, invite, open
	Mail          bool     `json:"mail"`
	Version       string   `json:"version"`
	InsecureHTTP  bool     `json:"insecure_http"` // show the banner
	Languages     []string `json:"languages"`
}

func statusRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/status", who: public, summary: "What a page must know before anybody signs in.",
			out: statusView{}, handle: getStatus},
		{method: "GET", path: "/api/v1/openapi.json", who: public, summary: "This document.", hidden: true,
			handle: func(r *request) error {
				r.c.Response().Header.SetContentType("application/json")
				r.c.Response().SetBodyRaw(r.s.openapi)
				return nil
			}},
	}
}

func getStatus(r *request) error {
	a := r.s.cfg.Authority
	required, err := a.SetupRequired(r.ctx)
	if err != nil {
		return err
	}
	registration := authz.RegistrationClosed
	if !required {
		in, err := a.Instance(r.ctx)
		if err != nil {
			return err
		}
		registration = in.Registration
	}
	return r.ok(statusView{
		SetupRequired: required, Registration: string(registration), Mail: r.s.cfg.MailHost != "",
		Version: r.s.cfg.Version, InsecureHTTP: r.s.cfg.InsecureHTTP && !r.secure, Languages: r.s.cfg.Languages,
	})
}
