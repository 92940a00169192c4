package gallery

import (
	"context"
	"strconv"
)

// Mark differs whenever images of an account came or went; for telling its open
// pages to look again.
func (g *Gallery) Mark(ctx context.Context, account string) (string, error) {
	snap, err := g.read(ctx, account, []string{kSums})
	if err != nil {
		return "", err
	}
	return strconv.FormatUint(snap.Values[0].Version, 16), nil
}
