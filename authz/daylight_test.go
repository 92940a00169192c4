package authz

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

//go:embed testdata/zones.txt
var zoneNames string

// The years a schedule is proved for.
const (
	firstYear = 2020
	lastYear  = 2037
)

// civil is a zone with all its clock changes in those years, and one of the
// names of zones that have the same.
type civil struct {
	name    string
	zone    *time.Location
	changes []time.Time
}

// civilZones are all zones of the tz database, those with equal clocks once.
func civilZones(t testing.TB) []civil {
	t.Helper()
	seen := map[string]bool{}
	var out []civil
	for name := range strings.FieldsSeq(zoneNames) {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		c := civil{name: name, zone: zone}
		key := strings.Builder{}
		for at := time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC); ; {
			_, offset := at.In(zone).Zone()
			fmt.Fprintf(&key, "%d:%d ", at.Unix(), offset)
			_, end := at.In(zone).ZoneBounds()
			if end.IsZero() || end.Year() > lastYear {
				break
			}
			at = end.UTC()
			c.changes = append(c.changes, at)
		}
		if !seen[key.String()] {
			seen[key.String()] = true
			out = append(out, c)
		}
	}
	return out
}

// oracleWeek is the rule in its plainest form, once for every minute of a week.
func oracleWeek(s *Schedule) *[weekMinutes]bool {
	var week [weekMinutes]bool
	for day := range 7 {
		for m := range dayMinutes {
			for _, i := range s.Intervals {
				wraps := i.To <= i.From
				if int(i.Day) == day && m >= i.From && (wraps || m < i.To) || wraps && (int(i.Day)+1)%7 == day && m < i.To {
					week[day*dayMinutes+m] = true
				}
			}
		}
	}
	return &week
}

// wall is the minute of the week that a clock on the wall shows. It knows the
// zone by its offset alone, which it looks up once for each change of it.
type wall struct {
	zone          *time.Location
	begins, ends  int64 // Unix seconds of the present offset
	offset, epoch int64
}

func newWall(zone *time.Location) *wall {
	return &wall{zone: zone, epoch: time.Date(2000, 1, 2, 0, 0, 0, 0, time.UTC).Unix()} // a Sunday
}

func (w *wall) minute(unix int64) int {
	if unix < w.begins || unix >= w.ends {
		t := time.Unix(unix, 0).In(w.zone)
		_, offset := t.Zone()
		begins, ends := t.ZoneBounds()
		w.offset, w.begins, w.ends = int64(offset), begins.Unix(), ends.Unix()
		if begins.IsZero() {
			w.begins = -1 << 62
		}
		if ends.IsZero() {
			w.ends = 1 << 62
		}
	}
	const week = weekMinutes * 60
	return int(((unix+w.offset-w.epoch)%week+week)%week) / 60
}

// agree compares a schedule with the oracle at every minute of [from, to): may one
// look, and when does that change next. horizon is how far the oracle looks for a
// change; Change looks no further than 15 days.
func agree(c civil, s *Schedule, from, to time.Time, rng *rand.Rand) error {
	const horizon = 15 * dayMinutes
	week, w := oracleWeek(s), newWall(c.zone)
	start, n := from.Unix(), int(to.Sub(from)/time.Minute)
	open := make([]bool, n+horizon+1)
	for i := range open {
		open[i] = week[w.minute(start+int64(i)*60)]
	}
	next, known := 0, false
	for i := n + horizon - 1; i >= n; i-- {
		if open[i] != open[i+1] {
			next, known = i+1, true
		}
	}
	for i := n - 1; i >= 0; i-- {
		if open[i] != open[i+1] {
			next, known = i+1, true
		}
		at := time.Unix(start+int64(i)*60+int64(rng.IntN(60)), 0).UTC()
		if got := s.Allows(at, c.zone); got != open[i] {
			return fmt.Errorf("%s at %s (%s), %+v: allows is %v", c.name, at, at.In(c.zone), s.Intervals, got)
		}
		got := s.Change(at, c.zone)
		want := time.Time{}
		if known && next-i <= horizon {
			want = time.Unix(start+int64(next)*60, 0).UTC()
		}
		if !got.Equal(want) && (known && next-i < horizon-dayMinutes || !known && !got.IsZero()) {
			return fmt.Errorf("%s at %s (%s), %+v: the next change is %s, want %s", c.name, at, at.In(c.zone), s.Intervals, got.In(c.zone), want.In(c.zone))
		}
	}
	return nil
}

// schedules are what is tried around a clock change: a random week, and one with
// edges in the hours that are skipped or repeated.
func schedules(rng *rand.Rand, near time.Time, zone *time.Location) []*Schedule {
	random := &Schedule{}
	for range 1 + rng.IntN(6) {
		random.Intervals = append(random.Intervals, Interval{Day: time.Weekday(rng.IntN(7)), From: 15 * rng.IntN(96), To: 15 * rng.IntN(97)})
	}
	local := near.In(zone)
	quarter := local.Hour()*4 + local.Minute()/15
	edges := &Schedule{}
	for range 3 {
		from := (quarter + rng.IntN(13) - 8 + 96) % 96
		edges.Intervals = append(edges.Intervals, Interval{Day: local.Weekday(), From: 15 * from, To: 15 * ((from + 1 + rng.IntN(6)) % 97)})
	}
	return []*Schedule{random, edges}
}

// onCores runs a check for every zone, as many at once as there are cores.
func onCores(t *testing.T, zones []civil, check func(civil, *rand.Rand) error) {
	t.Helper()
	work := make(chan int)
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range work {
				if err := check(zones[i], rand.New(rand.NewPCG(20, uint64(i)))); err != nil {
					mu.Lock()
					t.Error(err)
					mu.Unlock()
				}
			}
		})
	}
	for i := range zones {
		work <- i
	}
	close(work)
	wg.Wait()
}

// TestR20_EveryMinuteAroundEveryClockChange: 26 hours before and after each
// transition of every zone from 2020 to 2037, minute by minute.
func TestR20_EveryMinuteAroundEveryClockChange(t *testing.T) {
	zones := civilZones(t)
	changes := 0
	for _, c := range zones {
		changes += len(c.changes)
	}
	t.Logf("%d zones with clocks of their own, %d clock changes", len(zones), changes)
	if len(zones) < 80 || changes < 1200 {
		t.Fatal("the list of zones is not whole")
	}
	onCores(t, zones, func(c civil, rng *rand.Rand) error {
		for k, at := range c.changes {
			if raced && k%8 != 0 { // ten times slower, and these functions share nothing: make test runs all without it
				continue
			}
			from := at.Add(-26 * time.Hour).Truncate(time.Minute)
			for _, s := range schedules(rng, at, c.zone) {
				if err := agree(c, s, from, from.Add(52*time.Hour), rng); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// TestR20_RandomMinutes: 10,000 minutes anywhere in those years, in any zone.
func TestR20_RandomMinutes(t *testing.T) {
	zones := civilZones(t)
	onCores(t, zones, func(c civil, rng *rand.Rand) error {
		for range 10_000/len(zones) + 1 {
			at := time.Date(firstYear, 1, 1, 0, rng.IntN((lastYear-firstYear+1)*365*dayMinutes), 0, 0, time.UTC)
			s := schedules(rng, at, c.zone)[rng.IntN(2)]
			if err := agree(c, s, at, at.Add(time.Minute), rng); err != nil {
				return err
			}
		}
		return nil
	})
}
