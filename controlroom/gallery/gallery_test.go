package gallery

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sightline/authz"
	"sightline/ingest/intake"
	"sightline/internal/clock"
	"sightline/internal/fault"
	"sightline/internal/secret"
)

func TestAcceptStoresOnce(t *testing.T) {
	onBoth(t, Config{}, func(t *testing.T, w *world) {
		ann := w.person(t, "ann", authz.PlanPro)
		gate, yard := w.camera(t, ann, "Gate"), w.camera(t, ann, "Yard")
		data := pic(t, 1)
		first := w.send(t, gate, data)
		again, err := w.gallery.Accept(t.Context(), intake.Arrival{Camera: gate, Data: data, Via: intake.ViaMail})
		if err != nil || again.New || again.Image != first {
			t.Errorf("a sender's retry: %+v %v", again, err)
		}
		if other := w.send(t, yard, data); other == first {
			t.Error("another camera's image with the same bytes is the same image")
		}
		for _, slot := range []string{"10:00", "10:10"} { // a still scene cut twice is two images
			if r, err := w.gallery.Accept(t.Context(), intake.Arrival{Camera: gate, Data: data, Once: slot, Via: intake.ViaLive}); err != nil || !r.New {
				t.Errorf("%+v %v", r, err)
			}
		}
		if got, u := w.list(t, ann, Query{}), w.usage(t, ann); len(got) != 4 || u.Count != 4 || u.Used != 4*int64(len(data)) || len(u.Cameras) != 2 || u.Cameras[0].Name != "Gate" {
			t.Errorf("%d images, %+v", len(got), u)
		}
		if n := w.files(t); n != 1 {
			t.Errorf("one content is %d files", n)
		}
		for what, c := range map[string]struct {
			a    intake.Arrival
			code string
		}{
			"no picture": {intake.Arrival{Camera: gate, Data: []byte("GIF89a")}, "bad_image"},
			"truncated":  {intake.Arrival{Camera: gate, Data: data[:len(data)/2]}, "bad_image"},
			"no camera":  {intake.Arrival{Camera: authz.NewID(), Data: data}, "no_such_thing"},
			"a name":     {intake.Arrival{Camera: "../x", Data: data}, "no_such_thing"},
		} {
			if _, err := w.gallery.Accept(t.Context(), c.a); fault.Code(err) != c.code {
				t.Errorf("%s: %v", what, err)
			}
		}
		off := false
		if _, err := w.auth.UpdateCamera(t.Context(), ann, yard, authz.CameraPatch{Enabled: &off}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.gallery.Accept(t.Context(), intake.Arrival{Camera: yard, Data: pic(t, 9)}); fault.Code(err) != "camera_off" {
			t.Errorf("a camera that is off: %v", err)
		}
	})
}

// The same arrival many times at once is one image with one file.
func TestRetriesAtOnce(t *testing.T) {
	onBoth(t, Config{}, func(t *testing.T, w *world) {
		ann := w.person(t, "ann", authz.PlanPro)
		gate := w.camera(t, ann, "Gate")
		var wg sync.WaitGroup
		var mu sync.Mutex
		made := map[string]int{}
		for i := range 40 {
			wg.Go(func() {
				r, err := w.gallery.Accept(t.Context(), intake.Arrival{Camera: gate, Data: pic(t, i%4), Via: intake.ViaFTP})
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				if n := made[r.Image]; r.New {
					made[r.Image] = n + 1
				} else {
					made[r.Image] = n
				}
			})
		}
		wg.Wait()
		if len(made) != 4 || len(w.list(t, ann, Query{})) != 4 || w.files(t) != 4 {
			t.Errorf("%v, %d listed, %d files", made, len(w.list(t, ann, Query{})), w.files(t))
		}
		for id, n := range made {
			if n != 1 {
				t.Errorf("image %s was new %d times", id, n)
			}
		}
	})
}

func TestRateOfACamera(t *testing.T) {
	w := newWorld(t, bolt(t, t.TempDir()), Config{CameraRate: 5})
	gate := w.camera(t, w.person(t, "ann", authz.PlanPro), "Gate")
	for i := range 5 {
		w.send(t, gate, pic(t, i))
	}
	w.send(t, gate, pic(t, 0)) // a retry is no new image
	_, err := w.gallery.Accept(t.Context(), intake.Arrival{Camera: gate, Data: pic(t, 6)})
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.RateLimited || f.RetryAfter <= 0 {
		t.Errorf("the sixth in a minute: %v", err)
	}
}

func TestR51_CopiesReachEveryMember(t *testing.T) {
	onBoth(t, Config{}, func(t *testing.T, w *world) {
		ann, bob, cid, dan := w.person(t, "ann", authz.PlanPro), w.person(t, "bob", authz.PlanPro), w.person(t, "cid", authz.PlanPro), w.person(t, "dan", authz.PlanPro)
		gate := w.camera(t, ann, "Gate")
		w.send(t, gate, pic(t, 1)) // before the share: no back-fill
		first := w.group(t, ann, "Hunters", bob)
		w.share(t, ann, first, gate)
		two := w.send(t, gate, pic(t, 2))
		w.poll(t, "bob has the copy", func() bool { return len(w.list(t, bob, Query{})) == 1 })
		second := w.group(t, ann, "Neighbours", bob, cid) // bob is in both: one copy (R53)
		w.share(t, ann, second, gate)
		three := w.send(t, gate, pic(t, 3))
		for _, who := range []struct {
			s    authz.Subject
			want []string
		}{{bob, []string{three, two}}, {cid, []string{three}}} {
			w.poll(t, "copies are there", func() bool { return len(w.list(t, who.s, Query{})) == len(who.want) })
			var ids []string
			for _, i := range w.list(t, who.s, Query{}) {
				ids = append(ids, i.ID)
				if i.Sender != ann.Account || i.CameraName != "Gate" {
					t.Errorf("%+v", i)
				}
			}
			if !slices.Equal(ids, who.want) {
				t.Errorf("%v, want %v", ids, who.want)
			}
		}
		if u := w.usage(t, bob); u.Count != 2 || len(u.Senders) != 1 || u.Senders[0].Name != "ann" || u.Used != int64(len(pic(t, 2))+len(pic(t, 3))) {
			t.Errorf("R53: %+v", u)
		}
		if got := w.list(t, dan, Query{}); len(got) != 0 {
			t.Errorf("somebody else got %v", got)
		}
		if got := w.list(t, ann, Query{}); len(got) != 3 || got[0].Sender != "" {
			t.Errorf("the sender has %d", len(got))
		}
		if n := w.files(t); n != 3 {
			t.Errorf("three images are %d files", n)
		}
		// R56: who left gets nothing more.
		if _, err := w.auth.LeaveGroup(t.Context(), bob, first, false); err != nil {
			t.Fatal(err)
		}
		if _, err := w.auth.RemoveParticipant(t.Context(), ann, second, bob.Account); err != nil {
			t.Fatal(err)
		}
		w.send(t, gate, pic(t, 4))
		w.poll(t, "cid has the next", func() bool { return len(w.list(t, cid, Query{})) == 2 })
		if got := w.list(t, bob, Query{}); len(got) != 2 {
			t.Errorf("who left has %d images, keeps 2", len(got))
		}
	})
}

func TestR52_ACopyBelongsToItsReceiver(t *testing.T) {
	onBoth(t, Config{Undo: 50 * time.Millisecond}, func(t *testing.T, w *world) {
		ann, bob := w.person(t, "ann", authz.PlanPro), w.person(t, "bob", authz.PlanPro)
		gate := w.camera(t, ann, "Gate")
		group := w.group(t, ann, "Hunters", bob)
		w.share(t, ann, group, gate)
		data := pic(t, 7)
		id := w.send(t, gate, data)
		w.poll(t, "the copy is there", func() bool { return len(w.list(t, bob, Query{})) == 1 })
		yes, tags := true, []string{"Fox", " red  fox "}
		if i, err := w.gallery.Change(t.Context(), bob, id, Patch{Favourite: &yes, Tags: &tags}); err != nil || !i.Favourite || !slices.Equal(i.Tags, []string{"Fox", "red fox"}) {
			t.Errorf("%+v %v", i, err)
		}
		if i, err := w.gallery.Image(t.Context(), ann, id); err != nil || i.Favourite || len(i.Tags) > 0 {
			t.Errorf("the receiver's marks are seen by the sender: %+v %v", i, err)
		}
		stays := func(after string) {
			t.Helper()
			if _, got, err := w.gallery.Original(t.Context(), bob, id); err != nil || !bytes.Equal(got, data) {
				t.Errorf("after %s: %d bytes, %v", after, len(got), err)
			}
			if u := w.usage(t, bob); u.Count != 1 {
				t.Errorf("after %s: %+v", after, u)
			}
		}
		w.batch(t, ann, DoDelete, id)
		w.poll(t, "undo has ended", func() bool {
			n, err := w.gallery.rows(t.Context(), ann.Account, w.hash(t, bob, id))
			return err == nil && !n
		})
		stays("the sender deleted it")
		if _, err := w.auth.UnshareFromGroup(t.Context(), ann, group, gate); err != nil {
			t.Fatal(err)
		}
		stays("the camera was taken out")
		if _, err := w.auth.DeleteGroup(t.Context(), ann, group); err != nil {
			t.Fatal(err)
		}
		stays("the group was deleted")
		left := w.send(t, gate, pic(t, 8))
		if _, err := w.auth.CloseAccount(t.Context(), authz.Operator, ann.Account); err != nil {
			t.Fatal(err)
		}
		w.poll(t, "the closed account's images are gone", func() bool { return w.files(t) == 1 })
		stays("the sender closed his account")
		if _, _, err := w.gallery.Original(t.Context(), ann, left); err == nil {
			t.Error("a closed account reads its images")
		}
		w.batch(t, bob, DoDelete, id)
		w.poll(t, "nobody needs the file", func() bool { return w.files(t) == 0 })
	})
}

func (w *world) hash(t *testing.T, s authz.Subject, id string) string {
	t.Helper()
	r, err := w.gallery.row(t.Context(), s.Account, id)
	if err != nil || r == nil {
		t.Fatal(id, err)
	}
	return r.Hash
}

func TestUndo(t *testing.T) {
	onBoth(t, Config{Undo: time.Hour}, func(t *testing.T, w *world) {
		soon := w.beside(t, Config{Undo: time.Millisecond})
		ann := w.person(t, "ann", authz.PlanPro)
		gate := w.camera(t, ann, "Gate")
		var ids []string
		for i := range 3 {
			ids = append(ids, w.send(t, gate, pic(t, i)))
		}
		before := w.usage(t, ann)
		w.batch(t, ann, DoFavourite, ids[0])
		w.batch(t, ann, DoDelete, ids[:2]...)
		if done, _, err := soon.Batch(t.Context(), ann, ids[2:], DoDelete, ""); err != nil || len(done) != 1 {
			t.Fatal(done, err)
		}
		if u := w.usage(t, ann); u.Used != 0 || u.Count != 0 {
			t.Errorf("deleting frees at once: %+v", u)
		}
		if days, err := w.gallery.Days(t.Context(), ann); err != nil || len(days) != 0 {
			t.Errorf("%v %v", days, err)
		}
		w.batch(t, ann, DoRestore, ids[0], ids[1])
		w.batch(t, ann, DoRestore, ids[0]) // what is there is restored
		if got := w.list(t, ann, Query{Favourite: true}); len(got) != 1 || got[0].ID != ids[0] {
			t.Errorf("what was restored is as it was: %v", got)
		}
		w.poll(t, "the third is gone for good", func() bool { return w.files(t) == 2 })
		if left, err := w.gallery.empty(t.Context(), ann.Account, true); err != nil || !left.IsZero() { // what was restored is not deleted any more
			t.Error(left, err)
		}
		if _, failed, err := w.gallery.Batch(t.Context(), ann, ids[2:], DoRestore, ""); err != nil || len(failed) != 1 {
			t.Errorf("restoring too late: %v %v", failed, err)
		}
		if u := w.usage(t, ann); u.Count != 2 || u.Used >= before.Used {
			t.Errorf("%+v", u)
		}
		for _, id := range ids[:2] {
			if _, _, err := w.gallery.Original(t.Context(), ann, id); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestQueries(t *testing.T) {
	onBoth(t, Config{}, func(t *testing.T, w *world) {
		ann, bob := w.person(t, "ann", authz.PlanPro), w.person(t, "bob", authz.PlanPro)
		gate, yard := w.camera(t, ann, "Gate"), w.camera(t, ann, "Yard")
		theirs := w.camera(t, bob, "Theirs")
		w.share(t, bob, w.group(t, bob, "Hunters", ann), theirs)
		ids := map[string][]string{}
		for i := range 30 {
			for _, c := range []string{gate, yard, theirs} {
				ids[c] = append(ids[c], w.send(t, c, pic(t, 1000*len(ids)+i+500*len(ids[yard]))))
			}
		}
		w.poll(t, "all copies are there", func() bool { return len(w.list(t, ann, Query{Limit: MaxPage})) == 90 })
		w.batch(t, ann, DoFavourite, ids[gate][3], ids[theirs][4])
		if _, _, err := w.gallery.Batch(t.Context(), ann, []string{ids[gate][3], ids[gate][5], ids[yard][6]}, DoTag, "fox"); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.gallery.Batch(t.Context(), ann, []string{ids[gate][3], ids[gate][6]}, DoTag, "fox/den"); err != nil {
			t.Fatal(err)
		}
		if tags, err := w.gallery.Tags(t.Context(), ann); err != nil || !slices.Equal(tags, []string{"fox", "fox/den"}) {
			t.Fatal(tags, err)
		}
		if tags, err := w.gallery.Tags(t.Context(), bob); err != nil || len(tags) > 0 {
			t.Fatal("tags are everybody's own:", tags, err)
		}
		middle := w.list(t, ann, Query{Limit: MaxPage})[45].Received
		for what, c := range map[string]struct {
			q    Query
			want int
		}{
			"all":               {Query{}, 90},
			"camera":            {Query{Camera: gate}, 30},
			"sender":            {Query{Sender: bob.Account}, 30},
			"own":               {Query{Sender: "me"}, 60},
			"favourites":        {Query{Favourite: true}, 2},
			"favourites of one": {Query{Favourite: true, Camera: gate}, 1},
			"tag":               {Query{Tag: "fox"}, 3},
			"tag and camera":    {Query{Tag: " fox ", Camera: yard}, 1},
			"own, of bob":       {Query{Sender: bob.Account, Camera: gate}, 0},
			"no such tag":       {Query{Tag: "owl"}, 0},
		} {
			for _, limit := range []int{1, 7, 200} {
				q := c.q
				q.Limit = limit
				var got []string
				for {
					p, err := w.gallery.List(t.Context(), ann, q)
					if err != nil {
						t.Fatal(what, err)
					}
					for _, i := range p.Images {
						got = append(got, i.ID)
					}
					if len(p.Images) > limit {
						t.Fatalf("%s: a page of %d", what, len(p.Images))
					}
					if p.Next == "" {
						break
					}
					q.After = p.Next
				}
				if len(got) != c.want || !slices.IsSortedFunc(got, func(a, b string) int { return strings.Compare(b, a) }) || len(slices.Compact(slices.Clone(got))) != len(got) {
					t.Errorf("%s by %d: %d images, want %d", what, limit, len(got), c.want)
				}
			}
		}
		newer, older := w.list(t, ann, Query{From: middle, Limit: MaxPage}), w.list(t, ann, Query{To: middle, Limit: MaxPage})
		if len(newer)+len(older) != 90 || len(newer) == 0 || len(older) == 0 || newer[len(newer)-1].Received.Before(middle) || !older[0].Received.Before(middle) {
			t.Errorf("dates: %d newer, %d older", len(newer), len(older))
		}
		if days, err := w.gallery.Days(t.Context(), ann); err != nil || len(days) == 0 || days[0].Count+func() (n int) {
			for _, d := range days[1:] {
				n += d.Count
			}
			return n
		}() != 90 {
			t.Errorf("%v %v", days, err)
		}
		for field, q := range map[string]Query{"limit": {Limit: 201}, "after": {After: "x"}, "camera": {Camera: "x"}, "sender": {Sender: "x"},
			"tag": {Tag: strings.Repeat("x", 41)}, "to": {From: middle, To: middle}} {
			_, err := w.gallery.List(t.Context(), ann, q)
			var f *fault.Error
			if !errors.As(err, &f) || f.Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		// What is another's is as what does not exist.
		_, notMine := w.gallery.Image(t.Context(), bob, ids[gate][0])
		_, none := w.gallery.Image(t.Context(), bob, authz.NewID())
		if notMine == nil || notMine.Error() != none.Error() {
			t.Errorf("%v and %v", notMine, none)
		}
		if _, err := w.gallery.List(t.Context(), authz.Subject{}, Query{}); !fault.Is(err, fault.Unauthenticated) && !fault.Is(err, fault.Forbidden) {
			t.Errorf("nobody lists: %v", err)
		}
	})
}

func TestR66_R67_GuestsSeeTheNewestOnly(t *testing.T) {
	onBoth(t, Config{GuestMost: 20}, func(t *testing.T, w *world) {
		ann, bob := w.person(t, "ann", authz.PlanPro), w.person(t, "bob", authz.PlanPro)
		cams := []string{w.camera(t, ann, "Gate"), w.camera(t, ann, "Yard")}
		hidden := w.camera(t, ann, "Bedroom")
		theirs := w.camera(t, bob, "Theirs")
		w.share(t, bob, w.group(t, bob, "Hunters", ann), theirs)
		var sent []string
		for i := range 30 {
			sent = append(sent, w.send(t, cams[i%2], pic(t, i)))
			w.tick(t)
		}
		hiddenImage := w.send(t, hidden, pic(t, 100))
		received := w.send(t, theirs, pic(t, 101))
		w.poll(t, "ann has the copy", func() bool { return len(w.list(t, ann, Query{Camera: theirs})) == 1 })
		link, err := w.auth.CreateLink(t.Context(), ann, authz.NewLink{Kind: authz.LinkShare, Name: "Friends", Cameras: cams, RiskAcknowledged: true})
		if err != nil {
			t.Fatal(err)
		}
		guest := w.guest(t, link)
		list, err := w.gallery.Guest(t.Context(), ann.Account, cams)
		if err != nil || len(list) != 20 || list[0].ID != sent[29] || list[19].ID != sent[10] {
			t.Fatalf("%d images, %v", len(list), err)
		}
		get := func(id string) error {
			_, err := w.gallery.GuestBytes(t.Context(), guest, ann.Account, cams, id, false)
			return err
		}
		none := get(authz.NewID())
		for what, id := range map[string]string{"the 21st": sent[9], "another camera's": hiddenImage, "a received copy": received, "no id": "../../x"} {
			if err := get(id); err == nil || err.Error() != none.Error() {
				t.Errorf("%s: %v", what, err)
			}
		}
		if err := get(sent[10]); err != nil {
			t.Errorf("the 20th: %v", err)
		}
		w.send(t, cams[0], pic(t, 200))
		w.poll(t, "a saved address stops when the image leaves the limit", func() bool { return get(sent[10]) != nil })
		// Day 15: the same gallery, looked at later.
		later, err := New(Config{Store: w.store, Blobs: w.blobs, Authority: w.auth, Clock: &stepped{clock.System, 14*24*time.Hour + time.Minute}, GuestMost: 20, Call: patience})
		if err != nil {
			t.Fatal(err)
		}
		if list, err := later.Guest(t.Context(), ann.Account, cams); err != nil || len(list) != 0 {
			t.Errorf("on day 15: %d images, %v", len(list), err)
		}
		if _, err := later.GuestBytes(t.Context(), guest, ann.Account, cams, sent[29], true); err == nil || err.Error() != none.Error() {
			t.Errorf("on day 15 by its address: %v", err)
		}
		// An old picture that is sent today is old.
		r, err := w.gallery.Accept(t.Context(), intake.Arrival{Camera: cams[0], Data: pic(t, 300), Taken: time.Now().Add(-15 * 24 * time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		if err := get(r.Image); err == nil {
			t.Error("a picture taken 15 days ago is shown")
		}
		if _, err := w.auth.PauseLink(t.Context(), ann, link.Link.ID); err != nil {
			t.Fatal(err)
		}
		if err := get(sent[29]); fault.Code(err) != "link_paused" {
			t.Errorf("while the link is paused: %v", err)
		}
	})
}

func (w *world) guest(t *testing.T, link authz.LinkView) authz.Subject {
	t.Helper()
	id, ticket, err := w.auth.Exchange(t.Context(), link.Secret, authz.Subject{})
	if err != nil {
		t.Fatal(err)
	}
	s, _, _, err := w.auth.Visit(t.Context(), id, ticket, secret.String{}, authz.Client{IP: netip.MustParseAddr("192.0.2.7")})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestThumbnails(t *testing.T) {
	w := newWorld(t, bolt(t, t.TempDir()), Config{Thumbnail: 16})
	ann := w.person(t, "ann", authz.PlanPro)
	id := w.send(t, w.camera(t, ann, "Gate"), pic(t, 5))
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if data, err := w.gallery.Thumbnail(t.Context(), ann, id); err != nil || len(data) == 0 {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := w.files(t); n != 2 {
		t.Errorf("an image and its thumbnail are %d files", n)
	}
}

// A crash leaves references without rows, bytes without references, and blobs
// half removed. The sweep clears them and touches nothing else.
func TestSweep(t *testing.T) {
	store := bolt(t, t.TempDir())
	w := newWorld(t, store, Config{Alone: true})
	ann := w.person(t, "ann", authz.PlanPro)
	gate := w.camera(t, ann, "Gate")
	for i := range 5 {
		w.send(t, gate, pic(t, i))
	}
	orphan := fmt.Sprintf("%064x", 0xabc)
	if err := w.gallery.refs.add(t.Context(), orphan, ann.Account); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{blobName(orphan, asSent), blobName(fmt.Sprintf("%064x", 0xdef), asThumb)} {
		if err := w.blobs.Put(t.Context(), name, []byte("left")); err != nil {
			t.Fatal(err)
		}
	}
	next, err := New(Config{Store: store, Blobs: w.blobs, Authority: w.auth, Alone: true, Clock: &stepped{clock.System, time.Second}, Call: patience})
	if err != nil {
		t.Fatal(err)
	}
	if err := next.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := w.files(t); n != 5 {
		t.Errorf("%d files after the sweep, 5 are needed", n)
	}
	for _, i := range w.list(t, ann, Query{}) {
		if _, _, err := w.gallery.Original(t.Context(), ann, i.ID); err != nil {
			t.Error(err)
		}
	}
}

// Two nodes add and drop the last need of one blob again and again: whoever has
// a row has the bytes.
func TestLastNeedAgainstFirst(t *testing.T) {
	onBoth(t, Config{Undo: time.Millisecond}, func(t *testing.T, w *world) {
		ann, bob := w.person(t, "ann", authz.PlanPro), w.person(t, "bob", authz.PlanPro)
		cams := map[string]string{ann.Account: w.camera(t, ann, "A"), bob.Account: w.camera(t, bob, "B")}
		other, err := New(Config{Store: w.store, Blobs: w.blobs, Authority: w.auth, CameraRate: 10_000, Undo: time.Millisecond, Call: patience})
		if err != nil {
			t.Fatal(err)
		}
		data := pic(t, 1)
		var wg sync.WaitGroup
		for i, s := range []authz.Subject{ann, bob} {
			g := []*Gallery{w.gallery, other}[i]
			wg.Go(func() {
				for n := range 60 {
					r, err := g.Accept(t.Context(), intake.Arrival{Camera: cams[s.Account], Data: data, Once: fmt.Sprint(n)})
					if err != nil {
						t.Error(err)
						return
					}
					if _, got, err := g.Original(t.Context(), s, r.Image); err != nil || !bytes.Equal(got, data) {
						t.Errorf("round %d: %d bytes, %v", n, len(got), err)
						return
					}
					if _, _, err := g.Batch(t.Context(), s, []string{r.Image}, DoDelete, ""); err != nil {
						t.Error(err)
					}
					if _, err := g.empty(t.Context(), s.Account, true); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		w.poll(t, "nobody needs the file", func() bool { return w.files(t) == 0 })
	})
}
