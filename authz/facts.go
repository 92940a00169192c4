package authz

import "time"

// Facts are the records a decision rests on, read at one revision. nil means
// that the record does not exist. Records are immutable once they are here.
type Facts struct {
	Account *Account // of an AccountSubject
	Login   *Login   // when it came by cookie, or is a kiosk
	Token   *Token   // when it came by personal access token

	View *deviceView // of a kiosk that shows one

	Camera *Camera
	Owner  *Account // the camera's owner
	Grant  *Grant   // of this camera to this account
	Groups []GroupFacts

	Link      *Link
	LinkOwner *Account
	Visit     *Visit

	// Plans is what plans include; nil: DefaultPlans.
	Plans PlanTable

	// Guard is how old recorded video is for who may not watch live; 0: 60 s.
	Guard time.Duration

	// Broken says that a record was there and could not be understood, e.g.
	// one of a newer version: everything is denied, nothing guessed (F30).
	Broken bool
}

// GroupFacts are the records of one group. For a decision on a camera the list
// holds the groups the camera is in and the subject takes part in; for one on
// a group it holds that group.
type GroupFacts struct {
	Group  *Group
	Mine   *Participant // the subject's participation
	Sharer *Participant // the camera owner's participation
}
