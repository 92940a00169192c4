package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sightline/internal/secret"
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

// deviceKey is the key kept in a folder, made at the first start; of several
// servers that make it at once all use the same. Without a folder it is new.
func deviceKey(dir string) (secret.String, error) {
	if dir == "" {
		return secret.Random(), nil
	}
	name := filepath.Join(dir, "device.key")
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		b, err := os.ReadFile(name)
		if err == nil && len(b) < 32 {
			err = errors.New(name + " is damaged; remove it")
		}
		return secret.New(string(b)), err
	}
	if err != nil {
		return secret.String{}, err
	}
	key := secret.Random()
	_, err = f.WriteString(key.Reveal())
	return key, errors.Join(err, f.Close())
}
