package ingest

import "sightline/internal/secret"

// Source is what a camera's record says about where its pictures come from.
type Source struct {
	ID          string        // camera id
	Main, Sub   string        // rtsp:// or rtsps:// URLs without userinfo; Sub may be empty
	User        string        // for Basic or Digest; empty: no login
	Password    secret.String // never logged
	Transport   string        // "tcp" (default when empty) or "udp"
	Fingerprint string        // SHA-256 of a pinned TLS certificate in hex (colons allowed); empty: the certificate must be trusted
	Enabled     bool          // false: nothing is pulled, streams stay
}

// URL of a layer, "" when the source has none.
func (s *Source) URL(l Layer) string {
	if l == Main {
		return s.Main
	}
	return s.Sub
}
