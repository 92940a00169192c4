package sfu

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
)

// sealRTCP is SRTCP by AEAD_AES_128_GCM as RFC 7714, section 9, writes it,
// apart from the code under test but for the key derivation.
func sealRTCP(t *testing.T, key, salt, plain []byte, index uint32) []byte {
	t.Helper()
	aead, s := session(key, salt, 3, 5)
	if aead == nil {
		t.Fatal("no keys")
	}
	word := binary.BigEndian.AppendUint32(nil, index|1<<31)
	iv := make([]byte, 12)
	copy(iv[2:], plain[4:8])
	binary.BigEndian.PutUint32(iv[8:], index)
	for i := range iv {
		iv[i] ^= s[i]
	}
	out := aead.Seal(slices.Clone(plain[:8]), iv, plain[8:], append(slices.Clone(plain[:8]), word...))
	return append(out, word...)
}

// What is not genuine, not encrypted, or was there before, is not opened; what comes out of order is, once.
func TestFeedbackIsOpenedOnce(t *testing.T) {
	key, salt := bytes.Repeat([]byte{7}, 16), bytes.Repeat([]byte{9}, 12)
	plain := []byte{0x8f, 205, 0, 5, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 0, 1, 0, 0, 1, 0, 0x20, 1, 4, 0}
	o := newOpener(key, salt)
	dst := make([]byte, 2048)
	check := func(what string, b []byte, want bool) {
		t.Helper()
		got, ok := o.open(dst, b)
		if ok != want || ok && !bytes.Equal(got, plain) {
			t.Errorf("%s: opened %v, %x", what, ok, got)
		}
	}
	forged := sealRTCP(t, key, salt, plain, 5)
	forged[10] ^= 1
	check("a forged packet", forged, false)
	check("the first", sealRTCP(t, key, salt, plain, 1000), true)
	check("the first again", sealRTCP(t, key, salt, plain, 1000), false)
	check("a later one", sealRTCP(t, key, salt, plain, 1010), true)
	check("one that was overtaken", sealRTCP(t, key, salt, plain, 1004), true)
	check("that one again", sealRTCP(t, key, salt, plain, 1004), false)
	check("one that is too old to know", sealRTCP(t, key, salt, plain, 900), false)
	forged = sealRTCP(t, key, salt, plain, 1<<30)
	forged[len(forged)-6] ^= 1
	check("a forged one from the future", forged, false)
	check("one after it", sealRTCP(t, key, salt, plain, 1011), true)
	check("one far ahead", sealRTCP(t, key, salt, plain, 5000), true)
	check("one before the jump", sealRTCP(t, key, salt, plain, 1012), false)
	other := slices.Clone(plain)
	other[7]++
	plain = other
	check("another source", sealRTCP(t, key, salt, plain, 7), true)
	check("the same of that", sealRTCP(t, key, salt, plain, 7), false)
	clear := sealRTCP(t, key, salt, plain, 6000)
	clear[len(clear)-4] &^= 0x80
	check("one said to be in clear", clear, false)
}

// The reader hurries for who connects, and for nobody else.
func TestWhoConnects(t *testing.T) {
	known, other := netip.MustParseAddrPort("192.0.2.7:4000"), netip.MustParseAddrPort("192.0.2.8:4000")
	var in inbound
	in.learn(known, &Peer{})
	for name, c := range map[string]struct {
		first byte
		from  netip.AddrPort
		want  bool
	}{
		"a handshake":              {22, other, true},
		"a handshake of a viewer":  {22, known, true},
		"STUN of nobody":           {0, other, true},
		"STUN of a viewer":         {0, known, false},
		"the same, in IPv6's form": {0, netip.AddrPortFrom(netip.AddrFrom16(known.Addr().As16()), 4000), false},
		"SRTCP":                    {0x80, other, false},
		"TURN's channels":          {64, other, false},
		"what nobody sends":        {7, other, false},
	} {
		if got := in.joins([]byte{c.first, 1}, c.from); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if in.joins(nil, other) {
		t.Error("nothing connects")
	}
}

// FuzzInbound gives the reader of sealed feedback what a stranger may send.
func FuzzInbound(f *testing.F) {
	key, salt := bytes.Repeat([]byte{7}, 16), bytes.Repeat([]byte{9}, 12)
	plain := []byte{0x8f, 205, 0, 5, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 0, 1, 0, 0, 1, 0, 0x20, 1, 4, 0}
	f.Add([]byte{})
	f.Add(plain)
	f.Add(append(bytes.Clone(plain), make([]byte, srtcpTail)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		o := newOpener(key, salt)
		was := slices.Clone(b)
		if ours(b) {
			if out, ok := o.open(make([]byte, len(b)), b); ok {
				t.Fatalf("%x was opened to %x, and nobody sealed it", b, out)
			}
		}
		if !bytes.Equal(was, b) {
			t.Fatal("what came was written to")
		}
		sealed := sealRTCP(t, key, salt, plain, 1)
		if _, ok := o.open(make([]byte, 2048), sealed); !ok {
			t.Fatal("a genuine packet is refused after it")
		}
		if len(b) > 0 { // the same packet, broken
			broken := slices.Clone(sealed)
			broken[int(b[0])%len(broken)] ^= b[len(b)-1] | 1
			if _, ok := newOpener(key, salt).open(make([]byte, 2048), broken); ok {
				t.Fatalf("%x was opened", broken)
			}
		}
	})
}
