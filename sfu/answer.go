package sfu

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

// answered is what an answer says about one m-line.
type answered struct {
	mid     string
	codecs  []agreed
	delayID uint8
	wideID  uint8 // of the transport-wide sequence number, 0 where its feedback was not agreed too
}

// readAnswer reads what was agreed out of our own answer, the one document
// both sides go by.
func readAnswer(d *sdp.SessionDescription) []answered {
	var out []answered
	for _, m := range d.MediaDescriptions {
		mid, _ := m.Attribute("mid")
		a := answered{mid: mid}
		if m.MediaName.Port.Value != 0 {
			a.codecs = readCodecs(m)
			a.delayID = extensionID(m, playoutDelayURI)
			if hasFeedback(m, "transport-cc") {
				a.wideID = extensionID(m, transportURI)
			}
		}
		out = append(out, a)
	}
	return out
}

// extensionID is the one-byte id of a header extension, 0 when it was not agreed.
func extensionID(m *sdp.MediaDescription, uri string) uint8 {
	for _, at := range m.Attributes {
		if id, u, ok := strings.Cut(at.Value, " "); at.Key == "extmap" && ok && strings.TrimSpace(u) == uri {
			if n, err := strconv.ParseUint(id, 10, 8); err == nil && n >= 1 && n <= 14 {
				return uint8(n)
			}
		}
	}
	return 0
}

func hasFeedback(m *sdp.MediaDescription, kind string) bool {
	for _, at := range m.Attributes {
		if _, v, ok := strings.Cut(at.Value, " "); at.Key == "rtcp-fb" && ok && strings.TrimSpace(v) == kind {
			return true
		}
	}
	return false
}

func readCodecs(m *sdp.MediaDescription) []agreed {
	names, fmtps := map[string]string{}, map[string]string{}
	for _, a := range m.Attributes {
		pt, v, ok := strings.Cut(a.Value, " ")
		if !ok {
			continue
		}
		switch a.Key {
		case "rtpmap":
			names[pt], _, _ = strings.Cut(v, "/")
		case "fmtp":
			fmtps[pt] = v
		}
	}
	var out []agreed
	for _, f := range m.MediaName.Formats {
		c := codecOf(names[f])
		pt, err := strconv.ParseUint(f, 10, 7)
		if c == "" || err != nil {
			continue
		}
		a := agreed{codec: c, pt: uint8(pt)}
		for _, kv := range strings.Split(fmtps[f], ";") {
			if k, v, ok := strings.Cut(strings.TrimSpace(kv), "="); ok && k == "profile-level-id" {
				a.profile = strings.ToLower(v)
			}
		}
		for g, name := range names {
			if strings.EqualFold(name, "rtx") && strings.TrimSpace(fmtps[g]) == "apt="+f {
				if n, err := strconv.ParseUint(g, 10, 7); err == nil {
					a.rtx = uint8(n)
				}
			}
		}
		out = append(out, a)
	}
	return out
}

// advertise replaces the candidates of an answer by the addresses a viewer may
// use. One socket a family serves them all, so pion gathers only one.
func (s *sockets) advertise(d *sdp.SessionDescription) {
	for _, m := range d.MediaDescriptions {
		m.Attributes = keep(m.Attributes, func(k string) bool { return k != "candidate" && k != "end-of-candidates" })
	}
	for _, m := range d.MediaDescriptions {
		if m.MediaName.Port.Value == 0 {
			continue
		}
		for i, a := range s.advertised() {
			m.Attributes = append(m.Attributes, sdp.Attribute{Key: "candidate", Value: candidateLine("udp", a, s.udpPort(), 126, i)})
		}
		if s.tcp != nil {
			for i, a := range s.advertised() {
				m.Attributes = append(m.Attributes, sdp.Attribute{Key: "candidate", Value: candidateLine("tcp", a, s.tcpPort(), 90, i) + " tcptype passive"})
			}
		}
		m.Attributes = append(m.Attributes, sdp.Attribute{Key: "end-of-candidates"})
		return // the bundle's first m-line carries them
	}
}

func candidateLine(proto string, a netip.Addr, port, typePref, i int) string {
	local := 65535 - i
	switch {
	case a.IsLoopback():
		local -= 2000
	case a.Is4():
		local -= 1000 // IPv6 first (RFC 8421)
	}
	return fmt.Sprintf("%s%d 1 %s %d %s %d typ host", proto, i, proto, typePref<<24|local<<8|255, a, port)
}
