// Package seal encrypts what the store keeps for showing again or for using:
// camera credentials, links' secrets, one-time secrets on their way to a mail.
package seal

import "sightline/internal/secret"

// Place is what a sealed value is bound to: the same bytes under another
// tenant, object or field do not open.
type Place struct {
	Tenant string // account id, or "" for the instance
	Object string // camera id, link id …
	Field  string // "password", "secret" …
}

// Box seals and opens with a set of keys; the first key seals.
type Box struct{}

// Open loads the key file of a data folder ("seal.key", mode 0600, created at
// first start) unless the environment variable SIGHTLINE_SEAL_KEYS is set.
func Open(dataDir string) (*Box, error) { panic("soon") }

// Seal encrypts plain for a place; the result is printable ASCII.
func (b *Box) Seal(plain secret.String, at Place) string { panic("soon") }

// Unseal decrypts what Seal made for the same place.
func (b *Box) Unseal(sealed string, at Place) (secret.String, error) { panic("soon") }
