package web

import (
	"net/http"
)

// WHEP (draft-ietf-wish-whep) for players of others: one camera, one offer, no
// trickle. Guests have no part in it.

func whepRoutes() []route {
	return []route{
		{method: "POST", path: "/whep/:camera", who: player, limit: offers, body: sdpBody, status: created,
			summary: "Watch a camera: an SDP offer in, the answer out; ?layer=auto, sub or main. Location is the session.", handle: openWHEP},
		{method: "DELETE", path: "/whep/:camera/:session", who: player, summary: "End it.", handle: closeWHEP},
		{method: "OPTIONS", path: "/whep/:camera", who: public, status: empty, summary: "Preflight; allowed origins are configured.", handle: preflightWHEP},
		{method: "OPTIONS", path: "/whep/:camera/:session", who: public, status: empty, summary: "Preflight; allowed origins are configured.", handle: preflightWHEP},
	}
}

// allowOrigin lets a configured other origin read the answer. There are no
// credentials across origins: such a page brings a bearer token.
func (s *Server) allowOrigin(r *request) {
	origin := string(r.c.Request().Header.Peek("Origin"))
	h := &r.c.Response().Header
	h.Add("Vary", "Origin")
	if origin == "" || !isOneOf(origin, s.whepOrigins) {
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "Location, Link")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
}

func preflightWHEP(r *request) error {
	h := &r.c.Response().Header
	h.Set("Accept-Post", string(sdpBody))
	if len(h.Peek("Access-Control-Allow-Origin")) > 0 {
		h.Set("Access-Control-Allow-Methods", "POST, DELETE")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
		h.Set("Access-Control-Max-Age", "600")
	}
	return r.done()
}

func openWHEP(r *request) error {
	layer := string(r.c.Request().URI().QueryArgs().Peek("layer"))
	camera := r.param("camera")
	id, answer, err := r.s.cfg.Room.OpenWHEP(r.ctx, r.subject, camera, layer, string(r.c.Request().Body()))
	if err != nil {
		return err
	}
	h := &r.c.Response().Header
	h.Set("Location", "/whep/"+camera+"/"+id) // the query is not copied: tokens do not belong in it
	for _, s := range r.s.cfg.Room.ICEServers() {
		for _, u := range s.URLs {
			h.Add("Link", s.Link(u))
		}
	}
	h.SetContentType(string(sdpBody))
	r.c.Status(http.StatusCreated).Response().SetBodyString(answer)
	return nil
}

func closeWHEP(r *request) error {
	if err := r.s.cfg.Room.CloseWHEP(r.ctx, r.subject, r.param("camera"), r.param("session")); err != nil {
		return err
	}
	r.c.Status(http.StatusOK)
	return nil
}
