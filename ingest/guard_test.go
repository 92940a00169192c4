package ingest

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sightline/internal/fault"
)

// Addresses no setting may open (research 4.4 rule 4), as literals and wrapped.
var neverCorpus = []string{
	"0.0.0.0", "0.1.2.3", "169.254.0.1", "169.254.169.254", "192.0.0.1", "192.0.0.192", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
	"100.100.100.200", "168.63.129.16", "::", "fe80::1", "febf::1", "ff02::1", "ff05::c", "fd00:ec2::254", "100::1",
	"::ffff:169.254.169.254", "::ffff:0.0.0.0", "64:ff9b::a9fe:a9fe", "64:ff9b::169.254.169.254", "64:ff9b:1::1", "2002:a9fe:a9fe::1",
	"2001:0:a9fe:a9fe::1", "2001:0:0808:0808:0:0:5601:5601", "::169.254.169.254", "::ffff:224.0.0.1", "2002:e000:1::",
}

var loopCorpus = []string{
	"127.0.0.1", "127.0.0.53", "127.255.255.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1", "2001:0:7f00:1:0:0:f7f7:f7f7", "::127.0.0.1",
	"2001:0:0808:0808:0:0:80ff:fffe",
}

var privateCorpus = []string{
	"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.1", "100.64.0.1", "100.127.255.255",
	"fc00::1", "fdff::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:0a00:1::1", "2001:0:a00:1:0:0:f7f7:f7f7", "198.18.0.1", "192.0.2.1", "2001:db8::1", "fec0::1",
}

var publicCorpus = []string{"8.8.8.8", "1.1.1.1", "172.32.0.1", "192.169.0.1", "100.128.0.1", "169.253.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"}

func TestClassOfAddresses(t *testing.T) {
	for want, list := range map[addrClass][]string{addrNever: neverCorpus, addrLoopback: loopCorpus, addrPrivate: privateCorpus, addrPublic: publicCorpus} {
		for _, s := range list {
			if got := classify(netip.MustParseAddr(s)); got != want {
				t.Errorf("%s is class %d, want %d", s, got, want)
			}
		}
	}
	if classify(netip.MustParseAddr("8.8.8.8").WithZone("x")) != addrPublic { // v4 has no zones
		t.Error("zone")
	}
	if classify(netip.MustParseAddr("2606:4700::1%eth0")) != addrNever || classify(netip.Addr{}) != addrNever {
		t.Error("an address with a zone or none at all must never be dialled")
	}
}

func testGuard(nets ...string) *Guard {
	return NewGuard(GuardConfig{Networks: prefixes(nets...), OwnAddrs: func() []netip.Addr { return []netip.Addr{netip.MustParseAddr("192.168.1.5")} }})
}

func TestGuardDecides(t *testing.T) {
	for _, v := range []struct {
		nets    []string
		loop    bool
		addr    string
		ok      bool
		precise bool
		says    string
	}{
		{nil, false, "192.168.1.20:554", false, false, "not listed"},
		{[]string{"192.168.1.0/24"}, false, "192.168.1.20:554", true, true, ""},
		{[]string{"192.168.1.0/24"}, false, "192.168.1.20:10554", true, true, ""},
		{[]string{"192.168.1.0/24"}, false, "192.168.2.20:554", false, false, "not listed"},
		{[]string{"192.168.1.0/24"}, false, "192.168.1.5:554", false, false, "the server itself"},
		{[]string{"192.168.1.0/24"}, true, "192.168.1.5:554", true, true, ""},
		{[]string{"::ffff:192.168.1.0/120"}, false, "192.168.1.20:554", true, true, ""},
		{[]string{"192.168.1.0/24"}, false, "[::ffff:192.168.1.20]:554", true, true, ""},
		{[]string{"0.0.0.0/0", "::/0"}, false, "127.0.0.1:554", false, false, "the server itself"},
		{[]string{"0.0.0.0/0", "::/0"}, true, "127.0.0.1:6379", true, true, ""},
		{[]string{"0.0.0.0/0", "::/0"}, true, "169.254.169.254:80", false, false, "no camera"},
		{[]string{"169.254.0.0/16", "fe80::/10"}, true, "[fe80::1]:554", false, false, "no camera"},
		{nil, false, "8.8.8.8:554", true, false, ""},
		{nil, false, "8.8.8.8:2020", true, false, ""},
		{nil, false, "8.8.8.8:22", false, false, "ports"},
		{[]string{"8.8.8.0/24"}, false, "8.8.8.8:22", true, true, ""},
		{nil, false, "[64:ff9b::a00:1]:554", false, false, "not listed"},
	} {
		g := testGuard(v.nets...)
		nets, _ := g.Networks()
		g.SetNetworks(nets, v.loop)
		precise, err := g.judge(netip.MustParseAddrPort(v.addr))
		if (err == nil) != v.ok || precise != v.precise {
			t.Errorf("%s in %v loop %v: precise %v, %v", v.addr, v.nets, v.loop, precise, err)
		}
		if err != nil && (fault.Code(err) != fault.CodeAddressDenied || !strings.Contains(err.Error(), v.says)) {
			t.Errorf("%s: %v", v.addr, err)
		}
	}
}

func TestEveryAddressOfANameMustPass(t *testing.T) {
	g := testGuard("192.168.1.0/24")
	answers := map[string][]netip.Addr{
		"good.example":  {netip.MustParseAddr("192.168.1.20"), netip.MustParseAddr("192.168.1.21")},
		"mixed.example": {netip.MustParseAddr("192.168.1.20"), netip.MustParseAddr("127.0.0.1")},
		"half.example":  {netip.MustParseAddr("192.168.1.20"), netip.MustParseAddr("8.8.8.8")},
		"meta.example":  {netip.MustParseAddr("169.254.169.254")},
		"none.example":  {},
	}
	g.resolve = func(_ context.Context, h string) ([]netip.Addr, error) {
		a, ok := answers[h]
		if !ok {
			return nil, errors.New("no such host")
		}
		return a, nil
	}
	for host, want := range map[string]class{"good.example": "", "half.example": "", "mixed.example": classDenied, "meta.example": classDenied, "none.example": className, "other.example": className} {
		_, precise, err := g.vet(t.Context(), host, 554)
		if want == "" {
			if err != nil || precise != (host == "good.example") {
				t.Errorf("%s: precise %v, %v", host, precise, err)
			}
			continue
		}
		if err == nil || asAttempt(err).class != want {
			t.Errorf("%s: %v, want %s", host, err, want)
		}
	}
}

// A name that answers with a good address when asked and another one later
// cannot move the connection: the vetted address is dialled, and judged again.
func TestDialJudgesTheConnectedAddress(t *testing.T) {
	g := testGuard()
	_, err := g.dial(t.Context(), []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:9")})
	if err == nil || network(err, false).class != classDenied {
		t.Fatalf("dialled loopback: %v", err)
	}
}

func TestNetworksMayChangeWhileAPullRuns(t *testing.T) {
	t.Parallel()
	cam := newCam(t, testcamConfig(t))
	g := loopGuard()
	f := New(Config{Guard: g, Timing: quick})
	t.Cleanup(f.Close)
	f.Set(sourceOf("a", cam))
	waitStatus(t, f, "a", Main, Live, 15*time.Second)
	g.SetNetworks(nil, false)
	s := waitOffline(t, f, "a", Main, "the server itself", 15*time.Second)
	if cam.Viewers() > 1 {
		t.Errorf("state %+v", s)
	}
	n := cam.Connects()
	eventually(t, 5*time.Second, "another attempt", func() bool { s, _ := f.State("a"); return s.Layers[Main].Attempt > 2 })
	if cam.Connects() != n {
		t.Error("a denied address was dialled")
	}
	g.SetNetworks(nil, true)
	waitStatus(t, f, "a", Main, Live, 15*time.Second)
}

func TestPrivateSubnetsArePrivate(t *testing.T) {
	for _, p := range PrivateSubnets() {
		if classify(p.Addr()) != addrPrivate || p.Masked() != p {
			t.Errorf("%v", p)
		}
	}
}

func TestURLs(t *testing.T) {
	for in, want := range map[string]string{
		"rtsp://192.168.1.20/stream1":       "rtsp://192.168.1.20:554/stream1",
		"RTSP://Cam.Local:8554/a?b=c&d=%20": "rtsp://cam.local:8554/a?b=c&d=%20",
		"rtsps://[::1]/x":                   "rtsps://[::1]:322/x",
		"rtsp://[::ffff:10.0.0.1]:554/":     "rtsp://10.0.0.1:554/",
		"rtsp://cam./x":                     "rtsp://cam:554/x",
		"rtsp://10.0.0.1/Streaming/Channels/101?transportmode=unicast": "rtsp://10.0.0.1:554/Streaming/Channels/101?transportmode=unicast",
	} {
		if got, err := CheckURL(in); got != want || err != nil {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
	for _, in := range []string{
		"", "rtsp://", "rtsp:///x", "http://10.0.0.1/", "file:///etc/passwd", "exec:ls", "rtsp:10.0.0.1", "ffmpeg:rtsp://x",
		"rtsp://user:pass@10.0.0.1/", "rtsp://user@10.0.0.1/", "rtsp://10.0.0.1/#x", "rtsp://10.0.0.1/#", "rtsp://10.0.0.1:0/", "rtsp://10.0.0.1:65536/", "rtsp://10.0.0.1:/",
		"rtsp://10.0.0.1:x/", "rtsp://2130706433/", "rtsp://0x7f000001/", "rtsp://127.1/", "rtsp://0177.0.0.1/", "rtsp://1.2.3.4.5/", "rtsp://[fe80::1%25eth0]/",
		"rtsp://10.0.0.1/ x", "rtsp://10.0.0.1/\r\nX: y", "rtsp://10.0.0.1/\x00", "rtsp://a..b/", "rtsp://-a/", "rtsp://ä/", "rtsp://a\\b/", "rtsp://10.0.0.1/" + strings.Repeat("x", 2048),
	} {
		if got, err := CheckURL(in); err == nil || fault.Code(err) != fault.CodeBadURL {
			t.Errorf("%q: %s, %v", in, got, err)
		}
	}
}

func TestBackoffByClass(t *testing.T) {
	tm := Timing{}.withDefaults()
	for _, v := range []struct {
		c        class
		n        int
		min, max time.Duration
	}{
		{classRefused, 1, 250 * time.Millisecond, 700 * time.Millisecond},
		{classRefused, 10, 1400 * time.Millisecond, 2600 * time.Millisecond},
		{classRefused, 1000, 7 * time.Second, 13 * time.Second},
		{classNoRoute, 1, 250 * time.Millisecond, 700 * time.Millisecond},
		{classNoRoute, 100, 22 * time.Second, 30 * time.Second},
		{classLogin, 1, 30 * time.Second, 45 * time.Second},
		{classCodec, 1, 1400 * time.Millisecond, 2600 * time.Millisecond},
		{classCodec, 60, 22 * time.Second, 30 * time.Second},
	} {
		spread := map[time.Duration]bool{}
		for _, r := range []float64{0, .25, .5, .75, .999} {
			d := tm.backoff(v.c, v.n, r)
			if d < v.min || d > v.max {
				t.Errorf("%s %d: %v", v.c, v.n, d)
			}
			spread[d] = true
		}
		if len(spread) < 3 {
			t.Errorf("%s %d: no jitter", v.c, v.n)
		}
	}
}

func prefixes(s ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(s))
	for i, p := range s {
		out[i] = netip.MustParsePrefix(p)
	}
	return out
}
