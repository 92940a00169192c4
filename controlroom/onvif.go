package controlroom

import (
	"context"
	"net/netip"
	"net/url"
	"strconv"

	"sightline/authz"
	"sightline/ingest/onvif"
	"sightline/internal/fault"
	"sightline/internal/secret"
)

// ONVIFInput asks a camera what it offers. Camera names an own camera whose
// stored password is used while host and port are the same and Password is nil.
type ONVIFInput struct {
	URL         string         `json:"url"` // of the device service; a bare host will do
	User        string         `json:"user"`
	Password    *secret.String `json:"password"`
	Fingerprint string         `json:"fingerprint"`
	Camera      string         `json:"camera"`
}

// ONVIFResult is what the camera offers.
type ONVIFResult struct {
	URL      string         `json:"url"` // to keep
	Name     string         `json:"name"`
	Profiles []ONVIFProfile `json:"profiles"` // largest first
	Main     string         `json:"main"`     // token of the suggested main stream
	Sub      string         `json:"sub"`      // and of the sub stream, "" without
	PTZ      bool           `json:"ptz"`      // it can be steered
	Events   bool           `json:"events"`   // it reports what happens
	Snapshot string         `json:"snapshot,omitempty"`
	Moved    bool           `json:"moved,omitempty"` // its addresses named another host than the one asked; they were changed
}

// ONVIFProfile is one stream.
type ONVIFProfile struct {
	Token  string  `json:"token"`
	Name   string  `json:"name"`
	Codec  string  `json:"codec"`
	Width  int     `json:"width"`
	Height int     `json:"height"`
	FPS    float64 `json:"fps"`
	URL    string  `json:"url"`
}

// AskONVIF asks a camera what it offers, through the guard. Takes up to 20 s.
// Errors are fault.Invalid and say what is wrong with the camera.
func (r *Room) AskONVIF(ctx context.Context, sub authz.Subject, in ONVIFInput) (ONVIFResult, error) {
	if sub.Kind != authz.AccountSubject {
		return ONVIFResult{}, errNoSession()
	}
	src := source{Owner: sub.Account}
	if in.Camera != "" {
		if _, err := r.mine(ctx, sub, in.Camera); err != nil {
			return ONVIFResult{}, err
		}
		stored, err := r.readSources(ctx, []string{in.Camera})
		if err != nil {
			return ONVIFResult{}, err
		}
		if s := stored[in.Camera]; s != nil {
			src = *s
		}
	}
	// The stored password goes to hosts it is kept for, and to no other (threat T13).
	if in.URL == "" {
		return ONVIFResult{}, fault.Field("onvif", fault.CodeRequired, "Type the camera's address.")
	}
	if err := src.apply(r.cfg.Seal, CameraInput{ONVIF: &in.URL, User: &in.User, Password: in.Password, Fingerprint: &in.Fingerprint}); err != nil {
		return ONVIFResult{}, err
	}
	password, err := src.password(r.cfg.Seal)
	if err != nil {
		return ONVIFResult{}, fault.Wrap(err, fault.Invalid, fault.CodeRequired, "The stored password cannot be opened. Type it again.")
	}
	host, port, err := onvif.HostPort(src.ONVIF)
	if err != nil {
		return ONVIFResult{}, err
	}
	n, _ := strconv.ParseUint(port, 10, 16) // checked
	precise := r.cfg.Guard.Precise(ctx, host, uint16(n))
	found, err := onvif.Probe(ctx, r.cfg.Guard.DialContext, onvif.Target{URL: src.ONVIF, User: src.User, Password: password, Fingerprint: src.Fingerprint}, precise)
	if err != nil {
		return ONVIFResult{}, onvif.Fault(err, precise)
	}
	out := ONVIFResult{URL: found.URL, Name: found.Name, Profiles: []ONVIFProfile{}, Main: found.Main, Sub: found.Sub,
		PTZ: found.PTZ, Events: found.Events, Snapshot: found.Snapshot, Moved: found.Moved}
	for _, s := range found.Streams {
		out.Profiles = append(out.Profiles, ONVIFProfile{Token: s.Token, Name: s.Name, Codec: s.Codec, Width: s.Width, Height: s.Height, FPS: s.FPS, URL: s.URL})
	}
	if len(out.Profiles) == 0 {
		return ONVIFResult{}, fault.Field("onvif", onvif.CodeNotONVIF, "The camera offers no stream.")
	}
	return out, nil
}

// Neighbour is a camera found on the server's networks.
type Neighbour struct {
	URL      string `json:"url"`
	Address  string `json:"address"`
	Name     string `json:"name,omitempty"`
	Hardware string `json:"hardware,omitempty"`
	Location string `json:"location,omitempty"`
	Camera   string `json:"camera,omitempty"` // own camera at this address, if there is one
	Denied   bool   `json:"denied,omitempty"` // its network is not listed for cameras
}

// Neighbours says of cameras that were found which of them the account has
// already, and which may not be reached.
func (r *Room) Neighbours(ctx context.Context, sub authz.Subject, found []onvif.Neighbour) ([]Neighbour, error) {
	list, err := r.Cameras(ctx, sub)
	if err != nil {
		return nil, err
	}
	own := map[string]string{} // camera by host
	for _, c := range list {
		if c.Source == nil {
			continue
		}
		for _, raw := range []string{c.Source.Main, c.Source.ONVIF} {
			if u, err := url.Parse(raw); err == nil && u.Hostname() != "" {
				own[u.Hostname()] = c.ID
			}
		}
	}
	out := make([]Neighbour, 0, len(found))
	for _, f := range found {
		n := Neighbour{URL: f.URL, Address: f.Address.String(), Name: f.Name, Hardware: f.Hardware, Location: f.Location, Camera: own[f.Address.String()]}
		if _, port, err := onvif.HostPort(f.URL); err == nil {
			p, _ := strconv.ParseUint(port, 10, 16) // checked
			n.Denied = r.cfg.Guard.Check(netip.AddrPortFrom(f.Address, uint16(p))) != nil
		}
		out = append(out, n)
	}
	return out, nil
}
