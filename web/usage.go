package web

import (
	"sightline/authz"
	"sightline/controlroom"
)

// viewer is where a viewing session or gallery update comes from, and whether the
// budgets of share links are about it: not for accounts, temporary links, and the
// owner's own visits (R86).
func (r *request) viewer() controlroom.Client {
	return controlroom.Client{IP: r.client,
		Budgeted: r.subject.Kind == authz.GuestSubject && r.visit.Kind == authz.LinkShare && !r.visit.Owner}
}
