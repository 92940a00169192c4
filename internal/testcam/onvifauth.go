package testcam

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"time"
)

// open are the operations that need no login (Core, 5.9.4.3, class PRE_AUTH).
var open = map[string]bool{"GetSystemDateAndTime": true, "GetServices": true, "GetCapabilities": true, "GetHostname": true}

// admit checks the login and answers a refused one.
func (o *ONVIF) admit(w http.ResponseWriter, r *http.Request, m soapMessage) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.cfg.User == "" {
		return true
	}
	if o.cfg.HTTPDigest {
		o.lastAuth = r.Header.Get("Authorization")
		if o.digestOK(r) {
			return true
		}
		o.refused++
		var b [12]byte
		_, _ = rand.Read(b[:]) // never fails
		nonce := hex.EncodeToString(b[:])
		o.http[nonce] = 0
		w.Header().Add("WWW-Authenticate", `Basic realm="testcam"`)
		w.Header().Add("WWW-Authenticate", `Digest realm="test, \"cam\"", qop="auth", nonce="`+nonce+`", algorithm=MD5, opaque="o"`)
		w.WriteHeader(http.StatusUnauthorized)
		return false
	}
	if o.tokenOK(m) {
		return true
	}
	o.refused++
	soapFault(w, http.StatusBadRequest, "s:Sender", "ter:NotAuthorized", "Sender not Authorized")
	return false
}

// tokenOK checks a WS-UsernameToken: the digest, a fresh nonce, and a time that
// is no more than 5 s off the camera's clock.
func (o *ONVIF) tokenOK(m soapMessage) bool {
	nonce, err := base64.StdEncoding.DecodeString(m.token.nonce)
	if err != nil || len(nonce) < 8 || m.token.user != o.cfg.User || o.nonces[m.token.nonce] {
		return false
	}
	created, err := time.Parse(time.RFC3339Nano, m.token.created)
	if err != nil || time.Now().Add(o.cfg.Skew).Sub(created).Abs() > 5*time.Second {
		return false
	}
	sum := sha1.Sum(append(append(nonce, m.token.created...), o.cfg.Password...)) //nolint:gosec // what the standard asks for
	if base64.StdEncoding.EncodeToString(sum[:]) != m.token.digest {
		return false
	}
	o.nonces[m.token.nonce] = true
	return true
}

var digestField = regexp.MustCompile(`(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^",\s]+))`)

func (o *ONVIF) digestOK(r *http.Request) bool {
	f := map[string]string{}
	for _, m := range digestField.FindAllStringSubmatch(r.Header.Get("Authorization"), -1) {
		f[m[1]] = m[2] + m[3]
	}
	last, known := o.http[f["nonce"]]
	var nc int
	if _, err := fmt.Sscanf(f["nc"], "%x", &nc); err != nil || !known || nc <= last || f["username"] != o.cfg.User || f["uri"] != r.URL.RequestURI() {
		return false
	}
	sum := func(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) }
	want := sum(sum(o.cfg.User+`:test, "cam":`+o.cfg.Password) + ":" + f["nonce"] + ":" + f["nc"] + ":" + f["cnonce"] + ":auth:" + sum(r.Method+":"+f["uri"]))
	if f["response"] != want {
		return false
	}
	o.http[f["nonce"]] = nc
	return true
}
