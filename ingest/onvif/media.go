package onvif

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
)

const (
	maxProfiles = 64 // read of one camera
	maxStreams  = 16 // asked for their address
)

// Profile is one stream a camera offers.
type Profile struct {
	Token, Name   string
	Codec         string // "h264", "h265", "mjpeg", "mpeg4", or the camera's own name
	Width, Height int
	FPS           float64
	Kbits         int    // upper limit, 0: unknown
	Steers        bool   // it has a PTZ configuration
	node          string // PTZ node
	media2        bool
}

// Profiles are the camera's streams: by Media2 where it has that (only there
// H.265 is called by its name), else, or when that fails, by Media.
func (c *Client) Profiles(ctx context.Context) ([]Profile, error) {
	path, ok, err := c.service(ctx, nsMedia2)
	if err != nil {
		return nil, err
	}
	if ok {
		body, err := c.call(ctx, path, `<tr2:GetProfiles><tr2:Type>All</tr2:Type></tr2:GetProfiles>`, nsMedia2+"/GetProfiles")
		if list := profiles(body, true); err == nil && len(list) > 0 {
			return list, nil
		}
	}
	path, ok, err = c.service(ctx, nsMedia)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, &Error{class: classMissing}
	}
	body, err := c.call(ctx, path, `<trt:GetProfiles/>`, nsMedia+"/GetProfiles")
	if err != nil {
		return nil, err
	}
	return profiles(body, false), nil
}

// profiles reads either answer.
func profiles(body *node, media2 bool) []Profile {
	var out []Profile
	for _, n := range body.all("Profiles") {
		t, ok := token(n.attr("token"))
		if !ok || len(out) == maxProfiles {
			continue
		}
		p := Profile{Token: t, Name: clean(n.child("Name").value()), media2: media2}
		video, ptz := n.child("VideoEncoderConfiguration"), n.child("PTZConfiguration")
		if conf := n.child("Configurations"); conf != nil {
			video, ptz = conf.child("VideoEncoder"), conf.child("PTZ")
		}
		if video != nil {
			p.Codec = codec(video.child("Encoding").value())
			p.Width, p.Height = side(video.find("Width")), side(video.find("Height"))
			rate := video.child("RateControl")
			p.FPS, p.Kbits = max(0, min(rate.child("FrameRateLimit").decimal(), 1000)), max(0, rate.child("BitrateLimit").number())
		}
		p.Steers, p.node = ptz != nil, ptz.child("NodeToken").value()
		out = append(out, p)
	}
	return out
}

func side(n *node) int {
	if v := n.number(); v > 0 && v <= 16384 {
		return v
	}
	return 0
}

func codec(name string) string {
	switch s := strings.ToLower(name); s {
	case "h264", "h.264":
		return "h264"
	case "h265", "h.265", "hevc":
		return "h265"
	case "jpeg", "mjpeg":
		return "mjpeg"
	case "mpeg4", "mp4v-es":
		return "mpeg4"
	}
	return strings.ToLower(clean(name))
}

// StreamURL asks for a profile's RTSP address as the camera gives it.
func (c *Client) StreamURL(ctx context.Context, p Profile) (string, error) {
	ns, body := nsMedia, `<trt:GetStreamUri><trt:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport></trt:StreamSetup>`+
		`<trt:ProfileToken>`+escape(p.Token)+`</trt:ProfileToken></trt:GetStreamUri>`
	if p.media2 {
		ns, body = nsMedia2, `<tr2:GetStreamUri><tr2:Protocol>RTSP</tr2:Protocol><tr2:ProfileToken>`+escape(p.Token)+`</tr2:ProfileToken></tr2:GetStreamUri>`
	}
	return c.askURI(ctx, ns, "GetStreamUri", body)
}

// SnapshotURL asks for the address of a profile's still, as the camera gives it.
func (c *Client) SnapshotURL(ctx context.Context, p Profile) (string, error) {
	ns, prefix := nsMedia, "trt"
	if p.media2 {
		ns, prefix = nsMedia2, "tr2"
	}
	return c.askURI(ctx, ns, "GetSnapshotUri", `<`+prefix+`:GetSnapshotUri><`+prefix+`:ProfileToken>`+escape(p.Token)+`</`+prefix+`:ProfileToken></`+prefix+`:GetSnapshotUri>`)
}

func (c *Client) askURI(ctx context.Context, ns, op, body string) (string, error) {
	path, ok, err := c.service(ctx, ns)
	if err != nil {
		return "", err
	}
	if !ok {
		return "", &Error{class: classMissing}
	}
	answer, err := c.call(ctx, path, body, ns+"/"+op)
	if err != nil {
		return "", err
	}
	raw := answer.find("Uri").value()
	if raw == "" || len(raw) > maxURL {
		return "", &Error{class: classAnswer}
	}
	return raw, nil
}

// rehost gives an address that the camera named the host it was asked at. Its
// port and path stay: user names and passwords in it are dropped. ok is false
// for what is no address of the scheme.
func rehost(raw, host string, schemes ...string) (out string, other bool, ok bool) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Opaque != "" || !slices.Contains(schemes, strings.ToLower(u.Scheme)) {
		return "", false, false
	}
	other = !strings.EqualFold(u.Hostname(), host)
	port := u.Port()
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	u.Host = host
	if strings.Contains(host, ":") {
		u.Host = "[" + host + "]"
	}
	if port != "" {
		u.Host += ":" + port
	}
	return u.String(), other, true
}

// area of a profile's picture.
func (p Profile) area() int { return p.Width * p.Height }

// plays ranks codecs: browsers play H.264 everywhere, H.265 in some, the rest
// has to be converted.
func (p Profile) plays() int {
	switch p.Codec {
	case "h264":
		return 3
	case "h265":
		return 2
	case "mjpeg", "mpeg4":
		return 1
	}
	return 0
}

// Choose picks the main and the sub stream. Main is the largest picture that
// browsers play; of equal ones H.264, then the faster. Sub is smaller than main:
// H.264 if there is one, then nearest to 640 pixels wide. Either may be nil.
func Choose(list []Profile) (mainP, sub *Profile) {
	playable := slices.DeleteFunc(slices.Clone(list), func(p Profile) bool { return p.plays() == 0 })
	if slices.ContainsFunc(playable, func(p Profile) bool { return p.plays() >= 2 }) {
		playable = slices.DeleteFunc(playable, func(p Profile) bool { return p.plays() < 2 })
	}
	if len(playable) == 0 {
		return nil, nil
	}
	best := slices.MaxFunc(playable, func(a, b Profile) int {
		return cmp.Or(cmp.Compare(a.area(), b.area()), cmp.Compare(a.plays(), b.plays()), cmp.Compare(a.FPS, b.FPS))
	})
	smaller := slices.DeleteFunc(playable, func(p Profile) bool { return p.Token == best.Token || p.area() >= best.area() || p.area() == 0 })
	if len(smaller) == 0 {
		return &best, nil
	}
	off := func(p Profile) int { return max(p.Width-640, 640-p.Width) }
	s := slices.MinFunc(smaller, func(a, b Profile) int {
		return cmp.Or(cmp.Compare(b.plays(), a.plays()), cmp.Compare(off(a), off(b)))
	})
	return &best, &s
}
