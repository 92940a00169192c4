package onvif

import (
	"net"
	"net/url"
	"strings"
	"unicode"

	"sightline/internal/fault"
)

const maxURL = 2048

// defaultPath is where ONVIF puts the device service (Core, 5.1.1).
const defaultPath = "/onvif/device_service"

func badURL(msg string) *fault.Error {
	return &fault.Error{Kind: fault.Invalid, Code: fault.CodeBadURL, Field: "onvif", Msg: msg}
}

// CheckURL takes the address of a device service strictly: http or https, a
// host, no userinfo, fragment, white space or control bytes, at most 2,048
// bytes. A bare host or host:port is completed. The error is a fault.Invalid bad_url.
func CheckURL(raw string) (string, error) {
	raw = strings.TrimSpace(raw)
	if raw == "" {
		return "", badURL("The camera's ONVIF address is missing.")
	}
	if len(raw) > maxURL {
		return "", badURL("The address is longer than 2,048 bytes.")
	}
	for i := range len(raw) {
		if b := raw[i]; b <= ' ' || b == 0x7f || b == '\\' || b == '#' {
			return "", badURL("The address contains spaces or characters that no address has.")
		}
	}
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.Hostname() == "" {
		return "", badURL("The address is not a URL such as http://192.168.1.20/onvif/device_service.")
	}
	u.Scheme = strings.ToLower(u.Scheme)
	if u.Scheme != "http" && u.Scheme != "https" {
		return "", badURL("The ONVIF address must begin with http:// or https://.")
	}
	if u.User != nil {
		return "", badURL("User and password belong into their own fields, not into the address.")
	}
	if strings.Contains(u.Hostname(), "%") {
		return "", badURL("Addresses with a zone are not used for cameras.")
	}
	if p := u.Port(); p == "0" || strings.HasSuffix(u.Host, ":") {
		return "", badURL("The port is not between 1 and 65535.")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = defaultPath
	}
	u.Host = strings.ToLower(u.Host)
	return u.String(), nil
}

// hostPort is where a URL is dialled.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "80"
		if u.Scheme == "https" {
			port = "443"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// clean is text of a camera as it may be shown: one line, no control or
// formatting characters, at most 60 characters.
func clean(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.TrimSpace(s) {
		if r == '\t' || r == '\n' || r == '\r' {
			r = ' '
		}
		if !unicode.IsGraphic(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar {
			continue
		}
		if n++; n > 60 {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

// token is a ReferenceToken if it is one.
func token(s string) (string, bool) {
	if s == "" || len(s) > tokenLimit {
		return "", false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return "", false
		}
	}
	return s, true
}
