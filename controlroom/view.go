package controlroom

// View is a saved wall layout of one account (rows R89, R98).
type View struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Rows       int      `json:"rows"`    // 1 to 4
	Columns    int      `json:"columns"` // 1 to 4
	Layout     string   `json:"layout"`  // "grid" or "1+5" (then 3 x 3 with one cell of 2 x 2)
	Cells      []Cell   `json:"cells"`   // row by row; Rows x Columns, or 6 for "1+5"
	DefaultFor []string `json:"default_for"`
	Version    uint64   `json:"version"` // to send back with a change; another one is 409 stale
}

// Cell is what a place of the grid holds: a camera, or the n-th camera of the
// account's order (1, 2, …) when Camera is empty. Both empty: an empty place.
type Cell struct {
	Camera string `json:"camera,omitempty"`
	Any    int    `json:"any,omitempty"`
}

// Layouts of a view.
const (
	LayoutGrid    = "grid"
	LayoutOneFive = "1+5"
)

// Devices a view can be the default for.
const (
	DeviceDesktop = "desktop"
	DevicePhone   = "phone"
)
