package onvif

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"sightline/internal/testcam"
)

func TestSearchFindsWhoAnswersForItself(t *testing.T) {
	t.Parallel()
	group := netip.MustParseAddrPort("239.255.255.250:" + freePort(t))
	o := camera1(t, testcam.ONVIFConfig{Group: group, Interface: "lo", Strangers: 50})
	list, err := Search(t.Context(), SearchConfig{Interfaces: []string{"lo"}, Group: group, For: 6 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 {
		t.Fatalf("found %d: %+v", len(list), list)
	}
	if n := list[0]; n.URL != o.URL() || n.Name != "Front door<b>" || n.Hardware != "T-1000" || n.Location != "Kyiv" || n.Address != netip.MustParseAddr("127.0.0.1") {
		t.Fatalf("found %+v", n)
	}
}

func TestSearchWithoutInterface(t *testing.T) {
	if _, err := Search(t.Context(), SearchConfig{Interfaces: []string{"nosuch0"}}); err == nil {
		t.Fatal("searched on an interface that is not there")
	}
}

func TestSearchIsBounded(t *testing.T) {
	s := &search{found: map[string]Neighbour{}}
	answer := func(i int, id string) []byte {
		return []byte(`<E><Header><RelatesTo>q</RelatesTo></Header><Body><ProbeMatches><ProbeMatch><EndpointReference><Address>` + id + `</Address></EndpointReference><XAddrs>http://192.0.2.1:` +
			strings.TrimSpace(number(float64(i))[:4]) + `/x</XAddrs></ProbeMatch></ProbeMatches></Body></E>`)
	}
	from := netip.MustParseAddr("192.0.2.1")
	for i := range 2000 {
		s.take(answer(1000+i, "urn:"+number(float64(i))), from, []string{"q"})
	}
	if n := len(s.list()); n != maxFound {
		t.Fatalf("%d are kept", n)
	}
	s.take(answer(9000, "urn:x"), from, []string{"other question"})
	s.take(answer(9000, "urn:x"), netip.MustParseAddr("192.0.2.2"), []string{"q"})
	if n := len(s.list()); n != maxFound {
		t.Fatalf("%d are kept", n)
	}
}
