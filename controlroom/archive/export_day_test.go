package archive

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/internal/testcam"
)

func folderIsEmpty(dir string) bool {
	left, err := os.ReadDir(dir)
	return err == nil && len(left) == 0
}

// What is made counts for the day: short ones as more, and those that are removed,
// cancelled or over too. Nothing else of them stays.
func TestExportsCountForTheDay(t *testing.T) {
	t.Parallel()
	x := newTaken(t, ExportsConfig{DayTime: 45 * time.Second, Keep: time.Hour}, testcam.Spec{}, 4)
	anna := authz.NewID()
	ask := x.ask(anna)
	ask.Span.To = ask.Span.From.Add(time.Second)
	left := func(want time.Duration) {
		t.Helper()
		if l := x.e.Limits(anna); l.HoursLeft != want {
			t.Errorf("%v of the day are left, not %v", l.HoursLeft, want)
		}
	}
	if err := x.e.Delete(anna, x.create(ask).ID); err != nil {
		t.Fatal(err)
	}
	left(35 * time.Second)
	marked := ask
	marked.Watermark = true
	if err := x.e.Delete(anna, x.create(marked).ID); err != nil {
		t.Fatal(err)
	}
	left(25 * time.Second)
	poll(t, 10*time.Second, "the watermark has ended", func() bool {
		x.e.mu.Lock()
		defer x.e.mu.Unlock()
		return len(x.e.jobs) == 0
	})
	x.endExports()
	x.begin()
	left(25 * time.Second)
	files, err := filepath.Glob(filepath.Join(x.cfg.Folder, "*"))
	if err != nil || len(files) != 2 {
		t.Errorf("%v %v", files, err)
	}
	for _, f := range files {
		if b, err := os.ReadFile(f); err != nil || bytes.Contains(b, []byte("двер")) || bytes.Contains(b, []byte("Anna")) {
			t.Errorf("%s %v", b, err)
		}
	}
	x.create(ask)
	x.clock.shift(2 * time.Hour)
	x.e.poke()
	poll(t, 5*time.Second, "it is over", func() bool { return len(x.e.List(anna)) == 0 })
	left(15 * time.Second)
	x.clock.shift(23 * time.Hour)
	x.e.poke()
	poll(t, 5*time.Second, "the day is over", func() bool { return folderIsEmpty(x.cfg.Folder) })
	left(45 * time.Second)
}

func TestExportsHaveANumber(t *testing.T) {
	t.Parallel()
	x := newTaken(t, ExportsConfig{}, testcam.Spec{}, 4)
	for name, c := range map[string]struct {
		n    int
		of   Export
		code string
	}{
		"a day, removed": {exportsDay, Export{Deleted: true, State: exportCancelled}, CodeExportCount},
		"kept":           {exportsMost, Export{State: ExportFailed}, CodeExportKept},
		"one below":      {exportsMost - 1, Export{State: ExportFailed}, ""},
	} {
		anna := authz.NewID()
		x.e.mu.Lock()
		for i := range c.n {
			o := c.of
			o.ID, o.Account, o.Created, o.Expires = fmt.Sprint(name, i), anna, x.clock.Now(), x.clock.Now().Add(time.Hour)
			x.e.byID[o.ID] = &o
		}
		x.e.mu.Unlock()
		if _, err := x.e.Create(t.Context(), x.ask(anna)); fault.Code(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestExportsAreComputedOneAtATime(t *testing.T) {
	t.Parallel()
	x := newTaken(t, ExportsConfig{}, testcam.Spec{}, 4)
	anna := authz.NewID()
	x.e.build <- struct{}{}
	ask, made := x.ask(anna), make(chan error, 1)
	go func() {
		_, err := x.e.Create(context.Background(), ask)
		made <- err
	}()
	poll(t, 5*time.Second, "the first waits", func() bool {
		x.e.mu.Lock()
		defer x.e.mu.Unlock()
		return x.e.making[anna]
	})
	if _, err := x.e.Create(t.Context(), ask); fault.Code(err) != CodeExportBusy || !fault.Is(err, fault.RateLimited) {
		t.Errorf("a second: %v", err)
	}
	<-x.e.build
	if err := <-made; err != nil {
		t.Error(err)
	}
	x.create(ask)
}

// Exports go with the footage of their camera: files, records and what runs.
func TestExportsGoWithTheirCamera(t *testing.T) {
	t.Parallel()
	x := newTaken(t, ExportsConfig{}, testcam.Spec{}, 4)
	anna := authz.NewID()
	ask := x.ask(anna)
	f, err := x.e.Open(t.Context(), anna, x.create(ask).ID)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ask.Watermark = true
	x.create(ask)
	if err := x.a.Delete(t.Context(), "gate"); err != nil {
		t.Fatal(err)
	}
	<-f.Done()
	if list := x.e.List(anna); len(list) != 0 {
		t.Errorf("%+v", list)
	}
	poll(t, 10*time.Second, "no file stays", func() bool { return folderIsEmpty(x.cfg.Folder) })

	// One that was being computed meanwhile is not kept.
	x.e.mu.Lock()
	x.e.cutting = "gate"
	x.e.mu.Unlock()
	x.e.DropCamera("gate")
	if _, err := x.e.add(ask, &cut{}); fault.Code(err) != CodeNoFootage {
		t.Errorf("%v", err)
	}
}

// Those of a closed account go at once, and those that lost camera or account
// while the server was down with the next start.
func TestExportsGoWithTheirAccount(t *testing.T) {
	t.Parallel()
	w, h := newWorld(t, Config{}), newHouse(t, nil)
	e, err := NewExports(ExportsConfig{Archive: w.a, Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	cam, anna := h.camera(t, authz.CameraRTSP), h.person(t, "anna")
	put := func(camera, account string) string {
		t.Helper()
		x := &Export{ID: newExportID(time.Now()), Account: account, Camera: camera, State: ExportReady, Created: time.Now(), Expires: time.Now().Add(time.Hour)}
		if err := e.keep(x); err != nil {
			t.Fatal(err)
		}
		e.mu.Lock()
		e.byID[x.ID] = x
		e.mu.Unlock()
		return x.ID
	}
	put(cam, authz.NewID())
	put(authz.NewID(), h.owner.Account)
	stays, hers := put(cam, h.owner.Account), put(cam, anna.Account)
	h.recordings(t, w.a, "n")
	kept := func() int {
		files, err := filepath.Glob(filepath.Join(e.cfg.Folder, "*"+recordSuffix))
		if err != nil {
			t.Fatal(err)
		}
		return len(files)
	}
	poll(t, 10*time.Second, "what is of nobody", func() bool { return kept() == 2 })
	for id, of := range map[string]string{stays: h.owner.Account, hers: anna.Account} {
		if _, err := e.Get(of, id); err != nil {
			t.Error(err)
		}
	}
	if _, err := h.auth.CloseAccount(t.Context(), authz.Operator, anna.Account); err != nil {
		t.Fatal(err)
	}
	poll(t, 10*time.Second, "hers", func() bool { return kept() == 1 })
	if _, err := e.Get(h.owner.Account, stays); err != nil {
		t.Error(err)
	}
}
