package gallery

import (
	"github.com/prometheus/client_golang/prometheus"

	"sightline/ingest/intake"
	"sightline/internal/fault"
)

// metrics of the gallery. No label names a person, a camera or an image.
type metrics struct {
	arrivals  *prometheus.CounterVec
	skipped   prometheus.Counter
	delivered prometheus.Histogram
	missing   prometheus.Counter
	swept     prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		arrivals: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sightline_images_total",
			Help: "Images that came in, by way (http, mail, ftp, live, demand, notice, snapshot) and outcome (stored, known, or why it was refused)."}, []string{"via", "outcome"}),
		skipped: prometheus.NewCounter(prometheus.CounterOpts{Name: "sightline_images_skipped_total",
			Help: "Images that found no room in somebody's gallery."}),
		delivered: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "sightline_image_copies_seconds",
			Help: "From an image's arrival until a hundred receivers of a group have their copies.", Buckets: []float64{.01, .05, .1, .25, .5, 1, 2, 5, 15, 60}}),
		missing: prometheus.NewCounter(prometheus.CounterOpts{Name: "sightline_image_bytes_missing_total",
			Help: "Reads of images whose bytes were not where they were put."}),
		swept: prometheus.NewCounter(prometheus.CounterOpts{Name: "sightline_image_leftovers_total",
			Help: "References and files that a crash left and the sweep removed."}),
	}
	for _, via := range []intake.Via{intake.ViaHTTP, intake.ViaMail, intake.ViaFTP, intake.ViaLive, intake.ViaDemand, intake.ViaNotice, intake.ViaSnapshot} {
		m.arrivals.WithLabelValues(string(via), "stored")
		m.arrivals.WithLabelValues(string(via), "known")
		m.arrivals.WithLabelValues(string(via), fault.CodeBadImage)
	}
	if reg != nil {
		reg.MustRegister(m.arrivals, m.skipped, m.delivered, m.missing, m.swept)
	}
	return m
}

func (m *metrics) arrived(via intake.Via, r intake.Receipt, err error) {
	outcome := "stored"
	switch {
	case err != nil:
		outcome = fault.Code(err)
	case !r.New:
		outcome = "known"
	}
	m.arrivals.WithLabelValues(string(via), outcome).Inc()
}
