package controlroom

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

// KioskWall is what a kiosk shows: its view with every cell resolved.
type KioskWall struct {
	Name    string      `json:"name"`    // of the view; "" = all cameras
	Rows    int         `json:"rows"`    // of a page; 0 = as the screen has room for
	Columns int         `json:"columns"` // likewise
	Layout  string      `json:"layout"`  // as of a view
	Cells   []KioskCell `json:"cells"`   // row by row, page by page
}

// KioskCell is one place. A camera without a name is one that may not be seen
// (row R99); without a camera the place is empty.
type KioskCell struct {
	Camera string `json:"camera,omitempty"`
	Name   string `json:"name,omitempty"`
}

// KioskWall is the view of a kiosk as it is now. fault.Unauthenticated when the
// kiosk was ended or its view removed.
func (r *Room) KioskWall(ctx context.Context, sub authz.Subject) (authz.Kiosk, KioskWall, error) {
	k, err := r.cfg.Authority.Kiosk(ctx, sub)
	if err != nil {
		return authz.Kiosk{}, KioskWall{}, err
	}
	w, _, err := r.kioskWall(ctx, sub, k)
	return k, w, err
}

func (r *Room) kioskWall(ctx context.Context, sub authz.Subject, k authz.Kiosk) (KioskWall, []authz.CameraAccess, error) {
	cams, err := r.cfg.Authority.CamerasOf(ctx, sub)
	if err != nil {
		return KioskWall{}, nil, err
	}
	if k.Login.View == "" {
		w := KioskWall{Layout: LayoutGrid, Cells: make([]KioskCell, 0, len(cams))}
		for _, c := range cams {
			w.Cells = append(w.Cells, KioskCell{Camera: c.Camera.ID, Name: c.Camera.Name})
		}
		return w, cams, nil
	}
	v, err := r.viewOf(ctx, sub.Account, k.Login.View)
	if err != nil {
		return KioskWall{}, nil, err
	}
	return KioskWall{Name: v.Name, Rows: v.Rows, Columns: v.Columns, Layout: v.Layout, Cells: resolve(v.Cells, cams)}, cams, nil
}

// resolve says of every cell which camera it shows; "any, #n" is the n-th of the
// account's list.
func resolve(cells []Cell, cams []authz.CameraAccess) []KioskCell {
	out := make([]KioskCell, len(cells))
	for i, c := range cells {
		switch {
		case c.Camera != "":
			out[i].Camera = c.Camera
			if at := slices.IndexFunc(cams, func(a authz.CameraAccess) bool { return a.Camera.ID == c.Camera }); at >= 0 {
				out[i].Name = cams[at].Camera.Name
			}
		case c.Any > 0 && c.Any <= len(cams):
			out[i] = KioskCell{Camera: cams[c.Any-1].Camera.ID, Name: cams[c.Any-1].Camera.Name}
		}
	}
	return out
}

// viewOf reads one view of an account; who may is decided before.
func (r *Room) viewOf(ctx context.Context, account, id string) (View, error) {
	snap, err := r.cfg.Store.Read(ctx, kv.Control, []string{viewKey(account, id)}, nil)
	if err != nil {
		return View{}, err
	}
	var s storedView
	if !snap.Values[0].Exists() {
		return View{}, fault.New(fault.Unauthenticated, string(authz.ReasonLoginEnded), "This view was removed.")
	}
	if err := json.Unmarshal(snap.Values[0].Data, &s); err != nil || s.V != recordVersion {
		return View{}, unavailable()
	}
	return s.View, nil
}

// lookKiosk compares what a kiosk shows with what its page was told.
func (s *Socket) lookKiosk(ctx context.Context, last seen, _ interest) (time.Duration, error) {
	r := s.room
	d, err := s.decide(ctx, authz.ActDevice, authz.Object{})
	if err != nil {
		return 0, err
	}
	if !d.Allowed {
		s.endSubject(ctx, d.Reason)
		return lookIdle, nil
	}
	k, err := r.cfg.Authority.Kiosk(ctx, s.subject)
	if err != nil {
		return 0, err
	}
	wall, cams, err := r.kioskWall(ctx, s.subject, k)
	if err != nil {
		return 0, err
	}
	about := interest{}.with(s.subject.Account, s.subject.Login, k.Login.View).with(k.Groups...)
	next := d.SessionEnds
	for _, c := range cams {
		about.with(c.Camera.ID, c.Camera.Owner)
		next = earlier(earlier(next, c.Live.Until), c.Live.Next)
	}
	s.mu.Lock()
	s.about = about
	s.mu.Unlock()
	first := len(last) == 0
	if told(last, "views", []any{wall, k.Language, k.Zone, k.Theme}) && !first {
		s.send(serverMessage{Type: "changed", What: "views"})
	}
	return until(next, r.deps.clock.Now()), nil
}
