package seal

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sightline/internal/secret"
)

var at = Place{Tenant: "acct", Object: "cam", Field: "password"}

func TestT14_SealedOpensOnlyInItsPlace(t *testing.T) {
	b, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sealed := b.Seal(secret.New("hunter2hunter2"), at)
	if strings.Contains(sealed, "hunter2") {
		t.Fatal("the plain text shows")
	}
	got, err := b.Unseal(sealed, at)
	if err != nil || got.Reveal() != "hunter2hunter2" {
		t.Fatalf("unseal: %v", err)
	}
	if again := b.Seal(secret.New("hunter2hunter2"), at); again == sealed {
		t.Fatal("the same text sealed twice looks the same")
	}
	for _, p := range []Place{
		{"other", "cam", "password"}, {"acct", "other", "password"}, {"acct", "cam", "user"},
		{"acctc", "am", "password"}, {"", "acctcam", "password"},
	} {
		if _, err := b.Unseal(sealed, p); err != ErrSealed {
			t.Errorf("opened at %+v", p)
		}
	}
	for i := range sealed {
		c := []byte(sealed)
		c[i] ^= 1
		if got, err := b.Unseal(string(c), at); err == nil {
			t.Errorf("byte %d changed and it opened to %q", i, got.Reveal())
		}
	}
	for _, bad := range []string{"", "s1", "s1.", "s1.k1", "s1.k1.", "s1.k9." + sealed[6:], "s2" + sealed[2:]} {
		if _, err := b.Unseal(bad, at); err != ErrSealed {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestT14_KeyFile(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	boxes := make([]*Box, 8)
	for i := range boxes {
		wg.Go(func() { boxes[i], _ = Open(dir) })
	}
	wg.Wait()
	sealed := boxes[0].Seal(secret.New("x"), at)
	for i, b := range boxes {
		if b == nil {
			t.Fatalf("open %d failed", i)
		}
		if _, err := b.Unseal(sealed, at); err != nil {
			t.Fatalf("two first starts made two keys")
		}
	}
	path := filepath.Join(dir, KeyFile)
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v %v", st.Mode(), err)
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) != 1 {
		t.Fatalf("temporary files left: %v", entries)
	}

	// Rotation: a new first key seals, the old one still opens.
	old, _ := os.ReadFile(path)
	key := base64.StdEncoding.EncodeToString(make([]byte, 32))
	if err := os.WriteFile(path, []byte("k2 "+key+"\n"+string(old)), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := b.Unseal(sealed, at); err != nil || got.Reveal() != "x" {
		t.Fatalf("old value after rotation: %v", err)
	}
	if !b.Stale(sealed) || b.Stale(b.Seal(secret.New("x"), at)) {
		t.Fatal("Stale does not tell the keys apart")
	}

	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Fatalf("a readable key file: %v", err)
	}
}

func TestT14_KeysFromEnvironment(t *testing.T) {
	key := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	dir := t.TempDir()
	t.Setenv(EnvKeys, "new:"+key+", old:"+base64.StdEncoding.EncodeToString(make([]byte, 32)))
	b, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if s := b.Seal(secret.New("x"), at); !strings.HasPrefix(s, "s1.new.") {
		t.Fatalf("sealed with %q", s[:8])
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Fatal("a key file was made beside the environment")
	}
	for _, bad := range []string{"x", "x:aaaa", "X:" + key, "a:" + key + ",a:" + key} {
		t.Setenv(EnvKeys, bad)
		if _, err := Open(dir); err == nil {
			t.Errorf("%q was taken", bad)
		} else if strings.Contains(err.Error(), key) {
			t.Errorf("the error shows the key")
		}
	}
}

func FuzzUnseal(f *testing.F) {
	b, err := New(Key{ID: "k1"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b.Seal(secret.New("x"), at))
	f.Add("s1.k1.AAAA")
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := b.Unseal(s, at); err == nil && b.Seal(got, at) == "" {
			t.Fatal("opened to nothing")
		}
	})
}
