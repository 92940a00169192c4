package ingest

import (
	"strings"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/sdp"
)

// Limits on a camera's session description.
const (
	maxSDP      = 64 << 10
	maxMedias   = 16
	maxSDPLine  = 4096
	maxSDPLines = 1024
)

// tidySDP rewrites a camera's session description into what is needed of it, so
// that nothing else in it can be refused: what the library cannot read in the
// origin, the connection, the times, the groups and unknown attributes of one
// maker or another does not matter to us, and one media it cannot read does not
// take the others with it. Without any usable media the result is in itself
// valid and the library says there are none.
func tidySDP(b []byte) []byte {
	if len(b) > maxSDP {
		b = b[:maxSDP]
	}
	var session []string
	var medias [][]string
	lines := 0
	for line := range strings.Lines(string(b)) {
		line = strings.TrimRight(line, "\r\n\x00 ")
		if lines++; len(line) < 2 || line[1] != '=' || len(line) > maxSDPLine || lines > maxSDPLines {
			continue
		}
		switch {
		case line[0] == 'm':
			if len(medias) == maxMedias {
				continue
			}
			medias = append(medias, []string{line})
		case line[0] != 'a':
		case len(medias) == 0:
			if a := line[2:]; strings.HasPrefix(a, "control:") || strings.HasPrefix(a, "key-mgmt:") {
				session = append(session, line)
			}
		default:
			medias[len(medias)-1] = append(medias[len(medias)-1], line)
		}
	}
	var out strings.Builder
	head := "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
	if !readable(head + crlf(session) + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n") {
		session = nil
	}
	out.WriteString(head + crlf(session))
	for _, m := range medias {
		if m = tidyMedia(m); m == nil {
			continue
		}
		for _, try := range [][]string{m, withoutSets(m), without(m, "fmtp:")} {
			if readable(head + crlf(try)) {
				out.WriteString(crlf(try))
				break
			}
		}
	}
	return []byte(out.String())
}

// tidyMedia keeps of one media what matters; nil: it does not matter at all.
func tidyMedia(lines []string) []string {
	f := strings.Fields(lines[0][2:])
	if len(f) < 4 || f[0] != "video" && f[0] != "audio" {
		return nil
	}
	proto := "RTP/AVP"
	if strings.Contains(f[2], "SAVP") {
		proto = "RTP/SAVP"
	}
	out := []string{"m=" + f[0] + " 0 " + proto + " " + strings.Join(f[3:min(len(f), 3+32)], " ")}
	for _, l := range lines[1:] {
		switch key, _, _ := strings.Cut(l[2:], ":"); key {
		case "control", "rtpmap", "fmtp", "key-mgmt":
			out = append(out, l)
		case "sendonly": // a back channel, but for pictures: there it is the camera's own view of it
			if f[0] == "audio" {
				out = append(out, l)
			}
		}
	}
	return out
}

// withoutSets leaves the parameter sets out: they may come in the stream.
func withoutSets(lines []string) []string {
	out := make([]string, 0, len(lines))
	for _, l := range lines {
		if head, params, ok := strings.Cut(l, " "); ok && strings.HasPrefix(l, "a=fmtp:") {
			var keep []string
			for _, p := range strings.Split(params, ";") {
				if k := strings.TrimSpace(p); k != "" && !strings.HasPrefix(k, "sprop-") && !strings.HasPrefix(k, "profile-level-id") {
					keep = append(keep, k)
				}
			}
			l = head + " " + strings.Join(keep, ";")
			if len(keep) == 0 {
				continue
			}
		}
		out = append(out, l)
	}
	return out
}

func without(lines []string, attr string) []string {
	out := make([]string, 0, len(lines))
	for _, l := range lines {
		if !strings.HasPrefix(l, "a="+attr) {
			out = append(out, l)
		}
	}
	return out
}

func crlf(lines []string) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l)
		b.WriteString("\r\n")
	}
	return b.String()
}

// readable reports whether the library takes a description.
func readable(s string) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	var d sdp.SessionDescription
	if err := d.Unmarshal([]byte(s)); err != nil {
		return false
	}
	var desc description.Session
	return desc.Unmarshal(&d) == nil
}
