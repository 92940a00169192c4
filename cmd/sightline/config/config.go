// Package config is everything an operator can set, in one struct: the flags,
// the environment variables, the keys of the file and docs/ref/configuration.md
// all come from it. Precedence: flag, environment, file, default.
//
// A field's tags: key (in the file; the environment variable and the flag are
// made from it), default, help (one sentence), and kong's own.
package config

import (
	"net/netip"
	"time"

	"sightline/internal/secret"
	"sightline/sfu"
)

// Config is the whole configuration of a server.
type Config struct {
	Listen         string         `key:"listen" default:"127.0.0.1:8080" help:"Address of the pages and the API, host:port. Port 0 takes a free one. Beyond loopback it speaks TLS unless insecure_http is set."`
	PublicURL      string         `key:"public_url" name:"public-url" help:"Address people use, such as https://cameras.example.org. Links and mails are built from it."`
	Host           []string       `key:"host" sep:"," help:"Further host names this server answers to. Loopback names, the machine's own name and addresses, and public_url are always served; other names get 421."`
	TrustedProxies []netip.Prefix `key:"trusted_proxies" sep:"," help:"Networks of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, such as 10.0.0.5/32."`
	TLS            TLS            `embed:"" prefix:"tls-"`
	InsecureHTTP   bool           `key:"insecure_http" name:"insecure-http" help:"Serve plain HTTP beyond loopback. Logins and pictures can then be read by anyone on the way."`

	Data  string   `key:"data" default:"sightline-data" help:"Folder for the embedded store, the key that seals secrets, the self-signed certificate and the control socket."`
	Store StoreURL `key:"store" default:"bolt" help:"Where records are kept: bolt (files in the data folder) or redis://[user:password@]host:port[/db] (rediss:// for TLS, several addresses separated by commas for a cluster, and all Sentinels' addresses with ?sentinel=NAME for a group that fails over)."`

	StoreReplicas int `key:"store_replicas" default:"0" help:"Redis replicas that must have a change before it is acknowledged; with Sentinels at least 1."`

	Media          Media          `embed:"" prefix:"media-"`
	Cameras        Cameras        `embed:"" prefix:"cameras-"`
	Ops            Ops            `embed:"" prefix:"ops-"`
	CameraNetworks []netip.Prefix `key:"camera_networks" sep:"," help:"Networks cameras may be on, used until an instance administrator sets them on a page. Empty: this machine's private subnets."`
	SMTP           SMTP           `embed:"" prefix:"smtp-"`
	Authz          Authz          `embed:"" prefix:"authz-"`
	WHEP           WHEP           `embed:"" prefix:"whep-"`
	Outbound       Outbound       `embed:"" prefix:"outbound-"`
	Images         Images         `embed:"" prefix:"images-"`
	Intake         Intake         `embed:"" prefix:"intake-"`
	Archive        Archive        `embed:"" prefix:"archive-"`
	Events         Events         `embed:"" prefix:"events-"`
	ONVIF          ONVIF          `embed:"" prefix:"onvif-"`
	Notices        Notices        `embed:"" prefix:"notices-"`
	Limits         Limits         `embed:"" prefix:"limits-"`
	Plans          Plans          `embed:"" prefix:"plans-"`
	Log            Log            `embed:"" prefix:"log-"`
}

// TLS names the certificate of the public listener.
type TLS struct {
	Cert string `key:"tls.cert" help:"Certificate chain, a PEM file. Read again when it changes."`
	Key  string `key:"tls.key" help:"Private key of the certificate, a PEM file. Read again when it changes."`
}

// Media is where pictures leave.
type Media struct {
	Port      int           `key:"media.port" default:"8189" help:"Port of WebRTC media, both UDP and TCP. 0 takes a free one."`
	Addresses []netip.Addr  `key:"media.addresses" sep:"," help:"Addresses told to browsers for media, such as the public address in front of a port forwarding. Empty: this machine's own."`
	Loopback  bool          `key:"media.loopback" help:"Also offer media on loopback, for viewers on this machine."`
	TURN      TURN          `embed:"" prefix:"turn-"`
	Egress    string        `key:"media.egress" enum:"auto,gso,mmsg,plain" default:"auto" help:"How packets leave: auto takes the best that works; gso (one call for many packets, cut up by the system or the network card), mmsg (sendmmsg) and plain force one, for trials."`
	RingBytes int           `key:"media.ring_bytes" default:"6291456" help:"Most memory one camera layer keeps for replay and repair, in bytes."`
	RingAge   time.Duration `key:"media.ring_age" default:"12s" help:"Longest time one camera layer keeps for replay and repair."`
}

// TURN is what viewers are told about a relay of others.
type TURN struct {
	URLs     []string      `key:"media.turn.urls" name:"urls" sep:"," help:"TURN servers told to browsers for networks that let neither UDP nor TCP to this server through, such as turns:turn.example.org:443?transport=tcp. Empty: none."`
	User     string        `key:"media.turn.user" help:"Login at the TURN server, where it has a fixed one. Every viewer is told it."`
	Password secret.String `key:"media.turn.credential" name:"credential" help:"Password of that login. Every viewer is told it: prefer media.turn.secret."`
	Secret   secret.String `key:"media.turn.secret" help:"Secret shared with the TURN server (use-auth-secret in coturn): every viewer gets credentials of its own that end by themselves."`
	TTL      time.Duration `key:"media.turn.ttl" default:"12h" help:"How long credentials made from media.turn.secret are good (10m to 168h)."`
}

// Relays is the same as the media engine wants it.
func (t TURN) Relays() sfu.TURN {
	return sfu.TURN{URLs: t.URLs, User: t.User, Password: t.Password, Secret: t.Secret, TTL: t.TTL}
}

// Cameras is how cameras are pulled.
type Cameras struct {
	MainLinger  time.Duration `key:"cameras.main_linger" default:"30s" help:"How long a main layer stays connected after its last viewer."`
	SubOnDemand bool          `key:"cameras.sub_on_demand" help:"Pull sub layers only while somebody watches. Saves network, costs the first viewer a second or two."`
	ConvertMax  int           `key:"cameras.convert_max" default:"4" help:"How many camera layers in Motion JPEG or MPEG-4 are converted to H.264 at once, each by an ffmpeg child while somebody watches. 0: none is, and their tiles say why."`
	ConvertSide int           `key:"cameras.convert_side" default:"1280" help:"Longest side of a converted picture, in pixels (160 to 3840)."`
}

// Ops is the operations listener.
type Ops struct {
	Listen string `key:"ops.listen" default:"127.0.0.1:8190" help:"Address of /metrics, /healthz, /readyz and /debug/pprof/. It has no login: keep it on loopback or a private network. Empty: off."`
}

// SMTP is the mail server for invitations, verification and resets.
type SMTP struct {
	Host     string        `key:"smtp.host" help:"Mail server for invitations, verification and password resets. Empty: no mail; links are handed out instead."`
	Port     int           `key:"smtp.port" default:"587" help:"Port of the mail server."`
	Security string        `key:"smtp.security" enum:"starttls,tls,plain" default:"starttls" help:"How the connection to the mail server is protected: starttls, tls, or plain (only for a relay on this machine)."`
	User     string        `key:"smtp.user" help:"Login at the mail server. Empty: none."`
	Password secret.String `key:"smtp.password" help:"Password at the mail server. Better given by environment than by flag."`
	From     string        `key:"smtp.from" help:"Sender of mails, such as Sightline <cameras@example.org>. Needed when smtp.host is set."`
}

// Authz is how long running pictures outlive a silent store.
type Authz struct {
	Lease        time.Duration `key:"authz.lease" default:"30s" help:"How long a running picture goes on when the store does not answer (0s to 5m)."`
	ArchiveGuard time.Duration `key:"authz.archive_guard" default:"60s" help:"How old recorded video is before somebody without the live picture may see it (1s to 24h)."`
	OwnerHold    time.Duration `key:"authz.owner_hold" default:"1h" help:"How long an owner's own running pictures go on when the store does not answer (0s to 24h)."`
	Poll         time.Duration `key:"authz.poll" default:"500ms" help:"How often a server asks the store for changes when no hint arrives (100ms to 5s)."`
}

// WHEP is for players of other makers.
type WHEP struct {
	Origins []string `key:"whep.origins" sep:"," help:"Origins of other sites whose pages may play cameras through /whep, such as https://wall.example.org."`
}

// Log is what the program writes to standard error.
type Log struct {
	Level  string `key:"log.level" enum:"debug,info,warn,error" default:"info" help:"Least level that is written: debug, info, warn or error."`
	Format string `key:"log.format" enum:"text,json" default:"text" help:"Form of the log on standard error: text or json."`
}
