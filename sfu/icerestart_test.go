package sfu_test

import (
	"context"
	"testing"
	"time"

	"sightline/internal/testpeer"
	"sightline/sfu"
)

// An ICE restart keeps the session: the same SSRC, sequence numbers that run
// on, and what the change of way lost is repaired.
func TestICERestartKeepsTheSession(t *testing.T) {
	e := engine(t, nil)
	cam := newCamera(t, "cam", sfu.H264, 2*time.Second, 2_000_000).fill(10).run(t)
	j := join(t, e, testpeer.Config{NACK: true}, func(p *sfu.Peer) {
		attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}})
	})
	until(t, "pictures", 5*time.Second, func() bool { return j.Stats()[0].Frames > 25 })
	replays := j.srv.Stats().Mids[0].Replays
	ctx, cancel := patience(t)
	defer cancel()
	for range 3 {
		if err := j.Restart(ctx, func(_ context.Context, o string) (string, error) { return j.srv.Renegotiate(o) }); err != nil {
			t.Fatal(err)
		}
		frames := j.Stats()[0].Frames
		until(t, "frames after the restart", 5*time.Second, func() bool { return j.Stats()[0].Frames > frames+25 })
	}
	until(t, "repair of what the restarts lost", 3*time.Second, func() bool { s := j.Stats()[0]; return s.Repaired >= s.Missing })
	if s := j.Stats()[0]; s.Backwards != 0 {
		t.Errorf("timestamps or numbers went backwards %d times", s.Backwards)
	}
	if j.srv.State() != sfu.PeerConnected || j.srv.Stats().Mids[0].Replays > replays+3 {
		t.Errorf("state %v, %d replays", j.srv.State(), j.srv.Stats().Mids[0].Replays)
	}
}
