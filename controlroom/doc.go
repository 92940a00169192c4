// Package controlroom is what stands between authority and media: the cameras
// and views of accounts, the viewing session (what one screen watches), the one
// socket of a tab, and the counting of viewing time.
//
// It decides nothing itself: every subscription is an authz.Subscribe, every
// read of a record goes through an authz decision. It forwards nothing itself:
// it attaches sfu streams to the mids of an sfu peer, gated by the lease.
package controlroom
