package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestStackStopsInReverse(t *testing.T) {
	s := newStack(slog.New(slog.DiscardHandler))
	var order []string
	for _, name := range []string{"store", "room", "web"} {
		s.push(name, func(context.Context) error { order = append(order, name); return nil })
	}
	s.loop("loop", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if !slices.Equal(order, []string{"web", "room", "store"}) {
		t.Errorf("order %v", order)
	}
	if err := s.stop(); err != nil || len(order) != 3 {
		t.Errorf("a second stop: %v, order %v", err, order)
	}
}

func TestStackNamesWhatFails(t *testing.T) {
	s := newStack(slog.New(slog.DiscardHandler))
	s.run("web", func() error { return errors.New("gone") }, func(context.Context) error { return nil })
	if err := <-s.failed; err == nil || err.Error() != "web: gone" {
		t.Errorf("failed with %v", err)
	}
	s.push("store", func(context.Context) error { return errors.New("disk") })
	if err := s.stop(); err == nil || !strings.Contains(err.Error(), "stopping store: disk") {
		t.Errorf("stopped with %v", err)
	}
}

// A part that hangs is named, and the stop ends in time all the same.
func TestStackGivesUpOnAPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStack(slog.New(slog.DiscardHandler))
		release := make(chan struct{})
		s.push("store", func(context.Context) error { return nil })
		s.push("stubborn", func(context.Context) error { <-release; return nil })
		begun := time.Now()
		err := s.stop()
		if err == nil || !strings.Contains(err.Error(), "stubborn did not stop within 9s") || time.Since(begun) > stopBar {
			t.Errorf("%v after %s", err, time.Since(begun))
		}
		close(release)
	})
}

func TestFolderIsLocked(t *testing.T) {
	dir := within(t, "data")
	f, err := openFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openFolder(dir); err == nil || !strings.Contains(err.Error(), "already runs") {
		t.Errorf("a second lock: %v", err)
	}
	if err := f.close(); err != nil {
		t.Fatal(err)
	}
	f, err = openFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	_ = f.close()
}
