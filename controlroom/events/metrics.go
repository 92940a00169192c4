package events

import "github.com/prometheus/client_golang/prometheus"

// metrics of events. No label names a camera.
type metrics struct {
	events  *prometheus.CounterVec
	reports *prometheus.CounterVec
	removed prometheus.Counter
	frames  prometheus.Counter
	looks   *prometheus.CounterVec
	seconds prometheus.Counter
	faults  prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, e *Events) *metrics {
	m := &metrics{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sightline_events_total",
			Help: "Events that began, by kind."}, []string{"kind"}),
		reports: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sightline_event_reports_total",
			Help: "Reports of events, by source (onvif, hook, stream, server) and outcome: begun, extended, ended, limited, invalid, failed."}, []string{"source", "outcome"}),
		removed: prometheus.NewCounter(prometheus.CounterOpts{Name: "sightline_events_removed_total",
			Help: "Events that were too old or too many, or whose camera is gone."}),
		frames: prometheus.NewCounter(prometheus.CounterOpts{Name: "sightline_motion_frames_total",
			Help: "Pictures of streams that are watched for movement."}),
		looks: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sightline_motion_looks_total",
			Help: "Times pictures were to be decoded to notice movement: looked, skipped (a newer one came before its turn), damaged (not decodable), failed (the decoder ended or hung)."}, []string{"outcome"}),
		seconds: prometheus.NewCounter(prometheus.CounterOpts{Name: "sightline_motion_look_seconds_total",
			Help: "Time spent on decoding pictures to notice movement."}),
		faults: prometheus.NewCounter(prometheus.CounterOpts{Name: "sightline_motion_faults_total",
			Help: "Cameras whose detection of movement failed and was begun anew."}),
	}
	for _, k := range kinds {
		m.events.WithLabelValues(k)
	}
	for _, s := range sources {
		for _, o := range []string{"begun", "extended", "ended", "limited", "failed"} {
			m.reports.WithLabelValues(s, o)
		}
	}
	for _, o := range []string{"looked", "skipped", "damaged", "failed"} {
		m.looks.WithLabelValues(o)
	}
	if reg == nil {
		return m
	}
	reg.MustRegister(m.events, m.reports, m.removed, m.frames, m.looks, m.seconds, m.faults,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "sightline_events_running", Help: "Events that go on, of which this node has reports."},
			func() float64 { e.mu.Lock(); defer e.mu.Unlock(); return float64(len(e.running)) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "sightline_motion_cameras", Help: "Cameras whose stream this node watches for movement."},
			func() float64 { return float64(e.motion.count()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "sightline_motion_blind", Help: "Of them those whose pictures are not decoded: the data rate tells."},
			func() float64 { return float64(e.motion.blind()) }))
	return m
}
