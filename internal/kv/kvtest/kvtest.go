// Package kvtest is the suite that holds every store backend to the contract of
// internal/kv.
package kvtest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"sightline/internal/kv"
)

// ChangesKept is what the instances of Run are opened with.
const ChangesKept = 32

// Instance is one empty store under test.
type Instance struct {
	Store kv.Store
	// Again opens the same data anew. It may close Store first; the caller uses
	// only the new one. The suite closes nothing.
	Again func() kv.Store
	// Clock is store time as the test can know it.
	Clock func() time.Time
}

// Run holds a backend to the contract. open makes an empty store whose
// ChangesKept is that of this package and which ends with the test.
func Run(t *testing.T, open func(t *testing.T) *Instance) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *Instance)
	}{
		{"ReadsWhatWasCommitted", testReads},
		{"IsAllOrNothing", testAtomic},
		{"HoldsConditions", testConditions},
		{"NeverRepeatsAVersion", testVersions},
		{"ReturnsTheFirstResultOfAnID", testRepeats},
		{"RefusesIDsOutsideTheirLife", testStale},
		{"RefusesWhatNoBackendCanKeep", testLimits},
		{"ScansInByteOrder", testScans},
		{"ScansAgreeWithAModel", testScanModel},
		{"KeepsAnyBytes", testBytes},
		{"KeepsLargeCommits", testLarge},
		{"KeepsSpacesApart", testSpaces},
		{"ListsChanges", testChanges},
		{"CutsChangesBetweenCommits", testChangesCut},
		{"SaysWhenChangesAreGone", testChangesGone},
		{"StampsInCommitOrder", testStamps},
		{"StampsInCommitOrderUnderLoad", testStampsRace},
		{"LosesNoIncrement", testCounters},
		{"ReadsAtOneRevision", testSnapshot},
		{"WatchLeadsToTheFinalState", testWatch},
		{"WatchEnds", testWatchEnds},
		{"TellsStoreTime", testTime},
		{"KeepsAllOverReopening", testReopen},
		{"HonoursContext", testContext},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// Some spaces for the tests.
const other = kv.Space("bulk:0123456789abcdefghjkmnpqrs")

func bg(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func put(key, data string) kv.Write { return kv.Write{Key: key, Data: []byte(data)} }
func del(key string) kv.Write       { return kv.Write{Key: key, Delete: true} }

func (in *Instance) txn(space kv.Space, conds []kv.Condition, writes ...kv.Write) kv.Txn {
	return kv.Txn{ID: kv.NewID(in.Clock()), Space: space, Conditions: conds, Writes: writes}
}

func (in *Instance) commit(t *testing.T, space kv.Space, writes ...kv.Write) kv.Commit {
	t.Helper()
	c, err := in.Store.Commit(bg(t), in.txn(space, nil, writes...))
	if err != nil {
		t.Fatalf("commit: %v", err)
	}
	return c
}

func (in *Instance) read(t *testing.T, space kv.Space, keys []string, scans ...kv.Scan) kv.Snapshot {
	t.Helper()
	s, err := in.Store.Read(bg(t), space, keys, scans)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	if len(s.Values) != len(keys) || len(s.Scans) != len(scans) {
		t.Fatalf("read of %d keys and %d scans returned %d and %d", len(keys), len(scans), len(s.Values), len(s.Scans))
	}
	return s
}

func (in *Instance) changes(t *testing.T, after uint64, limit int) kv.Changes {
	t.Helper()
	ch, err := in.Store.Changes(bg(t), after, limit)
	if err != nil {
		t.Fatalf("changes: %v", err)
	}
	return ch
}

func wantValue(t *testing.T, v kv.Value, key, data string, version uint64) {
	t.Helper()
	if v.Key != key || string(v.Data) != data || v.Version != version {
		t.Errorf("value = %q %q version %d, want %q %q version %d", v.Key, v.Data, v.Version, key, data, version)
	}
}

// list prints values as key=data for comparisons.
func list(values []kv.Value) string {
	s := ""
	for _, v := range values {
		if v.Exists() {
			s += fmt.Sprintf("%s=%s ", v.Key, v.Data)
		} else {
			s += fmt.Sprintf("%s- ", v.Key)
		}
	}
	return s
}

func wantList(t *testing.T, what string, values []kv.Value, want string) {
	t.Helper()
	if got := list(values); got != want {
		t.Errorf("%s = %q, want %q", what, got, want)
	}
}
