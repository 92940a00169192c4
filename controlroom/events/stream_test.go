package events

import (
	"slices"
	"testing"
	"time"

	"sightline/ingest"
	"sightline/internal/kv"
	"sightline/internal/testcam"
)

// clipOf is what a camera plays of an Annex B stream of one slice a picture.
func clipOf(t testing.TB, stream []byte) *testcam.Clip {
	t.Helper()
	c := &testcam.Clip{Codec: testcam.H264, Width: 640, Height: 360, FPS: clipFPS, Key: 2 * time.Second}
	for _, nal := range units(stream) {
		switch nal[0] & 0x1f {
		case 7:
			c.SPS = nal
		case 8:
			c.PPS = nal
		case 1, 5:
			at := time.Duration(len(c.Units)) * time.Second / clipFPS
			c.Units = append(c.Units, testcam.Unit{PTS: at, DTS: at, Key: nal[0]&0x1f == 5, NALs: [][]byte{nal}})
		}
	}
	c.Length = time.Duration(len(c.Units)) * time.Second / clipFPS
	if c.SPS == nil || len(c.Units) < 10*clipFPS {
		t.Fatalf("%d pictures", len(c.Units))
	}
	return c
}

// Two real cameras over RTSP: in one somebody walks, in the other nothing does.
// Then one is unplugged, and comes back.
func TestCamerasThatAreWatched(t *testing.T) {
	t.Parallel()
	const coder = "-c:v libx264 -preset veryfast -crf 28 -bf 0 -g 30 -x264-params slices=1"
	walks := clipScene{name: "walks", seconds: 50, filter: walker("0:v", "p", 96, "if(between(t,28,36),-44+86*(t-28),-200)", 190) + "[p]" + sensor + "[v]"}
	store := onBolt(t)
	fleet := ingest.New(ingest.Config{Guard: ingest.NewGuard(ingest.GuardConfig{Loopback: true})})
	t.Cleanup(fleet.Close)
	ids, cams := [2]string{}, [2]*testcam.Camera{}
	for i, s := range []clipScene{clipScenes[0], walks} {
		clip := clipOf(t, encodeClip(t, s, clipFPS, coder))
		ids[i] = made(t, store)
		w := watching{V: version, Camera: ids[i], Level: MotionMedium}
		if _, err := store.Commit(t.Context(), kv.Txn{ID: kv.NewID(time.Now()), Space: kv.Control, Writes: []kv.Write{{Key: pMotion + ids[i], Data: encode(w)}}}); err != nil {
			t.Fatal(err)
		}
		cam, err := testcam.New(testcam.Config{Main: clip})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(cam.Close)
		cams[i] = cam
	}
	cfg := quick(store)
	cfg.Fleet, cfg.Alone, cfg.LostAfter, cfg.BackAfter = fleet, true, 3*time.Second, time.Second
	n := start(t, cfg)
	for i, c := range cams {
		fleet.Set(ingest.Source{ID: ids[i], Main: c.Main(), Enabled: true})
	}
	pollFor(t, 2*time.Minute, "a movement", func() bool {
		return slices.ContainsFunc(list(t, n, ids[1]), func(e Event) bool { return e.Kind == Motion && e.Source == FromStream })
	})
	for _, e := range list(t, n, ids[0]) {
		if e.Kind == Motion {
			t.Errorf("where nothing moves: %+v", e)
		}
	}
	if n.rec.told(ids[1]) == 0 {
		t.Error("the recorder was not told")
	}

	has := func(kind string) func() bool {
		return func() bool {
			for _, e := range list(t, n, ids[0]) {
				if e.Kind == kind && e.Source == FromServer && e.To.Equal(e.From) {
					return true
				}
			}
			return false
		}
	}
	cams[0].Stop()
	pollFor(t, time.Minute, "the camera to be lost", has(Lost))
	if err := cams[0].Restart(); err != nil {
		t.Fatal(err)
	}
	pollFor(t, time.Minute, "the camera to be back", has(Back))
	fleet.Set(ingest.Source{ID: ids[1], Main: cams[1].Main()}) // switched off: it is not lost
	poll(t, "the detection to end with its stream", func() bool { s, _ := fleet.State(ids[1]); return s.Layers[ingest.Main].Status == ingest.Idle })
	fleet.Remove(ids[1])
	poll(t, "the detection to end with its stream", func() bool { return n.motion.count() == 1 })
	for _, e := range list(t, n, ids[1]) {
		if e.Kind == Lost {
			t.Errorf("%+v", e)
		}
	}
}
