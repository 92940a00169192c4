package ingest

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"sightline/internal/fault"
)

const maxURL = 2048

// address is a parsed camera URL.
type address struct {
	scheme string // "rtsp" or "rtsps"
	host   string // name or literal, without brackets
	port   uint16
	path   string // escaped path with query, "" or beginning with "/"
}

func (a address) hostPort() string { return net.JoinHostPort(a.host, strconv.Itoa(int(a.port))) }

func (a address) String() string { return a.scheme + "://" + a.hostPort() + a.path }

func badURL(msg string) *fault.Error {
	return &fault.Error{Kind: fault.Invalid, Code: fault.CodeBadURL, Msg: msg}
}

// CheckURL parses a camera URL strictly: rtsp or rtsps, a host, no userinfo,
// fragment, white space or control bytes, at most 2,048 bytes. It returns the
// normal form (lower-case scheme and host, the port always there); the error is
// a fault.Invalid bad_url.
func CheckURL(raw string) (string, error) {
	a, err := parseURL(raw)
	if err != nil {
		return "", err
	}
	return a.String(), nil
}

func parseURL(raw string) (address, error) {
	var a address
	if raw == "" {
		return a, badURL("The camera's address is missing.")
	}
	if len(raw) > maxURL {
		return a, badURL("The address is longer than 2,048 bytes.")
	}
	for i := range len(raw) {
		if b := raw[i]; b <= ' ' || b == 0x7f || b == '\\' {
			return a, badURL("The address contains spaces or control characters.")
		}
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" {
		return a, badURL("The address is not a URL such as rtsp://192.168.1.20:554/stream1.")
	}
	a.scheme = strings.ToLower(u.Scheme)
	switch a.scheme {
	case "rtsp":
		a.port = 554
	case "rtsps":
		a.port = 322
	default:
		return a, badURL("The address must begin with rtsp:// or rtsps://.")
	}
	if u.User != nil {
		return a, badURL("User and password belong into their own fields, not into the address.")
	}
	if u.Fragment != "" || strings.Contains(raw, "#") {
		return a, badURL("The address must not contain #.")
	}
	if a.host, err = cleanHost(u.Hostname()); err != nil {
		return a, err
	}
	if p := u.Port(); p != "" {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return a, badURL("The port is not between 1 and 65535.")
		}
		a.port = uint16(n)
	} else if strings.HasSuffix(u.Host, ":") {
		return a, badURL("The port is missing after the colon.")
	}
	a.path = u.EscapedPath()
	if u.RawQuery != "" {
		a.path += "?" + u.RawQuery
	}
	return a, nil
}

// cleanHost accepts address literals in their usual form and plain host names.
// Numbers that other programs read as addresses (2130706433, 0x7f.1) are refused.
func cleanHost(h string) (string, error) {
	if ip, err := netip.ParseAddr(h); err == nil {
		if ip.Zone() != "" {
			return "", badURL("Addresses with a zone are not used for cameras.")
		}
		return ip.Unmap().String(), nil
	}
	h = strings.ToLower(strings.TrimSuffix(h, "."))
	if h == "" || len(h) > 253 {
		return "", badURL("The address has no host.")
	}
	labels := strings.Split(h, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return "", badURL("The host name is not valid.")
		}
		for _, r := range l {
			if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' {
				return "", badURL("The host name is not valid.")
			}
		}
	}
	if last := labels[len(labels)-1]; last[0] >= '0' && last[0] <= '9' {
		return "", badURL("The host is neither a name nor an address such as 192.168.1.20.")
	}
	return h, nil
}
