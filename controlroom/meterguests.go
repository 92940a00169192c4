package controlroom

import (
	"github.com/prometheus/client_golang/prometheus"

	"sightline/authz"
	"sightline/ratelimit"
)

// guestMetrics are the figures of what guests of share links use (row R88): by
// budget, never by link, person or address.
type guestMetrics struct {
	throttled *prometheus.GaugeVec // viewing sessions that get stills, by reason
	addresses prometheus.Gauge     // client addresses of guests' viewing sessions
	slots     prometheus.Gauge     // viewing sessions of guests that hold a live place
	updates   prometheus.Counter   // gallery updates that were counted
	viewing   prometheus.Counter   // seconds of viewing time that count against links' budgets
}

func newGuestMetrics(reg prometheus.Registerer) *guestMetrics {
	m := &guestMetrics{
		throttled: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "sightline_guests_throttled", Help: "Viewing sessions of guests that get stills instead of live, by reason."}, []string{"reason"}),
		addresses: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "sightline_guest_addresses", Help: "Client addresses that guests of share links watch from now."}),
		slots: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "sightline_guest_slots", Help: "Viewing sessions of guests that hold one of the live places of their share link."}),
		updates: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sightline_gallery_updates_total", Help: "Loads and refreshes of share links' galleries that count."}),
	}
	m.viewing = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "sightline_link_viewing_seconds_total", Help: "Seconds of viewing time that count against the budgets of share links."})
	for _, r := range throttleReasons {
		m.throttled.WithLabelValues(r)
	}
	if reg != nil {
		reg.MustRegister(m.throttled, m.addresses, m.slots, m.updates, m.viewing)
	}
	return m
}

// throttleReasons are all reasons throttleOf knows.
var throttleReasons = [...]string{
	string(authz.ReasonThrottledUsers), string(authz.ReasonThrottledHours), string(authz.ReasonUnavailable),
}

// countGuests sets the figures of this moment.
func (r *Room) countGuests() {
	m := r.deps.guests
	if m == nil {
		return
	}
	throttled, from, slots := map[string]int{}, map[string]bool{}, 0
	for _, s := range r.sessions.all() {
		if s.allow == nil {
			continue
		}
		from[ratelimit.Prefix(s.allow.ip)] = true
		if s.allow.seated() {
			slots++
		}
		if th := s.allow.throttle(); th.reason != "" && s.allow.wants.Load() {
			throttled[th.reason]++
		}
	}
	for _, reason := range throttleReasons {
		m.throttled.WithLabelValues(reason).Set(float64(throttled[reason]))
	}
	m.addresses.Set(float64(len(from)))
	m.slots.Set(float64(slots))
}

// seated reports whether the guest holds one of his link's live places.
func (a *allowance) seated() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.slot.admitted
}
