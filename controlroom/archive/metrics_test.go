package archive

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func TestMetricsSayWhatHappens(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewPedanticRegistry()
	w := newWorld(t, Config{Registerer: reg, Segment: 2 * time.Second})
	w.camera("gate", short(t))
	w.record("gate", Policy{})
	value := func(name string) float64 {
		t.Helper()
		all, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range all {
			if f.GetName() == name {
				m := f.GetMetric()[0]
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
		t.Fatalf("there is no %s", name)
		return 0
	}
	poll(t, 20*time.Second, "two segments", func() bool { return value("sightline_archive_segments_total") >= 2 })
	for name, want := range map[string]float64{"sightline_archive_recording": 1, "sightline_archive_wanted": 1, "sightline_archive_disk_well": 1} {
		poll(t, 10*time.Second, name, func() bool { return value(name) == want }) // a camera that is held up rests
	}
	if wrote, used := value("sightline_archive_written_bytes_total"), value("sightline_archive_disk_used_bytes"); wrote == 0 || used < wrote/2 {
		t.Errorf("%v written, %v on the disk", wrote, used)
	}
}
