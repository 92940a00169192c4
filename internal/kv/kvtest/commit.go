package kvtest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"sightline/internal/fault"
	"sightline/internal/kv"
)

func testReads(t *testing.T, in *Instance) {
	empty := in.read(t, kv.Control, []string{"a"})
	if empty.Epoch == "" {
		t.Error("the control space has no epoch before the first commit")
	}
	wantValue(t, empty.Values[0], "a", "", 0)

	c := in.commit(t, kv.Control, put("a", "1"), put("b", "2"), put("empty", ""))
	if c.Revision != empty.Revision+1 || c.Epoch != empty.Epoch {
		t.Errorf("commit = %+v after revision %d epoch %s", c, empty.Revision, empty.Epoch)
	}
	s := in.read(t, kv.Control, []string{"b", "none", "a", "b", "empty"})
	if s.Revision != c.Revision || s.Epoch != c.Epoch {
		t.Errorf("read sees revision %d epoch %s, want %d %s", s.Revision, s.Epoch, c.Revision, c.Epoch)
	}
	wantList(t, "values", s.Values, "b=2 none- a=1 b=2 empty= ")

	d := in.commit(t, kv.Control, del("a"), put("b", "3"), put("twice", "x"), put("twice", "y"))
	s = in.read(t, kv.Control, []string{"a", "b", "twice"})
	wantValue(t, s.Values[0], "a", "", 0)
	wantValue(t, s.Values[1], "b", "3", d.Revision)
	wantValue(t, s.Values[2], "twice", "y", d.Revision)
	if none := in.read(t, kv.Control, nil); none.Revision != d.Revision {
		t.Errorf("an empty read sees revision %d, want %d", none.Revision, d.Revision)
	}
}

func testAtomic(t *testing.T, in *Instance) {
	c := in.commit(t, kv.Control, put("a", "1"))
	_, err := in.Store.Commit(bg(t), in.txn(kv.Control, []kv.Condition{{Key: "a", Version: c.Revision}, {Key: "b", Version: 7}, {Key: "c", Version: 8}},
		put("a", "2"), put("x", "2"), del("a")))
	var conflict *kv.ConflictError
	if !errors.Is(err, kv.ErrConflict) || !fault.Is(err, fault.Conflict) || !errors.As(err, &conflict) {
		t.Fatalf("err = %v, want a conflict", err)
	}
	if slices.Sort(conflict.Keys); !slices.Equal(conflict.Keys, []string{"b", "c"}) {
		t.Errorf("conflict names %v, want b and c", conflict.Keys)
	}
	s := in.read(t, kv.Control, []string{"a", "x"})
	wantList(t, "values after the refusal", s.Values, "a=1 x- ")
	if s.Revision != c.Revision {
		t.Errorf("the refusal moved the revision to %d from %d", s.Revision, c.Revision)
	}
	if ch := in.changes(t, c.Revision, 0); len(ch.Values) != 0 {
		t.Errorf("the refusal shows in changes: %s", list(ch.Values))
	}
}

func testConditions(t *testing.T, in *Instance) {
	ctx := bg(t)
	for _, space := range []kv.Space{kv.Control, other} {
		absent := []kv.Condition{{Key: "k"}}
		c, err := in.Store.Commit(ctx, in.txn(space, absent, put("k", "1")))
		if err != nil {
			t.Fatalf("%s: absent key: %v", space, err)
		}
		if _, err := in.Store.Commit(ctx, in.txn(space, absent, put("k", "2"))); !errors.Is(err, kv.ErrConflict) {
			t.Errorf("%s: 'absent' held on a key that is there: %v", space, err)
		}
		is := []kv.Condition{{Key: "k", Version: c.Revision}}
		if _, err := in.Store.Commit(ctx, in.txn(space, is)); err != nil {
			t.Errorf("%s: a check without writes: %v", space, err)
		}
		if s := in.read(t, space, nil); s.Revision != c.Revision {
			t.Errorf("%s: a check without writes moved the revision from %d to %d", space, c.Revision, s.Revision)
		}
		if _, err := in.Store.Commit(ctx, in.txn(space, is, del("k"))); err != nil {
			t.Errorf("%s: version condition: %v", space, err)
		}
		if _, err := in.Store.Commit(ctx, in.txn(space, is, put("k", "3"))); !errors.Is(err, kv.ErrConflict) {
			t.Errorf("%s: a version condition held on a removed key: %v", space, err)
		}
		if _, err := in.Store.Commit(ctx, in.txn(space, absent, put("k", "4"))); err != nil {
			t.Errorf("%s: 'absent' on a removed key: %v", space, err)
		}
	}
}

func testVersions(t *testing.T, in *Instance) {
	seen := map[uint64]bool{}
	for range 5 {
		c := in.commit(t, other, put("k", "same"))
		v := in.read(t, other, []string{"k"}).Values[0].Version
		if seen[v] || v != c.Revision {
			t.Fatalf("version %d of commit %d was there before", v, c.Revision)
		}
		seen[v] = true
		in.commit(t, other, del("k"))
	}
}

func testRepeats(t *testing.T, in *Instance) {
	ctx := bg(t)
	txn := in.txn(kv.Control, []kv.Condition{{Key: "n"}}, put("n", "1"), kv.Write{Key: "ev/", Data: []byte("x"), Stamp: true})
	first, err := in.Store.Commit(ctx, txn)
	if err != nil {
		t.Fatal(err)
	}
	in.commit(t, kv.Control, put("n", "2"))
	changed := txn
	changed.Writes = []kv.Write{put("n", "9")}
	changed.Conditions = []kv.Condition{{Key: "n", Version: 99}}
	for i, repeat := range []kv.Txn{txn, txn, changed} {
		again, err := in.Store.Commit(ctx, repeat)
		if err != nil {
			t.Fatalf("repeat %d: %v", i, err)
		}
		if again.Revision != first.Revision || again.Epoch != first.Epoch || !again.Now.Equal(first.Now) {
			t.Errorf("repeat %d = %+v, want the first result %+v", i, again, first)
		}
	}
	s := in.read(t, kv.Control, []string{"n"}, kv.Scan{Prefix: "ev/"})
	if string(s.Values[0].Data) != "2" || len(s.Scans[0]) != 1 {
		t.Errorf("a repeat wrote: n = %s, %d events", s.Values[0].Data, len(s.Scans[0]))
	}

	in.Store = in.Again()
	again, err := in.Store.Commit(ctx, txn)
	if err != nil || again.Revision != first.Revision {
		t.Errorf("repeat after reopening = %+v, %v, want revision %d", again, err, first.Revision)
	}

	refused := in.txn(kv.Control, []kv.Condition{{Key: "later", Version: 0}, {Key: "n", Version: 0}}, put("later", "1"))
	if _, err := in.Store.Commit(ctx, refused); !errors.Is(err, kv.ErrConflict) {
		t.Fatalf("err = %v, want a conflict", err)
	}
	in.commit(t, kv.Control, del("n"))
	if _, err := in.Store.Commit(ctx, refused); err != nil {
		t.Errorf("a refused ID is judged anew: %v", err)
	}
}

func testStale(t *testing.T, in *Instance) {
	for _, d := range []time.Duration{-kv.TxnLife - 5*time.Second, kv.TxnLife + 5*time.Second} {
		txn := in.txn(kv.Control, nil, put("late", "1"))
		txn.ID = kv.NewID(in.Clock().Add(d))
		if _, err := in.Store.Commit(bg(t), txn); !errors.Is(err, kv.ErrStale) || !fault.Is(err, fault.Unavailable) {
			t.Errorf("an ID %v from now: %v, want ErrStale", d, err)
		}
	}
	for _, d := range []time.Duration{-kv.TxnLife + 5*time.Second, kv.TxnLife - 5*time.Second} {
		txn := in.txn(kv.Control, nil, put("soon", "1"))
		txn.ID = kv.NewID(in.Clock().Add(d))
		if _, err := in.Store.Commit(bg(t), txn); err != nil {
			t.Errorf("an ID %v from now: %v", d, err)
		}
	}
	wantList(t, "values", in.read(t, kv.Control, []string{"late"}).Values, "late- ")
}

func testLimits(t *testing.T, in *Instance) {
	ctx := bg(t)
	long := strings.Repeat("k", kv.MaxKey+1)
	bad := map[string]kv.Txn{
		"long key":       in.txn(kv.Control, nil, put(long, "")),
		"long stamp":     in.txn(kv.Control, nil, kv.Write{Key: long[:kv.MaxKey], Stamp: true}),
		"empty key":      in.txn(kv.Control, nil, put("", "")),
		"large value":    in.txn(kv.Control, nil, kv.Write{Key: "k", Data: make([]byte, kv.MaxData+1)}),
		"many writes":    in.txn(kv.Control, nil, make([]kv.Write, kv.MaxWrites+1)...),
		"stamped delete": in.txn(kv.Control, nil, kv.Write{Key: "k", Stamp: true, Delete: true}),
		"bad space":      in.txn("a{b}", nil, put("k", "")),
		"no space":       in.txn("", nil, put("k", "")),
		"no ID":          {Space: kv.Control, Writes: []kv.Write{put("k", "")}},
	}
	for name, txn := range bad {
		if _, err := in.Store.Commit(ctx, txn); err == nil || fault.Is(err, fault.Unknown) {
			t.Errorf("%s: err = %v, want a refusal", name, err)
		}
	}
	if _, err := in.Store.Read(ctx, kv.Control, []string{long}, nil); err == nil {
		t.Error("a long key was read")
	}
	if s := in.read(t, kv.Control, nil, kv.Scan{}); len(s.Scans[0]) != 0 {
		t.Errorf("a refused commit left %s", list(s.Scans[0]))
	}
}

func testLarge(t *testing.T, in *Instance) {
	big := bytes.Repeat([]byte{0, 0xff, '\r', '\n'}, kv.MaxData/4)
	longest := strings.Repeat("k", kv.MaxKey)
	in.commit(t, other, kv.Write{Key: longest, Data: big})
	if v := in.read(t, other, []string{longest}).Values[0]; !bytes.Equal(v.Data, big) {
		t.Errorf("a value of %d bytes came back as %d", len(big), len(v.Data))
	}
	writes := make([]kv.Write, kv.MaxWrites)
	conds := make([]kv.Condition, kv.MaxWrites)
	keys := make([]string, kv.MaxWrites)
	for i := range writes {
		keys[i] = "many/" + string(rune('a'+i%26)) + "/" + strings.Repeat("x", i%7) + kv.NewID(in.Clock())
		writes[i] = put(keys[i], keys[i])
		conds[i] = kv.Condition{Key: keys[i]}
	}
	c, err := in.Store.Commit(bg(t), in.txn(kv.Control, conds, writes...))
	if err != nil {
		t.Fatalf("%d writes: %v", len(writes), err)
	}
	s := in.read(t, kv.Control, keys, kv.Scan{Prefix: "many/"})
	for i, v := range s.Values {
		if string(v.Data) != keys[i] {
			t.Fatalf("value %d of %d = %q", i, len(keys), v.Data)
		}
	}
	if len(s.Scans[0]) != len(keys) {
		t.Errorf("a scan finds %d of %d", len(s.Scans[0]), len(keys))
	}
	if ch := in.changes(t, c.Revision-1, 0); len(ch.Values) != len(keys) {
		t.Errorf("changes list %d of %d", len(ch.Values), len(keys))
	}
}

func testSpaces(t *testing.T, in *Instance) {
	before := in.read(t, kv.Control, nil)
	if s := in.read(t, other, []string{"k"}, kv.Scan{}); s.Epoch != "" || s.Revision != 0 || s.Values[0].Exists() {
		t.Errorf("a space without a commit = %+v", s)
	}
	in.commit(t, other, put("k", "bulk"))
	third := kv.Bulk("zzz")
	in.commit(t, third, put("k", "third"))
	a, b, c := in.read(t, kv.Control, []string{"k"}), in.read(t, other, []string{"k"}), in.read(t, third, []string{"k"})
	if a.Revision != before.Revision || a.Values[0].Exists() {
		t.Errorf("a commit elsewhere shows in the control space: %+v", a)
	}
	wantValue(t, b.Values[0], "k", "bulk", b.Revision)
	wantValue(t, c.Values[0], "k", "third", c.Revision)
	if b.Epoch == "" || b.Epoch == c.Epoch || b.Epoch == a.Epoch {
		t.Errorf("epochs %q %q %q, want three different ones", a.Epoch, b.Epoch, c.Epoch)
	}
	if ch := in.changes(t, before.Revision, 0); len(ch.Values) != 0 {
		t.Errorf("changes of the control space list %s", list(ch.Values))
	}
}

func testContext(t *testing.T, in *Instance) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := in.Store.Read(ctx, kv.Control, []string{"a"}, nil); !fault.Is(err, fault.Unavailable) {
		t.Errorf("read with an ended context: %v, want Unavailable", err)
	}
	if _, err := in.Store.Changes(ctx, 0, 0); !fault.Is(err, fault.Unavailable) {
		t.Errorf("changes with an ended context: %v, want Unavailable", err)
	}
	if _, err := in.Store.Commit(ctx, in.txn(kv.Control, nil, put("a", "1"))); !fault.Is(err, fault.Unavailable) && !fault.Is(err, fault.Unknown) {
		t.Errorf("commit with an ended context: %v", err)
	}
}
