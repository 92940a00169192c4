package archive

import "github.com/prometheus/client_golang/prometheus"

// exportMetrics of exports. No label names a person or a camera.
type exportMetrics struct {
	made    prometheus.Counter
	bytes   prometheus.Counter
	running prometheus.Gauge
	marking prometheus.Gauge
	failed  *prometheus.CounterVec
}

func newExportMetrics(reg prometheus.Registerer, _ *Exports) *exportMetrics {
	m := &exportMetrics{
		made: prometheus.NewCounter(prometheus.CounterOpts{Name: "sightline_exports_total", Help: "Exports of footage that were asked for and computed."}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{Name: "sightline_export_bytes_total",
			Help: "Bytes of exports handed out."}),
		running: prometheus.NewGauge(prometheus.GaugeOpts{Name: "sightline_exports_running", Help: "Requests for the bytes of exports that run."}),
		marking: prometheus.NewGauge(prometheus.GaugeOpts{Name: "sightline_exports_marking", Help: "Exports that get their watermark now."}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sightline_exports_failed_total",
			Help: "Exports that could not be made or handed out, by reason (footage_gone: retention was faster; export_room: no room for a watermarked file; export_failed: ffmpeg or the folder)."}, []string{"reason"}),
	}
	for _, r := range []string{CodeFootageGone, CodeExportRoom, CodeExportFailed} {
		m.failed.WithLabelValues(r)
	}
	if reg != nil {
		reg.MustRegister(m.made, m.bytes, m.running, m.marking, m.failed)
	}
	return m
}
