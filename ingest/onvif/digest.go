package onvif

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
)

// challenge is what HTTP digest (RFC 7616) asks for. Used under the client's lock.
type challenge struct {
	realm, nonce, opaque string
	algorithm            string // "MD5" or "SHA-256", as named; "" is MD5
	qop                  bool   // auth
	stale                bool
	count                int
}

// parseChallenge finds a digest that can be answered, the stronger one first.
// Basic is not answered: it would hand the password over.
func parseChallenge(headers []string) (*challenge, bool) {
	var best *challenge
	for _, h := range headers {
		scheme, rest, _ := strings.Cut(strings.TrimSpace(h), " ")
		if !strings.EqualFold(scheme, "Digest") || len(h) > 4096 {
			continue
		}
		p := parameters(rest)
		ch := &challenge{realm: p["realm"], nonce: p["nonce"], opaque: p["opaque"], algorithm: p["algorithm"], stale: strings.EqualFold(p["stale"], "true")}
		if newHash(ch.algorithm) == nil || ch.nonce == "" {
			continue
		}
		if q := p["qop"]; q != "" {
			for _, v := range strings.Split(q, ",") {
				ch.qop = ch.qop || strings.TrimSpace(v) == "auth"
			}
			if !ch.qop {
				continue // auth-int only
			}
		}
		if best == nil || strings.EqualFold(ch.algorithm, "SHA-256") {
			best = ch
		}
	}
	return best, best != nil
}

func newHash(algorithm string) func() hash.Hash {
	switch strings.ToUpper(algorithm) {
	case "", "MD5":
		return md5.New
	case "SHA-256":
		return sha256.New
	}
	return nil
}

// parameters reads name=value, name="value" lists.
func parameters(s string) map[string]string {
	out := map[string]string{}
	for s != "" {
		name, rest, ok := strings.Cut(s, "=")
		if !ok {
			break
		}
		name = strings.ToLower(strings.Trim(name, " ,\t"))
		var value string
		if strings.HasPrefix(rest, `"`) {
			var b strings.Builder
			i := 1
			for i < len(rest) && rest[i] != '"' {
				if rest[i] == '\\' && i+1 < len(rest) {
					i++
				}
				b.WriteByte(rest[i])
				i++
			}
			value, s = b.String(), rest[min(i+1, len(rest)):]
		} else {
			value, s, _ = strings.Cut(rest, ",")
			value = strings.TrimSpace(value)
		}
		out[name] = value
	}
	return out
}

func nonceOf() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// authorize is the header for one request.
func (c *challenge) authorize(method, uri, user, password string, nonce func() string) string {
	sum := func(s string) string {
		h := newHash(c.algorithm)()
		h.Write([]byte(s))
		return hex.EncodeToString(h.Sum(nil))
	}
	a1, a2 := sum(user+":"+c.realm+":"+password), sum(method+":"+uri)
	var b strings.Builder
	fmt.Fprintf(&b, `Digest username="%s", realm="%s", nonce="%s", uri="%s"`, quoted(user), quoted(c.realm), quoted(c.nonce), quoted(uri))
	if c.qop {
		c.count++
		nc, cn := fmt.Sprintf("%08x", c.count), nonce()
		fmt.Fprintf(&b, `, qop=auth, nc=%s, cnonce="%s", response="%s"`, nc, cn, sum(a1+":"+c.nonce+":"+nc+":"+cn+":auth:"+a2))
	} else {
		fmt.Fprintf(&b, `, response="%s"`, sum(a1+":"+c.nonce+":"+a2))
	}
	if c.algorithm != "" {
		b.WriteString(", algorithm=" + strings.ToUpper(c.algorithm))
	}
	if c.opaque != "" {
		b.WriteString(`, opaque="` + quoted(c.opaque) + `"`)
	}
	return b.String()
}

// quoted makes a value fit between quotation marks of a header.
func quoted(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", "", "\n", "").Replace(s)
}
