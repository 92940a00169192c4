package gallery

import (
	"context"
	"encoding/hex"
	"strings"

	"sightline/authz"
	"sightline/internal/kv"
)

// MaxTags is how many tags are listed at most.
const MaxTags = 200

// Tags lists the tags of the subject's images in the order of their bytes, the
// first MaxTags of them. It reads one key a tag, however many images bear it.
func (g *Gallery) Tags(ctx context.Context, s authz.Subject) ([]string, error) {
	if err := g.self(ctx, s); err != nil {
		return nil, err
	}
	out := []string{}
	from := ""
	for len(out) < MaxTags {
		snap, err := g.read(ctx, s.Account, nil, kv.Scan{Prefix: pByTag, From: from, Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(snap.Scans[0]) == 0 {
			break
		}
		written, _, _ := strings.Cut(strings.TrimPrefix(snap.Scans[0][0].Key, pByTag), "/")
		if tag, err := hex.DecodeString(written); err == nil {
			out = append(out, string(tag))
		}
		from = pByTag + written + "0" // the key after all of "/"
	}
	return out, nil
}
