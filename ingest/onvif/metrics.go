package onvif

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	listening prometheus.Gauge
	messages  prometheus.Counter
	failures  *prometheus.CounterVec
	commands  *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		listening: prometheus.NewGauge(prometheus.GaugeOpts{Name: "sightline_onvif_listening", Help: "Cameras whose events are being listened to."}),
		messages:  prometheus.NewCounter(prometheus.CounterOpts{Name: "sightline_onvif_messages_total", Help: "Notifications that cameras sent."}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sightline_onvif_failures_total",
			Help: "Failed conversations with cameras, by purpose (events, ptz) and cause."}, []string{"what", "class"}),
		commands: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sightline_ptz_commands_total",
			Help: "Commands that cameras obeyed (move, stop, preset, home)."}, []string{"command"}),
	}
	for _, what := range []string{"events", "ptz"} {
		for _, c := range classes {
			m.failures.WithLabelValues(what, string(c))
		}
	}
	for _, c := range []string{"move", "stop", "preset", "home"} {
		m.commands.WithLabelValues(c)
	}
	if reg != nil {
		reg.MustRegister(m.listening, m.messages, m.failures, m.commands)
	}
	return m
}
