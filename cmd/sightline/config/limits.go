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

	PlayersAccount int `key:"limits.players_account" default:"500" help:"WHEP players an account may run at once on this server."`
	SubMaxPx       int `key:"limits.sub_max_px" default:"640" help:"Widest tile, in device pixels, that takes the sub layer (R92)."`
	SubFromTiles   int `key:"limits.sub_from_tiles" default:"4" help:"With more tiles than this all take the sub layer, full screen apart (R92)."`

	Offers                int           `key:"limits.offers" default:"5" help:"Offers of a picture connection one login or visit may make in a second."`
	OffersAtOnce          int           `key:"limits.offers_at_once" default:"20" help:"Offers one login or visit may make in one moment, such as all screens after a power cut."`
	OffersNode            int           `key:"limits.offers_node" default:"50" help:"Offers this server takes in a second, of everybody."`
	Guesses               int           `key:"limits.guesses" default:"20" help:"Unknown link secrets, set-up codes or one-time tokens an address (IPv6: its /64) may try in a minute (R106)."`
	GuessBlock            time.Duration `key:"limits.guess_block" default:"15m" help:"How long an address is refused after more guesses than that."`
	WrongPasswords        int           `key:"limits.wrong_passwords" default:"10" help:"Wrong passwords for one account from one address in 15 minutes."`
	WrongPasswordsAccount int           `key:"limits.wrong_passwords_account" default:"100" help:"Wrong passwords for one account in an hour, from anywhere."`
	WrongPasswordsAddress int           `key:"limits.wrong_passwords_address" default:"300" help:"Wrong passwords from one address in an hour, for any account."`
	CameraTests           int           `key:"limits.camera_tests" default:"10" help:"Tests of a camera's address an account may start in a minute."`
	Mails                 int           `key:"limits.mails" default:"5" help:"Mails that can be asked for without signing in, for one e-mail address and from one address in an hour."`
	MailsAccount          int           `key:"limits.mails_account" default:"20" help:"Mails an account may cause in 24 hours, all together: links and invitations it sends and offers it makes."`

	NoticesKeep     time.Duration `key:"limits.notices_keep" default:"720h" help:"How long a notice stays in its receiver's list (168h to 720h)."`
	AuditKeep       time.Duration `key:"limits.audit_keep" default:"8760h" help:"How long a row of an owner's log stays (720h to 87600h). The log of a closed account goes 30 days after it."`
	Notices         int           `key:"limits.notices" default:"500" help:"Notices an account keeps; older ones go first."`
	PushDevices     int           `key:"limits.push_devices" default:"10" help:"Browsers of an account that get notices while no page is open; the longest unused makes room."`
	Webhooks        int           `key:"limits.webhooks" default:"5" help:"Webhooks an account may have."`
	Lookups         int           `key:"limits.lookups" default:"30" help:"Times an account may look for people in a minute (R7)."`
	NewPrefixes     int           `key:"limits.new_prefixes" default:"100" help:"First four letters an account may look for people by in a day; going on with the same is free."`
	WrongShareCodes int           `key:"limits.wrong_share_codes" default:"10" help:"Wrong share codes of groups an account, and an address (IPv6: its /64), may try in an hour (R45)."`

	ImagesCamera   int           `key:"limits.images_camera" default:"60" help:"Images a camera may bring in a minute."`
	GuestImages    int           `key:"limits.guest_images" default:"500" help:"Newest images a guest of a share link sees, over all its cameras (R66)."`
	GuestImageAge  time.Duration `key:"limits.guest_image_age" default:"336h" help:"Age of the oldest image a guest sees (R67)."`
	GalleryUpdates int           `key:"limits.gallery_updates" default:"40" help:"Times the guests of a share link may load or refresh its gallery in limits.usage_window (R78)."`
	GalleryRepeat  time.Duration `key:"limits.gallery_repeat" default:"5s" help:"Repeats of one guest within it are one gallery update."`
	LinkUsers      int           `key:"limits.link_users" default:"10" help:"Addresses (IPv6: /64s) that may watch live by a share link in limits.usage_window; who comes later gets a still a minute (R77, R82)."`
	ViewerHours    time.Duration `key:"limits.viewer_hours" default:"10h" help:"How long the guests of a share link together may watch live in limits.usage_window; then they get a still a minute (R79, R82)."`
	StillEvery     time.Duration `key:"limits.still_every" default:"60s" help:"How often a guest gets a picture where live is used up (R82)."`
	Near           int           `key:"limits.near" default:"80" help:"Percent of a share link's budget from which its owner sees that it is near its end (R81)."`
	UsageWindow    time.Duration `key:"limits.usage_window" default:"24h" help:"The sliding window of what guests may use of a share link."`

	VisitAddressKeep time.Duration `key:"limits.visit_address_keep" default:"720h" help:"How long the address of a guest stays in the log of visits after he was last seen; the rest of the row stays for limits.audit_keep (R76)."`
	EgressAccount    int64         `key:"limits.egress_account" default:"0" help:"Live video, in bytes, that the cameras of an account may send to all viewers together in limits.usage_window. Used up, they are shown in their sub layer only; a tenth over, others than the owner get a still every limits.still_every. 0: no budget."`

	RequestsAccount       int `key:"limits.requests_account" default:"100" help:"Requests to the API one account, or one visit of a guest, may make in a second."`
	RequestsAccountAtOnce int `key:"limits.requests_account_at_once" default:"1000" help:"Requests one account or visit may make in one moment, such as all its screens after a power cut."`
	RequestsAddress       int `key:"limits.requests_address" default:"300" help:"Requests to the API one address (IPv6: its /64) may make in a second, signed in or not."`
	RequestsAddressAtOnce int `key:"limits.requests_address_at_once" default:"3000" help:"Requests one address may make in one moment, such as all pages behind it after a restart."`

	IPBlock time.Duration `key:"limits.ip_block" default:"24h" help:"How long an address (IPv6: its /64) that an owner blocks is kept away from his link."`
}
