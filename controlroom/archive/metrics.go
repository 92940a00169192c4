package archive

import "github.com/prometheus/client_golang/prometheus"

// metrics of the archive. No label names a camera; disks are numbered as configured.
type metrics struct {
	bytes    prometheus.Counter
	segments prometheus.Counter
	gaps     *prometheus.CounterVec
	removed  *prometheus.CounterVec
	late     prometheus.Histogram
	moved    prometheus.Counter
	refused  prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, a *Archive) *metrics {
	m := &metrics{
		bytes: prometheus.NewCounter(prometheus.CounterOpts{Name: "sightline_archive_written_bytes_total",
			Help: "Bytes of footage written."}),
		segments: prometheus.NewCounter(prometheus.CounterOpts{Name: "sightline_archive_segments_total",
			Help: "Files of footage begun."}),
		gaps: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sightline_archive_gaps_total",
			Help: "Times footage that was wanted was not kept, by reason (disk: none took it; slow: the disk was too slow; format: it has no place in a file)."}, []string{"reason"}),
		removed: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sightline_archive_removed_bytes_total",
			Help: "Bytes of footage removed by retention, by what for (age, bytes: the camera's own; disk: to make room)."}, []string{"reason"}),
		moved: prometheus.NewCounter(prometheus.CounterOpts{Name: "sightline_archive_moved_bytes_total",
			Help: "Bytes of footage moved to the bucket."}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{Name: "sightline_archive_bucket_failures_total",
			Help: "Times the bucket did not take footage, or let none be removed."}),
		late: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "sightline_archive_write_seconds",
			Help: "Time a disk took for one fragment.", Buckets: []float64{.0005, .001, .005, .02, .1, .5, 1, 2, 5, 10}}),
	}
	for _, r := range []string{gapDisk, gapSlow, gapFormat} {
		m.gaps.WithLabelValues(r)
	}
	for _, r := range []string{"age", "bytes", "disk"} {
		m.removed.WithLabelValues(r)
	}
	if reg != nil {
		reg.MustRegister(m.bytes, m.segments, m.gaps, m.removed, m.late, m.moved, m.refused, newGauges(a))
	}
	return m
}

// gauges read the archive when they are asked.
type gauges struct {
	a                           *Archive
	recording, well, used, free *prometheus.Desc
	wanted, waiting, bucketWell *prometheus.Desc
}

func newGauges(a *Archive) *gauges {
	disk := []string{"disk"}
	return &gauges{a: a,
		recording:  prometheus.NewDesc("sightline_archive_recording", "Cameras that are being recorded.", nil, nil),
		wanted:     prometheus.NewDesc("sightline_archive_wanted", "Cameras that should be recorded now.", nil, nil),
		waiting:    prometheus.NewDesc("sightline_archive_bucket_waiting_bytes", "Footage on the disks that waits to be moved to the bucket; 0 without one.", nil, nil),
		bucketWell: prometheus.NewDesc("sightline_archive_bucket_well", "1 where the bucket takes footage, 0 where the last try failed; 1 without one.", nil, nil),
		well:       prometheus.NewDesc("sightline_archive_disk_well", "1 where a disk takes footage, 0 where it is full or failed.", disk, nil),
		used:       prometheus.NewDesc("sightline_archive_disk_used_bytes", "Footage on a disk.", disk, nil),
		free:       prometheus.NewDesc("sightline_archive_disk_free_bytes", "Room on the file system of a disk.", disk, nil),
	}
}

func (g *gauges) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(g, ch) }

func (g *gauges) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	recording, wanted := g.a.counts()
	gauge(g.recording, float64(recording))
	gauge(g.wanted, float64(wanted))
	bucketWell, waiting := 1.0, 0.0
	if b := g.a.Bucket(); b != nil {
		waiting = float64(b.Waiting)
		if b.State != "ok" {
			bucketWell = 0
		}
	}
	gauge(g.bucketWell, bucketWell)
	gauge(g.waiting, waiting)
	for i, s := range g.a.Disks() {
		well := 0.0
		if s.State == "ok" {
			well = 1
		}
		n := string(rune('1' + i%9))
		gauge(g.well, well, n)
		gauge(g.used, float64(s.Bytes), n)
		gauge(g.free, float64(s.Free), n)
	}
}
