// Package seal encrypts what the store keeps for showing again or for using:
// camera credentials, links' secrets, one-time secrets on their way to a mail.
//
// The cipher is XChaCha20-Poly1305 with a random nonce; the additional data is
// tenant, object, field and key id, so a value moved to another place does not
// open. Keys have ids, so that a new one can seal while older ones still open.
package seal

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"

	"sightline/internal/secret"
)

// ErrSealed is the one error of Unseal: unknown key, damaged, or not sealed for
// this place. Which of them is nobody's business.
var ErrSealed = errors.New("seal: cannot be opened with the keys of this place")

// Place is what a sealed value is bound to: the same bytes under another
// tenant, object or field do not open.
type Place struct {
	Tenant string // account id, or "" for the instance
	Object string // camera id, link id …
	Field  string // "password", "secret" …
}

// Key is one key-encryption key.
type Key struct {
	ID     string // 1 to 16 of a-z 0-9
	Secret [32]byte
}

// Box seals and opens with a set of keys; the first key seals. Safe for
// concurrent use.
type Box struct {
	first string
	keys  map[string]cipher.AEAD
}

// New makes a box of keys; the first seals, all open.
func New(keys ...Key) (*Box, error) {
	if len(keys) == 0 {
		return nil, errors.New("seal: no key")
	}
	b := &Box{first: keys[0].ID, keys: make(map[string]cipher.AEAD, len(keys))}
	for _, k := range keys {
		if !validKeyID(k.ID) {
			return nil, fmt.Errorf("seal: %q is not a key id (1 to 16 of a-z and 0-9)", k.ID)
		}
		if _, twice := b.keys[k.ID]; twice {
			return nil, fmt.Errorf("seal: key id %q stands twice", k.ID)
		}
		aead, err := chacha20poly1305.NewX(k.Secret[:])
		if err != nil {
			return nil, err
		}
		b.keys[k.ID] = aead
	}
	return b, nil
}

func validKeyID(s string) bool {
	if len(s) < 1 || len(s) > 16 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// Seal encrypts plain for a place. The result is printable ASCII:
// s1.<key id>.<nonce and ciphertext in unpadded base64url>.
func (b *Box) Seal(plain secret.String, at Place) string {
	aead := b.keys[b.first]
	nonce := make([]byte, chacha20poly1305.NonceSizeX, chacha20poly1305.NonceSizeX+len(plain.Reveal())+aead.Overhead())
	rand.Read(nonce) // cannot fail since Go 1.24
	out := aead.Seal(nonce, nonce, []byte(plain.Reveal()), at.bytes(b.first))
	return "s1." + b.first + "." + base64.RawURLEncoding.EncodeToString(out)
}

// Unseal decrypts what Seal made for the same place, with whichever key it was.
func (b *Box) Unseal(sealed string, at Place) (secret.String, error) {
	rest, ok := strings.CutPrefix(sealed, "s1.")
	if !ok {
		return secret.String{}, ErrSealed
	}
	id, body, ok := strings.Cut(rest, ".")
	aead := b.keys[id]
	if !ok || aead == nil {
		return secret.String{}, ErrSealed
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil || len(raw) < chacha20poly1305.NonceSizeX {
		return secret.String{}, ErrSealed
	}
	nonce, text := raw[:chacha20poly1305.NonceSizeX], raw[chacha20poly1305.NonceSizeX:]
	plain, err := aead.Open(nil, nonce, text, at.bytes(id))
	if err != nil {
		return secret.String{}, ErrSealed
	}
	return secret.New(string(plain)), nil
}

// Stale reports whether a sealed value was made with another key than the
// first, so that a re-seal job knows what to rewrite.
func (b *Box) Stale(sealed string) bool {
	return !strings.HasPrefix(sealed, "s1."+b.first+".")
}

// bytes is the additional data: every part with its length, so that no two
// places share a form.
func (p Place) bytes(keyID string) []byte {
	var out []byte
	for _, s := range [...]string{"sightline.seal.1", p.Tenant, p.Object, p.Field, keyID} {
		out = binary.BigEndian.AppendUint32(out, uint32(len(s)))
		out = append(out, s...)
	}
	return out
}
