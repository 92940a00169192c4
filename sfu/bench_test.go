package sfu_test

import (
	"context"
	"testing"
	"time"

	"sightline/internal/clock"
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
