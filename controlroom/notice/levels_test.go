package notice

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sightline/authz"
)

// Rows R12 and R14: of a camera given with each of the eleven legal sets of levels
// exactly those with Notices tell what it saw, by list, badge, mail, push and
// webhook; the way to the recording is there with Archive only, and with Online or
// after the minute that Archive alone is behind.
func TestR12_R14_ElevenSetsByEveryWay(t *testing.T) {
	s := newScene(t)
	olena, max := s.person(t, "olena"), s.person(t, "max")
	s.choose(t, max, func(p *Preferences) {
		p.Kinds[Motion] = Ways{Feed: true, Mail: true, Push: true, Webhook: true}
		p.Digest = DigestHourly
	})
	sets := map[string]authz.Levels{}
	ids := map[string]string{}
	for l := authz.Levels(1); l <= 15; l++ {
		if !l.Legal() {
			continue
		}
		name := fmt.Sprintf("Camera%02d", l)
		sets[name], ids[name] = l, s.camera(t, olena, name)
		s.save(t, olena, ids[name], map[string]authz.Levels{"max": l})
		s.accept(t, max, ids[name])
	}
	if len(sets) != 11 {
		t.Fatalf("%d legal sets", len(sets))
	}
	s.idle(t)
	if err := s.board.MarkRead(t.Context(), max, nil); err != nil {
		t.Fatal(err)
	}
	for name := range sets {
		s.event(t, ids[name], "motion", "")
	}
	s.idle(t)
	unread := s.unread(t, max)
	s.advance(55 * time.Minute)
	letter := ""
	s.poll(t, "the letter", func() bool {
		s.board.sender.poke()
		for _, m := range s.mails("max") {
			if strings.Contains(m.Text, "Movement") {
				letter = m.Text
			}
		}
		return letter != "" && s.jobs(t, max) == 0
	})
	list, err := s.board.List(t.Context(), max, Query{Kinds: []string{Motion}})
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]Notice{}
	for _, n := range list.Notices {
		listed[n.Camera.Name] = n
	}
	pushed, hooked := strings.Join(s.push.sent(), "\n"), strings.Join(s.webhook.sent(), "\n")
	says := toldMax
	want := 0
	for name, l := range sets {
		has := l.Has(authz.LevelNotices)
		if has {
			want++
		}
		n, in := listed[name]
		got := map[string]bool{"list": in, "mail": strings.Contains(letter, name+"."), "push": says(pushed, name), "webhook": says(hooked, name)}
		for way, is := range got {
			if is != has {
				t.Errorf("%s of set %04b by %s: %v", name, l, way, is)
			}
		}
		if in && (n.Archive != "") != l.Has(authz.LevelArchive) {
			t.Errorf("%s of set %04b leads to %q", name, l, n.Archive)
		}
	}
	if want != 6 || unread != want {
		t.Errorf("%d unread, %d sets have the level", unread, want)
	}
}

// toldMax reports whether a line for max is about the camera.
func toldMax(all, name string) bool {
	for line := range strings.Lines(all) {
		if strings.HasPrefix(line, "max ") && strings.Contains(line, "Movement at "+name) {
			return true
		}
	}
	return false
}
