package authz

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestR12_Policy runs the scripts of testdata/policy: a world is described in
// words, and every expectation is one call of Decide. The first lines of
// testdata/policy/README.txt explain the words.
func TestR12_Policy(t *testing.T) {
	files, err := filepath.Glob("testdata/policy/*.txt")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d scripts: %v", len(files), err)
	}
	total := 0
	for _, file := range files {
		if filepath.Base(file) == "README.txt" {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			w := newWorld()
			f, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			n := 0
			sc := bufio.NewScanner(f)
			for line := 1; sc.Scan(); line++ {
				text, _, _ := strings.Cut(sc.Text(), "#")
				if strings.TrimSpace(text) == "" {
					continue
				}
				if strings.HasPrefix(text, "expect ") {
					n++
					question, want, ok := strings.Cut(strings.TrimPrefix(text, "expect "), "→")
					if !ok {
						t.Fatalf("%s:%d: no arrow", file, line)
					}
					if got := w.ask(t, strings.Fields(question)); got != strings.TrimSpace(want) {
						t.Errorf("%s:%d: expect%s→ %s\n\tgot %s", file, line, " "+question, strings.TrimSpace(want), got)
					}
					continue
				}
				if err := w.say(strings.Fields(text)); err != nil {
					t.Fatalf("%s:%d: %q: %v", file, line, text, err)
				}
			}
			if n == 0 {
				t.Errorf("%s expects nothing", file)
			}
			total += n
		})
	}
	t.Logf("%d expectations", total)
	if total < 250 {
		t.Errorf("only %d expectations", total)
	}
}

// world is what a script has described. Names stand for ids.
type world struct {
	now      time.Time
	zone     *time.Location
	accounts map[string]*Account
	cameras  map[string]*Camera
	grants   map[string]*Grant // camera/account
	groups   map[string]*Group
	parts    map[string]*Participant // group/account
	links    map[string]*Link
	visits   map[string]*Visit
	logins   map[string]*Login
}

func newWorld() *world {
	return &world{zone: time.UTC, accounts: map[string]*Account{}, cameras: map[string]*Camera{}, grants: map[string]*Grant{},
		groups: map[string]*Group{}, parts: map[string]*Participant{}, links: map[string]*Link{}, visits: map[string]*Visit{}, logins: map[string]*Login{}}
}

// words takes "key value" pairs and flags out of a statement.
type words []string

func (w *words) flag(name string) bool {
	if i := slices.Index(*w, name); i >= 0 {
		*w = slices.Delete(slices.Clone(*w), i, i+1)
		return true
	}
	return false
}

func (w *words) value(name string) string {
	if i := slices.Index(*w, name); i >= 0 && i+1 < len(*w) {
		v := (*w)[i+1]
		*w = slices.Delete(slices.Clone(*w), i, i+2)
		return v
	}
	return ""
}

// instant takes "name 2026-01-02 15:04" in the script's zone.
func (w *words) instant(name string, zone *time.Location) (time.Time, error) {
	i := slices.Index(*w, name)
	if i < 0 {
		return time.Time{}, nil
	}
	if i+2 >= len(*w) {
		return time.Time{}, fmt.Errorf("%s needs a date and a time", name)
	}
	t, err := parseInstant((*w)[i+1]+" "+(*w)[i+2], zone)
	*w = slices.Delete(slices.Clone(*w), i, i+3)
	return t, err
}

func parseInstant(s string, zone *time.Location) (time.Time, error) {
	layout := "2006-01-02 15:04"
	if strings.Count(s, ":") == 2 {
		layout += ":05"
	}
	return time.ParseInLocation(layout, s, zone)
}

func (w *world) say(f words) (err error) {
	verb := f[0]
	f = f[1:]
	switch verb {
	case "at":
		w.zone = time.UTC
		utc := f.flag("UTC")
		fold := f.flag("again") // the second of two equal wall clocks
		if len(f) == 3 {
			if w.zone, err = time.LoadLocation(f[2]); err != nil {
				return err
			}
		}
		zone := w.zone
		if utc {
			zone = time.UTC
		}
		w.now, err = parseInstant(f[0]+" "+f[1], zone)
		if fold {
			if w.now.Add(-time.Hour).Format("15:04") != w.now.Format("15:04") && w.now.Add(time.Hour).Format("15:04") == w.now.Format("15:04") {
				w.now = w.now.Add(time.Hour)
			}
		} else if w.now.Add(-time.Hour).In(zone).Format("15:04") == w.now.Format("15:04") {
			w.now = w.now.Add(-time.Hour)
		}
		return err
	case "account":
		a := &Account{head: v1, ID: f[0], Email: f[0] + "@example.org", Name: f[0], State: AccountActive, Plan: PlanPro, EmailVerified: !f.flag("unverified"), InstanceAdmin: f.flag("instance-administrator")}
		if f.flag("suspended") {
			a.State = AccountSuspended
		}
		if p := f.value("plan"); p != "" {
			a.Plan = Plan(p)
		}
		if a.TrialEnds, err = f.instant("trial-ends", w.zone); err != nil {
			return err
		}
		if g := w.accounts[a.ID]; g != nil {
			a.Groups = g.Groups
		}
		w.accounts[a.ID] = a
		w.logins[a.ID] = &Login{head: v1, ID: "login-" + a.ID, Account: a.ID, IdleEnds: w.now.Add(1e6 * time.Hour), Ends: w.now.Add(1e6 * time.Hour)}
		f = f[1:]
	case "camera":
		c := &Camera{head: v1, ID: f[0], Name: f[0], Owner: f.value("owner"), Zone: "UTC", Enabled: !f.flag("off"), Sound: f.flag("sound"), Kind: CameraRTSP}
		if z := f.value("zone"); z != "" {
			c.Zone = z
		}
		for g := f.value("in"); g != ""; g = f.value("in") {
			name, images, _ := strings.Cut(g, ":")
			c.Groups = append(c.Groups, CameraGroup{Group: name, ImagesOnly: images == "images-only"})
		}
		w.cameras[c.ID] = c
		f = f[1:]
	case "grant":
		g := &Grant{head: v1, ID: f[0] + "-" + f[1], Camera: f[0], Account: f[1], State: GrantState(f[2])}
		if g.Levels, err = parseLevels(f[3]); err != nil {
			return err
		}
		if g.Until, err = f.instant("until", w.zone); err != nil {
			return err
		}
		if g.From, err = f.instant("since", w.zone); err != nil {
			return err
		}
		g.OnlyFrom, g.OnlyHours = f.flag("only-from"), f.flag("only-hours")
		if i := slices.Index(f, "schedule"); i >= 0 {
			if g.Schedule, err = parseSchedule(f[i+1:]); err != nil {
				return err
			}
			f = f[:i]
		}
		w.grants[g.Camera+"/"+g.Account] = g
		f = f[4:]
	case "group":
		g := &Group{head: v1, ID: f[0]}
		w.groups[g.ID] = g
		for _, p := range f[1:] {
			who, role, _ := strings.Cut(p, "=")
			w.parts[g.ID+"/"+who] = &Participant{head: v1, Group: g.ID, Account: who, Role: Role(role)}
			if a := w.accounts[who]; !slices.Contains(a.Groups, g.ID) {
				a.Groups = append(slices.Clone(a.Groups), g.ID)
			}
		}
		f = nil
	case "link":
		l := &Link{head: v1, ID: f[0], Name: f[0], Kind: LinkKind(f[1]), Owner: f.value("owner"), Cameras: strings.Split(f.value("cameras"), ","), Paused: f.flag("paused"), Sound: f.flag("sound")}
		if l.Starts, err = f.instant("starts", w.zone); err != nil {
			return err
		}
		if l.Ends, err = f.instant("ends", w.zone); err != nil {
			return err
		}
		if v := f.value("password"); v != "" {
			l.PasswordHash = "x"
			if l.PasswordVersion, err = strconv.Atoi(v); err != nil {
				return err
			}
		}
		if b := f.value("blocks"); b != "" {
			l.Blocks = []Block{{Prefix: b, Until: w.now.Add(24 * time.Hour)}}
		}
		w.links[l.ID] = l
		f = f[2:]
	case "visit":
		v := &Visit{head: v1, ID: f[0], Link: f[1], IP: f.value("from"), Stopped: f.flag("stopped"), Ends: w.now.Add(24 * time.Hour)}
		if p := f.value("password"); p != "" {
			if v.PasswordVersion, err = strconv.Atoi(p); err != nil {
				return err
			}
		}
		w.visits[v.ID] = v
		f = f[2:]
	case "end-login":
		delete(w.logins, f[0])
		f = f[1:]
	case "new-password":
		w.accounts[f[0]].LoginGeneration++
		f = f[1:]
	case "remove":
		switch f[0] {
		case "account":
			delete(w.accounts, f[1])
		case "camera":
			delete(w.cameras, f[1])
		case "grant":
			delete(w.grants, f[1]+"/"+f[2])
			f = f[:2]
		case "group":
			delete(w.groups, f[1])
			maps.DeleteFunc(w.parts, func(k string, _ *Participant) bool { return strings.HasPrefix(k, f[1]+"/") })
		case "participant":
			delete(w.parts, f[1]+"/"+f[2])
			f = f[:2]
		case "link":
			delete(w.links, f[1])
		default:
			return fmt.Errorf("remove what?")
		}
		f = f[2:]
	default:
		return fmt.Errorf("no such statement")
	}
	if len(f) != 0 {
		return fmt.Errorf("not understood: %v", f)
	}
	return nil
}

func parseLevels(s string) (Levels, error) {
	var l Levels
	for _, name := range strings.Split(s, "+") {
		found := false
		for _, n := range levelNames {
			if n.name == name {
				l |= n.bit
				found = true
			}
		}
		if !found && name != "nothing" {
			return 0, fmt.Errorf("no level %q", name)
		}
	}
	return l, nil
}

// parseSchedule reads "mon-fri 09:00-18:00 sat 22:00-02:00", or "never".
func parseSchedule(f []string) (*Schedule, error) {
	s := &Schedule{}
	if len(f) == 1 && f[0] == "never" {
		return s, nil
	}
	days := []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	for i := 0; i+1 < len(f); i += 2 {
		first, last, _ := strings.Cut(f[i], "-")
		if last == "" {
			last = first
		}
		a, b := slices.Index(days, first), slices.Index(days, last)
		var h1, m1, h2, m2 int
		if n, err := fmt.Sscanf(f[i+1], "%d:%d-%d:%d", &h1, &m1, &h2, &m2); n != 4 || a < 0 || b < 0 {
			return nil, fmt.Errorf("schedule %q: %v", f[i:i+2], err)
		}
		for d := a; ; d = (d + 1) % 7 {
			s.Intervals = append(s.Intervals, Interval{Day: time.Weekday(d), From: h1*60 + m1, To: h2*60 + m2})
			if d == b {
				break
			}
		}
	}
	return s, nil
}

// ask runs one decision and says it in the words of the scripts.
func (w *world) ask(t *testing.T, f []string) string {
	t.Helper()
	who, act, on := f[0], f[1], ""
	if len(f) > 2 {
		on = f[2]
	}
	action, ok := ParseAction(act)
	if !ok {
		t.Fatalf("no action %q", act)
	}
	var s Subject
	switch {
	case who == "nobody":
	case who == "operator":
		s = Operator
	case w.visits[who] != nil:
		s = Subject{Kind: GuestSubject, Link: w.visits[who].Link, Visit: who}
	default:
		s = Subject{Kind: AccountSubject, Account: who, Login: "login-" + who}
	}
	var o Object
	switch {
	case strings.HasPrefix(act, "group_"):
		o.Group = on
	case strings.HasPrefix(act, "link_"), act == "visit":
		o.Link = on
	default:
		o.Camera = on
	}
	g := func(key string) any { return w.find(key) }
	d := Decide(s, action, o, assemble(s, o, g), w.now)
	return w.tell(d)
}

// find is the world as the store would answer it.
func (w *world) find(key string) any {
	kind, id, _ := strings.Cut(key, "/")
	tail := id[strings.LastIndexByte(id, '/')+1:]
	switch kind + "/" {
	case pAccount:
		return w.accounts[id]
	case pLogin:
		for _, l := range w.logins {
			if l.ID == tail {
				return l
			}
		}
	case pCamera:
		return w.cameras[id]
	case pGrant:
		return w.grants[id]
	case pGroup:
		return w.groups[id]
	case pPart:
		return w.parts[id]
	case pLink:
		return w.links[id]
	case pVisit:
		return w.visits[tail]
	}
	return nil
}

func (w *world) tell(d Decision) string {
	out := "deny "
	switch {
	case d.Allowed:
		out = "allow"
		if d.Reason != ReasonOK {
			out += " with reason " + string(d.Reason)
		}
		if d.Owner {
			out += " owner"
		}
	case d.Invisible:
		out = "404 " + string(d.Reason)
	default:
		out += string(d.Reason)
	}
	when := func(word string, t time.Time) {
		if !t.IsZero() {
			layout := " 2006-01-02 15:04"
			if t.Second() != 0 {
				layout += ":05"
			}
			out += " " + word + t.In(w.zone).Format(layout)
		}
	}
	when("until", d.Until)
	when("opens", d.Next)
	when("footage-from", d.Footage.From)
	when("footage-to", d.Footage.To)
	if d.Footage.Hours != nil {
		out += " footage-of-hours"
	}
	return out
}
