// Package authz is the authority: accounts, cameras' owners, grants, groups,
// links, logins and visits, one Decide for every path, and the leases that cut
// a running stream when a decision changes.
package authz
