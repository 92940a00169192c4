package kv

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/internal/fault"
)

// Metrics counts the calls of a backend. A nil *Metrics counts nothing.
type Metrics struct {
	seconds *prometheus.HistogramVec
	errors  *prometheus.CounterVec
}

// NewMetrics registers the metrics of one store; reg nil gives nil.
func NewMetrics(reg prometheus.Registerer, kind string) *Metrics {
	if reg == nil {
		return nil
	}
	labels := prometheus.Labels{"kind": kind}
	m := &Metrics{
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sightline_store_call_seconds", Help: "Duration of store calls by operation.", ConstLabels: labels,
			Buckets: []float64{.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1},
		}, []string{"op"}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sightline_store_errors_total", Help: "Failed store calls by operation and cause.", ConstLabels: labels,
		}, []string{"op", "cause"}),
	}
	for _, op := range []string{"read", "commit", "changes"} {
		m.seconds.WithLabelValues(op)
		for _, cause := range []string{"internal", "conflict", "stale", "unavailable", "unknown"} {
			m.errors.WithLabelValues(op, cause)
		}
	}
	reg.MustRegister(m.seconds, m.errors)
	return m
}

// Done records a call that began at start and ended with *err. Defer it.
func (m *Metrics) Done(op string, start time.Time, err *error) {
	if m == nil {
		return
	}
	m.seconds.WithLabelValues(op).Observe(time.Since(start).Seconds())
	if *err == nil {
		return
	}
	cause := "internal"
	switch {
	case errors.Is(*err, ErrConflict):
		cause = "conflict"
	case errors.Is(*err, ErrStale):
		cause = "stale"
	case fault.Is(*err, fault.Unavailable):
		cause = "unavailable"
	case fault.Is(*err, fault.Unknown):
		cause = "unknown"
	}
	m.errors.WithLabelValues(op, cause).Inc()
}
