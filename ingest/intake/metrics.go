package intake

import (
	"github.com/prometheus/client_golang/prometheus"

	"sightline/internal/fault"
)

// metrics of the listeners; what was stored is counted by the gallery.
type metrics struct {
	refused *prometheus.CounterVec
	wrong   *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sightline_intake_refused_total",
			Help: "Files of still cameras that were refused, by way (mail, ftp) and code."}, []string{"via", "code"}),
		wrong: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sightline_intake_wrong_key_total",
			Help: "Senders that named no camera of ours or gave a wrong key, by way (mail, ftp)."}, []string{"via"}),
	}
	for _, via := range []Via{ViaMail, ViaFTP} {
		m.wrong.WithLabelValues(string(via))
		for _, code := range []string{fault.CodeBadImage, fault.CodeTooLarge} { // what a camera sets off most
			m.refused.WithLabelValues(string(via), code)
		}
	}
	if reg != nil {
		reg.MustRegister(m.refused, m.wrong)
	}
	return m
}
