//go:build !soak

package archive

// dayCameras are recorded for dayHours, from noon or from an hour before midnight.
const (
	dayCameras = 1
	dayHours   = 6
)

// crashes is how often the crash test kills its process; `make soak` does 200.
const crashes = 6
