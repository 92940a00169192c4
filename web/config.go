// Package web is the HTTP surface: pages, the API, the one socket of a tab,
// guests' routes and WHEP on one fiber app, and the operations listener on
// net/http. Only here an error becomes a status. Nothing decides here: every
// route asks authz or controlroom.
package web

import (
	"io/fs"
	"log/slog"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/internal/clock"
)

// Config is what a Server is made of. The zero value of an optional field is
// its documented default; New says which field is wrong.
type Config struct {
	Log        *slog.Logger          // required
	Registerer prometheus.Registerer // nil: no metrics
	Clock      clock.Clock           // nil: the machine's
	Version    string                // shown by /api/v1/status
	Languages  []string              // default en, uk, ar
	StoreKind  string                // "bolt" or "redis", for the instance page
	MailHost   string                // SMTP host for the instance page; "" = mail is off
	Assets     fs.FS                 // the built pages; nil: ui.FS()

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
