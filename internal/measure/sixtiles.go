package measure

import (
	"context"
	"fmt"
	"time"

	"sightline/internal/testpeer"
)

// SixTiles opens a wall of six cameras in one connection n times, as a page of
// 1920 pixels does, and returns the times from sending the offer to the last
// packet of the last of the six first key frames.
func SixTiles(ctx context.Context, d Demo, n int) (Durations, error) {
	var cams []string
	for _, c := range d.Cameras {
		cams = append(cams, c.ID)
	}
	ctx = Patient(ctx) // a wall that came late is counted as late
	c := NewClient(d.BaseURL, d.Accounts[0].Token)
	var out Durations
	for i := range n {
		took, err := onWall(ctx, c, cams)
		if err != nil {
			return out, fmt.Errorf("wall %d: %w", i+1, err)
		}
		out = append(out, took)
		if err := pause(ctx, 330*time.Millisecond); err != nil { // under an account's offers, at another place of the key interval
			return out, err
		}
	}
	return out, nil
}

func onWall(ctx context.Context, c *Client, cams []string) (time.Duration, error) {
	w, err := OpenWall(ctx, c, "/api/v1", cams, 640, testpeer.Config{NACK: true, TWCC: true})
	if err != nil {
		return 0, err
	}
	defer w.Close()
	if err := until(ctx, 25*time.Second, "a picture on every tile", w.Playing); err != nil {
		return 0, err
	}
	var last time.Time
	for _, s := range w.Peer.Stats() {
		if s.FirstKey.After(last) {
			last = s.FirstKey
		}
	}
	return last.Sub(w.Peer.OfferSent()), nil
}
