package sfu_test

import (
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/internal/testpeer"
	"sightline/sfu"
)

// Each way out, forced, delivers the same packets over real sockets.
func TestEgressModes(t *testing.T) {
	for _, c := range []struct {
		name   string
		mode   sfu.EgressMode
		direct bool
	}{{"gso", sfu.EgressGSO, true}, {"mmsg", sfu.EgressMMsg, true}, {"plain", sfu.EgressPlain, true}, {"gso through pion", sfu.EgressGSO, false}, {"mmsg through pion", sfu.EgressMMsg, false}} {
		t.Run(c.name, func(t *testing.T) {
			reg := prometheus.NewRegistry()
			e := engine(t, func(cfg *sfu.EngineConfig) { cfg.Egress, cfg.NoDirect, cfg.Registerer = c.mode, !c.direct, reg })
			if v4, _ := e.Egress(); v4 != c.mode {
				t.Fatalf("the engine sends by %q", v4)
			}
			cam := newCamera(t, "cam", sfu.H264, time.Second, 3_000_000).fill(20).run(t)
			j := join(t, e, testpeer.Config{TWCC: true, NACK: true}, func(p *sfu.Peer) {
				attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}})
			})
			until(t, "50 frames", 20*time.Second, func() bool { return j.Stats()[0].Frames > 50 }) // a machine that is very busy looks like a slow path at times
			j.whole(t)
			if v := gathered(t, reg, "sightline_sfu_send_errors_total"); v != 0 {
				t.Errorf("%v datagrams refused", v)
			}
			if v := gathered(t, reg, "sightline_sfu_direct_refused_total"); v != 0 {
				t.Errorf("%v peers whose packets differ from pion's", v)
			}
			until(t, "feedback", 5*time.Second, func() bool { return (gathered(t, reg, "sightline_sfu_direct_feedback_total") > 5) == c.direct })
			if direct := gathered(t, reg, "sightline_sfu_direct_packets_total"); (direct > 100) != c.direct {
				t.Errorf("%v packets went straight into the batch", direct)
			}
		})
	}
	if _, err := sfu.NewEngine(sfu.EngineConfig{Egress: "pigeon"}); err == nil || !strings.Contains(err.Error(), "gso, mmsg or plain") {
		t.Errorf("an unknown mode: %v", err)
	}
}

// A socket that refuses segmentation while it runs falls back, once, says so in
// one line, and nothing is lost. The refusal is the system's own: UDP without
// checksums cannot be segmented.
func TestSegmentationRefusedAtRunTime(t *testing.T) {
	reg := prometheus.NewRegistry()
	var log lines
	e := engine(t, func(cfg *sfu.EngineConfig) {
		cfg.Registerer, cfg.Log = reg, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	})
	if v4, _ := e.Egress(); v4 != sfu.EgressGSO {
		t.Fatalf("the engine begins with %q", v4)
	}
	cam := newCamera(t, "cam", sfu.H264, time.Second, 3_000_000).fill(20).run(t)
	var viewers []*joined
	for range 2 {
		viewers = append(viewers, join(t, e, testpeer.Config{}, func(p *sfu.Peer) {
			attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}})
		}))
	}
	until(t, "10 frames by GSO", 5*time.Second, func() bool { return viewers[1].Stats()[0].Frames > 10 })
	sfu.BreakSegmentation(t, e)
	until(t, "the fall-back", 5*time.Second, func() bool { v4, _ := e.Egress(); return v4 == sfu.EgressMMsg })
	frames := viewers[1].Stats()[0].Frames
	until(t, "50 frames after it", 5*time.Second, func() bool { return viewers[1].Stats()[0].Frames > frames+50 })
	for _, j := range viewers {
		j.whole(t)
	}
	if n := strings.Count(log.String(), "refuses"); n != 1 {
		t.Errorf("%d log lines:\n%s", n, log.String())
	}
	if v := gathered(t, reg, "sightline_sfu_egress_falls_total"); v != 1 {
		t.Errorf("%v fall-backs counted", v)
	}
}

// A viewer on IPv6 gets the same, in trains.
func TestEgressIPv6(t *testing.T) {
	e := engine(t, nil)
	if _, v6 := e.Egress(); v6 == "" {
		c, err := net.ListenPacket("udp6", "[::1]:0")
		if err != nil {
			t.Fatalf("this machine has no IPv6, which this test needs: %v", err)
		}
		_ = c.Close()
		t.Fatal("the engine opened no IPv6 socket")
	}
	for _, mode := range []sfu.EgressMode{sfu.EgressGSO, sfu.EgressMMsg} {
		e := engine(t, func(c *sfu.EngineConfig) { c.Egress = mode })
		cam := newCamera(t, "cam", sfu.H264, time.Second, 3_000_000).fill(20).run(t)
		j := join(t, e, testpeer.Config{Listen: "[::1]:0"}, func(p *sfu.Peer) {
			attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}})
		})
		until(t, "50 frames", 5*time.Second, func() bool { return j.Stats()[0].Frames > 50 })
		j.whole(t)
		if !strings.HasPrefix(j.LocalAddr().String(), "[::1]") {
			t.Errorf("the viewer is at %v", j.LocalAddr())
		}
	}
}

// lines collects a log.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
