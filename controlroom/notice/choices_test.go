package notice

import (
	"errors"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/secret"
)

func TestPreferencesAreReplacedByVersion(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		olena := w.person(t, "olena")
		p, err := w.board.Preferences(t.Context(), olena)
		if err != nil || p.Version != 0 || p.Digest != DigestOff || p.Quiet.On || p.Quiet.Zone != "UTC" || len(p.Kinds) != len(kinds) || !p.Kinds[Motion].Push || p.Kinds[Motion].Mail {
			t.Fatalf("%+v %v", p, err)
		}
		next := p
		next.Digest, next.Quiet = DigestDaily, Quiet{On: true, From: "22:00", To: "07:00", Zone: "Europe/Kyiv"}
		next.Kinds = map[string]Ways{Motion: {Mail: true}}
		got, err := w.board.SetPreferences(t.Context(), olena, next)
		if err != nil || got.Version == 0 || got.Kinds[Motion] != (Ways{Mail: true}) || got.Kinds[Storage] != grave {
			t.Fatalf("%+v %v", got, err)
		}
		if _, err := w.board.SetPreferences(t.Context(), olena, next); !fault.Is(err, fault.Conflict) {
			t.Errorf("an old version is taken: %v", err)
		}
		if again, err := w.board.Preferences(t.Context(), olena); err != nil || again.Version != got.Version || again.Digest != DigestDaily || again.Quiet != next.Quiet {
			t.Errorf("%+v %v", again, err)
		}
		bad := map[string]func(*Preferences){
			"quiet.from":             func(p *Preferences) { p.Quiet.From = "25:00" },
			"quiet.to":               func(p *Preferences) { p.Quiet.To = p.Quiet.From },
			"quiet.zone":             func(p *Preferences) { p.Quiet.Zone = "Europe/Nowhere" },
			"digest":                 func(p *Preferences) { p.Digest = "weekly" },
			"kinds.nothing":          func(p *Preferences) { p.Kinds = map[string]Ways{"nothing": {}} },
			"kinds." + OfferReceived: func(p *Preferences) { p.Kinds = map[string]Ways{OfferReceived: {}} },
			"kinds." + LinkNear:      func(p *Preferences) { p.Kinds = map[string]Ways{LinkNear: {Feed: true, Mail: true}} },
		}
		for field, change := range bad {
			p := got
			change(&p)
			_, err := w.board.SetPreferences(t.Context(), olena, p)
			if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != fault.Invalid || f.Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
	})
}

func TestQuietHoursByTheWallClock(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct{ name, from, to, zone, now, ends string }{
		{"before midnight", "22:00", "07:00", "UTC", "2026-11-22T23:30:00Z", "2026-11-23T07:00:00Z"},
		{"after midnight", "22:00", "07:00", "UTC", "2026-11-22T06:59:59Z", "2026-11-22T07:00:00Z"},
		{"over", "22:00", "07:00", "UTC", "2026-11-22T07:00:00Z", ""},
		{"not begun", "22:00", "07:00", "UTC", "2026-11-22T21:59:59Z", ""},
		{"by day", "12:00", "14:00", "UTC", "2026-11-22T12:00:00Z", "2026-11-22T14:00:00Z"},
		{"in its zone", "22:00", "07:00", "Europe/Kyiv", "2026-11-22T20:30:00Z", "2026-11-23T05:00:00Z"},
		{"summer begins in the night", "22:00", "07:00", "Europe/Kyiv", "2026-03-28T21:00:00Z", "2026-03-29T04:00:00Z"},
		{"summer ends in the night", "22:00", "07:00", "Europe/Kyiv", "2026-10-24T20:00:00Z", "2026-10-25T05:00:00Z"},
		{"the end is skipped", "01:00", "03:30", "Europe/Kyiv", "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z"},
		{"the end comes twice", "01:00", "03:30", "Europe/Kyiv", "2026-10-25T00:15:00Z", "2026-10-25T00:30:00Z"},
		{"and both are quiet", "03:00", "03:30", "Europe/Kyiv", "2026-10-25T01:15:00Z", "2026-10-25T01:30:00Z"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		q := choices{Quiet: Quiet{On: true, From: c.from, To: c.to}}
		ends, quiet := q.quiet(at(c.now), zone)
		if quiet != (c.ends != "") || quiet && !ends.Equal(at(c.ends)) {
			t.Errorf("%s: %v, ends %v, want %s", c.name, quiet, ends.UTC(), c.ends)
		}
	}
	kyiv, _ := time.LoadLocation("Europe/Kyiv")
	hourly, daily := choices{Digest: DigestHourly}, choices{Digest: DigestDaily, Quiet: Quiet{On: true, From: "22:00", To: "09:15"}}
	if due, gathers := hourly.letterDue(at("2026-11-22T10:00:00Z"), kyiv); !gathers || !due.Equal(at("2026-11-22T11:00:00Z")) {
		t.Errorf("hourly: %v", due)
	}
	if due, gathers := daily.letterDue(at("2026-11-22T10:00:00Z"), kyiv); !gathers || !due.Equal(at("2026-11-23T07:15:00Z")) {
		t.Errorf("daily: %v", due)
	}
	if due, gathers := (choices{}).letterDue(at("2026-11-22T10:00:00Z"), kyiv); gathers || !due.Equal(at("2026-11-22T10:00:00Z")) {
		t.Errorf("at once: %v", due)
	}
}

// What an older version wrote is read: notices without the new fields, unread
// marks without a value.
func TestNoticesOfAnOlderVersionAreRead(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		olena, max := w.person(t, "olena"), w.person(t, "max")
		yard := w.camera(t, olena, "Yard")
		now := time.Now()
		var writes []kv.Write
		for i, data := range []string{
			`{"v":1,"kind":"offer_answered","at":` + ms(now.Add(-4*time.Hour)) + `,"camera":"` + yard + `","person":"` + max.Account + `","answer":"declined"}`,
			`{"v":1,"kind":"gallery_full","at":` + ms(now.Add(-3*time.Hour)) + `}`,
			`{"v":1,"kind":"of_the_future","at":` + ms(now.Add(-2*time.Hour)) + `,"camera":"` + yard + `"}`,
			`{"v":2,"kind":"gallery_full","at":` + ms(now.Add(-time.Hour)) + `}`,
		} {
			id := noticeID(now.Add(time.Duration(i-4)*time.Hour), data, olena.Account, "x")
			writes = append(writes, kv.Write{Key: pNotice + id, Data: []byte(data)}, kv.Write{Key: pUnread + id})
		}
		if _, err := w.store.Commit(t.Context(), kv.Txn{ID: kv.NewID(now), Space: kv.Bulk(olena.Account), Writes: writes}); err != nil {
			t.Fatal(err)
		}
		w.reads(t, olena, "of_the_future; gallery_full; offer_answered declined by max on Yard", 4)
	})
}

func TestNoticesAreFilteredAndPaged(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		olena := w.person(t, "olena")
		yard, gate := w.camera(t, olena, "Yard"), w.camera(t, olena, "Gate")
		start := time.Now().Add(-30 * time.Hour).Truncate(time.Second)
		for i := range 130 {
			r := record{Kind: Motion, At: start.Add(time.Duration(i) * 10 * time.Minute).UnixMilli(), Camera: yard}
			if i%2 == 1 {
				r.Camera = gate
			}
			if i%10 == 0 {
				r.Kind = PersonSeen
			}
			if err := w.board.add(t.Context(), string(rune('a'+i)), olena.Account, r, nil); err != nil {
				t.Fatal(err)
			}
		}
		count := func(q Query) (n, pages int) {
			t.Helper()
			seen := map[string]bool{}
			for {
				l, err := w.board.List(t.Context(), olena, q)
				if err != nil {
					t.Fatal(err)
				}
				pages++
				for _, x := range l.Notices {
					if seen[x.ID] {
						t.Fatal("one notice twice")
					}
					seen[x.ID] = true
				}
				if n += len(l.Notices); l.Next == "" {
					return n, pages
				}
				q.Before = l.Next
			}
		}
		for _, c := range []struct {
			name     string
			q        Query
			n, pages int
		}{
			{"all", Query{}, 130, 3},
			{"a camera", Query{Camera: gate}, 65, 2},
			{"a kind", Query{Kinds: []string{PersonSeen}}, 13, 1},
			{"two kinds", Query{Kinds: []string{PersonSeen, Motion}}, 130, 3},
			{"none of it", Query{Kinds: []string{Vehicle}}, 0, 1},
			{"a time", Query{From: start.Add(100 * time.Minute), To: start.Add(200 * time.Minute)}, 10, 1},
			{"all at once", Query{Camera: yard, Kinds: []string{Motion}, From: start, To: start.Add(100 * time.Minute)}, 4, 1},
		} {
			if n, pages := count(c.q); n != c.n || pages != c.pages {
				t.Errorf("%s: %d on %d pages, want %d on %d", c.name, n, pages, c.n, c.pages)
			}
		}
		for _, q := range []Query{{Before: "x"}, {Camera: "../x"}, {Kinds: []string{"x"}}, {From: start, To: start}} {
			if _, err := w.board.List(t.Context(), olena, q); !fault.Is(err, fault.Invalid) {
				t.Errorf("%+v: %v", q, err)
			}
		}
	})
}

// A person's own notices cost at most so much, whatever happens.
func TestWhatIsKeptForAPersonIsBounded(t *testing.T) {
	s := newScene(t, func(c *BoardConfig) { c.Most = 30 })
	olena := s.person(t, "olena")
	yard := s.camera(t, olena, "Yard")
	s.choose(t, olena, letters(DigestDaily))
	for i := range 60 {
		if err := s.board.add(t.Context(), string(rune('a'+i)), olena.Account, record{Kind: Motion, At: s.fake.Now().UnixMilli() + int64(i), Camera: yard}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.list(t, olena)); n != 30 || s.unread(t, olena) != 30 {
		t.Errorf("%d are kept, %d unread", n, s.unread(t, olena))
	}
	// What is older than it is kept goes with the next one.
	s.fake.Advance(31 * 24 * time.Hour)
	if err := s.board.add(t.Context(), "late", olena.Account, record{Kind: Motion, At: s.fake.Now().UnixMilli(), Camera: yard}, nil); err != nil {
		t.Fatal(err)
	}
	snap, err := s.store.Read(t.Context(), kv.Bulk(olena.Account), nil, []kv.Scan{{Prefix: pNotice}, {Prefix: pUnread}})
	if err != nil || len(snap.Scans[0]) != 1 || len(snap.Scans[1]) != 1 {
		t.Errorf("%d notices, %d marks, %v", len(snap.Scans[0]), len(snap.Scans[1]), err)
	}
	// A camera that is gone takes what was kept of it along.
	s.event(t, yard, "motion", "")
	s.idle(t)
	kept := func() int {
		snap, err := s.store.Read(t.Context(), kv.Bulk(olena.Account), nil, []kv.Scan{{Prefix: pNotice}})
		if err != nil {
			t.Fatal(err)
		}
		return len(snap.Scans[0])
	}
	again, err := s.auth.SignIn(t.Context(), "olena@example.org", secret.New("correct horse olena"), authz.Client{IP: netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.auth.DeleteCamera(t.Context(), again.Subject, yard); err != nil {
		t.Fatal(err)
	}
	s.poll(t, "nothing of the camera is left", func() bool {
		snap, err := s.store.Read(t.Context(), event.CameraEvents, nil, []kv.Scan{{Prefix: pLast}})
		return err == nil && len(snap.Scans[0]) == 0 && kept() == 0
	})
}

// A schedule hides what was told outside of its hours, and time brings it back.
func TestR14_OutsideTheScheduleNothingIsCountedOrListed(t *testing.T) {
	s := newScene(t)
	olena, max := s.person(t, "olena"), s.person(t, "max")
	yard := s.camera(t, olena, "Yard")
	table, err := s.auth.Access(t.Context(), olena, yard)
	if err != nil {
		t.Fatal(err)
	}
	hour := s.fake.Now().Hour() * 60
	week := &authz.Schedule{}
	for d := range 7 {
		for _, from := range []int{hour, (hour + 180) % 1440} {
			week.Intervals = append(week.Intervals, authz.Interval{Day: time.Weekday(d), From: from, To: (from + 60) % 1440})
		}
	}
	if _, err := s.auth.SaveAccess(t.Context(), olena, yard, table.Version, []authz.GrantEdit{{Email: "max@example.org", Levels: seen, Schedule: week}}); err != nil {
		t.Fatal(err)
	}
	s.accept(t, max, yard)
	s.idle(t)
	if err := s.board.MarkRead(t.Context(), max, nil); err != nil {
		t.Fatal(err)
	}
	has := func(unread int, listed bool) {
		t.Helper()
		l, err := s.board.List(t.Context(), max, Query{Kinds: []string{Motion}})
		if n := s.unread(t, max); err != nil || n != unread || (len(l.Notices) == 1) != listed {
			t.Errorf("%d unread, %s, %v", n, words(l.Notices), err)
		}
	}
	s.event(t, yard, "motion", "")
	s.idle(t)
	has(1, true)
	s.fake.Advance(2 * time.Hour)
	has(0, false)
	s.event(t, yard, "motion", "") // not for him
	s.idle(t)
	s.fake.Advance(time.Hour)
	has(1, true)
}

func ms(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
