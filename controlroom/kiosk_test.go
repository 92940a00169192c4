package controlroom

import (
	"slices"
	"testing"
	"time"

	"sightline/authz"
)

// Row R87: a screen on a wall is not paused, however long nobody touches it.
func TestR87_KioskDoesNotFreeze(t *testing.T) {
	tr := fakeRoom(t, "c0")
	screen := authz.Subject{Kind: authz.DeviceSubject, Account: olena.Account, Login: authz.NewID()}
	k, p, _ := tr.open(t, screen, cameraTiles("c0")...)
	eventually(t, "live", func() bool { return k.at(0).State == StateLive })
	k.mu.Lock()
	k.socket = &Socket{out: newOutbox(), done: make(chan struct{})} // its page is there
	k.mu.Unlock()
	defer k.change(func() { k.socket = nil })
	for range 48 {
		tr.clock.Advance(time.Hour)
		k.age(tr.clock.Now())
	}
	k.mu.Lock()
	frozen, end := k.frozen, k.end
	k.mu.Unlock()
	if frozen || end != nil || !p.carries(k.at(0).Mid) {
		t.Errorf("after two days: frozen %v, end %v", frozen, end)
	}
}

func TestR96_KioskCells(t *testing.T) {
	cam := func(id, name string) authz.CameraAccess {
		return authz.CameraAccess{Camera: authz.Camera{ID: id, Name: name}}
	}
	cams := []authz.CameraAccess{cam("a", "Yard"), cam("b", "Gate")}
	got := resolve([]Cell{{Any: 2}, {Camera: "a"}, {Camera: "hidden"}, {}, {Any: 3}, {Camera: "a"}}, cams)
	want := []KioskCell{{"b", "Gate"}, {"a", "Yard"}, {"hidden", ""}, {}, {}, {"a", "Yard"}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}
