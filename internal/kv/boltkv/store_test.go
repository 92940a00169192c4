package boltkv

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"go.uber.org/goleak"

	"sightline/internal/clock"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/kv/kvtest"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		crashChild(dir)
	}
	goleak.VerifyTestMain(m)
}

func open(t testing.TB, dir string, cfg Config) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestContract(t *testing.T) {
	kvtest.Run(t, func(t *testing.T) *kvtest.Instance {
		dir := filepath.Join(t.TempDir(), "data")
		cfg := Config{ChangesKept: kvtest.ChangesKept}
		s := open(t, dir, cfg)
		return &kvtest.Instance{Store: s, Clock: clock.System.Now, Again: func() kv.Store {
			s.Close()
			return open(t, dir, cfg)
		}}
	})
}

func TestResultsAreKeptTenMinutes(t *testing.T) {
	fake := clock.NewFake(time.Now())
	s := open(t, t.TempDir(), Config{Clock: fake})
	ctx := t.Context()
	old := kv.Txn{ID: kv.NewID(fake.Now()), Space: kv.Control, Writes: []kv.Write{{Key: "a"}}}
	if _, err := s.Commit(ctx, old); err != nil {
		t.Fatal(err)
	}
	kept := func() (n int) {
		s.authority.view(func(tx *bbolt.Tx) error {
			n = openSpace(tx, kv.Control).txns.Stats().KeyN
			return nil
		})
		return n
	}
	fake.Advance(kv.TxnKept)
	if _, err := s.Commit(ctx, kv.Txn{ID: kv.NewID(fake.Now()), Space: kv.Control, Writes: []kv.Write{{Key: "a"}}}); err != nil {
		t.Fatal(err)
	}
	if n := kept(); n != 2 {
		t.Errorf("%d results after 10 minutes, want both", n)
	}
	if _, err := s.Commit(ctx, old); !errors.Is(err, kv.ErrStale) {
		t.Errorf("an ID of 10 minutes ago: %v, want ErrStale", err)
	}
	fake.Advance(kv.TxnLife + time.Second)
	if _, err := s.Commit(ctx, kv.Txn{ID: kv.NewID(fake.Now()), Space: kv.Control, Writes: []kv.Write{{Key: "a"}}}); err != nil {
		t.Fatal(err)
	}
	if n := kept(); n != 2 {
		t.Errorf("%d results after the first one's time, want 2", n)
	}
}

func TestRefusesANewerFormat(t *testing.T) {
	for _, name := range []string{"authority.db", "bulk.db"} {
		dir := t.TempDir()
		s := open(t, dir, Config{})
		if s.Close() != nil {
			t.Fatal("close")
		}
		db, err := bbolt.Open(filepath.Join(dir, name), 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		db.Update(func(tx *bbolt.Tx) error {
			return tx.Bucket(bucketStore).Put(keyFormat, []byte(strconv.Itoa(format+1)))
		})
		db.Close()
		if _, err := Open(t.Context(), dir, Config{}); fault.Code(err) != fault.CodeStoreVersion {
			t.Errorf("%s of a newer format: %v, want store_version", name, err)
		}
	}
}

func TestOneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, Config{})
	if _, err := Open(t.Context(), dir, Config{}); fault.Code(err) != fault.CodeBusy {
		t.Errorf("second open: %v, want busy", err)
	}
}

func TestRefusesFoldersItCannotUse(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), filepath.Join(file, "data"), Config{}); fault.Code(err) != fault.CodeBadValue {
		t.Errorf("a folder below a file: %v, want bad_value", err)
	}
	if err := explainOpen(os.ErrPermission, "d", "authority.db"); fault.Code(err) != fault.CodeBadValue {
		t.Errorf("no permission: %v, want bad_value", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "authority.db"), make([]byte, 1<<16), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir, Config{}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a damaged file: %v, want a fault", err)
	}
}

func TestCommitsShareAnFsync(t *testing.T) {
	s := open(t, t.TempDir(), Config{})
	txid := func() (id int) {
		s.authority.view(func(tx *bbolt.Tx) error { id = tx.ID(); return nil })
		return id
	}
	const workers, each = 64, 8
	before := txid()
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for range each {
				txn := kv.Txn{ID: kv.NewID(time.Now()), Space: kv.Control, Writes: []kv.Write{{Key: "k" + strconv.Itoa(w)}}}
				if _, err := s.Commit(t.Context(), txn); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if took := txid() - before; took > workers*each/4 {
		t.Errorf("%d commits took %d transactions, each with its fsync", workers*each, took)
	}
}

// A page of noise and a file cut short are errors that say what to do, not the
// end of the process.
func TestRefusesADamagedFile(t *testing.T) {
	for name, damage := range map[string]func(*os.File) error{
		"noise": func(f *os.File) error {
			noise := make([]byte, 6*4096)
			rand.Read(noise)
			_, err := f.WriteAt(noise, 4*4096)
			return err
		},
		"cut short": func(f *os.File) error { return f.Truncate(5 * 4096) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, Config{})
			for i := range 40 {
				key := "k" + strconv.Itoa(i)
				if _, err := s.Commit(t.Context(), kv.Txn{ID: kv.NewID(time.Now()), Space: kv.Control,
					Writes: []kv.Write{{Key: key, Data: make([]byte, 3000)}}}); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			f, err := os.OpenFile(filepath.Join(dir, "authority.db"), os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(damage(f), f.Close()); err != nil {
				t.Fatal(err)
			}
			_, err = Open(t.Context(), dir, Config{})
			if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "may be damaged") {
				t.Errorf("%v, want the sentence about a damaged file", err)
			}
		})
	}
}
