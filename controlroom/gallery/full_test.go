package gallery

import (
	"fmt"
	"testing"

	"sightline/authz"
	"sightline/ingest/intake"
	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

func TestR54_AFullGallerySkipsItsOwnerOnly(t *testing.T) {
	onBoth(t, Config{}, func(t *testing.T, w *world) {
		ann, poor, rich := w.person(t, "ann", authz.PlanPro), w.person(t, "poor", authz.PlanMini), w.person(t, "rich", authz.PlanPro)
		gate := w.camera(t, ann, "Gate")
		w.share(t, ann, w.group(t, ann, "Hunters", poor, rich), gate)
		const room = 10 // of 10,000 bytes; couriers may bring them in any order
		for i := range room + 3 {
			w.send(t, gate, alike(t, i))
		}
		w.poll(t, "the other has all", func() bool { return len(w.list(t, rich, Query{Limit: MaxPage})) == room+3 })
		w.poll(t, "three are counted", func() bool { return w.usage(t, poor).Skipped == 3 })
		u := w.usage(t, poor)
		if u.Count != room || u.Used > u.Limit || u.Since.IsZero() {
			t.Errorf("%+v, room for %d", u, room)
		}
		w.told(t, poor, 1)
		if n := w.files(t); n != room+3 {
			t.Errorf("%d files", n)
		}
		// Deleting frees at once; nothing old went by itself.
		oldest := w.list(t, poor, Query{Limit: MaxPage})[room-1].ID
		w.batch(t, poor, DoDelete, oldest)
		w.send(t, gate, alike(t, 100))
		w.poll(t, "there is room again", func() bool { return w.usage(t, poor).Count == room })
		if u := w.usage(t, poor); u.Skipped != 0 {
			t.Errorf("%+v", u)
		}
		if _, failed, err := w.gallery.Batch(t.Context(), poor, []string{oldest}, DoRestore, ""); err != nil || len(failed) != 1 || failed[0].Code != "quota_full" {
			t.Errorf("undo without room: %v %v", failed, err)
		}
		// An own camera of a full account is refused, and that is told too.
		own := w.camera(t, poor, "Own")
		if _, err := w.gallery.Accept(t.Context(), intake.Arrival{Camera: own, Data: alike(t, 200)}); fault.Code(err) != "quota_full" {
			t.Errorf("%v", err)
		}
		w.told(t, poor, 2) // the second since there was room
	})
}

// told waits until somebody was told so often that his gallery is full. Couriers
// that meet say the same twice, which is one notice (notice.TestR54_AFullGalleryIsOneNotice).
func (w *world) told(t *testing.T, s authz.Subject, times int) {
	t.Helper()
	said := func() int {
		entries, err := event.Recent(t.Context(), w.store, kv.Control, 1000)
		if err != nil {
			t.Fatal(err)
		}
		notices := map[string]bool{}
		for _, e := range entries {
			if full, ok := e.Event.(event.GalleryFull); ok && full.Account == s.Account {
				notices[e.ID] = true
			}
		}
		return len(notices)
	}
	w.poll(t, "told", func() bool { return said() >= times })
	if n := said(); n != times {
		t.Errorf("told %d times, not %d", n, times)
	}
}

// A copy that finds no room is counted once, however often it is tried, and is
// told once, even where the first telling was cut off.
func TestR54_ARetryIsNotCountedAgain(t *testing.T) {
	w := newWorld(t, bolt(t, t.TempDir()), Config{})
	poor := w.person(t, "poor", authz.PlanMini)
	accounts, err := w.auth.AccountsByID(t.Context(), []string{poor.Account})
	if err != nil {
		t.Fatal(err)
	}
	p := parcel{sender: authz.NewID(), id: authz.NewID(), box: box{Row: row{V: rowVersion, Camera: authz.NewID(), Hash: fmt.Sprintf("%064x", 9), Bytes: 1 << 30}}}
	for range 3 {
		if took, err := w.gallery.receive(t.Context(), accounts[poor.Account], p); took || err != nil {
			t.Fatal(took, err)
		}
	}
	if u := w.usage(t, poor); u.Skipped != 1 {
		t.Errorf("%d images were skipped, it was one", u.Skipped)
	}
	w.told(t, poor, 1)
}
