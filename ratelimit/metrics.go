package ratelimit

import "github.com/prometheus/client_golang/prometheus"

// metrics counts answers by kind of limit, never by key.
type metrics struct{ answers *prometheus.CounterVec }

func newMetrics(reg prometheus.Registerer) metrics {
	m := metrics{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "sightline_ratelimit_answers_total", Help: "Answers of the local limits by kind and result.",
	}, []string{"kind", "result"})}
	if reg != nil {
		reg.MustRegister(m.answers)
	}
	return m
}

// counter counts the answers of one limit; nil counts nothing.
type counter struct{ allowed, refused prometheus.Counter }

func (m metrics) of(kind string) *counter {
	return &counter{m.answers.WithLabelValues(kind, "allowed"), m.answers.WithLabelValues(kind, "refused")}
}

func (c *counter) add(ok bool) {
	switch {
	case c == nil:
	case ok:
		c.allowed.Inc()
	default:
		c.refused.Inc()
	}
}
