package sfu

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/internal/clock"
)

// Why a tile changed its layer.
const (
	whyWanted = iota
	whyBandwidth
	whyStalled
	whyCount
)

var whyNames = [whyCount]string{"wanted", "bandwidth", "stalled"}

// layerMetrics are the figures of estimates and layers. None names a peer.
type layerMetrics struct {
	engine      *Engine
	changes     *prometheus.CounterVec
	congestions prometheus.Counter
	probes      *prometheus.CounterVec
	estimates   prometheus.Histogram
	tiles       *prometheus.Desc
	limited     *prometheus.Desc
	padded      atomic.Uint64 // of closed peers
	paddedDesc  *prometheus.Desc
}

func newLayerMetrics(e *Engine) *layerMetrics {
	m := &layerMetrics{
		engine: e,
		changes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sightline_sfu_layer_changes_total", Help: "Changes of what a tile is sent (up, down, pause, resume) by why: wanted, bandwidth, stalled.",
		}, []string{"change", "why"}),
		congestions: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sightline_sfu_congestions_total", Help: "Congestions met on the ways to viewers.",
		}),
		probes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sightline_sfu_probes_total", Help: "Probes for more bandwidth: sent, and failed of those.",
		}, []string{"result"}),
		estimates: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "sightline_sfu_estimate_bytes_per_second", Help: "Estimates of the ways to viewers on which a limit was met, every allocation.",
			Buckets: []float64{12_500, 37_500, 62_500, 125e3, 250e3, 375e3, 625e3, 1.25e6, 2.5e6, 6.25e6, 12.5e6}, // 0.1 to 100 Mbit/s
		}),
		tiles:      prometheus.NewDesc("sightline_sfu_tiles", "Live video tiles by the layer sent (low, high, none) and why not the wanted one (as_wanted, low_bandwidth, waiting).", []string{"layer", "why"}, nil),
		limited:    prometheus.NewDesc("sightline_sfu_limited_peers", "Peers on whose way a limit was met.", nil, nil),
		paddedDesc: prometheus.NewDesc("sightline_sfu_padding_bytes_total", "Bytes sent to probe for bandwidth.", nil, nil),
	}
	for _, change := range []string{"up", "down", "pause", "resume"} {
		for _, why := range whyNames {
			m.changes.WithLabelValues(change, why)
		}
	}
	m.probes.WithLabelValues("sent")
	m.probes.WithLabelValues("failed")
	return m
}

func (m *layerMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.changes, m.congestions, m.probes, m.estimates, m}
}

// Describe is part of prometheus.Collector.
func (m *layerMetrics) Describe(ch chan<- *prometheus.Desc) {
	ch <- m.tiles
	ch <- m.limited
	ch <- m.paddedDesc
}

// Collect is part of prometheus.Collector.
func (m *layerMetrics) Collect(ch chan<- prometheus.Metric) {
	e := m.engine
	e.mu.Lock()
	peers := make([]*Peer, 0, len(e.peers))
	for p := range e.peers {
		peers = append(peers, p)
	}
	padded := m.padded.Load()
	e.mu.Unlock()
	limited := 0
	counts := map[[2]string]int{}
	for _, layer := range []string{"low", "high", "none"} {
		for _, why := range []string{"as_wanted", "low_bandwidth", "waiting"} {
			counts[[2]string{layer, why}] = 0
		}
	}
	for _, p := range peers {
		padded += p.counts.padded.Load()
		if p.band.sure.Load() {
			limited++
		}
		p.mu.RLock()
		downs := p.downs
		p.mu.RUnlock()
		for _, d := range downs {
			if layer, why, ok := d.standing(); ok {
				counts[[2]string{layer, why}]++
			}
		}
	}
	for k, n := range counts {
		ch <- prometheus.MustNewConstMetric(m.tiles, prometheus.GaugeValue, float64(n), k[0], k[1])
	}
	ch <- prometheus.MustNewConstMetric(m.limited, prometheus.GaugeValue, float64(limited))
	ch <- prometheus.MustNewConstMetric(m.paddedDesc, prometheus.CounterValue, float64(padded))
}

// standing is what a tile is sent and why, for the metric.
func (d *downtrack) standing() (layer, why string, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.att
	if a == nil || d.kind != Video || a.phase == phaseEnded {
		return "", "", false
	}
	layer, why = "low", "as_wanted"
	switch cur := a.cur.Load(); {
	case a.paused || cur < 0:
		layer = "none"
	case cur > 0:
		layer = "high"
	}
	switch t := d.target(); {
	case a.paused || d.reduced():
		why = "low_bandwidth"
	case t != nil && int32(t.layer) != a.cur.Load():
		why = "waiting"
	}
	return layer, why, true
}

// changes counts a change of what this tile is sent.
func (d *downtrack) changes(change string, why int) {
	d.peer.engine.metrics.layers.changes.WithLabelValues(change, whyNames[why]).Inc()
}

// countChange counts a change of layer. Called before it happens.
func (d *downtrack) countChange(from, to int) {
	if from < 0 || from == to {
		return
	}
	change, why := "up", whyWanted
	if to < from {
		change = "down"
	}
	switch cur := d.att.leg(from); {
	case from > d.att.most:
		why = whyBandwidth
	case cur != nil && clock.Mono()-cur.s.last.Load() > stallAfter:
		why = whyStalled
	}
	d.changes(change, why)
}

// count passes on what the estimator has counted. Called with bandwidth.mu held.
func (c *bandwidth) count() {
	m := c.p.engine.metrics.layers
	if c.est.Limited() {
		m.estimates.Observe(float64(c.est.Rate()) / 8)
	}
	if n := c.est.Congestions(); n > c.seen.congestions {
		m.congestions.Add(float64(n - c.seen.congestions))
		c.seen.congestions = n
	}
	sent, failed := c.est.Probes()
	if sent > c.seen.probes {
		m.probes.WithLabelValues("sent").Add(float64(sent - c.seen.probes))
	}
	if failed > c.seen.failed {
		m.probes.WithLabelValues("failed").Add(float64(failed - c.seen.failed))
	}
	c.seen.probes, c.seen.failed = sent, failed
}
