package main

import (
	"strings"
	"testing"
)

func TestHealth(t *testing.T) {
	data := within(t, "data")
	p := serve(t, data)
	p.becomesReady(true)
	at := strings.TrimPrefix(p.addresses.Ops, "http://")
	if code, out, errs := run(t, nil, "health", "--ops-listen", at); code != 0 || out != "ready\n" {
		t.Errorf("a server that serves: %d %s%s", code, out, errs)
	}
	_, port, _ := strings.Cut(at, ":")
	if code, out, errs := run(t, []string{"SIGHTLINE_OPS_LISTEN=:" + port}, "health"); code != 0 || out != "ready\n" {
		t.Errorf("an address of all interfaces: %d %s%s", code, out, errs)
	}
	p.stop()
	elsewhere := "127.0.0.77:" + port // where nobody takes the port that is free now
	if code, _, errs := run(t, nil, "health", "--ops-listen", elsewhere); code != 1 || !strings.Contains(errs, "no server answers") {
		t.Errorf("no server: %d %s", code, errs)
	}
	if code, _, errs := run(t, nil, "health", "--ops-listen", ""); code != 2 || !strings.Contains(errs, "set ops.listen") {
		t.Errorf("no listener: %d %s", code, errs)
	}
}
