package event

// LinkChanged says that a link was made, paused, resumed or got other cameras.
type LinkChanged struct {
	Link  string `json:"link"`
	Owner string `json:"owner"`
}

func (LinkChanged) Type() string { return "link_changed" }

// LinkRemoved says that a link is gone for ever; who watched by it is told.
type LinkRemoved struct {
	Link  string `json:"link"`
	Owner string `json:"owner"`
}

func (LinkRemoved) Type() string { return "link_removed" }
