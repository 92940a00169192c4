package main

import (
	"strings"
	"testing"

	"sightline/internal/redistest"
)

// TestF12_AdoptStore: a server does not believe a store that was replaced until
// an operator adopts it, by the running server or without one.
func TestF12_AdoptStore(t *testing.T) {
	redis := redistest.Start(t)
	data := within(t, "data")
	place := []string{"--data", data, "--store", redis.URL()}
	adopt := func(want string) {
		t.Helper()
		if code, out, errs := run(t, nil, append([]string{"adopt-store"}, place...)...); code != 0 || !strings.Contains(out, want) {
			t.Fatalf("adopt-store: %d %s%s", code, out, errs)
		}
	}
	p := serve(t, data, "--store", redis.URL())
	p.becomesReady(true)
	redis.Do("FLUSHALL")
	p.becomesReady(false)
	adopt("trusts its store again")
	p.becomesReady(true)
	p.stop()

	redis.Do("FLUSHALL")
	code, _, errs := run(t, nil, append([]string{"serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--media-port", "0"}, place...)...)
	if code != 1 || !strings.Contains(errs, "adopt-store") {
		t.Fatalf("a replaced store at start: %d %s", code, errs)
	}
	adopt("is now the one")
	serve(t, data, "--store", redis.URL()).becomesReady(true)
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
