package kvtest

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sightline/internal/kv"
)

func testScans(t *testing.T, in *Instance) {
	for _, k := range []string{"b/2", "a/1", "b/1", "b", "b/10", "c/1", "b0"} {
		in.commit(t, kv.Control, put(k, ""))
	}
	for _, c := range []struct {
		scan kv.Scan
		want string
	}{
		{kv.Scan{}, "a/1 b b/1 b/10 b/2 b0 c/1"},
		{kv.Scan{Reverse: true}, "c/1 b0 b/2 b/10 b/1 b a/1"},
		{kv.Scan{Prefix: "b/"}, "b/1 b/10 b/2"},
		{kv.Scan{Prefix: "b/", Reverse: true}, "b/2 b/10 b/1"},
		{kv.Scan{Prefix: "b/", Limit: 2}, "b/1 b/10"},
		{kv.Scan{Prefix: "b/", Reverse: true, Limit: 2}, "b/2 b/10"},
		{kv.Scan{Prefix: "b/", From: "b/10"}, "b/10 b/2"},
		{kv.Scan{Prefix: "b/", From: "b/10\x00"}, "b/2"},
		{kv.Scan{Prefix: "b/", From: "b/10", Reverse: true}, "b/10 b/1"},
		{kv.Scan{Prefix: "b/", From: "a"}, "b/1 b/10 b/2"},
		{kv.Scan{Prefix: "b/", From: "z"}, ""},
		{kv.Scan{Prefix: "b/", From: "a", Reverse: true}, ""},
		{kv.Scan{Prefix: "b/", From: "z", Reverse: true}, "b/2 b/10 b/1"},
		{kv.Scan{Prefix: "b/", From: "b/11", Reverse: true}, "b/10 b/1"},
		{kv.Scan{Prefix: "b"}, "b b/1 b/10 b/2 b0"},
		{kv.Scan{Prefix: "nothing"}, ""},
		{kv.Scan{From: "b/2"}, "b/2 b0 c/1"},
		{kv.Scan{From: "b", Reverse: true}, "b a/1"},
		{kv.Scan{Prefix: "c/1"}, "c/1"},
	} {
		var got []string
		for _, v := range in.read(t, kv.Control, nil, c.scan).Scans[0] {
			got = append(got, v.Key)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v = %v, want %s", c.scan, got, c.want)
		}
	}
	s := in.read(t, kv.Control, []string{"b"}, kv.Scan{Prefix: "c"}, kv.Scan{Prefix: "none"}, kv.Scan{Prefix: "a"})
	if list(s.Scans[0])+list(s.Scans[1])+list(s.Scans[2]) != "c/1= a/1= " {
		t.Errorf("three scans in one read = %q %q %q", list(s.Scans[0]), list(s.Scans[1]), list(s.Scans[2]))
	}
	in.commit(t, kv.Control, del("b/10"))
	if got := in.read(t, kv.Control, nil, kv.Scan{Prefix: "b/1"}).Scans[0]; list(got) != "b/1= " {
		t.Errorf("a scan finds a removed key: %s", list(got))
	}
}

// testScanModel compares random scans over keys of awkward bytes with a sorted slice.
func testScanModel(t *testing.T, in *Instance) {
	rnd := rand.New(rand.NewPCG(1, 2))
	alphabet := []byte{0, 1, 'a', 'b', 0xfe, 0xff}
	word := func(most int) string {
		b := make([]byte, rnd.IntN(most+1))
		for i := range b {
			b[i] = alphabet[rnd.IntN(len(alphabet))]
		}
		return string(b)
	}
	var keys []string
	var writes []kv.Write
	for range 300 {
		if k := word(4); k != "" && !slices.Contains(keys, k) {
			keys = append(keys, k)
			writes = append(writes, put(k, k))
		}
	}
	slices.Sort(keys)
	in.commit(t, other, writes...)
	var scans []kv.Scan
	for range 400 {
		scans = append(scans, kv.Scan{Prefix: word(2), From: word(4), Reverse: rnd.IntN(2) == 0, Limit: rnd.IntN(20)})
	}
	for i, found := range in.read(t, other, nil, scans...).Scans {
		s := scans[i]
		var want []string
		for _, k := range keys {
			if strings.HasPrefix(k, s.Prefix) && (s.From == "" || !s.Reverse && k >= s.From || s.Reverse && k <= s.From) {
				want = append(want, k)
			}
		}
		if s.Reverse {
			slices.Reverse(want)
		}
		if s.Limit > 0 && len(want) > s.Limit {
			want = want[:s.Limit]
		}
		var got []string
		for _, v := range found {
			got = append(got, v.Key)
			if string(v.Data) != v.Key || !v.Exists() {
				t.Fatalf("%+v: value of %q = %q version %d", s, v.Key, v.Data, v.Version)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%+v = %q, want %q", s, got, want)
		}
	}
}

func testBytes(t *testing.T, in *Instance) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	keys := []string{string(all), "\x00", "\xff", "\xff\xff", "{tag}", "a:b", "a\r\nb", "ключ", "1:2"}
	var writes []kv.Write
	for _, k := range keys {
		writes = append(writes, put(k, k))
	}
	in.commit(t, kv.Control, writes...)
	s := in.read(t, kv.Control, keys, kv.Scan{Prefix: "\xff"}, kv.Scan{Prefix: "\xff", Reverse: true}, kv.Scan{Prefix: "\xff\xff\xff"})
	for i, v := range s.Values {
		if v.Key != keys[i] || string(v.Data) != keys[i] {
			t.Errorf("key %q came back as %q with %q", keys[i], v.Key, v.Data)
		}
	}
	if list(s.Scans[0]) != "\xff=\xff \xff\xff=\xff\xff " || list(s.Scans[1]) != "\xff\xff=\xff\xff \xff=\xff " || len(s.Scans[2]) != 0 {
		t.Errorf("scans of 0xff = %q %q %q", list(s.Scans[0]), list(s.Scans[1]), list(s.Scans[2]))
	}
}
