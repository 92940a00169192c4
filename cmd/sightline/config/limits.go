package config

import "time"

// Limits are the numbers of reasonable use. Each has the default the product
// promises; a row number in the documentation says which promise.
type Limits struct {
	ShareLinks     int           `key:"limits.share_links" default:"3" help:"Share links an account may have at once (R4)."`
	TemporaryLinks int           `key:"limits.temporary_links" default:"10" help:"Open temporary links a camera may have at once."`
	Cameras        int           `key:"limits.cameras" default:"500" help:"Cameras an account may have."`
	Views          int           `key:"limits.views" default:"50" help:"Saved views an account may have."`
	Trial          time.Duration `key:"limits.trial" default:"720h" help:"How long the trial plan lasts before it becomes mini."`
	Idle           time.Duration `key:"limits.idle" default:"60m" help:"Without input for so long a wall stops its pictures until somebody continues (R87)."`
	ViewingAccount int           `key:"limits.viewing_account" default:"32" help:"Viewing sessions an account may have at once on this server."`
	ViewingVisit   int           `key:"limits.viewing_visit" default:"2" help:"Viewing sessions a guest may have at once."`
	PendingPeers   int           `key:"limits.pending_peers" default:"200" help:"Peer connections that may be on their way up at once; further ones are told to come again."`
}
