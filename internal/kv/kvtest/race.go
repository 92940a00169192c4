package kvtest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"sightline/internal/kv"
)

// testCounters has racing read-modify-write loops: every increment counts once.
func testCounters(t *testing.T, in *Instance) {
	const workers, each = 8, 20
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				for {
					s, err := in.Store.Read(bg(t), kv.Control, []string{"n"}, nil)
					if err != nil {
						t.Errorf("read: %v", err)
						return
					}
					v := s.Values[0]
					n, _ := strconv.Atoi(string(v.Data))
					_, err = in.Store.Commit(bg(t), in.txn(kv.Control, []kv.Condition{{Key: "n", Version: v.Version}}, put("n", strconv.Itoa(n+1))))
					if err == nil {
						break
					}
					if !errors.Is(err, kv.ErrConflict) {
						t.Errorf("commit: %v", err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	wantList(t, "counter", in.read(t, kv.Control, []string{"n"}).Values, fmt.Sprintf("n=%d ", workers*each))
}

// testSnapshot moves one token between two keys while readers look: there is
// always exactly one, in values and scans alike.
func testSnapshot(t *testing.T, in *Instance) {
	in.commit(t, kv.Control, put("t/a", "x"))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				s, err := in.Store.Read(bg(t), kv.Control, []string{"t/a", "t/b"}, []kv.Scan{{Prefix: "t/"}})
				if err != nil {
					t.Errorf("read: %v", err)
					return
				}
				if s.Values[0].Exists() == s.Values[1].Exists() || len(s.Scans[0]) != 1 {
					t.Errorf("half a commit: %s| %s", list(s.Values), list(s.Scans[0]))
					return
				}
			}
		})
	}
	for range 50 {
		in.commit(t, kv.Control, del("t/a"), put("t/b", "x"))
		in.commit(t, kv.Control, del("t/b"), put("t/a", "x"))
	}
	close(stop)
	wg.Wait()
}

func testTime(t *testing.T, in *Instance) {
	before := in.Clock().Add(-2 * time.Second)
	c := in.commit(t, kv.Control, put("a", ""))
	s := in.read(t, kv.Control, nil)
	ch := in.changes(t, 0, 0)
	after := in.Clock().Add(2 * time.Second)
	for name, at := range map[string]time.Time{"commit": c.Now, "read": s.Now, "changes": ch.Now} {
		if at.Before(before) || at.After(after) {
			t.Errorf("%s says %v, want between %v and %v", name, at, before, after)
		}
	}
	if s.Now.Before(c.Now) || ch.Now.Before(s.Now) {
		t.Errorf("store time went back: commit %v, read %v, changes %v", c.Now, s.Now, ch.Now)
	}
}

func testReopen(t *testing.T, in *Instance) {
	in.commit(t, kv.Control, put("a", "1"), put("b", "1"))
	in.commit(t, other, put("a", "bulk"))
	c := in.commit(t, kv.Control, del("b"))
	in.Store = in.Again()
	s := in.read(t, kv.Control, []string{"a", "b"})
	if s.Revision != c.Revision || s.Epoch != c.Epoch {
		t.Errorf("after reopening revision %d epoch %s, want %d %s", s.Revision, s.Epoch, c.Revision, c.Epoch)
	}
	wantList(t, "values", s.Values, "a=1 b- ")
	wantList(t, "bulk values", in.read(t, other, []string{"a"}).Values, "a=bulk ")
	wantList(t, "changes", in.changes(t, c.Revision-2, 0).Values, "a=1 b- ")
	if d := in.commit(t, kv.Control, put("c", "")); d.Revision != c.Revision+1 {
		t.Errorf("the commit after reopening has revision %d, want %d", d.Revision, c.Revision+1)
	}
}
