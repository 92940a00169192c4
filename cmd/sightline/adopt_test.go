package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"sightline/internal/redistest"
)

// TestF12_AdoptStore: a server does not believe a store that was replaced until
// an operator adopts it, by the running server or without one.
func TestF12_AdoptStore(t *testing.T) {
	redis := redistest.Start(t)
	data := within(t, "data")
	place := []string{"--data", data, "--store", redis.URL()}
	ready := func(p *program) bool {
		code, _ := get(t, p.addresses.Ops+"/readyz")
		return code == http.StatusOK
	}
	until := func(p *program, want bool) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); ready(p) != want; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("ready is not %v in time:\n%s", want, p.err)
			}
		}
	}
	adopt := func(want string) {
		t.Helper()
		if code, out, errs := run(t, nil, append([]string{"adopt-store"}, place...)...); code != 0 || !strings.Contains(out, want) {
			t.Fatalf("adopt-store: %d %s%s", code, out, errs)
		}
	}
	p := serve(t, data, "--store", redis.URL())
	until(p, true)
	redis.Do("FLUSHALL")
	until(p, false)
	adopt("trusts its store again")
	until(p, true)
	p.stop()

	redis.Do("FLUSHALL")
	code, _, errs := run(t, nil, append([]string{"serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--media-port", "0"}, place...)...)
	if code != 1 || !strings.Contains(errs, "adopt-store") {
		t.Fatalf("a replaced store at start: %d %s", code, errs)
	}
	adopt("is now the one")
	until(serve(t, data, "--store", redis.URL()), true)
}

// TestANewerStoreOnRedisIsRefused at start and by the commands.
func TestANewerStoreOnRedisIsRefused(t *testing.T) {
	redis := redistest.Start(t)
	data := within(t, "data")
	place := []string{"--data", data, "--store", redis.URL()}
	serve(t, data, "--store", redis.URL()).stop()
	spaces := strings.Fields(redis.Do("KEYS", "*:meta"))
	if len(spaces) == 0 {
		t.Fatal("no space has a format")
	}
	for _, meta := range spaces {
		redis.Do("HINCRBY", meta, "format", "1")
	}
	for _, args := range [][]string{{"serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--media-port", "0"}, {"account", "list"}} {
		if code, _, errs := run(t, nil, append(args, place...)...); code != 1 || !strings.Contains(errs, "newer version") {
			t.Errorf("%s: %d %s", args[0], code, errs)
		}
	}
}
