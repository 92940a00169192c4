package controlroom

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"sightline/ingest"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/seal"
	"sightline/internal/secret"
)

// source is the stored record of where a camera's pictures come from. It is
// written in the same commit as the authority's camera record.
type source struct {
	V           int    `json:"v"`
	Camera      string `json:"camera"`
	Owner       string `json:"owner"`
	Main        string `json:"main"` // without userinfo
	Sub         string `json:"sub,omitempty"`
	User        string `json:"user,omitempty"`
	Password    string `json:"password,omitempty"` // sealed
	Transport   string `json:"transport,omitempty"`
	Fingerprint string `json:"fingerprint,omitempty"`
	ONVIF       string `json:"onvif,omitempty"` // address of its device service, without userinfo
}

const (
	sourcePrefix  = "source/"
	sourceVersion = 1
)

func sourceKey(camera string) string { return sourcePrefix + camera }

var errSource = errors.New("controlroom: a stored source is of an unknown version or damaged")

func decodeSource(data []byte) (source, error) {
	var s source
	if err := json.Unmarshal(data, &s); err != nil || s.V != sourceVersion {
		return source{}, errSource
	}
	return s, nil
}

func (s source) write() kv.Write {
	s.V = sourceVersion
	return kv.Write{Key: sourceKey(s.Camera), Data: encode(s)}
}

func passwordPlace(owner, camera string) seal.Place {
	return seal.Place{Tenant: owner, Object: camera, Field: "password"}
}

// setPassword seals a password into the record; an empty one clears it.
func (s *source) setPassword(box *seal.Box, p secret.String) {
	s.Password = ""
	if !p.Empty() {
		s.Password = box.Seal(p, passwordPlace(s.Owner, s.Camera))
	}
}

// password opens the stored password; empty when there is none.
func (s source) password(box *seal.Box) (secret.String, error) {
	if s.Password == "" {
		return secret.String{}, nil
	}
	return box.Unseal(s.Password, passwordPlace(s.Owner, s.Camera))
}

// ingest is the source as the fleet wants it.
func (s source) ingest(box *seal.Box, enabled bool) (ingest.Source, error) {
	p, err := s.password(box)
	return ingest.Source{
		ID: s.Camera, Main: s.Main, Sub: s.Sub, User: s.User, Password: p,
		Transport: s.Transport, Fingerprint: s.Fingerprint, Enabled: enabled,
	}, err
}

func (s source) view() *SourceView {
	v := &SourceView{Main: s.Main, Sub: s.Sub, User: s.User, HasPassword: s.Password != "",
		Transport: s.Transport, Fingerprint: s.Fingerprint, ONVIF: s.ONVIF}
	if v.Transport == "" {
		v.Transport = "tcp"
	}
	return v
}

// origins are the places a source's credentials are sent to.
func (s source) origins() map[string]bool {
	out := map[string]bool{}
	for _, raw := range []string{s.Main, s.Sub} {
		if o := origin(raw); o != "" {
			out[o] = true
		}
	}
	return out
}

// origin is scheme, host and port of a URL, with the port always there.
func origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"rtsps": "322", "http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
	}
	if port == "" {
		port = "554"
	}
	return strings.ToLower(u.Scheme) + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// sameOrigins reports whether now sends credentials only where before did (threat T13).
func sameOrigins(before, now source) bool {
	old := before.origins()
	for o := range now.origins() {
		if !old[o] {
			return false
		}
	}
	return sameDevice(before, now)
}

// sameDevice is the same for ONVIF: its service has a port of its own, and is sent
// digests only, so the host counts.
func sameDevice(before, now source) bool {
	if now.ONVIF == "" || now.ONVIF == before.ONVIF {
		return true
	}
	u, err := url.Parse(now.ONVIF)
	if err != nil {
		return false
	}
	for _, raw := range []string{before.Main, before.Sub, before.ONVIF} {
		if b, err := url.Parse(raw); err == nil && strings.EqualFold(b.Hostname(), u.Hostname()) {
			return true
		}
	}
	return false
}

// apply puts the given fields of in into the record, checked. A password in a
// URL moves into the fields; a stored one does not follow to another scheme, host
// or port.
func (s *source) apply(box *seal.Box, in CameraInput) error {
	before := *s
	password := in.Password
	if password != nil && password.IsMask() {
		return fault.Field("password", fault.CodeBadValue, "Type the password itself, or leave the field empty to keep the stored one.")
	}
	if in.User != nil {
		if len(*in.User) > 256 || strings.ContainsAny(*in.User, "\r\n\x00") {
			return fault.Field("user", fault.CodeBadValue, "That user name cannot be used.")
		}
		s.User = *in.User
	}
	if password != nil && len(password.Reveal()) > 256 {
		return fault.Field("password", fault.CodeTooLong, "That password is too long.")
	}
	for _, f := range []struct {
		field string
		in    *string
		to    *string
	}{{"main", in.Main, &s.Main}, {"sub", in.Sub, &s.Sub}} {
		if f.in == nil {
			continue
		}
		raw := strings.TrimSpace(*f.in)
		if raw == "" && f.field == "sub" {
			s.Sub = ""
			continue
		}
		if raw == "" {
			return fault.Field(f.field, fault.CodeRequired, "A camera needs the address of its main stream.")
		}
		clean, user, pass := splitUser(raw)
		if user != "" || !pass.Empty() {
			if in.User == nil || *in.User == "" {
				s.User = user
			}
			if password == nil && !pass.Empty() && !pass.IsMask() {
				password = &pass
			}
		}
		u, err := ingest.CheckURL(clean)
		if err != nil {
			return atField(err, f.field)
		}
		*f.to = u
	}
	if in.ONVIF != nil {
		if err := s.applyONVIF(*in.ONVIF); err != nil {
			return err
		}
	}
	if in.Transport != nil {
		switch *in.Transport {
		case "", "tcp":
			s.Transport = ""
		case "udp":
			s.Transport = "udp"
		default:
			return fault.Field("transport", fault.CodeBadValue, "The transport is tcp or udp.")
		}
	}
	if in.Fingerprint != nil {
		f := strings.ToLower(strings.ReplaceAll(strings.TrimSpace(*in.Fingerprint), ":", ""))
		if f != "" && (len(f) != 64 || strings.Trim(f, "0123456789abcdef") != "") {
			return fault.Field("fingerprint", fault.CodeBadValue, "A fingerprint is 64 hexadecimal digits (SHA-256).")
		}
		s.Fingerprint = f
	}
	switch {
	case password != nil:
		s.setPassword(box, *password)
	case !sameOrigins(before, *s):
		s.Password = ""
	}
	return nil
}

// splitUser takes userinfo out of a pasted URL. What does not parse is left to
// the strict check.
func splitUser(raw string) (clean, user string, pass secret.String) {
	u, err := url.Parse(raw)
	if err != nil || u.User == nil {
		return raw, "", pass
	}
	p, _ := u.User.Password()
	user = u.User.Username()
	u.User = nil
	return u.String(), user, secret.New(p)
}

// atField names the field an input error is about.
func atField(err error, field string) error {
	var f *fault.Error
	if errors.As(err, &f) && f.Kind == fault.Invalid {
		c := *f
		c.Field = field
		return &c
	}
	return err
}
