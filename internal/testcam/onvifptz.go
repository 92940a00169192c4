package testcam

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// Position is where a camera looks: pan and tilt -1 to 1, zoom 0 to 1.
type Position struct{ Pan, Tilt, Zoom float64 }

// head is the part that moves: half its whole range a second at full speed.
type head struct {
	at    Position
	speed Position
	since time.Time
	until time.Time // it stops by itself
}

// now is where the head is at t. A movement whose time is over has ended then.
func (h *head) now(t time.Time) (p Position, moving bool) {
	p = h.at
	if h.speed == (Position{}) {
		return p, false
	}
	end := t
	if end.After(h.until) {
		end = h.until
	}
	d := max(0, end.Sub(h.since).Seconds())
	within := func(v, low float64) float64 { return max(low, min(v, 1)) }
	p.Pan, p.Tilt, p.Zoom = within(p.Pan+h.speed.Pan*d, -1), within(p.Tilt+h.speed.Tilt*d, -1), within(p.Zoom+h.speed.Zoom*d/2, 0)
	return p, t.Before(h.until)
}

func (h *head) set(t time.Time, speed Position, d time.Duration) {
	h.at, _ = h.now(t)
	h.speed, h.since, h.until = speed, t, t.Add(d)
}

// presets every camera of this kind has.
var presets = []struct {
	token, name string
	at          Position
}{{"1", "Entrance", Position{-0.5, 0.25, 0.5}}, {"2", "Till", Position{0.75, -0.5, 0}}}

// Position is where the camera looks now, and whether it moves.
func (o *ONVIF) Position() (p Position, moving bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.head.now(time.Now())
}

func (o *ONVIF) ptzOperations(ops map[string]answer) {
	const s = "ver20/ptz "
	ops[s+"GetNodes"] = o.ptzNodes
	ops[s+"GetPresets"] = o.ptzPresets
	ops[s+"ContinuousMove"] = o.ptzMove
	ops[s+"Stop"] = o.ptzStop
	ops[s+"GotoPreset"] = o.ptzGoto
	ops[s+"GotoHomePosition"] = func(*http.Request, soapMessage) (body, sub, reason string) {
		o.jump(Position{})
		return `<tptz:GotoHomePositionResponse/>`, "", ""
	}
	ops[s+"GetStatus"] = o.ptzStatus
}

func (o *ONVIF) ptzNodes(*http.Request, soapMessage) (body, sub, reason string) {
	space := func(name, uri string, axes int) string {
		low := strconv.FormatFloat(-o.cfg.Range, 'g', -1, 64)
		high := strconv.FormatFloat(o.cfg.Range, 'g', -1, 64)
		r := `<tt:XRange><tt:Min>` + low + `</tt:Min><tt:Max>` + high + `</tt:Max></tt:XRange>`
		if axes == 2 {
			r += `<tt:YRange><tt:Min>` + low + `</tt:Min><tt:Max>` + high + `</tt:Max></tt:YRange>`
		}
		return `<tt:` + name + `><tt:URI>http://www.onvif.org/ver10/tptz/` + uri + `</tt:URI>` + r + `</tt:` + name + `>`
	}
	return `<tptz:GetNodesResponse><tptz:PTZNode token="node0" FixedHomePosition="false"><tt:Name>node</tt:Name><tt:SupportedPTZSpaces>` +
		space("ContinuousPanTiltVelocitySpace", "PanTiltSpaces/VelocityGenericSpace", 2) + space("ContinuousZoomVelocitySpace", "ZoomSpaces/VelocityGenericSpace", 1) +
		`</tt:SupportedPTZSpaces><tt:MaximumNumberOfPresets>10</tt:MaximumNumberOfPresets><tt:HomeSupported>true</tt:HomeSupported></tptz:PTZNode></tptz:GetNodesResponse>`, "", ""
}

func (o *ONVIF) ptzPresets(*http.Request, soapMessage) (body, sub, reason string) {
	for _, p := range presets {
		body += `<tptz:Preset token="` + p.token + `"><tt:Name>` + p.name + `</tt:Name></tptz:Preset>`
	}
	return `<tptz:GetPresetsResponse>` + body + `</tptz:GetPresetsResponse>`, "", ""
}

var seconds = regexp.MustCompile(`^PT(\d+(?:\.\d+)?)S$`)

func (o *ONVIF) ptzMove(_ *http.Request, m soapMessage) (body, sub, reason string) {
	if !o.steers(m) {
		return "", "ter:NoProfile", "Profile Not Exist"
	}
	var v Position
	v.Pan, _ = m.attr("PanTilt", "x")
	v.Tilt, _ = m.attr("PanTilt", "y")
	v.Zoom, _ = m.attr("Zoom", "x")
	for _, x := range []float64{v.Pan, v.Tilt, v.Zoom} {
		if x < -o.cfg.Range || x > o.cfg.Range {
			return "", "ter:InvalidVelocity", "Velocity out of bounds"
		}
	}
	d := 5 * time.Second
	if t := m.text("Timeout"); t != "" {
		f := seconds.FindStringSubmatch(t)
		if f == nil {
			return "", "ter:InvalidArgVal", "Timeout"
		}
		s, _ := strconv.ParseFloat(f[1], 64)
		d = time.Duration(s * float64(time.Second))
	}
	v.Pan, v.Tilt, v.Zoom = v.Pan/o.cfg.Range, v.Tilt/o.cfg.Range, v.Zoom/o.cfg.Range
	o.mu.Lock()
	defer o.mu.Unlock()
	o.head.set(time.Now(), v, d)
	return `<tptz:ContinuousMoveResponse/>`, "", ""
}

func (o *ONVIF) steers(m soapMessage) bool {
	for _, p := range o.cfg.Profiles {
		if p.Token == m.text("ProfileToken") {
			return true
		}
	}
	return false
}

func (o *ONVIF) ptzStop(_ *http.Request, m soapMessage) (body, sub, reason string) {
	if !o.steers(m) {
		return "", "ter:NoProfile", "Profile Not Exist"
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.head.set(time.Now(), Position{}, 0)
	return `<tptz:StopResponse/>`, "", ""
}

func (o *ONVIF) ptzGoto(_ *http.Request, m soapMessage) (body, sub, reason string) {
	for _, p := range presets {
		if p.token == m.text("PresetToken") {
			o.jump(p.at)
			return `<tptz:GotoPresetResponse/>`, "", ""
		}
	}
	return "", "ter:NoToken", "Preset Not Exist"
}

func (o *ONVIF) jump(p Position) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.head = head{at: p}
}

func (o *ONVIF) ptzStatus(*http.Request, soapMessage) (body, sub, reason string) {
	p, moving := o.Position()
	word := "IDLE"
	if moving {
		word = "MOVING"
	}
	return fmt.Sprintf(`<tptz:GetStatusResponse><tptz:PTZStatus><tt:Position><tt:PanTilt x="%.4f" y="%.4f"/><tt:Zoom x="%.4f"/></tt:Position>`+
		`<tt:MoveStatus><tt:PanTilt>%s</tt:PanTilt><tt:Zoom>%[4]s</tt:Zoom></tt:MoveStatus><tt:UtcTime>%s</tt:UtcTime></tptz:PTZStatus></tptz:GetStatusResponse>`,
		p.Pan, p.Tilt, p.Zoom, word, time.Now().UTC().Format(time.RFC3339)), "", ""
}
