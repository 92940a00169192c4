package event

// What a GroupChanged says.
const (
	GroupDeleted = "deleted" // the group is gone; Accounts took part in it
	GroupRemoved = "removed" // Accounts were removed from it by an administrator
	GroupLeft    = "left"    // Accounts left it by themselves
	GroupJoined  = "joined"
	GroupRole    = "role"    // Accounts have another role now
	GroupInvited = "invited" // Accounts are invited to administer it
	GroupCameras = "cameras" // its cameras changed
)

// GroupChanged says what became of a group, and of whom in it. It carries the
// name, since a deleted group has no record to ask.
type GroupChanged struct {
	Group    string   `json:"group"`
	Name     string   `json:"name"`
	What     string   `json:"what"`
	By       string   `json:"by,omitempty"` // account that did it; "" = the system
	Accounts []string `json:"accounts,omitempty"`
}

func (GroupChanged) Type() string { return "group_changed" }
