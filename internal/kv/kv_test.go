package kv

import (
	"context"
	"testing"
	"time"
)

func TestIDsCarryTheirTimeAndSortByIt(t *testing.T) {
	at := time.UnixMilli(1_800_000_000_123)
	last := ""
	for i := range 100 {
		when := at.Add(time.Duration(i) * time.Millisecond)
		id := NewID(when)
		got, err := IDTime(id)
		if err != nil || !got.Equal(when) || len(id) != 26 {
			t.Fatalf("%s = %v, %v, want %v", id, got, err, when)
		}
		if id <= last {
			t.Fatalf("%s does not sort after %s", id, last)
		}
		last = id
	}
	for _, bad := range []string{"", "short", last[:25], last + "0", "UUUUUUUUUUUUUUUUUUUUUUUUUU"} {
		if _, err := IDTime(bad); err == nil {
			t.Errorf("%q was taken for an ID", bad)
		}
	}
}

func TestBounds(t *testing.T) {
	for _, c := range []struct {
		scan   Scan
		lo, hi string
		ok     bool
	}{
		{Scan{}, "", "", true},
		{Scan{Prefix: "a"}, "a", "b", true},
		{Scan{Prefix: "a\xff"}, "a\xff", "b", true},
		{Scan{Prefix: "\xff\xff"}, "\xff\xff", "", true},
		{Scan{Prefix: "a", From: "b"}, "b", "b", false},
		{Scan{Prefix: "a", From: "ab"}, "ab", "b", true},
		{Scan{Prefix: "a", From: "A"}, "a", "b", true},
		{Scan{Prefix: "b", From: "a", Reverse: true}, "b", "a\x00", false},
		{Scan{Prefix: "a", From: "ab", Reverse: true}, "a", "ab\x00", true},
		{Scan{From: "x", Reverse: true}, "", "x\x00", true},
	} {
		lo, hi, ok := c.scan.Bounds()
		if ok != c.ok || lo != c.lo || hi != c.hi {
			t.Errorf("%+v = %q %q %v, want %q %q %v", c.scan, lo, hi, ok, c.lo, c.hi, c.ok)
		}
	}
}

func TestHintsAreCoalesced(t *testing.T) {
	var h Hints
	var calls []string
	h.First = func(s Space) { calls = append(calls, "first "+string(s)) }
	h.Last = func(s Space) { calls = append(calls, "last "+string(s)) }
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	a, b := h.Add(ctx, Control), h.Add(ctx, Control)
	other := h.Add(ctx, "other")
	<-a
	<-b
	<-other
	for range 5 {
		h.Signal(Control)
	}
	<-a
	<-b
	select {
	case <-a:
		t.Error("five signals gave two hints")
	case <-other:
		t.Error("a hint for another space")
	default:
	}
	cancel()
	for range a {
	}
	for range other {
	}
	for range b {
	}
	for deadline := time.Now().Add(20 * time.Second); len(h.Spaces()) > 0 && time.Now().Before(deadline); {
		<-time.After(time.Millisecond)
	}
	if len(calls) != 4 || calls[0] != "first control" || calls[1] != "first other" {
		t.Errorf("calls = %v", calls)
	}
	h.Close()
	if _, ok := <-h.Add(t.Context(), Control); !ok {
		t.Error("no first hint")
	}
	if _, ok := <-h.Add(ctx, Control); !ok {
		t.Error("no first hint with an ended context")
	}
}

func TestRecords(t *testing.T) {
	type rec struct {
		V    int    `json:"v"`
		Name string `json:"name"`
	}
	kept := Encode(rec{V: 2, Name: "a"})
	if r, ok := Decode[rec](Value{Data: kept, Version: 1}, 2); !ok || r.Name != "a" {
		t.Errorf("%+v %v", r, ok)
	}
	for name, v := range map[string]Value{"none": {}, "deleted": {Data: kept}, "another version": {Data: Encode(rec{V: 1, Name: "a"}), Version: 1},
		"broken": {Data: []byte("{"), Version: 1}, "another form": {Data: []byte(`{"v":2,"name":3}`), Version: 1}} {
		if r, ok := Decode[rec](v, 2); ok {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
