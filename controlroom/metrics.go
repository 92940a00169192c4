package controlroom

import (
	"github.com/prometheus/client_golang/prometheus"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/sfu"
)

// metrics of the control room (row R88). By kind of viewer only: no link, account
// or address is ever a label.
type metrics struct {
	viewing  *prometheus.CounterVec // seconds of viewing time (spec ruling 14)
	viewers  *prometheus.GaugeVec   // sessions with media now
	sessions *prometheus.GaugeVec   // sessions open
	stalled  prometheus.Gauge       // allowed tiles whose camera is live and that get no frames
	cut      *prometheus.CounterVec // running tiles ended by a decision
	cutTime  prometheus.Histogram   // from the authority's word to the last tile of it detached
	opened   *prometheus.CounterVec
	refused  *prometheus.CounterVec
	slow     prometheus.Counter
	panics   prometheus.Counter
	follow   prometheus.Gauge // seconds since the store was last heard from
}

func newMetrics(reg prometheus.Registerer) *metrics {
	kind := []string{"kind"}
	m := &metrics{
		viewing: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sightline_viewing_seconds_total", Help: "Viewing time: seconds in which a viewing session had forwarded a frame in the last 4 s."}, kind),
		viewers: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "sightline_viewers_live", Help: "Viewing sessions with media flowing now."}, kind),
		sessions: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "sightline_viewing_sessions", Help: "Viewing sessions that are open."}, kind),
		stalled: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "sightline_tiles_stalled", Help: "Tiles whose camera is live but which have not begun to receive it."}),
		cut: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sightline_tiles_cut_total", Help: "Running tiles ended because a decision changed."}, kind),
		cutTime: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "sightline_tile_cut_seconds", Help: "From the end of a lease to the detaching of its tile.",
			Buckets: []float64{.0005, .001, .005, .01, .05, .1, .25, .5, 1, 2}}),
		opened: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sightline_viewing_opened_total", Help: "Viewing sessions opened."}, kind),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sightline_viewing_refused_total", Help: "Viewing sessions refused, by reason."}, []string{"reason"}),
		slow: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sightline_sockets_slow_total", Help: "Sockets closed because their client did not read."}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sightline_viewing_panics_total", Help: "Viewing sessions ended by a fault of our own."}),
		follow: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "sightline_follow_age_seconds", Help: "Time since the control room last heard from the store."}),
	}
	for _, k := range []string{kindAccount, kindGuest} {
		for _, v := range []*prometheus.CounterVec{m.viewing, m.cut, m.opened} {
			v.WithLabelValues(k)
		}
		m.viewers.WithLabelValues(k)
		m.sessions.WithLabelValues(k)
	}
	for _, code := range []string{fault.CodeBusy, string(authz.ReasonTooManyViewers), string(authz.ReasonUnavailable), string(sfu.ReasonDraining)} {
		m.refused.WithLabelValues(code)
	}
	if reg != nil {
		reg.MustRegister(m.viewing, m.viewers, m.sessions, m.stalled, m.cut, m.cutTime, m.opened,
			m.refused, m.slow, m.panics, m.follow)
	}
	return m
}
