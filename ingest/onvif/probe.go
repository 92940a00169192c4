package onvif

import (
	"cmp"
	"context"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	probeLimit  = 20 * time.Second
	coarseLimit = 5 * time.Second // outside the listed networks every failure takes exactly this long
	streamDial  = 2 * time.Second
)

// Stream is a profile with the address it is pulled from.
type Stream struct {
	Profile

	URL string // rtsp:// or rtsps://, without userinfo
}

// Found is what a camera offers.
type Found struct {
	Info

	Name      string
	URL       string   // of the device service, as it is kept
	Streams   []Stream // largest first
	Main, Sub string   // tokens of the chosen ones, "" when there is none
	Snapshot  string   // address of a still, "" when there is none
	PTZ       bool     // it can be steered
	Events    bool     // it reports what happens
	Moved     bool     // addresses named another host than the one asked, and were changed
}

// Probe asks a camera for everything that is needed to add it. precise says
// whether reasons may be told apart: outside the listed networks every failure
// to connect takes at least 5 s (threat T12). Errors are for Fault.
func Probe(ctx context.Context, dial Dial, t Target, precise bool) (Found, error) {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	began := time.Now()
	c, err := NewClient(dial, t)
	if err != nil {
		return Found{}, err
	}
	if err := c.connectBy(ctx, precise); err != nil {
		if cl := classOf(err); !precise && cl != classLogin && cl != classDenied {
			pause(ctx, coarseLimit-time.Since(began))
		}
		return Found{}, err
	}
	f := Found{URL: c.base.String()}
	if f.Info, err = c.Info(ctx); err != nil {
		return Found{}, err
	}
	f.Name = nameOf(f.Info)
	list, err := c.Profiles(ctx)
	if err != nil {
		return Found{}, err
	}
	c.mu.Lock()
	_, f.Events = c.services[nsEvents]
	_, f.PTZ = c.services[nsPTZ]
	c.mu.Unlock()
	f.PTZ = f.PTZ && slices.ContainsFunc(list, func(p Profile) bool { return p.Steers })
	c.streams(ctx, dial, &f, list)
	return f, nil
}

func (c *Client) connectBy(ctx context.Context, precise bool) error {
	if !precise {
		short, cancel := hurry(ctx, coarseLimit)
		defer cancel()
		return c.connect(short)
	}
	short, cancel := hurry(ctx, callLimit)
	defer cancel()
	return c.connect(short)
}

// nameOf is what a camera is called until a person names it.
func nameOf(i Info) string {
	if i.Model == "" || strings.HasPrefix(strings.ToLower(i.Model), strings.ToLower(i.Manufacturer)) {
		return cmp.Or(i.Model, i.Manufacturer)
	}
	return clean(i.Manufacturer + " " + i.Model)
}

// streams asks for the addresses of the best profiles and chooses among those
// that have one.
func (c *Client) streams(ctx context.Context, dial Dial, f *Found, list []Profile) {
	slices.SortStableFunc(list, func(a, b Profile) int {
		return cmp.Or(cmp.Compare(b.area(), a.area()), cmp.Compare(b.plays(), a.plays()))
	})
	reach := reachable{dial: dial, own: c.base.Hostname(), known: map[string]bool{}}
	var usable []Profile
	for _, p := range list {
		if len(f.Streams) == maxStreams || p.Codec == "" {
			continue
		}
		raw, err := c.StreamURL(ctx, p)
		if err != nil {
			continue
		}
		u, moved, ok := reach.fix(ctx, raw)
		if !ok {
			continue
		}
		f.Moved = f.Moved || moved
		f.Streams, usable = append(f.Streams, Stream{Profile: p, URL: u}), append(usable, p)
	}
	mainP, sub := Choose(usable)
	if mainP != nil {
		f.Main = mainP.Token
		if raw, err := c.SnapshotURL(ctx, *mainP); err == nil {
			f.Snapshot, _, _ = rehost(raw, c.base.Hostname(), "http", "https")
		}
	}
	if sub != nil {
		f.Sub = sub.Token
	}
}

// reachable finds out whose host a stream's address should have.
type reachable struct {
	dial  Dial
	own   string // the host the camera was asked at
	known map[string]bool
}

// fix gives a stream's address the host that the camera was asked at. Only where
// nothing listens there, and the host that the camera named answers, that one
// stays: an encoder may stream from another machine.
func (r *reachable) fix(ctx context.Context, raw string) (out string, moved, ok bool) {
	own, other, ok := rehost(raw, r.own, "rtsp", "rtsps")
	if !ok || !other {
		return own, false, ok
	}
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		return "", false, false
	}
	if !r.answers(ctx, own) && r.answers(ctx, raw) {
		given, _, ok := rehost(raw, u.Hostname(), "rtsp", "rtsps")
		return given, false, ok
	}
	return own, true, true
}

// answers reports whether something listens at a stream's address.
func (r *reachable) answers(ctx context.Context, raw string) bool {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Hostname() == "" {
		return false
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"rtsp": "554", "rtsps": "322"}[strings.ToLower(u.Scheme)]
	}
	address := net.JoinHostPort(u.Hostname(), port)
	if yes, tried := r.known[address]; tried || len(r.known) >= 6 {
		return yes
	}
	ctx, cancel := hurry(ctx, streamDial)
	defer cancel()
	conn, err := r.dial(ctx, "tcp", address)
	if err == nil {
		_ = conn.Close()
	}
	r.known[address] = err == nil
	return err == nil
}

func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// HostPort is the host and port of a camera's address, for judging it beforehand.
func HostPort(raw string) (host string, port string, err error) {
	clean, err := CheckURL(raw)
	if err != nil {
		return "", "", err
	}
	u, err := url.Parse(clean)
	if err != nil {
		return "", "", badURL("The address is not a URL.")
	}
	return net.SplitHostPort(hostPort(u))
}
