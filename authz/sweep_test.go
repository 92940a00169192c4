package authz

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"sightline/internal/event"
	"sightline/internal/kv"
)

// R24: several nodes sweep what an ended parent left, at once: nobody is told
// twice that his offer is gone, and the log has each camera once.
func TestR24_NodesThatSweepAtOnceTellOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		nodes := []*stand{newStand(t, store), newStand(t, store), newStand(t, store)}
		s := nodes[0]
		s.person("Root") // the first account administers the instance
		ann, bob, eve := s.person("Ann"), s.person("Bob"), s.person("Eve")
		var cameras []string
		for i := range 20 {
			c := s.camera(ann.Subject, fmt.Sprint("Cam ", i))
			s.give(ann.Subject, c.ID, bob, LevelOnline, time.Time{})
			s.give(ann.Subject, c.ID, eve, LevelOnline, time.Time{})
			cameras = append(cameras, c.ID)
		}
		s.running.Store(true) // as if its upkeep ran: what ends is left to the sweepers below
		for _, c := range cameras[:10] {
			if _, err := s.DeleteCamera(s.ctx(), ann.Subject, c); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.CloseAccount(s.ctx(), Operator, ann.Account.ID); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for _, n := range nodes {
			wg.Go(func() {
				if err := n.sweepParents(n.ctx()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if left := s.keysWith(pSweep); len(left) != 0 {
			t.Errorf("marks stay: %v", left)
		}
		told, logged := map[string]int{}, map[string]int{}
		s.events("offer_changed", func(e event.Event) bool {
			if o := e.(event.OfferChanged); o.State == string(ReasonRevoked) {
				told[o.Camera+" "+o.Account]++
			}
			return false
		})
		s.events("audit", func(e event.Event) bool {
			if row := e.(event.Audit); row.Action == "camera.delete" {
				logged[row.Object]++
			}
			return false
		})
		for _, c := range cameras {
			if n := logged[c]; n != 1 {
				t.Errorf("camera %s is deleted %d times in the log", c, n)
			}
			for who, p := range map[string]NewLogin{"Bob": bob, "Eve": eve} {
				if n := told[c+" "+p.Account.ID]; n != 1 {
					t.Errorf("%s is told %d times that %s is gone", who, n, c)
				}
			}
		}
	})
}
