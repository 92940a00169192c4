package event

// LinkUse says that the guests of a share link have used so much of one of its
// budgets: once in a window for each part of it (R84).
type LinkUse struct {
	Link    string `json:"link"`
	Name    string `json:"name"`
	Owner   string `json:"owner"`
	Budget  string `json:"budget"`          // users, gallery_updates, viewer_seconds
	Percent int    `json:"percent"`         // near the end, or 100
	At      int64  `json:"at"`              // Unix ms of store time: when it was reached
	Until   int64  `json:"until,omitempty"` // Unix ms: when some of it is free again
}

// Type is its name in the feed.
func (LinkUse) Type() string { return "link_use" }
