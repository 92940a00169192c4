package authz

// decideGroup is the role matrix of R43 (ruling 13). What one is not in looks
// like what does not exist.
func decideGroup(s Subject, act Action, o Object, f Facts) Decision {
	for _, g := range f.Groups {
		if g.Group == nil || g.Group.ID != o.Group || o.Group == "" {
			continue
		}
		if g.Mine == nil || g.Mine.Group != o.Group || g.Mine.Account != s.Account {
			break
		}
		if roleMay(g.Mine.Role, act) {
			return allow()
		}
		return deny(ReasonRoleViewer)
	}
	return invisible(ReasonGroupGone)
}

func roleMay(r Role, act Action) bool {
	switch act {
	case ActGroupView, ActGroupLeave:
		return r == RoleViewer || r == RoleMember || r == RoleAdministrator
	case ActGroupShareOwn, ActGroupRemoveOwn:
		return r == RoleMember || r == RoleAdministrator
	case ActGroupRemoveAny, ActGroupInvite, ActGroupRole, ActGroupRemovePerson, ActGroupDelete:
		return r == RoleAdministrator
	}
	return false
}
