//go:build soak

package archive

// dayCameras are recorded for dayHours.
const (
	dayCameras = 3
	dayHours   = 24
)

const crashes = 200
