package sfu

import (
	"slices"
	"strings"

	"github.com/pion/sdp/v3"
)

// cutFormats takes out of an m-line every payload type this server never
// sends: a browser offers some forty, and matching them all is most of what an
// answer costs. An m-line of which nothing would remain is left as it is; pion
// refuses it.
func cutFormats(m *sdp.MediaDescription) {
	names, params := map[string]string{}, map[string]string{}
	for _, a := range m.Attributes {
		pt, v, _ := strings.Cut(a.Value, " ")
		switch a.Key {
		case "rtpmap":
			name, _, _ := strings.Cut(v, "/")
			names[pt] = strings.ToLower(name)
		case "fmtp":
			params[pt] = strings.ReplaceAll(v, " ", "")
		}
	}
	static := map[string]string{"0": "pcmu", "8": "pcma", "9": "g722"}
	ours := map[string]bool{}
	for _, pt := range m.MediaName.Formats {
		name := names[pt]
		if name == "" && m.MediaName.Media == "audio" {
			name = static[pt]
		}
		c := codecOf(name)
		if c == "" || (Format{Codec: c}).Kind() == Audio != (m.MediaName.Media == "audio") {
			continue
		}
		ours[pt] = c != H264 || slices.Contains(strings.Split(params[pt], ";"), "packetization-mode=1")
	}
	for _, pt := range m.MediaName.Formats {
		if apt, ok := strings.CutPrefix(params[pt], "apt="); ok && names[pt] == "rtx" && ours[apt] && names[apt] != "rtx" {
			ours[pt] = true
		}
	}
	left := slices.DeleteFunc(slices.Clone(m.MediaName.Formats), func(pt string) bool { return !ours[pt] })
	if len(left) == 0 {
		return
	}
	m.MediaName.Formats = left
	m.Attributes = slices.DeleteFunc(m.Attributes, func(a sdp.Attribute) bool {
		switch a.Key {
		case "rtpmap", "fmtp", "rtcp-fb":
			pt, _, _ := strings.Cut(a.Value, " ")
			return pt != "*" && !ours[pt]
		}
		return false
	})
}
