// Package blobtest is the suite that every blob store passes.
package blobtest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sightline/internal/blob"
	"sightline/internal/fault"
)

// Run tries stores that open returns, each empty.
func Run(t *testing.T, open func(t *testing.T) blob.Store) {
	t.Run("PutGetDelete", func(t *testing.T) { putGetDelete(t, open(t)) })
	t.Run("List", func(t *testing.T) { list(t, open(t)) })
	t.Run("Names", func(t *testing.T) { badNames(t, open(t)) })
	t.Run("AtOnce", func(t *testing.T) { atOnce(t, open(t)) })
	t.Run("Ended", func(t *testing.T) { ended(t, open(t)) })
}

func putGetDelete(t *testing.T, s blob.Store) {
	ctx := t.Context()
	name := "ab/0123456789abcdef.thumb.jpg"
	if _, err := s.Get(ctx, name); !fault.Is(err, fault.NotFound) {
		t.Fatalf("a name that holds nothing: %v", err)
	}
	if err := s.Delete(ctx, name); err != nil {
		t.Fatalf("deleting what is not there: %v", err)
	}
	for _, data := range [][]byte{[]byte("first"), []byte("second, longer"), bytes.Repeat([]byte{7}, 3<<20)} {
		if err := s.Put(ctx, name, data); err != nil {
			t.Fatal(err)
		}
		got, err := s.Get(ctx, name)
		if err != nil || !bytes.Equal(got, data) {
			t.Fatalf("put %d bytes, got %d: %v", len(data), len(got), err)
		}
	}
	if err := s.Put(ctx, "too/large", make([]byte, blob.MaxSize+1)); !fault.Is(err, fault.TooLarge) {
		t.Errorf("an object over the limit: %v", err)
	}
	for range 2 {
		if err := s.Delete(ctx, name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Get(ctx, name); !fault.Is(err, fault.NotFound) {
		t.Errorf("after Delete: %v", err)
	}
}

func list(t *testing.T, s blob.Store) {
	ctx := t.Context()
	var want []string
	start := time.Now()
	for _, n := range []string{"aa/1.jpg", "aa/1.guest.jpg", "aa/2.jpg", "ab/1.jpg", "b", "aab/9"} {
		if err := s.Put(ctx, n, []byte(n)); err != nil {
			t.Fatal(err)
		}
		want = append(want, n)
	}
	slices.Sort(want)
	for prefix, want := range map[string][]string{"": want, "aa/": want[:3], "aa": want[:4], "ab/1": {"ab/1.jpg"}, "zz": nil} {
		var got []string
		err := s.List(ctx, prefix, func(i blob.Info) bool {
			got = append(got, i.Name)
			if int(i.Size) != len(i.Name) || i.At.Before(start.Add(-time.Minute)) || i.At.After(time.Now().Add(time.Minute)) {
				t.Errorf("%+v", i)
			}
			return true
		})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("list %q: %v, want %v (%v)", prefix, got, want, err)
		}
	}
	n := 0
	if err := s.List(ctx, "", func(blob.Info) bool { n++; return n < 2 }); err != nil || n != 2 {
		t.Errorf("a list that was stopped went on to %d: %v", n, err)
	}
}

func badNames(t *testing.T, s blob.Store) {
	for _, n := range []string{"", ".", "..", "/", "/etc/passwd", "../x", "a/../../x", "a//b", "a/.new-1", ".x", "A", "a b", "a\x00", "a\\b", "a/", "%2e%2e/x", strings.Repeat("a", 201)} {
		if err := s.Put(t.Context(), n, []byte("x")); !fault.Is(err, fault.Internal) {
			t.Errorf("put %q: %v", n, err)
		}
		if _, err := s.Get(t.Context(), n); !fault.Is(err, fault.Internal) {
			t.Errorf("get %q: %v", n, err)
		}
		if err := s.Delete(t.Context(), n); !fault.Is(err, fault.Internal) {
			t.Errorf("delete %q: %v", n, err)
		}
	}
}

// Many put one name at once: whoever reads sees one of them whole.
func atOnce(t *testing.T, s blob.Store) {
	ctx := t.Context()
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for j := range 5 {
				if err := s.Put(ctx, "same", bytes.Repeat([]byte{byte(i)}, 10_000)); err != nil {
					t.Error(err)
				}
				if err := s.Put(ctx, fmt.Sprintf("own/%d/%d", i, j), []byte{byte(i)}); err != nil {
					t.Error(err)
				}
				got, err := s.Get(ctx, "same")
				if err != nil || len(got) != 10_000 || bytes.Count(got, got[:1]) != len(got) {
					t.Errorf("a torn object of %d bytes: %v", len(got), err)
				}
			}
		})
	}
	wait.Wait()
	n := 0
	if err := s.List(ctx, "own/", func(blob.Info) bool { n++; return true }); err != nil || n != 40 {
		t.Errorf("%d of 40: %v", n, err)
	}
}

func ended(t *testing.T, s blob.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Put(ctx, "a", []byte("x")); !fault.Is(err, fault.Unavailable) {
		t.Errorf("put: %v", err)
	}
	if _, err := s.Get(t.Context(), "a"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a put that was refused left something: %v", err)
	}
}
