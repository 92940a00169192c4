package archive

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sightline/authz"
	"sightline/ingest"
	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/kv/boltkv"
	"sightline/internal/kv/rediskv"
	"sightline/internal/redistest"
	"sightline/internal/seal"
	"sightline/internal/secret"
	"sightline/internal/testcam"
)

// house is a store with an authority, for Recordings.
type house struct {
	store kv.Store
	auth  *authz.Authority
	owner authz.Subject
	other authz.Subject
}

func newHouse(t *testing.T, store kv.Store) *house {
	t.Helper()
	dir := t.TempDir()
	if store == nil {
		s, err := boltkv.Open(t.Context(), dir, boltkv.Config{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		store = s
	}
	box, err := seal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{store: store, auth: authz.New(authz.Config{Store: store, Seal: box, Node: "n", Timeout: 20 * time.Second})}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { h.auth.Run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	poll(t, 10*time.Second, "the authority", func() bool { return h.auth.Ready() == nil })
	h.owner, h.other = h.person(t, "olena"), h.person(t, "petro")
	return h
}

func (h *house) person(t *testing.T, name string) authz.Subject {
	t.Helper()
	pass, email := secret.New("correct horse "+name), name+"@example.org"
	_, err := h.auth.AddAccount(t.Context(), authz.Operator, authz.NewAccount{Email: email, Plan: authz.PlanPro,
		Profile: authz.Profile{Name: name, Password: pass, Language: "en", Zone: "Europe/Kyiv"}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := h.auth.SignIn(t.Context(), email, pass, authz.Client{IP: netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		t.Fatal(err)
	}
	return l.Subject
}

func (h *house) camera(t *testing.T, kind authz.CameraKind) string {
	t.Helper()
	c, err := h.auth.CreateCamera(t.Context(), h.owner, authz.CameraSpec{Name: "Gate", Kind: kind})
	if err != nil {
		t.Fatal(err)
	}
	return c.ID
}

// recordings runs over an archive until the end of the test, or stop.
func (h *house) recordings(t *testing.T, a *Archive, node string) (r *Recordings, stop func()) {
	t.Helper()
	r, err := NewRecordings(RecordingsConfig{Store: h.store, Authority: h.auth, Archive: a, Node: node})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { r.Run(ctx) })
	stop = sync.OnceFunc(func() { cancel(); wg.Wait() })
	t.Cleanup(stop)
	return r, stop
}

func (h *house) choose(t *testing.T, r *Recordings, camera string, p Policy) Recording {
	t.Helper()
	rec, err := r.Recording(t.Context(), h.owner, camera)
	if err != nil {
		t.Fatal(err)
	}
	if rec, err = r.SetRecording(t.Context(), h.owner, camera, rec.Version, p); err != nil {
		t.Fatal(err)
	}
	return rec
}

// A policy that is chosen applies within a second or two, after a restart too;
// who may not manage the camera learns nothing; a version that is not the newest is
// refused; a camera that is off is not recorded.
func TestPoliciesAreKept(t *testing.T) {
	t.Parallel()
	w, h := newWorld(t, Config{}), newHouse(t, nil)
	cam := h.camera(t, authz.CameraRTSP)
	w.camera(cam, short(t))
	r, stop := h.recordings(t, w.a, "n")
	rec, err := r.Recording(t.Context(), h.owner, cam)
	if err != nil || rec.Version != 0 || rec.Policy.Mode != ModeOff || !rec.Available {
		t.Fatalf("%+v %v", rec, err)
	}
	for _, s := range []authz.Subject{h.other, {}} {
		if _, err := r.Recording(t.Context(), s, cam); !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%v", err)
		}
		if _, err := r.SetRecording(t.Context(), s, cam, 0, Policy{Mode: ModeContinuous}); !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%v", err)
		}
	}
	rec = h.choose(t, r, cam, Policy{Mode: ModeContinuous, KeepDays: 7})
	poll(t, 20*time.Second, "footage", func() bool { return w.a.Status(cam).Recording && len(w.segments(cam)) > 0 })
	if _, err := r.SetRecording(t.Context(), h.owner, cam, 0, Policy{}); fault.Code(err) != "stale" {
		t.Errorf("%v", err)
	}
	if _, err := r.SetRecording(t.Context(), h.owner, cam, rec.Version, Policy{Mode: "now and then"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
	off, on := false, true
	if _, err := h.auth.UpdateCamera(t.Context(), h.owner, cam, authz.CameraPatch{Enabled: &off}); err != nil {
		t.Fatal(err)
	}
	poll(t, 10*time.Second, "a camera that is off", func() bool { return !w.a.Status(cam).Recording && w.a.Policy(cam).KeepDays == 7 })
	if _, err := h.auth.UpdateCamera(t.Context(), h.owner, cam, authz.CameraPatch{Enabled: &on}); err != nil {
		t.Fatal(err)
	}
	poll(t, 10*time.Second, "and on", func() bool { return w.a.Status(cam).Recording })
	stop()
	w.end()
	w.start()
	h.recordings(t, w.a, "n")
	poll(t, 10*time.Second, "after a restart", func() bool { return w.a.Status(cam).Recording })
	if still := h.camera(t, authz.CameraStill); true {
		if _, err := r.SetRecording(t.Context(), h.owner, still, 0, Policy{Mode: ModeContinuous}); !fault.Is(err, fault.Invalid) {
			t.Errorf("a still camera: %v", err)
		}
	}
}

// Footage goes with its camera: at once, with a closed account, and at the start
// when the server was down meanwhile; but never because the store is another one.
func TestFootageGoesWithItsCamera(t *testing.T) {
	t.Parallel()
	w, h := newWorld(t, Config{}), newHouse(t, nil)
	var cams []string
	for range 3 {
		id := h.camera(t, authz.CameraRTSP)
		w.camera(id, short(t))
		cams = append(cams, id)
	}
	r, stop := h.recordings(t, w.a, "n")
	for _, id := range cams {
		h.choose(t, r, id, Policy{Mode: ModeContinuous})
	}
	has := func(id string) bool {
		_, err := os.Stat(filepath.Join(w.disk(), dirCams, id))
		return err == nil
	}
	poll(t, 20*time.Second, "footage", func() bool { return len(w.segments(cams[0]))*len(w.segments(cams[1]))*len(w.segments(cams[2])) > 0 })
	if _, err := h.auth.DeleteCamera(t.Context(), h.owner, cams[0]); err != nil {
		t.Fatal(err)
	}
	poll(t, 10*time.Second, "the first is gone", func() bool { return !has(cams[0]) && len(w.segments(cams[0])) == 0 })
	poll(t, 10*time.Second, "its policy too", func() bool {
		snap, err := h.store.Read(t.Context(), kv.Control, []string{pRecording + cams[0]}, nil)
		return err == nil && !snap.Values[0].Exists()
	})
	stop()
	w.end()
	if _, err := h.auth.DeleteCamera(t.Context(), h.owner, cams[1]); err != nil {
		t.Fatal(err)
	}
	w.start()
	_, stop = h.recordings(t, w.a, "n")
	poll(t, 10*time.Second, "what went meanwhile", func() bool { return !has(cams[1]) })
	if !has(cams[2]) || len(w.segments(cams[2])) == 0 {
		t.Error("a camera that is there lost its footage")
	}
	stop()
	w.end()
	mark := filepath.Join(w.disk(), fileStore)
	was, err := os.ReadFile(mark)
	if err != nil {
		t.Fatal(err)
	}
	epoch, _, _ := strings.Cut(string(was), " ")
	lost := filepath.Join(w.disk(), dirCams, "of-a-camera-the-backup-did-not-have")
	if err := os.Mkdir(lost, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(mark, []byte(epoch+" 1000000"), 0o600); err != nil { // the store went back since
		t.Fatal(err)
	}
	w.start()
	r3, stop3 := h.recordings(t, w.a, "n")
	poll(t, 10*time.Second, "an older store", func() bool { r3.mu.Lock(); defer r3.mu.Unlock(); return r3.loaded && len(r3.gone) == 0 })
	stop3()
	if _, err := os.Stat(lost); err != nil {
		t.Error("an older store took footage away")
	}
	w.end()
	if err := os.WriteFile(mark, was, 0o600); err != nil {
		t.Fatal(err)
	}
	w.start()
	other := newHouse(t, nil) // the same disks with another store
	r2, stop2 := other.recordings(t, w.a, "n")
	poll(t, 10*time.Second, "another store", func() bool { r2.mu.Lock(); defer r2.mu.Unlock(); return r2.loaded })
	stop2()
	if !has(cams[2]) {
		t.Error("another store took the footage away")
	}
	h.recordings(t, w.a, "n")
	poll(t, 10*time.Second, "it records", func() bool { return w.a.Status(cams[2]).Recording })
	if _, err := h.auth.CloseAccount(t.Context(), authz.Operator, h.owner.Account); err != nil {
		t.Fatal(err)
	}
	poll(t, 20*time.Second, "the account's footage", func() bool { return !has(cams[2]) })
}

// Of two nodes on one store exactly one records; the other goes on when it ends,
// and says who does until then.
func TestOneNodeRecords(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	open := func() kv.Store {
		s, err := rediskv.Open(t.Context(), srv.URL(), rediskv.Config{Timeout: 20 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	h := newHouse(t, open())
	cam := h.camera(t, authz.CameraRTSP)
	w1, w2 := newWorld(t, Config{}), newWorld(t, Config{})
	real, err := testcam.New(testcam.Config{Main: short(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(real.Close)
	for _, w := range []*world{w1, w2} {
		w.fleet.Set(ingest.Source{ID: cam, Main: real.Main(), Enabled: true})
	}
	r1, stop1 := h.recordings(t, w1.a, "one")
	h.choose(t, r1, cam, Policy{Mode: ModeContinuous})
	poll(t, 20*time.Second, "the first", func() bool { return w1.a.Status(cam).Recording })
	r2, _ := h.recordings(t, w2.a, "two")
	poll(t, 20*time.Second, "the second knows", func() bool { return r2.turn.elsewhere() == "one" })
	if rec, err := r2.Recording(t.Context(), h.owner, cam); err != nil || rec.Node != "one" || !rec.Available || rec.Status.Recording {
		t.Errorf("%+v %v", rec, err)
	}
	r3, _ := h.recordings(t, nil, "three")
	poll(t, 20*time.Second, "one without disks knows", func() bool {
		rec, err := r3.Recording(t.Context(), h.owner, cam)
		return err == nil && rec.Available && rec.Node == "one"
	})
	stop1()
	w1.end()
	poll(t, 20*time.Second, "the second goes on", func() bool { return w2.a.Status(cam).Recording })
}

// A full disk is told within two seconds, once, with the cameras that are hit;
// that it is well again too. One where nothing should be recorded is told to nobody.
func TestTroubleIsTold(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	cam := h.camera(t, authz.CameraRTSP)
	dir := small(t, "64m")
	var r *Recordings
	w := newWorld(t, Config{Disks: []Disk{{Path: dir}}, Reserve: 4 << 20, Alarm: func(al Alarm) { r.Alarm(al) }})
	w.camera(cam, short(t))
	r, _ = h.recordings(t, w.a, "n")
	r.Alarm(Alarm{Disk: dir, Reason: AlarmFull, At: time.Now()})
	if n := len(r.untold()); n != 0 {
		t.Errorf("%d tellings of a disk without recordings", n)
	}
	h.choose(t, r, cam, Policy{Mode: ModeContinuous})
	poll(t, 20*time.Second, "footage", func() bool { return len(w.segments(cam)) > 0 })
	said := make(chan event.StorageTrouble, 10)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	t.Cleanup(func() { cancel(); wg.Wait() })
	wg.Go(func() {
		_ = event.Follow(ctx, h.store, kv.Control, "test", func(_ context.Context, e event.Entry) error {
			if ev, ok := e.Event.(event.StorageTrouble); ok {
				said <- ev
			}
			return nil
		})
	})
	filler := filepath.Join(dir, "filler")
	f, err := os.Create(filler)
	if err != nil {
		t.Fatal(err)
	}
	for err = nil; err == nil; {
		_, err = f.Write(make([]byte, 64<<10))
	}
	f.Close()
	full := time.Now()
	var first event.StorageTrouble
	select {
	case first = <-said:
		if first.Reason != AlarmFull || len(first.Cameras) != 1 || first.Cameras[0] != cam || first.Disk != dir || first.Node != "n" {
			t.Errorf("%+v", first)
		}
		t.Logf("told after %v", time.Since(full))
	case <-time.After(busy * 10 * time.Second):
		t.Fatal("nobody was told")
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	poll(t, 10*time.Second, "recording again", func() bool { return w.a.Status(cam).Recording })
	poll(t, 10*time.Second, "that it knows what it told", func() bool { // the feed has it a moment before
		r.mu.Lock()
		defer r.mu.Unlock()
		r.told[dir].at = time.Now().Add(-tellRest) // the rest between two tellings is over
		return r.told[dir].said != ""
	})
	for late := time.After(busy * 10 * time.Second); ; {
		select {
		case ev := <-said:
			if ev.Reason == first.Reason && ev.At == first.At {
				continue // as a feed may
			}
			if ev.Reason != AlarmOver || len(ev.Cameras) != 1 {
				t.Errorf("%+v", ev)
			}
		case <-late:
			t.Error("nobody was told that it is over")
		}
		return
	}
}
