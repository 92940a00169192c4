package authz

// Role is what a participant may do in a group (R43).
type Role string

const (
	RoleViewer        Role = "viewer"
	RoleMember        Role = "member"
	RoleAdministrator Role = "administrator"
)
