package authz

import "time"

// LoginKiosk is the kind of a login that a screen on a wall holds: it may read
// its view and watch, and nothing else (row R96). The kind of a person's own
// login is "".
const LoginKiosk = "kiosk"

// KioskDefaults are how long a kiosk's page is shown and the bounds (row R94).
const (
	PatrolDefault = 30 * time.Second
	PatrolLeast   = 5 * time.Second
	PatrolMost    = 120 * time.Second
)

// kioskRef leads from the secret of a kiosk's address to its login, until the
// screen has exchanged it.
type kioskRef struct {
	head
	Account string    `json:"account"`
	Login   string    `json:"login"`
	Ends    time.Time `json:"ends"`
}

// deviceView is of a saved view what a decision needs: its cells. The record is
// the control room's.
type deviceView struct {
	head
	Cells []struct {
		Camera string `json:"camera"`
		Any    int    `json:"any"`
	} `json:"cells"`
}

// shows reports whether a camera may be in the view: it stands in a cell, or a
// cell takes whatever camera comes at its number.
func (v *deviceView) shows(camera string) bool {
	for _, c := range v.Cells {
		if c.Camera == camera || c.Camera == "" && c.Any > 0 {
			return true
		}
	}
	return false
}

// decideDevice answers for a kiosk. What is not listed here is denied, whatever
// its account may do: the screen hangs where anybody can reach it.
func decideDevice(s Subject, act Action, o Object, f Facts, now time.Time) Decision {
	l := f.Login
	if l.View != "" && f.View == nil {
		return deny(ReasonLoginEnded) // its view was removed
	}
	switch act {
	case ActDevice:
		return allow()
	case ActSee, ActLive:
		if f.View != nil && !f.View.shows(o.Camera) {
			return invisible(ReasonCameraGone)
		}
		d := decideCamera(s, act, o, f, now)
		d.Owner = false // a silent store is no time to trust what hangs on a wall (ruling 11 is for people)
		return d
	}
	return invisible(ReasonLevelMissing)
}
