package authz

// Where camera and account records stand in the control space, for those who
// follow its changes (controlroom). They read; only this package writes there.
const (
	CameraPrefix  = pCamera
	AccountPrefix = pAccount
)

// DecodeCamera reads a camera record found under CameraPrefix.
func DecodeCamera(data []byte) (*Camera, error) { return decode[Camera](data) }
