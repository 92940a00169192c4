package onvif

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"sightline/internal/clock"
	"sightline/internal/secret"
)

// Dial connects to host:port; ingest.Guard's judges every address.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Target is where a camera's ONVIF services are and who asks.
type Target struct {
	URL         string        // of the device service, as CheckURL gives it
	User        string        // empty: no login
	Password    secret.String // never sent as it is
	Fingerprint string        // SHA-256 of a pinned TLS certificate in hex; empty: the certificate must be trusted
}

// Client speaks to one camera. Safe for concurrent use; nothing runs between calls.
type Client struct {
	target Target
	base   *url.URL
	http   *http.Client
	clock  clock.Clock

	mu       sync.Mutex
	known    bool              // services and clock were asked for
	services map[string]string // path of each service by namespace
	offset   time.Duration     // camera's clock minus ours
	digest   *challenge        // what HTTP asked for last, nil: nothing yet
}

// Limits of one call.
const (
	callLimit  = 8 * time.Second
	dialLimit  = 4 * time.Second
	bodyLimit  = 1 << 20
	headBytes  = 16 << 10
	tokenLimit = 64 // of a ReferenceToken (ONVIF Core, 5.2)
)

// NewClient makes a client; it does not connect. The error is for a bad URL.
func NewClient(dial Dial, t Target) (*Client, error) { return newClient(dial, t, clock.System) }

func newClient(dial Dial, t Target, c clock.Clock) (*Client, error) {
	raw, err := CheckURL(t.URL)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, badURL("The address is not a URL.")
	}
	return &Client{target: t, base: u, http: newHTTP(dial, t.Fingerprint), clock: c}, nil
}

// namespaces of the services that are used.
const (
	nsDevice = "http://www.onvif.org/ver10/device/wsdl"
	nsMedia  = "http://www.onvif.org/ver10/media/wsdl"
	nsMedia2 = "http://www.onvif.org/ver20/media/wsdl"
	nsPTZ    = "http://www.onvif.org/ver20/ptz/wsdl"
	nsEvents = "http://www.onvif.org/ver10/events/wsdl"
)

// connect asks for the camera's clock and its services, once.
func (c *Client) connect(ctx context.Context) error {
	c.mu.Lock()
	known := c.known
	c.mu.Unlock()
	if known {
		return nil
	}
	if err := c.syncClock(ctx); err != nil {
		return err
	}
	found, err := c.askServices(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.services, c.known = found, true
	return nil
}

// syncClock learns how far the camera's clock is off: a login's digest carries a
// time that the camera compares with its own. A camera that does not tell is
// taken to be right; only that it cannot be reached is an error.
func (c *Client) syncClock(ctx context.Context) error {
	asked := c.clock.Now()
	body, err := c.send(ctx, c.base.Path, "", `<tds:GetSystemDateAndTime/>`, nsDevice+"/GetSystemDateAndTime", false)
	if err != nil {
		if cl := classOf(err); cl == classFault || cl == classMissing || cl == classLogin {
			return nil
		}
		return err
	}
	at, ok := dateTime(body.find("UTCDateTime"))
	if !ok {
		if at, ok = dateTime(body.find("LocalDateTime")); !ok {
			return nil
		}
	}
	now := c.clock.Now()
	c.mu.Lock()
	c.offset = at.Sub(asked.Add(now.Sub(asked) / 2))
	c.mu.Unlock()
	return nil
}

// dateTime reads a tt:DateTime.
func dateTime(n *node) (time.Time, bool) {
	d, t := n.find("Date"), n.find("Time")
	y, m, day := d.child("Year").number(), d.child("Month").number(), d.child("Day").number()
	if y < 1970 || y > 9999 || m < 1 || m > 12 || day < 1 || day > 31 {
		return time.Time{}, false
	}
	h, mi, s := t.child("Hour").number(), t.child("Minute").number(), t.child("Second").number()
	if h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 60 {
		return time.Time{}, false
	}
	return time.Date(y, time.Month(m), day, h, mi, s, 0, time.UTC), true
}

// askServices finds the paths of the services: GetServices, else the older GetCapabilities.
func (c *Client) askServices(ctx context.Context) (map[string]string, error) {
	out := map[string]string{nsDevice: c.base.Path}
	body, err := c.call(ctx, c.base.Path, `<tds:GetServices><tds:IncludeCapability>false</tds:IncludeCapability></tds:GetServices>`, nsDevice+"/GetServices")
	if err == nil {
		for _, s := range body.all("Service") {
			if path, ok := c.local(s.child("XAddr").value()); ok {
				out[strings.TrimSpace(s.child("Namespace").value())] = path
			}
		}
		if len(out) > 1 {
			return out, nil
		}
	} else if cl := classOf(err); cl != classFault && cl != classMissing {
		return nil, err
	}
	body, err = c.call(ctx, c.base.Path, `<tds:GetCapabilities><tds:Category>All</tds:Category></tds:GetCapabilities>`, nsDevice+"/GetCapabilities")
	if err != nil {
		return nil, err
	}
	for name, ns := range map[string]string{"Media": nsMedia, "PTZ": nsPTZ, "Events": nsEvents} {
		if path, ok := c.local(body.find("Capabilities").child(name).child("XAddr").value()); ok {
			out[ns] = path
		}
	}
	return out, nil
}

// local is the path and query of an address that the camera names. Its host is
// not looked at: what a camera behind another address calls itself is often
// unreachable, and the login goes to who was asked only.
func (c *Client) local(raw string) (string, bool) {
	raw = strings.TrimSpace(raw)
	if raw == "" || len(raw) > maxURL {
		return "", false
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || !strings.HasPrefix(u.EscapedPath(), "/") {
		return "", false
	}
	path := u.EscapedPath()
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	for i := range len(path) {
		if b := path[i]; b <= ' ' || b == 0x7f {
			return "", false
		}
	}
	return path, true
}

// service is the path of a service; ok is false when the camera has none.
func (c *Client) service(ctx context.Context, ns string) (path string, ok bool, err error) {
	if err := c.connect(ctx); err != nil {
		return "", false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	path, ok = c.services[ns]
	return path, ok, nil
}

// forget makes the next call ask for clock and services again.
func (c *Client) forget() {
	c.mu.Lock()
	c.known, c.digest = false, nil
	c.mu.Unlock()
}

// Info is what a camera says of itself.
type Info struct {
	Manufacturer, Model, Firmware string // cleaned, at most 60 characters each
}

// Info asks for make and model; it proves that the login is right.
func (c *Client) Info(ctx context.Context) (Info, error) {
	path, _, err := c.service(ctx, nsDevice)
	if err != nil {
		return Info{}, err
	}
	body, err := c.call(ctx, path, `<tds:GetDeviceInformation/>`, nsDevice+"/GetDeviceInformation")
	if err != nil {
		return Info{}, err
	}
	r := body.find("GetDeviceInformationResponse")
	return Info{Manufacturer: clean(r.child("Manufacturer").value()), Model: clean(r.child("Model").value()), Firmware: clean(r.child("FirmwareVersion").value())}, nil
}
