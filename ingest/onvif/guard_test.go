package onvif_test

import (
	"net/netip"
	"testing"
	"time"

	"sightline/ingest"
	"sightline/ingest/onvif"
	"sightline/internal/fault"
	"sightline/internal/secret"
	"sightline/internal/testcam"
)

// T11: the addresses of the corpus, in the spellings a URL may have; nothing is
// connected to, and the reason says so at once.
func TestT11_DeniedAddresses(t *testing.T) {
	o, err := testcam.NewONVIF(testcam.ONVIFConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	g := ingest.NewGuard(ingest.GuardConfig{Networks: []netip.Prefix{netip.MustParsePrefix("192.168.1.0/24")}})
	_, port, err := onvif.HostPort(o.URL())
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{
		"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "0.0.0.0", "[::]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
		"169.254.169.254", "[fd00:ec2::254]", "100.100.100.200", "10.0.0.1", "172.16.0.1", "192.168.2.1", "[fe80::1]", "[ff02::1]", "224.0.0.1", "255.255.255.255",
	} {
		began := time.Now()
		_, err := onvif.Probe(t.Context(), g.DialContext, onvif.Target{URL: "http://" + host + ":" + port, User: "u", Password: secret.New("p")}, true)
		if f := onvif.Fault(err, true); err == nil || f.Code != fault.CodeAddressDenied {
			t.Errorf("%s: %v", host, f)
		}
		if d := time.Since(began); d > 4*time.Second {
			t.Errorf("%s took %v", host, d)
		}
	}
	if n := o.Asked("GetSystemDateAndTime"); n != 0 {
		t.Fatalf("%d requests arrived", n)
	}
	// What is allowed is reached, and what it names elsewhere is not.
	g.SetNetworks(nil, true)
	if _, err := onvif.Probe(t.Context(), g.DialContext, onvif.Target{URL: o.URL()}, true); err != nil {
		t.Fatal(err)
	}
}
