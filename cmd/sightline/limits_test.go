package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"sightline/cmd/sightline/config"
	"sightline/controlroom"
	"sightline/internal/secret"
	"sightline/ratelimit"
)

// TestR85_LimitsHaveTheirDefaults: what the rows, rulings and threats say is
// what a server without settings does.
func TestR85_LimitsHaveTheirDefaults(t *testing.T) {
	var c config.Config
	p, err := kong.New(&c, kong.Exit(func(int) {}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Parse(nil); err != nil {
		t.Fatal(err)
	}
	if got, want := roomLimits(c.Limits), (controlroom.Limits{PerVisit: 2, PerAccount: 32, PlayersPer: 500, Views: 50, Idle: time.Hour,
		SubMaxPx: 640, SubFromTiles: 4}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got, want := limitRules(c.Limits), (ratelimit.Rules{Offers: 5, OffersAtOnce: 20, OffersNode: 50, Guesses: 20, GuessBlock: 15 * time.Minute,
		WrongPasswords: 10, WrongPasswordsAccount: 100, WrongPasswordsAddress: 300,
		Requests: 100, RequestsAtOnce: 1000, RequestsAddress: 300, RequestsAddressAtOnce: 3000, CameraTests: 10, Mails: 5, Lookups: 30, NewPrefixes: 100, WrongShareCodes: 10}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if c.Limits.ShareLinks != 3 || c.Limits.TemporaryLinks != 10 || c.Limits.Trial != 30*24*time.Hour {
		t.Errorf("%+v", c.Limits)
	}
}

// TestR85_ALimitThatIsSetIsKept by the running server.
func TestR85_ALimitThatIsSetIsKept(t *testing.T) {
	p := serve(t, within(t, "data"), "--limits-guesses", "3", "--limits-guess-block", "90s")
	for i := range 5 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.addresses.Base+"/g/exchange",
			strings.NewReader(`{"secret":"`+secret.Random().Reveal()+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Sightline", "1")
		res, err := client(t).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if want := map[bool]int{true: http.StatusGone, false: http.StatusTooManyRequests}[i < 3]; res.StatusCode != want {
			t.Errorf("guess %d: %d, want %d", i+1, res.StatusCode, want)
		}
		if after := res.Header.Get("Retry-After"); i == 3 && after != "90" {
			t.Errorf("Retry-After %q", after)
		}
	}
}
