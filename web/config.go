// Package web is the HTTP surface: pages, the API, the one socket of a tab,
// guests' routes and WHEP on one fiber app, and the operations listener on
// net/http. Only here an error becomes a status. Nothing is decided here: every
// route asks authz or controlroom.
package web

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/authz"
	"sightline/controlroom"
	"sightline/internal/clock"
	"sightline/internal/i18n"
	"sightline/internal/secret"
	"sightline/ratelimit"
	"sightline/web/ui"
)

// Config is what a Server is made of. The zero value of an optional field is
// its documented default; New says which field is wrong.
type Config struct {
	Authority  *authz.Authority      // required
	Room       *controlroom.Room     // required
	Notices    Notices               // required
	Gallery    Gallery               // required
	Updates    ratelimit.Updates     // required
	Recordings Recordings            // required
	Push       Push                  // required
	Webhooks   Webhooks              // required
	Exports    Exports               // files of footage to take away; nil: none
	Archive    Archive               // reads what was recorded; nil: this node records nothing
	Events     Events                // required
	Discovery  Discovery             // looks for cameras on the network; the zero value: nobody may
	Usage      Usage                 // required
	VisitLog   VisitLog              // required
	LimitRows  []LimitRow            // what the instance page lists of the configured limits
	Intake     IntakeDoors           // told to owners of still cameras
	Limits     *ratelimit.Limits     // required
	Log        *slog.Logger          // required
	Registerer prometheus.Registerer // nil: no metrics
	Clock      clock.Clock           // nil: the machine's; for certificates
	Version    string                // shown by /api/v1/status
	Languages  []string              // default: those of the catalogues; the first is that of last resort
	Node       string                // this node's name, for the instance page
	StoreKind  string                // "bolt" or "redis", for the instance page
	MailHost   string                // SMTP host for the instance page; "" = mail is off
	Assets     fs.FS                 // the built pages; nil: ui.FS()

	// Networks suggests on the set-up page which networks cameras may be on;
	// nil: this host's private subnets (ingest.PrivateSubnets).
	Networks func() []netip.Prefix
	// LoopbackCameras is the set-up page's tick for cameras on this machine.
	LoopbackCameras bool
	// DeviceKey signs the cookie of browsers that have signed in before: they
	// still may while somebody else guesses the account's password. Empty: one
	// kept in DataDir (device.key), or without that a new one a process.
	DeviceKey secret.String

	Listen         string         // host:port; port 0 takes a free one
	PublicURL      string         // https://cameras.example.org; "" = links are built from the asked host
	Hosts          []string       // further names that may stand in Host (--host)
	TrustedProxies []netip.Prefix // peers whose X-Forwarded-For and -Proto are believed; default none
	InsecureHTTP   bool           // plain HTTP beyond loopback; cookies unprefixed and not Secure
	TLSCert        string         // PEM files; read again when they change
	TLSKey         string
	DataDir        string        // where a self-signed certificate is kept (tls/); needed when one has to be made
	WHEPOrigins    []string      // origins other than our own that may use /whep from a page; default none
	SocketIdle     time.Duration // a socket silent for so long is closed with 4002; default 15 s
	CloseTimeout   time.Duration // Close waits at most so long for running requests; default 10 s
}

// fill sets defaults and says what is wrong.
func (c *Config) fill() error {
	var wrong []error
	need := func(ok bool, what string) {
		if !ok {
			wrong = append(wrong, errors.New("web: "+what))
		}
	}
	need(c.Authority != nil, "Config.Authority is required")
	need(c.Room != nil, "Config.Room is required")
	need(c.Notices != nil, "Config.Notices is required")
	need(c.Gallery != nil, "Config.Gallery is required")
	need(c.Recordings != nil, "Config.Recordings is required")
	need(c.Push != nil, "Config.Push is required")
	need(c.Webhooks != nil, "Config.Webhooks is required")
	need(c.Events != nil, "Config.Events is required")
	need(c.Updates != nil, "Config.Updates is required")
	need(c.Usage != nil, "Config.Usage is required")
	need(c.VisitLog != nil, "Config.VisitLog is required")
	need(c.Limits != nil, "Config.Limits is required")
	need(c.Log != nil, "Config.Log is required")
	need((c.TLSCert == "") == (c.TLSKey == ""), "a TLS certificate needs its key, and a key its certificate")
	need(c.TLSCert == "" || !c.InsecureHTTP, "plain HTTP (--insecure-http) and a TLS certificate exclude each other")
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		wrong = append(wrong, fmt.Errorf("web: the listening address %q is not host:port", c.Listen))
	}
	if c.PublicURL != "" {
		_, err := originOf(c.PublicURL)
		need(err == nil, "the public URL must be http(s)://host without a path")
	}
	for _, o := range c.WHEPOrigins {
		_, err := originOf(o)
		need(err == nil, fmt.Sprintf("the WHEP origin %q must be http(s)://host without a path", o))
	}
	for _, h := range c.Hosts {
		_, ok := hostName(h)
		need(ok, fmt.Sprintf("the host name %q has letters that no host name has", h))
	}
	if c.Clock == nil {
		c.Clock = clock.System
	}
	if len(c.Languages) == 0 {
		texts, err := i18n.New()
		need(err == nil, fmt.Sprint("the catalogues: ", err))
		if err == nil {
			c.Languages = texts.Languages()
		}
	}
	if c.Assets == nil {
		c.Assets = ui.FS()
	}
	if c.DeviceKey.Empty() {
		key, err := deviceKey(c.DataDir)
		need(err == nil, fmt.Sprint("the key of known browsers: ", err))
		c.DeviceKey = key
	}
	if c.SocketIdle <= 0 {
		c.SocketIdle = 15 * time.Second
	}
	if c.CloseTimeout <= 0 {
		c.CloseTimeout = 10 * time.Second
	}
	return errors.Join(wrong...)
}

// originOf checks scheme://host[:port] and returns it as browsers write it.
func originOf(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil ||
		(u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("not an origin")
	}
	name, ok := hostName(u.Host)
	if !ok {
		return "", errors.New("not an origin")
	}
	if a, err := netip.ParseAddr(name); err == nil && a.Is6() {
		name = "[" + name + "]"
	}
	if p := u.Port(); p != "" && !(u.Scheme == "http" && p == "80") && !(u.Scheme == "https" && p == "443") {
		name += ":" + p
	}
	return u.Scheme + "://" + name, nil
}
