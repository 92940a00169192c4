package authz

import (
	"crypto/rand"
	"crypto/subtle"
	"strings"

	"sightline/internal/event"
	"sightline/internal/seal"
	"sightline/internal/secret"
)

const secretLen = 43 // secret.Random: 256 bits in unpadded base64url

// tokenPrefix marks a personal access token, so that scanners of leaked secrets
// know it.
const tokenPrefix = "slt_"

// secretID is the id under which a secret's record is kept: the first half of
// its SHA-256. It does not lead back to the secret.
func secretID(hash [32]byte) string { return idEncoding.EncodeToString(hash[:16]) }

// sameHash compares a stored hash in constant time.
func sameHash(stored []byte, hash [32]byte) bool {
	return subtle.ConstantTimeCompare(stored, hash[:]) == 1
}

// wellFormed reports whether s could be a secret of ours.
func wellFormed(s string) bool {
	if len(s) != secretLen {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// newCredential makes a login cookie (prefix "") or token: it names its account,
// so that one read finds both records.
func newCredential(prefix, account string) secret.String {
	return secret.New(prefix + account + "." + secret.Random().Reveal())
}

// parseCredential takes a login cookie or bearer token apart; ok is false for
// anything that is not of their form.
func parseCredential(cred secret.String) (account, id string, isToken, ok bool) {
	s, isToken := strings.CutPrefix(cred.Reveal(), tokenPrefix)
	account, rest, found := strings.Cut(s, ".")
	if !found || !ValidID(account) || !wellFormed(rest) {
		return "", "", false, false
	}
	return account, secretID(cred.Hash()), isToken, true
}

// newCode makes a code for a person to type: ten characters without look-alikes.
func newCode() secret.String {
	var b [10]byte
	rand.Read(b[:])
	for i := range b {
		b[i] = codeAlphabet[b[i]&31]
	}
	return secret.New(string(b[:5]) + "-" + string(b[5:]))
}

const codeAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// normalCode brings a typed code to the form of newCode.
func normalCode(s string) string {
	var out []byte
	for _, r := range strings.ToUpper(s) {
		switch {
		case r == 'O':
			r = '0'
		case r == 'I' || r == 'L':
			r = '1'
		}
		if strings.ContainsRune(codeAlphabet, r) {
			out = append(out, byte(r))
		} else if r != '-' && r != ' ' {
			return ""
		}
	}
	if len(out) != 10 {
		return ""
	}
	return string(out[:5]) + "-" + string(out[5:])
}

// MailPlace is where the one-time secret of a mail_requested event is sealed:
// whoever sends the mail opens it with this.
func MailPlace(m event.MailRequested) seal.Place {
	return seal.Place{Tenant: m.Account, Object: m.Email, Field: "mail/" + m.Kind}
}

func linkPlace(owner, id string) seal.Place {
	return seal.Place{Tenant: owner, Object: id, Field: "secret"}
}

func ticketPlace(link string) seal.Place { return seal.Place{Object: link, Field: "ticket"} }

// mail seals a one-time secret into the request for a mail.
func (a *Authority) mail(m event.MailRequested, oneTime secret.String) event.MailRequested {
	m.Sealed = []byte(a.cfg.Seal.Seal(oneTime, MailPlace(m)))
	return m
}
