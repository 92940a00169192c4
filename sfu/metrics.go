package sfu

import (
	"github.com/prometheus/client_golang/prometheus"
)

// Phases of the way to a first picture.
const (
	inAnswer = iota
	inConnect
	inPicture
	inTotal
	phaseCount
)

var phaseNames = [phaseCount]string{"answer", "connect", "picture", "total"}

// peerResults are all that became of offers.
var peerResults = [...]string{"connected", "bad_offer", "refused", "timeout", "failed", "left", "panic"}

// took counts the time, in ns of the monotonic clock, that a phase took.
func (m *metrics) took(phase int, ns int64) { m.phases[phase].Observe(float64(ns) / 1e9) }

// metrics are the engine's figures. Packet-path figures are counted by peer
// and summed only when somebody scrapes.
type metrics struct {
	engine       *Engine
	layers       *layerMetrics
	peers        *prometheus.CounterVec
	panics       prometheus.Counter
	firstPicture *prometheus.HistogramVec // phase
	phases       [phaseCount]prometheus.Observer
	gone         peerTotals // of closed peers; guarded by Engine.mu
	sums         []summed
	now          *prometheus.Desc
	failed       *prometheus.Desc
	falls        *prometheus.Desc
	distrusted   *prometheus.Desc
	fed          *prometheus.Desc
}

// peerTotals are plain sums of peerCounts, in the order of counters.
type peerTotals [17]uint64 // the last one is egress.direct

func (c *peerCounts) read() peerTotals {
	return peerTotals{
		c.packets.Load(), c.bytes.Load(), c.nacks.Load(), c.nackMisses.Load(), c.nackRefused.Load(),
		c.resent.Load(), c.plis.Load(), c.restarts.Load(), c.drops.Load(), c.hits.Load(), c.misses.Load(),
		c.skips.Load(), c.unsent.Load(), c.rtcpDropped.Load(), c.ended.Load(), c.resentBytes.Load(), 0,
	}
}

func (t *peerTotals) add(p *Peer) {
	for i, v := range p.counts.read() {
		t[i] += v
	}
	t[len(t)-1] += p.egress.direct.Load()
}

type summed struct{ desc *prometheus.Desc }

func newMetrics(e *Engine, reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		engine: e,
		layers: newLayerMetrics(e),
		peers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sightline_sfu_peers_total", Help: "Offers by what became of them: connected, bad_offer, refused, timeout, failed, left, panic.",
		}, []string{"result"}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sightline_sfu_panics_total", Help: "Panics caught on one peer's behalf.",
		}),
		firstPicture: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sightline_sfu_first_picture_seconds", Help: "Time to a tile's first picture by phase: answer (an offer's arrival to its answer), connect (from there to the connection), " +
				"picture (from attach, or the connection where that came later, to the last packet of the first key frame), total (from attach to that packet).",
			Buckets: []float64{.01, .02, .05, .1, .2, .3, .5, 1, 2, 5, 10},
		}, []string{"phase"}),
		now:   prometheus.NewDesc("sightline_sfu_peers", "Peers by state.", []string{"state"}, nil),
		falls: prometheus.NewDesc("sightline_sfu_egress_falls_total", "Times a socket gave up a way of sending in batches.", nil, nil),
		distrusted: prometheus.NewDesc("sightline_sfu_direct_refused_total",
			"Peers for whom pion alone encrypts because a packet of ours differed from its.", nil, nil),
		fed:    prometheus.NewDesc("sightline_sfu_direct_feedback_total", "Transport-wide feedback read straight off the socket.", nil, nil),
		failed: prometheus.NewDesc("sightline_sfu_send_errors_total", "Datagrams the system refused to send.", nil, nil),
	}
	for _, c := range [][2]string{
		{"packets_total", "RTP packets sent, without retransmissions."},
		{"bytes_total", "RTP payload bytes sent, without retransmissions."},
		{"nacks_total", "Sequence numbers asked for again."},
		{"nack_misses_total", "Sequence numbers asked for that are not kept any more."},
		{"nack_refused_total", "Retransmissions refused because their share of the rate was used up."},
		{"retransmits_total", "RTP packets sent again."},
		{"key_requests_total", "Key frame requests of viewers (PLI, FIR)."},
		{"restarts_total", "Key frame requests answered by a replay."},
		{"drops_total", "Backlogs dropped because a peer could not keep up."},
		{"replay_hits_total", "Starts from cached frames."},
		{"replay_misses_total", "Starts that had to wait for a key frame."},
		{"replay_skips_total", "Replays replaced by a still because the next key frame came sooner."},
		{"unsent_total", "RTP packets pion did not take."},
		{"rtcp_dropped_total", "Feedback messages above the limit of a peer."},
		{"gate_ends_total", "Subscriptions cut because their gate closed."},
		{"retransmit_bytes_total", "RTP payload bytes sent again."},
		{"direct_packets_total", "RTP packets encrypted straight into the batch."},
	} {
		m.sums = append(m.sums, summed{prometheus.NewDesc("sightline_sfu_"+c[0], c[1], nil, nil)})
	}
	for _, r := range peerResults {
		m.peers.WithLabelValues(r)
	}
	for i, name := range phaseNames { // resolved once: no look-up by label later
		m.phases[i] = m.firstPicture.WithLabelValues(name)
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range m.all() {
		if err := reg.Register(c); err != nil {
			m.unregister(reg)
			return nil, err
		}
	}
	return m, nil
}

func (m *metrics) all() []prometheus.Collector {
	return append(m.layers.collectors(), m.peers, m.panics, m.firstPicture, m)
}

func (m *metrics) unregister(reg prometheus.Registerer) {
	if reg == nil {
		return
	}
	for _, c := range m.all() {
		reg.Unregister(c)
	}
}

// Describe is part of prometheus.Collector.
func (m *metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, s := range m.sums {
		ch <- s.desc
	}
	ch <- m.now
	ch <- m.failed
	ch <- m.falls
	ch <- m.distrusted
	ch <- m.fed
}

// Collect is part of prometheus.Collector.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	e := m.engine
	e.mu.Lock()
	t := m.gone
	for p := range e.peers {
		t.add(p)
	}
	total, pending := len(e.peers), e.pending
	e.mu.Unlock()
	for i, s := range m.sums {
		ch <- prometheus.MustNewConstMetric(s.desc, prometheus.CounterValue, float64(t[i]))
	}
	ch <- prometheus.MustNewConstMetric(m.now, prometheus.GaugeValue, float64(total-pending), "connected")
	ch <- prometheus.MustNewConstMetric(m.now, prometheus.GaugeValue, float64(pending), "connecting")
	if e.socks != nil {
		ch <- prometheus.MustNewConstMetric(m.failed, prometheus.CounterValue, float64(e.socks.failed.Load()))
		ch <- prometheus.MustNewConstMetric(m.falls, prometheus.CounterValue, float64(e.socks.falls()))
		ch <- prometheus.MustNewConstMetric(m.distrusted, prometheus.CounterValue, float64(e.socks.distrusted.Load()))
		ch <- prometheus.MustNewConstMetric(m.fed, prometheus.CounterValue, float64(e.socks.inbound.taken.Load()))
	}
}
