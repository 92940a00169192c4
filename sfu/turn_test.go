package sfu_test

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/turn/v5"
	"github.com/pion/webrtc/v4"

	"sightline/internal/fault"
	"sightline/internal/secret"
	"sightline/sfu"
)

// turnServer is a real TURN server on loopback; handler decides on logins.
func turnServer(t *testing.T, handler turn.AuthHandler) (url string) {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := turn.NewServer(turn.ServerConfig{
		Realm: "sightline.test", AuthHandler: handler, LoggerFactory: &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled},
		PacketConnConfigs: []turn.PacketConnConfig{{PacketConn: c, RelayAddressGenerator: &turn.RelayAddressGeneratorStatic{
			RelayAddress: net.IPv4(127, 0, 0, 1), Address: "127.0.0.1"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return "turn:" + c.LocalAddr().String()
}

// relayed watches one camera through relays only; the error says how far it got.
func relayed(t *testing.T, e *sfu.Engine, cam *camera, servers []sfu.ICEServer) (packets func() int, remote func() netip.AddrPort) {
	t.Helper()
	var s webrtc.SettingEngine
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetIncludeLoopbackCandidate(true)
	m := &webrtc.MediaEngine{}
	if err := m.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	var list []webrtc.ICEServer
	for _, x := range servers {
		list = append(list, webrtc.ICEServer{URLs: x.URLs, Username: x.Username, Credential: x.Credential})
	}
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(s)).NewPeerConnection(
		webrtc.Configuration{ICEServers: list, ICETransportPolicy: webrtc.ICETransportPolicyRelay})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.GracefulClose() })
	got := make(chan struct{}, 1<<16)
	pc.OnTrack(func(tr *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			if _, _, err := tr.ReadRTP(); err != nil {
				return
			}
			got <- struct{}{}
		}
	})
	if _, err := pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		t.Fatal(err)
	}
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	done := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-done
	p, answer, err := e.NewPeer(context.Background(), sfu.PeerConfig{Offer: pc.LocalDescription().SDP})
	if err != nil {
		t.Fatal(err)
	}
	// Before the viewer's own end: pion closes itself on a viewer's goodbye, which
	// nothing orders after the statistics that Connectivity has read.
	t.Cleanup(p.Close)
	attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}})
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	return func() int { return len(got) }, func() netip.AddrPort { return p.Connectivity().Remote }
}

// A viewer without any way of his own watches through a TURN server, with a
// login and with credentials made from the shared secret; wrong ones do not do.
func TestViewerBehindTURN(t *testing.T) {
	const user, pass, shared = "sight", "line", "a shared secret"
	fixed := turnServer(t, func(a *turn.RequestAttributes) (string, []byte, bool) {
		return a.Username, turn.GenerateAuthKey(a.Username, a.Realm, pass), a.Username == user
	})
	rest := turnServer(t, turn.LongTermTURNRESTAuthHandler(shared, nil))
	e := engine(t, nil)
	cam := newCamera(t, "cam", sfu.H264, time.Second, 500_000).fill(20).run(t)
	for name, c := range map[string]struct {
		relay sfu.TURN
		works bool
	}{
		"login":         {sfu.TURN{URLs: []string{fixed}, User: user, Password: secret.New(pass)}, true},
		"shared secret": {sfu.TURN{URLs: []string{rest}, Secret: secret.New(shared)}, true},
		"wrong secret":  {sfu.TURN{URLs: []string{rest}, Secret: secret.New("another")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.relay.Check(); err != nil {
				t.Fatal(err)
			}
			packets, remote := relayed(t, e, cam, c.relay.Servers(time.Now(), "v1"))
			if !c.works {
				time.Sleep(time.Second) // nothing may come: there is no event to wait for
				if packets() != 0 {
					t.Error("packets arrived without a relay")
				}
				return
			}
			until(t, "30 packets through the relay", 8*time.Second, func() bool { return packets() >= 30 })
			if r := remote(); !r.IsValid() {
				t.Errorf("the server sends to %v", r)
			}
		})
	}
}

func TestTURNCheck(t *testing.T) {
	pw, sec := secret.New("p"), secret.New("s")
	for name, c := range map[string]struct {
		t    sfu.TURN
		says string
	}{
		"nothing":         {sfu.TURN{}, ""},
		"stun only":       {sfu.TURN{URLs: []string{"stun:stun.example.org"}}, ""},
		"login":           {sfu.TURN{URLs: []string{"turn:t.example.org:3478?transport=udp"}, User: "u", Password: pw}, ""},
		"secret":          {sfu.TURN{URLs: []string{"turns:[2001:db8::1]:443?transport=tcp"}, Secret: sec}, ""},
		"IPv6, no port":   {sfu.TURN{URLs: []string{"turn:[2001:db8::1]"}, Secret: sec}, ""},
		"no login":        {sfu.TURN{URLs: []string{"turn:t.example.org"}}, "needs a login"},
		"half a login":    {sfu.TURN{URLs: []string{"turn:t.example.org"}, User: "u"}, "both a name and a password"},
		"both":            {sfu.TURN{URLs: []string{"turn:t.example.org"}, User: "u", Password: pw, Secret: sec}, "both are given"},
		"http":            {sfu.TURN{URLs: []string{"http://t.example.org"}, Secret: sec}, "not an address of a TURN server"},
		"slashes":         {sfu.TURN{URLs: []string{"turn://t.example.org"}, Secret: sec}, "not an address"},
		"header in it":    {sfu.TURN{URLs: []string{"turn:t.example.org\r\nX: y"}, Secret: sec}, "not an address"},
		"port":            {sfu.TURN{URLs: []string{"turn:t.example.org:99999"}, Secret: sec}, "not an address"},
		"other transport": {sfu.TURN{URLs: []string{"turn:t.example.org?transport=sctp"}, Secret: sec}, "not an address"},
		"nine":            {sfu.TURN{URLs: make([]string, 9), Secret: sec}, "At most 8"},
	} {
		err := c.t.Check()
		if (err == nil) != (c.says == "") || err != nil && (!strings.Contains(err.Error(), c.says) || !fault.Is(err, fault.Invalid)) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	s := sfu.TURN{URLs: []string{"turn:t.example.org"}, Secret: sec, TTL: time.Hour}.Servers(time.Unix(1000, 0), "v1")
	if len(s) != 1 || s[0].Username != "4600:v1" {
		t.Fatalf("%+v", s)
	}
	if l := s[0].Link(s[0].URLs[0]); !strings.HasPrefix(l, `<turn:t.example.org>; rel="ice-server"; username="4600:v1"; credential="`) {
		t.Error(l)
	}
}
