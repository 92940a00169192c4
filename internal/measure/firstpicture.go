package measure

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"sightline/internal/testpeer"
)

// whepURL is the WHEP endpoint of a camera's layer ("auto", "sub", "main").
func whepURL(d Demo, camera, layer string) string {
	return d.BaseURL + "/whep/" + camera + "?layer=" + layer
}

// viewer watches one camera over WHEP.
type viewer struct{ *testpeer.Peer }

// Playing reports whether the first key frame has come.
func (v *viewer) Playing() bool { return !v.Stats()[0].FirstKey.IsZero() }

// LastPacket is the newest arrival, on this process's clock.
func (v *viewer) LastPacket() time.Time { return v.Stats()[0].LastPacket }

// Heard is never: a player has no page to be told on.
func (v *viewer) Heard(string) time.Time { return time.Time{} }

// watch joins one camera's layer over WHEP with the first account's token.
func watch(ctx context.Context, c *http.Client, d Demo, camera, layer string) (*viewer, error) {
	exchange, leave := testpeer.WHEP(c, whepURL(d, camera, layer), d.Accounts[0].Token)
	p, err := testpeer.Join(ctx, testpeer.Config{Video: 1, NACK: true, TWCC: true, Exchange: exchange, After: leave})
	if err != nil {
		return nil, fmt.Errorf("whep %s: %w", camera, err)
	}
	return &viewer{p}, nil
}

// FirstPicture joins a camera's main layer n times, one after another, at
// moments spread over its key-frame interval, and returns the times from
// sending the offer to the last packet of the first key frame. The layer is
// held warm by a viewer of its own. The first joins wait until it is live.
func FirstPicture(ctx context.Context, d Demo, cam DemoCamera, n int) (Durations, error) {
	client := NewClient(d.BaseURL, "").HTTP
	var warm *viewer
	err := again(Patient(ctx), func() (err error) {
		warm, err = watch(ctx, client, d, cam.ID, "main")
		return err
	})
	if err != nil {
		return nil, err
	}
	defer warm.Close()
	if err := until(ctx, 2*time.Duration(cam.KeyInterval*float64(time.Second))+time.Minute, "the warm viewer has a picture", func() bool {
		return !warm.Stats()[0].FirstKey.IsZero()
	}); err != nil {
		return nil, err
	}
	spread := time.Duration(cam.KeyInterval / float64(n) * float64(time.Second))
	var out Durations
	for i := range n {
		took, err := onePicture(ctx, client, d, cam.ID)
		if err != nil {
			return out, fmt.Errorf("join %d: %w", i+1, err)
		}
		out = append(out, took)
		if err := pause(ctx, spread); err != nil {
			return out, err
		}
	}
	return out, nil
}

// onePicture asks again where the server's store was late; the time goes on from
// the first offer.
func onePicture(ctx context.Context, client *http.Client, d Demo, camera string) (time.Duration, error) {
	began := time.Now()
	p, err := watch(ctx, client, d, camera, "main")
	again := false
	for tries := 0; isStatus(err, http.StatusServiceUnavailable) && tries < 5; tries++ {
		if again = true; pause(ctx, time.Second) != nil {
			break
		}
		p, err = watch(ctx, client, d, camera, "main")
	}
	if err != nil {
		return 0, err
	}
	defer p.Close()
	offered := p.OfferSent()
	if again {
		offered = began
	}
	if err := until(ctx, 25*time.Second, "a key frame", func() bool { return !p.Stats()[0].FirstKey.IsZero() }); err != nil {
		return 0, err
	}
	return p.Stats()[0].FirstKey.Sub(offered), nil
}

// until polls cond every 5 ms and fails after limit with what it waited for.
func until(ctx context.Context, limit time.Duration, what string, cond func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for !cond() {
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return fmt.Errorf("waited %v for: %s", limit, what)
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
