package authz

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics of the authority. No label names a person, an address or an object.
type metrics struct {
	decisions map[Reason]prometheus.Counter
	leases    prometheus.Gauge
	cut       prometheus.Histogram
	ended     map[Reason]prometheus.Counter
	hashes    prometheus.Counter
	busy      prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, silent func() float64) *metrics {
	decisions := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "sightline_authz_decisions_total", Help: "Decisions by reason.",
	}, []string{"reason"})
	ended := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "sightline_authz_leases_ended_total", Help: "Running subscriptions ended, by reason.",
	}, []string{"reason"})
	m := &metrics{
		decisions: make(map[Reason]prometheus.Counter), ended: make(map[Reason]prometheus.Counter),
		leases: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "sightline_authz_leases", Help: "Running subscriptions.",
		}),
		cut: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "sightline_authz_revoke_to_cut_seconds", Help: "From a change's arrival at this node to the end of the subscriptions here that it ended.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2, 5},
		}),
		hashes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sightline_authz_password_hashes_total", Help: "Passwords hashed.",
		}),
		busy: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sightline_authz_password_refused_total", Help: "Password checks refused because too many were waiting.",
		}),
	}
	for _, r := range Reasons() { // resolved once: no look-up by label later
		m.decisions[r] = decisions.WithLabelValues(string(r))
		m.ended[r] = ended.WithLabelValues(string(r))
	}
	if reg != nil {
		reg.MustRegister(decisions, ended, m.leases, m.cut, m.hashes, m.busy, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "sightline_authz_store_silent_seconds", Help: "Time since the store was last heard from.",
		}, silent))
	}
	return m
}

func (m *metrics) decided(r Reason) {
	if c := m.decisions[r]; c != nil {
		c.Inc()
	}
}

func (m *metrics) end(r Reason) {
	if c := m.ended[r]; c != nil {
		c.Inc()
	}
}

func (m *metrics) cutAfter(d time.Duration) { m.cut.Observe(d.Seconds()) }
