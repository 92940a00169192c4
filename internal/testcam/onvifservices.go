package testcam

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// answer is an operation: its response, or the subcode and reason of a fault.
type answer func(r *http.Request, m soapMessage) (body, sub, reason string)

// operations are those this camera offers, by service and name.
func (o *ONVIF) operations() map[string]answer {
	ops := map[string]answer{
		"ver10/device GetSystemDateAndTime": o.dateAndTime,
		"ver10/device GetDeviceInformation": o.information,
		"ver10/device GetCapabilities":      o.capabilities,
		"ver10/media GetProfiles":           o.profiles,
		"ver10/media GetVideoSources":       o.videoSources,
		"ver10/media GetStreamUri":          o.streamURI,
		"ver10/media GetSnapshotUri":        o.snapshotURI,
	}
	if !o.cfg.NoServices {
		ops["ver10/device GetServices"] = o.services
	}
	if !o.cfg.NoMedia2 {
		ops["ver20/media GetProfiles"] = o.profiles2
		ops["ver20/media GetStreamUri"] = o.streamURI
		ops["ver20/media GetSnapshotUri"] = o.snapshotURI
	}
	if !o.cfg.NoPTZ {
		o.ptzOperations(ops)
	}
	if !o.cfg.NoEvents {
		o.eventOperations(ops)
	}
	return ops
}

// list are the services with their paths.
func (o *ONVIF) list() [][2]string {
	l := [][2]string{{"http://www.onvif.org/ver10/device/wsdl", "/onvif/device_service"}, {"http://www.onvif.org/ver10/media/wsdl", "/onvif/media_service"}}
	if !o.cfg.NoMedia2 {
		l = append(l, [2]string{"http://www.onvif.org/ver20/media/wsdl", "/onvif/media2_service"})
	}
	if !o.cfg.NoPTZ {
		l = append(l, [2]string{"http://www.onvif.org/ver20/ptz/wsdl", "/onvif/ptz_service"})
	}
	if !o.cfg.NoEvents {
		l = append(l, [2]string{"http://www.onvif.org/ver10/events/wsdl", "/onvif/event_service"})
	}
	return l
}

func (o *ONVIF) services(*http.Request, soapMessage) (body, sub, reason string) {
	var b strings.Builder
	b.WriteString(`<tds:GetServicesResponse>`)
	for _, s := range o.list() {
		fmt.Fprintf(&b, `<tds:Service><tds:Namespace>%s</tds:Namespace><tds:XAddr>%s</tds:XAddr><tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version></tds:Service>`, s[0], o.says(s[1]))
	}
	return b.String() + `</tds:GetServicesResponse>`, "", ""
}

func (o *ONVIF) capabilities(*http.Request, soapMessage) (body, sub, reason string) {
	var b strings.Builder
	b.WriteString(`<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Device><tt:XAddr>` + o.says("/onvif/device_service") + `</tt:XAddr></tt:Device>`)
	if !o.cfg.NoEvents {
		b.WriteString(`<tt:Events><tt:XAddr>` + o.says("/onvif/event_service") + `</tt:XAddr><tt:WSSubscriptionPolicySupport>true</tt:WSSubscriptionPolicySupport><tt:WSPullPointSupport>true</tt:WSPullPointSupport></tt:Events>`)
	}
	b.WriteString(`<tt:Media><tt:XAddr>` + o.says("/onvif/media_service") + `</tt:XAddr></tt:Media>`)
	if !o.cfg.NoPTZ {
		b.WriteString(`<tt:PTZ><tt:XAddr>` + o.says("/onvif/ptz_service") + `</tt:XAddr></tt:PTZ>`)
	}
	return b.String() + `</tds:Capabilities></tds:GetCapabilitiesResponse>`, "", ""
}

func (o *ONVIF) dateAndTime(*http.Request, soapMessage) (body, sub, reason string) {
	o.mu.Lock()
	t := time.Now().Add(o.cfg.Skew).UTC()
	o.mu.Unlock()
	return fmt.Sprintf(`<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings>`+
		`<tt:UTCDateTime><tt:Time><tt:Hour>%d</tt:Hour><tt:Minute>%d</tt:Minute><tt:Second>%d</tt:Second></tt:Time>`+
		`<tt:Date><tt:Year>%d</tt:Year><tt:Month>%d</tt:Month><tt:Day>%d</tt:Day></tt:Date></tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>`,
		t.Hour(), t.Minute(), t.Second(), t.Year(), t.Month(), t.Day()), "", ""
}

func (o *ONVIF) information(*http.Request, soapMessage) (body, sub, reason string) {
	return `<tds:GetDeviceInformationResponse><tds:Manufacturer>` + xmlText(o.cfg.Make) + `</tds:Manufacturer><tds:Model>` + xmlText(o.cfg.Model) +
		`</tds:Model><tds:FirmwareVersion>1.0</tds:FirmwareVersion><tds:SerialNumber>0001</tds:SerialNumber><tds:HardwareId>1</tds:HardwareId></tds:GetDeviceInformationResponse>`, "", ""
}

func (o *ONVIF) profiles(*http.Request, soapMessage) (body, sub, reason string) {
	var b strings.Builder
	b.WriteString(`<trt:GetProfilesResponse>`)
	for _, p := range o.cfg.Profiles {
		enc := strings.ToUpper(p.Codec)
		if p.Codec == H265 {
			enc = "H264" // the older service has no word for it
		}
		if p.Codec == JPEG {
			enc = "JPEG"
		}
		fmt.Fprintf(&b, `<trt:Profiles token="%s" fixed="true"><tt:Name>%s</tt:Name><tt:VideoSourceConfiguration token="vs"><tt:Name>vs</tt:Name><tt:UseCount>2</tt:UseCount><tt:SourceToken>vs0</tt:SourceToken><tt:Bounds x="0" y="0" width="1280" height="720"/></tt:VideoSourceConfiguration>`+
			`<tt:VideoEncoderConfiguration token="ve_%[1]s"><tt:Name>ve</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>%[3]s</tt:Encoding><tt:Resolution><tt:Width>%d</tt:Width><tt:Height>%d</tt:Height></tt:Resolution><tt:Quality>5</tt:Quality>`+
			`<tt:RateControl><tt:FrameRateLimit>%d</tt:FrameRateLimit><tt:EncodingInterval>1</tt:EncodingInterval><tt:BitrateLimit>2048</tt:BitrateLimit></tt:RateControl></tt:VideoEncoderConfiguration>`,
			xmlText(p.Token), xmlText(p.Name), enc, p.Width, p.Height, p.FPS)
		if !o.cfg.NoPTZ {
			b.WriteString(`<tt:PTZConfiguration token="ptz0"><tt:Name>ptz</tt:Name><tt:UseCount>2</tt:UseCount><tt:NodeToken>node0</tt:NodeToken><tt:DefaultPTZTimeout>PT5S</tt:DefaultPTZTimeout></tt:PTZConfiguration>`)
		}
		b.WriteString(`</trt:Profiles>`)
	}
	return b.String() + `</trt:GetProfilesResponse>`, "", ""
}

func (o *ONVIF) profiles2(*http.Request, soapMessage) (body, sub, reason string) {
	var b strings.Builder
	b.WriteString(`<tr2:GetProfilesResponse>`)
	for _, p := range o.cfg.Profiles {
		enc := strings.ToUpper(p.Codec)
		if p.Codec == JPEG {
			enc = "JPEG"
		}
		fmt.Fprintf(&b, `<tr2:Profiles token="%s" fixed="true"><tr2:Name>%s</tr2:Name><tr2:Configurations><tr2:VideoSource token="vs"><tt:Name>vs</tt:Name><tt:UseCount>2</tt:UseCount><tt:SourceToken>vs0</tt:SourceToken><tt:Bounds x="0" y="0" width="1280" height="720"/></tr2:VideoSource><tr2:VideoEncoder token="ve_%[1]s" GovLength="50" Profile="Main"><tt:Name>ve</tt:Name><tt:UseCount>1</tt:UseCount>`+
			`<tt:Encoding>%[3]s</tt:Encoding><tt:Resolution><tt:Width>%d</tt:Width><tt:Height>%d</tt:Height></tt:Resolution><tt:RateControl ConstantBitRate="false"><tt:FrameRateLimit>%d.0</tt:FrameRateLimit><tt:BitrateLimit>2048</tt:BitrateLimit></tt:RateControl><tt:Quality>5</tt:Quality></tr2:VideoEncoder>`,
			xmlText(p.Token), xmlText(p.Name), enc, p.Width, p.Height, p.FPS)
		if !o.cfg.NoPTZ {
			b.WriteString(`<tr2:PTZ token="ptz0"><tt:Name>ptz</tt:Name><tt:UseCount>2</tt:UseCount><tt:NodeToken>node0</tt:NodeToken></tr2:PTZ>`)
		}
		b.WriteString(`</tr2:Configurations></tr2:Profiles>`)
	}
	return b.String() + `</tr2:GetProfilesResponse>`, "", ""
}

func (o *ONVIF) streamURI(_ *http.Request, m soapMessage) (body, sub, reason string) {
	for _, p := range o.cfg.Profiles {
		if p.Token != m.text("ProfileToken") {
			continue
		}
		if m.service == "ver20/media" {
			return `<tr2:GetStreamUriResponse><tr2:Uri>` + xmlText(p.URL) + `</tr2:Uri></tr2:GetStreamUriResponse>`, "", ""
		}
		return `<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>` + xmlText(p.URL) + `</tt:Uri><tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout></trt:MediaUri></trt:GetStreamUriResponse>`, "", ""
	}
	return "", "ter:NoProfile", "Profile Not Exist"
}

func (o *ONVIF) snapshotURI(_ *http.Request, m soapMessage) (body, sub, reason string) {
	uri := o.says("/snapshot.jpg")
	if m.service == "ver20/media" {
		return `<tr2:GetSnapshotUriResponse><tr2:Uri>` + uri + `</tr2:Uri></tr2:GetSnapshotUriResponse>`, "", ""
	}
	return `<trt:GetSnapshotUriResponse><trt:MediaUri><tt:Uri>` + uri + `</tt:Uri><tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout></trt:MediaUri></trt:GetSnapshotUriResponse>`, "", ""
}

func (o *ONVIF) videoSources(*http.Request, soapMessage) (body, sub, reason string) {
	return `<trt:GetVideoSourcesResponse><trt:VideoSources token="vs0"><tt:Framerate>25</tt:Framerate><tt:Resolution><tt:Width>1280</tt:Width><tt:Height>720</tt:Height></tt:Resolution></trt:VideoSources></trt:GetVideoSourcesResponse>`, "", ""
}
