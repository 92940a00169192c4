package notice

import "github.com/prometheus/client_golang/prometheus"

// Outcomes of sending, and reasons for which nothing is sent or written.
const (
	sent      = "sent"
	retried   = "retry"
	refused   = "refused"   // the other side does not want it, for good
	outdated  = "expired"   // it became too old
	withdrawn = "withdrawn" // he may not be told any more
	hushed    = "quiet"     // it came in quiet hours, or the camera is muted
	unwanted  = "off"       // he switched the way off meanwhile, or has none any more

	tooSoon = "too_soon" // one of the camera and kind was told within Every
	tooMany = "too_many" // more waits for him than is kept
	tooOld  = "too_old"  // it was told long after it happened
)

func (b *Board) metrics(reg prometheus.Registerer) {
	b.count = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "sightline_notices_total", Help: "Notices written, by kind."}, []string{"kind"})
	for _, k := range kinds {
		b.count.WithLabelValues(k.name)
	}
	b.sends = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "sightline_notice_sends_total", Help: "Notices that were to leave, by channel and outcome."}, []string{"channel", "outcome"})
	for _, ch := range []string{ByMail, ByPush, ByWebhook} {
		for _, o := range []string{sent, retried, refused, outdated, withdrawn, hushed, unwanted} {
			b.sends.WithLabelValues(ch, o)
		}
	}
	b.drops = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "sightline_notice_drops_total", Help: "Events that made no notice, and notices that did not leave, by reason: too_soon, too_many, too_old."}, []string{"reason"})
	for _, r := range []string{tooSoon, tooMany, tooOld} {
		b.drops.WithLabelValues(r)
	}
	if reg != nil {
		reg.MustRegister(b.count, b.sends, b.drops)
	}
}
