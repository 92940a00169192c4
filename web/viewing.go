package web

import (
	"net/http"

	"sightline/controlroom"
)

type sdpView struct {
	SDP string `json:"sdp"`
}

// offerBytes is the largest body with an SDP offer: 64 KB of SDP, escaped as
// JSON, and the tiles.
const offerBytes = 160 << 10

func viewingRoutes() []route { return viewingTable("/api/v1/viewing", account) }

// viewingTable is the same for accounts and guests; only who may differs.
func viewingTable(at string, who who) []route {
	return []route{
		{method: "POST", path: at, who: who, limit: offers, body: jsonBody, bytes: offerBytes, status: created,
			summary: "Begin a viewing session: an offer and the tiles in, the answer and the tiles' states out.",
			in:      controlroom.OpenRequest{}, out: controlroom.Opened{}, handle: openViewing},
		{method: "PUT", path: at + "/:id/sdp", who: who, limit: offers, body: jsonBody, bytes: offerBytes,
			summary: "A new offer of the same viewing session: more places, or another path through the network.",
			in:      sdpView{}, out: sdpView{}, handle: renegotiate},
		{method: "DELETE", path: at + "/:id", who: who, status: empty, summary: "End a viewing session.",
			handle: func(r *request) error { return r.then(r.s.cfg.Room.CloseViewing(r.ctx, r.subject, r.param("id"))) }},
	}
}

func openViewing(r *request) error {
	var in controlroom.OpenRequest
	if err := r.decode(&in); err != nil {
		return err
	}
	in.Client = r.viewer()
	out, err := r.s.cfg.Room.Open(r.ctx, r.subject, in)
	if err != nil {
		return err
	}
	if out.Tiles == nil {
		out.Tiles = []controlroom.TileState{}
	}
	return r.json(http.StatusCreated, out)
}

func renegotiate(r *request) error {
	var in sdpView
	if err := r.decode(&in); err != nil {
		return err
	}
	answer, err := r.s.cfg.Room.Renegotiate(r.ctx, r.subject, r.param("id"), in.SDP)
	if err != nil {
		return err
	}
	return r.ok(sdpView{answer})
}
