package ingest

import (
	"bytes"
	"net/netip"
	"testing"

	"sightline/sfu"
)

func FuzzNormalizer(f *testing.F) {
	f.Add([]byte{4, 0x65, 0x88, 0x84, 0x21, 4, 0x41, 0x9a, 0x21, 0x22}, false)
	f.Add(append([]byte{14}, 0x78, 0, 4, 0x67, 0x42, 0, 0x0a, 0, 4, 0x68, 0xce, 1, 2), false)
	f.Add([]byte{5, 0x7c, 0x85, 1, 2, 3, 5, 0x7c, 0x45, 1, 2, 3}, false)
	f.Add([]byte{8, 0x62, 1, 0x93, 1, 2, 3, 4, 5, 8, 0x62, 1, 0x53, 1, 2, 3, 4, 5}, true)
	f.Add([]byte{9, 0x60, 1, 0, 3, 0x40, 1, 2, 0, 1, 9}, true)
	f.Add([]byte{12, 0x67, 1, 2, 3, 0, 0, 1, 0x68, 1, 2, 0, 0}, false)
	f.Fuzz(func(t *testing.T, b []byte, hevc bool) {
		codec := sfu.H264
		if hevc {
			codec = sfu.H265
		}
		n := newNormalizer(track{Codec: codec}, func(au accessUnit) {
			if len(au.NALs) == 0 {
				t.Fatal("empty picture")
			}
			for _, p := range packetize(codec, au.NALs) {
				if len(p) == 0 || len(p) > sfu.MaxPayload {
					t.Fatalf("payload of %d bytes", len(p))
				}
			}
		})
		seq, ts := uint16(0), uint32(0)
		for len(b) > 1 {
			size := min(int(b[0]), len(b)-1)
			seq += 1 + uint16(b[0]&0x80>>7)
			ts += uint32(b[0] & 1)
			n.push(packet{Seq: seq, TS: ts, Marker: b[0]&2 != 0, Payload: b[1 : 1+size]})
			b = b[1+size:]
		}
	})
}

func FuzzSplitGlued(f *testing.F) {
	f.Add([]byte{0x67, 1, 0, 0, 0, 1, 0x68, 2, 0, 0, 1, 0x65, 3})
	f.Add([]byte{0, 0, 1})
	f.Add([]byte{0, 0, 0, 0, 1, 5, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		total := 0
		splitGlued(b, func(nal []byte) {
			if len(nal) == 0 || bytes.Contains(nal, startCode) {
				t.Fatalf("unit %x", nal)
			}
			total += len(nal)
		})
		if total > len(b) {
			t.Fatal("more out than in")
		}
	})
}

func FuzzSPS(f *testing.F) {
	f.Add([]byte{0x67, 0x4d, 0x00, 0x28, 0xda, 0x01, 0x40, 0x16, 0xe8}, false)
	f.Add([]byte{0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xf1, 0x83, 0x19, 0x60}, false)
	f.Add([]byte{0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x5d, 0xa0, 0x02, 0x80, 0x80, 0x2d, 0x16, 0x59, 0x59, 0xa4, 0x93, 0x2b, 0x80, 0x40, 0x00, 0x00}, true)
	f.Fuzz(func(t *testing.T, b []byte, hevc bool) {
		codec := sfu.H264
		if hevc {
			codec = sfu.H265
		}
		p, err := parseSPS(codec, b)
		if err == nil && (p.format.Width < 16 || p.format.Width > maxSide || p.format.Height < 16 || p.format.Height > maxSide) {
			t.Fatalf("%+v", p.format)
		}
	})
}

// FuzzAddress compares the classifier with what net/netip says: whatever netip
// calls special, plain or mapped, must not be public here.
func FuzzAddress(f *testing.F) {
	for _, list := range [][]string{neverCorpus, loopCorpus, privateCorpus, publicCorpus} {
		for _, s := range list {
			b := netip.MustParseAddr(s).AsSlice()
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := netip.AddrFromSlice(b)
		if !ok {
			return
		}
		c := classify(a)
		u := a.Unmap()
		if c != classify(u) {
			t.Fatalf("%v and %v differ", a, u)
		}
		if u.IsLoopback() && c != addrLoopback || u.IsPrivate() && c != addrPrivate && c != addrNever {
			t.Fatalf("%v is class %d", a, c)
		}
		if (u.IsUnspecified() || u.IsMulticast() || u.IsLinkLocalUnicast() || u.IsInterfaceLocalMulticast()) && c != addrNever {
			t.Fatalf("%v is class %d", a, c)
		}
		if c == addrPublic && !u.IsGlobalUnicast() {
			t.Fatalf("%v is public", a)
		}
		for _, in := range wrapped(u) {
			if classify(in) > c {
				t.Fatalf("%v hides %v", a, in)
			}
		}
	})
}

func FuzzURL(f *testing.F) {
	for _, s := range []string{"rtsp://10.0.0.1/x", "rtsps://[::1]:322/a?b", "rtsp://a b/", "rtsp://user@x/", "rtsp://x/#y", "RTSP://X.:554"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := CheckURL(s)
		if err != nil {
			return
		}
		again, err := CheckURL(n)
		if err != nil || again != n {
			t.Fatalf("%q became %q became %q: %v", s, n, again, err)
		}
		a, _ := parseURL(n)
		for _, b := range []byte(n) {
			if b <= ' ' || b == '@' && a.path == "" {
				t.Fatalf("%q", n)
			}
		}
	})
}
