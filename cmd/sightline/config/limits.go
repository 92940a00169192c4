package config

// Limits are the numbers of reasonable use. Each has the default the product
// promises; a row number in the documentation says which promise.
type Limits struct {
	ShareLinks           int `key:"limits.share_links" default:"3" help:"Share links an account may have at once (R4)."`
	PendingPeers         int `key:"limits.pending_peers" default:"200" help:"Peer connections that may be on their way up at once; further ones are told to come again."`
	OffersPerSecond      int `key:"limits.offers_per_second" default:"5" help:"Viewing sessions one login or visit may open a second."`
	OffersPerSecondNode  int `key:"limits.offers_per_second_node" default:"50" help:"Viewing sessions this server opens a second."`
	GuessesPerMinute     int `key:"limits.guesses_per_minute" default:"20" help:"Unknown link secrets a minute from one address (IPv6: /64) before it is slowed (R106)."`
	LoginFails           int `key:"limits.login_fails" default:"10" help:"Failed sign-ins in 15 minutes for one account from one address before it is slowed."`
	CameraTestsPerMinute int `key:"limits.camera_tests_per_minute" default:"10" help:"Camera tests a minute and account."`
}
