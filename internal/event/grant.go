package event

// OfferChanged says that something about a grant or its offer changed, for the
// receiver's badge and the owner's table.
type OfferChanged struct {
	Grant   string `json:"grant"`
	Camera  string `json:"camera"`
	Owner   string `json:"owner"`
	Account string `json:"account"`       // the receiver
	State   string `json:"state"`         // offered accepted declined revoked expired
	Was     string `json:"was,omitempty"` // before; accepted → declined is leaving. "" = there was none
}

func (OfferChanged) Type() string { return "offer_changed" }

// AccessRequested says that somebody asks an owner for access to a camera or a
// link of his (one of them).
type AccessRequested struct {
	Account string `json:"account"` // who asks
	Owner   string `json:"owner"`
	Camera  string `json:"camera,omitempty"`
	Link    string `json:"link,omitempty"`
	Name    string `json:"name,omitempty"` // the link's
}

func (AccessRequested) Type() string { return "access_requested" }
