package sfu

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the shared-secret scheme of TURN servers is defined with it
	"encoding/base64"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sightline/internal/fault"
	"sightline/internal/secret"
)

// TURN is what clients are told about relays of others, for networks in which
// they reach this server neither by UDP nor by TCP. The server itself never
// uses one. Either User and Password are given, or Secret, from which every
// client gets credentials of its own that end by themselves ("TURN REST API",
// use-auth-secret in coturn), or neither, where only stun: URLs are.
type TURN struct {
	URLs     []string // turn:, turns: or stun: (RFC 7064, RFC 7065), at most 8
	User     string
	Password secret.String
	Secret   secret.String
	TTL      time.Duration // of credentials made from Secret; default 12 h
}

// ICEServer is one entry for a client, as in RTCConfiguration.iceServers.
type ICEServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username,omitempty"`
	Credential string   `json:"credential,omitempty"`
}

const maxRelays = 8

// Check says what is wrong with it: fault.Invalid with a sentence, nil if nothing.
func (t TURN) Check() error {
	if len(t.URLs) > maxRelays {
		return fault.Newf(fault.Invalid, fault.CodeBadValue, "At most %d TURN servers can be named.", maxRelays)
	}
	relays := false
	for _, u := range t.URLs {
		if !goodRelay(u) {
			return fault.Newf(fault.Invalid, fault.CodeBadValue, "%q is not an address of a TURN server, such as turn:turn.example.org:3478 or turns:turn.example.org:443?transport=tcp.", u)
		}
		relays = relays || !strings.HasPrefix(u, "stun")
	}
	switch {
	case !t.Secret.Empty() && (t.User != "" || !t.Password.Empty()):
		return fault.New(fault.Invalid, fault.CodeBadValue, "A TURN server takes either a login with a password or a shared secret; both are given.")
	case (t.User == "") != t.Password.Empty():
		return fault.New(fault.Invalid, fault.CodeBadValue, "The login at the TURN server needs both a name and a password.")
	case relays && t.Secret.Empty() && t.User == "":
		return fault.New(fault.Invalid, fault.CodeBadValue, "The TURN server needs a login with a password, or a shared secret.")
	}
	return nil
}

// goodRelay checks one URI of RFC 7064 or RFC 7065.
func goodRelay(u string) bool {
	scheme, rest, ok := strings.Cut(u, ":")
	if !ok || !slices.Contains([]string{"turn", "turns", "stun"}, scheme) {
		return false
	}
	rest, query, asked := strings.Cut(rest, "?")
	if asked && (scheme == "stun" || query != "transport=udp" && query != "transport=tcp") {
		return false
	}
	host, port := rest, ""
	if h, p, err := net.SplitHostPort(rest); err == nil {
		host, port = h, p
		if n, err := strconv.Atoi(p); err != nil || n < 1 || n > 65535 {
			return false
		}
	} else if strings.Count(rest, ":") > 0 {
		if !strings.HasPrefix(rest, "[") || !strings.HasSuffix(rest, "]") {
			return false
		}
		host = strings.Trim(rest, "[]")
	}
	_ = port
	if host == "" || strings.ContainsAny(host, "/@<>\"; \t\r\n") {
		return false
	}
	_, err := url.Parse("//" + rest)
	return err == nil
}

// Servers are the entries for one client at now; none when nothing is
// configured. The name goes into credentials made from Secret and reaches the
// TURN server's log: it must say nothing about a person.
func (t TURN) Servers(now time.Time, name string) []ICEServer {
	if len(t.URLs) == 0 {
		return nil
	}
	s := ICEServer{URLs: slices.Clone(t.URLs)}
	switch {
	case !t.Secret.Empty():
		ttl := t.TTL
		if ttl <= 0 {
			ttl = 12 * time.Hour
		}
		s.Username = strconv.FormatInt(now.Add(ttl).Unix(), 10) + ":" + name
		mac := hmac.New(sha1.New, []byte(t.Secret.Reveal()))
		mac.Write([]byte(s.Username))
		s.Credential = base64.StdEncoding.EncodeToString(mac.Sum(nil))
	case t.User != "":
		s.Username, s.Credential = t.User, t.Password.Reveal()
	}
	return []ICEServer{s}
}

// Link is the value of a WHEP Link header for one URL of the server
// (draft-ietf-wish-whep, 4.4).
func (s ICEServer) Link(url string) string {
	l := "<" + url + `>; rel="ice-server"`
	if s.Username != "" {
		l += "; username=" + strconv.Quote(s.Username) + "; credential=" + strconv.Quote(s.Credential) + `; credential-type="password"`
	}
	return l
}
