package onvif

import (
	"context"
	"net"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sightline/internal/secret"
	"sightline/internal/testcam"
	"sightline/internal/testport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// dial is without a guard: tests of it are in guard_test.go.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

const user, password = "admin", `p"ass <&> w\ord`

// twoStreams are what most cameras offer, and one more that nobody wants.
func twoStreams(host string) []testcam.ONVIFProfile {
	return []testcam.ONVIFProfile{
		{Token: "P3", Name: "jpeg", Codec: testcam.JPEG, Width: 1920, Height: 1080, FPS: 5, URL: "rtsp://" + host + "/jpeg"},
		{Token: "P2", Name: "sub", Codec: testcam.H264, Width: 640, Height: 360, FPS: 15, URL: "rtsp://" + host + "/sub?profile=2"},
		{Token: "P1", Name: "main", Codec: testcam.H265, Width: 2560, Height: 1440, FPS: 25, URL: "rtsp://" + host + "/main"},
	}
}

func camera1(t *testing.T, cfg testcam.ONVIFConfig) *testcam.ONVIF {
	t.Helper()
	o, err := testcam.NewONVIF(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o
}

// unplug ends a camera whose port nobody else gets.
func unplug(t *testing.T, o *testcam.ONVIF) {
	t.Helper()
	_, text, _ := net.SplitHostPort(o.Addr())
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	o.Close()
	free, err := testport.Keep(port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(free)
}

func target(o *testcam.ONVIF) Target {
	return Target{URL: o.URL(), User: user, Password: secret.New(password)}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(40 * time.Second); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("not within 40 s: %s", what)
		}
		time.Sleep(10 * time.Millisecond) // polling
	}
}

// freePort is a UDP port nobody uses.
func freePort(t *testing.T) string {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, port, _ := net.SplitHostPort(c.LocalAddr().String())
	return port
}
