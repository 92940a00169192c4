package onvif

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const maxPresets = 300

// Velocity is how fast a camera turns: each -1 to 1 of its fastest; pan to the
// right, tilt up and zoom in are positive.
type Velocity struct{ Pan, Tilt, Zoom float64 }

// Still reports whether nothing moves.
func (v Velocity) Still() bool { return v == Velocity{} }

// Preset is a position the camera keeps.
type Preset struct{ Token, Name string }

// Steering is what can be steered of a camera.
type Steering struct {
	Profile string // token every command names
	PanTilt bool
	Zoom    bool
	Home    bool
	Presets []Preset

	pan, tilt, zoom span
}

// span is a camera's own range of a velocity.
type span struct{ low, high float64 }

// of maps -1 to 1 on the range.
func (s span) of(v float64) float64 {
	v = max(-1, min(v, 1))
	switch {
	case s.low >= s.high:
		return v
	case v < 0:
		return -v * min(s.low, 0)
	}
	return v * max(s.high, 0)
}

// Steering finds out what can be steered. A camera without PTZ is a classMissing error.
func (c *Client) Steering(ctx context.Context) (Steering, error) {
	path, ok, err := c.service(ctx, nsPTZ)
	if err != nil {
		return Steering{}, err
	}
	if !ok {
		return Steering{}, &Error{class: classMissing}
	}
	list, err := c.Profiles(ctx)
	if err != nil {
		return Steering{}, err
	}
	var st Steering
	var nodeToken string
	for _, p := range list {
		if p.Steers {
			st.Profile, nodeToken = p.Token, p.node
			break
		}
	}
	if st.Profile == "" {
		return Steering{}, &Error{class: classMissing}
	}
	nodes, err := c.call(ctx, path, `<tptz:GetNodes/>`, nsPTZ+"/GetNodes")
	if err != nil {
		return Steering{}, err
	}
	found := false
	for _, n := range nodes.all("PTZNode") {
		if found || nodeToken != "" && n.attr("token") != nodeToken {
			continue
		}
		found = true
		st.read(n)
	}
	if !found { // it names a node that it does not list: try what every camera has
		st.PanTilt, st.Zoom = true, true
	}
	if !st.PanTilt && !st.Zoom {
		return Steering{}, &Error{class: classMissing}
	}
	if st.Presets, err = c.Presets(ctx, st.Profile); err != nil && classOf(err) != classFault && classOf(err) != classMissing {
		return Steering{}, err
	}
	return st, nil
}

func (st *Steering) read(n *node) {
	spaces := n.child("SupportedPTZSpaces")
	if s := spaces.child("ContinuousPanTiltVelocitySpace"); s != nil {
		st.PanTilt, st.pan, st.tilt = true, spanOf(s.child("XRange")), spanOf(s.child("YRange"))
	}
	if s := spaces.child("ContinuousZoomVelocitySpace"); s != nil {
		st.Zoom, st.zoom = true, spanOf(s.child("XRange"))
	}
	st.Home = n.child("HomeSupported").value() == "true"
}

func spanOf(n *node) span { return span{n.child("Min").decimal(), n.child("Max").decimal()} }

// Presets are the positions the camera keeps, in its order.
func (c *Client) Presets(ctx context.Context, profile string) ([]Preset, error) {
	body, err := c.ptz(ctx, "GetPresets", `<tptz:GetPresets>`+profileToken(profile)+`</tptz:GetPresets>`)
	if err != nil {
		return nil, err
	}
	var out []Preset
	for _, n := range body.all("Preset") {
		t, ok := token(n.attr("token"))
		if !ok || len(out) == maxPresets {
			continue
		}
		p := Preset{Token: t, Name: clean(n.child("Name").value())}
		if p.Name == "" {
			p.Name = clean(t)
		}
		out = append(out, p)
	}
	return out, nil
}

// Move turns the camera until Stop, another Move, or for at most d: the camera
// stops by itself then, even when nobody is left to tell it.
func (c *Client) Move(ctx context.Context, st Steering, v Velocity, d time.Duration) error {
	var b strings.Builder
	b.WriteString(`<tptz:ContinuousMove>` + profileToken(st.Profile) + `<tptz:Velocity>`)
	if st.PanTilt {
		fmt.Fprintf(&b, `<tt:PanTilt x="%s" y="%s"/>`, number(st.pan.of(v.Pan)), number(st.tilt.of(v.Tilt)))
	}
	if st.Zoom {
		fmt.Fprintf(&b, `<tt:Zoom x="%s"/>`, number(st.zoom.of(v.Zoom)))
	}
	fmt.Fprintf(&b, `</tptz:Velocity><tptz:Timeout>PT%dS</tptz:Timeout></tptz:ContinuousMove>`, max(1, int((d+time.Second-1)/time.Second)))
	_, err := c.ptz(ctx, "ContinuousMove", b.String())
	return err
}

// Stop ends every movement.
func (c *Client) Stop(ctx context.Context, profile string) error {
	_, err := c.ptz(ctx, "Stop", `<tptz:Stop>`+profileToken(profile)+`<tptz:PanTilt>true</tptz:PanTilt><tptz:Zoom>true</tptz:Zoom></tptz:Stop>`)
	return err
}

// Goto moves to a preset.
func (c *Client) Goto(ctx context.Context, profile, preset string) error {
	_, err := c.ptz(ctx, "GotoPreset", `<tptz:GotoPreset>`+profileToken(profile)+`<tptz:PresetToken>`+escape(preset)+`</tptz:PresetToken></tptz:GotoPreset>`)
	return err
}

// Home moves to the home position.
func (c *Client) Home(ctx context.Context, profile string) error {
	_, err := c.ptz(ctx, "GotoHomePosition", `<tptz:GotoHomePosition>`+profileToken(profile)+`</tptz:GotoHomePosition>`)
	return err
}

func (c *Client) ptz(ctx context.Context, op, body string) (*node, error) {
	path, ok, err := c.service(ctx, nsPTZ)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, &Error{class: classMissing}
	}
	return c.call(ctx, path, body, nsPTZ+"/"+op)
}

func profileToken(t string) string {
	return `<tptz:ProfileToken>` + escape(t) + `</tptz:ProfileToken>`
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', 3, 64) }
