package sfu_test

import (
	"context"
	"testing"
	"time"

	"sightline/internal/clock"
	"sightline/internal/testpeer"
	"sightline/sfu"
)

// What making an answer costs: 6 m-lines, as a wall offers.
func BenchmarkAnswer(b *testing.B) {
	e := engine(b, func(c *sfu.EngineConfig) { c.TCPPort = 0 })
	offer := browserOffer(b, 6)
	b.ReportAllocs()
	for b.Loop() {
		p, _, err := e.NewPeer(context.Background(), sfu.PeerConfig{Offer: offer})
		if err != nil {
			b.Fatal(err)
		}
		p.Close()
	}
}

// What a frame costs per sink that only looks at it.
func BenchmarkSinks(b *testing.B) {
	cam := newCamera(b, "cam", sfu.H264, time.Second, 2_000_000)
	for range 1000 {
		cam.s.AddSink(&sink{})
	}
	payloads := packetise(sfu.H264, false, 0, 9000)
	b.ReportAllocs()
	for b.Loop() {
		cam.s.Write(sfu.Frame{Mono: clock.Mono(), Payloads: payloads})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/sink")
}

// What a packet costs on the way to 20 real peers in this process, encryption
// and system calls included (the viewers' side runs in the same process but not
// in the measured goroutine).
func BenchmarkFanOut(b *testing.B) {
	for _, c := range []struct {
		name  string
		noGSO bool
	}{{"gso", false}, {"plain", true}} {
		b.Run(c.name, func(b *testing.B) {
			e := engine(b, func(cfg *sfu.EngineConfig) { cfg.NoGSO = c.noGSO })
			cam := newCamera(b, "cam", sfu.H264, time.Hour, 2_000_000).fill(1)
			const viewers = 20
			for range viewers {
				j := join(b, e, testpeer.Config{NoReport: true}, func(p *sfu.Peer) {
					attach(b, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}})
				})
				until(b, "live", 5*time.Second, func() bool { return j.Stats()[0].Keys == 1 && !j.srv.Stats().Mids[0].Catching })
			}
			payloads := packetise(sfu.H264, false, 1, 10_000)
			ts := uint32(0)
			b.ReportAllocs()
			for b.Loop() {
				ts += 3600
				cam.s.Write(sfu.Frame{Mono: clock.Mono(), TS: ts, Payloads: payloads})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/viewers/float64(len(payloads)), "ns/packet")
		})
	}
}
