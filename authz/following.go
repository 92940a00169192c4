package authz

// Where camera and account records stand in the control space, for those who
// follow its changes (controlroom). They read; only this package writes there.
const (
	CameraPrefix  = pCamera
	LinkPrefix    = pLink
	AccountPrefix = pAccount
)

// LinkUsePrefix is where controlroom/usage keeps in the control space how much of
// a link's budgets is used: open pages of its owner follow it.
const LinkUsePrefix = "linkuse/"

// DecodeLink reads a link record found under LinkPrefix.
func DecodeLink(data []byte) (*Link, error) { return decode[Link](data) }

// DecodeCamera reads a camera record found under CameraPrefix.
func DecodeCamera(data []byte) (*Camera, error) { return decode[Camera](data) }

// Decision is what the lease rests on now: its end may move while it runs. After
// the end it is the decision that ended it.
func (l *Lease) Decision() Decision {
	l.a.node.mu.Lock()
	defer l.a.node.mu.Unlock()
	return l.decision
}
