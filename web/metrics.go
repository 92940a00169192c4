package web

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/controlroom"
)

// metrics of the HTTP surface. Labels are from the route table and closed
// lists: no ids, addresses or names (threat T37).
type metrics struct {
	requests *prometheus.CounterVec   // route, class
	seconds  *prometheus.HistogramVec // who
	sockets  *prometheus.GaugeVec     // kind
	closes   *prometheus.CounterVec   // code
	footage  prometheus.Gauge         // answers with footage that run
	cut      prometheus.Counter       // of them, ended because the right to them did
	read     prometheus.Counter       // bytes of footage
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sightline_http_requests_total", Help: "Answered requests by route and class of status."}, []string{"route", "class"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sightline_http_request_seconds", Help: "Time to an answer by who may ask.",
			Buckets: []float64{.001, .003, .01, .03, .1, .3, 1, 3, 10}}, []string{"who"}),
		sockets: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "sightline_web_sockets", Help: "Open sockets of tabs by kind of viewer."}, []string{"kind"}),
		closes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sightline_web_socket_closes_total", Help: "Sockets closed by the server, by close code."}, []string{"code"}),
		footage: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "sightline_footage_answers", Help: "Answers with footage that run now."}),
		cut: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sightline_footage_cut_total", Help: "Answers with footage that were ended because the right to them had, or the server closed."}),
		read: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sightline_footage_read_bytes_total", Help: "Bytes of footage given to players."}),
	}
	for code := 1; code <= 5; code++ { // fasthttp and net/http answer nothing else
		m.requests.WithLabelValues("none", strconv.Itoa(code)+"xx")
	}
	for _, name := range whoNames[public:] {
		m.seconds.WithLabelValues(name)
	}
	m.sockets.WithLabelValues("account")
	m.sockets.WithLabelValues("guest")
	for _, code := range socketCodes {
		m.closes.WithLabelValues(strconv.Itoa(code))
	}
	if reg != nil {
		reg.MustRegister(m.requests, m.seconds, m.sockets, m.closes, m.footage, m.cut, m.read)
	}
	return m
}

// socketCodes are the close codes the server sends.
var socketCodes = [...]int{
	controlroom.CloseRestart, controlroom.CloseSlow, controlroom.CloseNoPing,
	controlroom.CloseLoginEnded, controlroom.CloseLinkRemoved, controlroom.CloseProtocol, controlroom.CloseSuspended,
}

// expect makes every route a count of 0 instead of nothing: what appears with
// its first request has not grown by it.
func (m *metrics) expect(table []route) {
	for i := range table {
		for _, class := range []string{"2xx", "5xx"} {
			m.requests.WithLabelValues(table[i].method+" "+table[i].path, class)
		}
	}
}

// count counts an answer under a route pattern; "none" for what met no route.
func (s *Server) count(route string, status int) {
	s.metrics.requests.WithLabelValues(route, strconv.Itoa(status/100)+"xx").Inc()
}

func (s *Server) observe(rt *route, status int, took time.Duration) {
	s.count(rt.method+" "+rt.path, status)
	s.metrics.seconds.WithLabelValues(rt.who.String()).Observe(took.Seconds())
}
