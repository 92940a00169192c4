package ingest

// Layer is one of the two streams of a camera.
type Layer int

// The layers, low to high.
const (
	Sub Layer = iota
	Main
)

func (l Layer) String() string {
	if l == Main {
		return "main"
	}
	return "sub"
}
