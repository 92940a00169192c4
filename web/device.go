package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"
)

// A browser that signed in once keeps a device cookie for that address: while
// somebody guesses the password, the limiter counts this browser apart, so its
// owner is not locked out (threat T20). The cookie opens nothing.
const deviceLife = 365 * 24 * time.Hour

func (k cookies) device() string {
	if k.insecure {
		return "sightline-device"
	}
	return "__Host-sightline-device"
}

// deviceID is the id in the request's device cookie, if this server signed it for that e-mail.
func (r *request) deviceID(email string) string {
	id, sign, ok := strings.Cut(r.cookie(r.s.cookies.device()).Reveal(), ".")
	if !ok || len(id) != 22 || !hmac.Equal([]byte(sign), []byte(r.s.signDevice(email, id))) {
		return ""
	}
	return id
}

// rememberDevice gives the browser a device cookie for that e-mail.
func (r *request) rememberDevice(email string) {
	id := r.deviceID(email)
	if id == "" {
		var b [16]byte
		rand.Read(b[:])
		id = base64.RawURLEncoding.EncodeToString(b[:])
	}
	k := r.s.cookies
	k.set(&r.c.Response().Header, k.device(), "/", id+"."+r.s.signDevice(email, id), deviceLife)
}

func (s *Server) signDevice(email, id string) string {
	m := hmac.New(sha256.New, []byte(s.cfg.DeviceKey.Reveal()))
	m.Write([]byte("device\x00" + id + "\x00" + email))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:24])
}
