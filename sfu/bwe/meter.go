package bwe

const (
	meterStep  = int64(25e6)
	meterSteps = 20 // half a second
)

// rateMeter measures what arrives over the newest half second of the
// receiver's clock.
type rateMeter struct {
	bytes [meterSteps]int
	step  int64 // newest step
	first int64 // arrival of the first packet
	known bool
}

func (m *rateMeter) add(at int64, size int) {
	s := at / meterStep
	switch {
	case !m.known:
		m.known, m.step, m.first = true, s, at
	case s > m.step:
		for i := m.step + 1; i <= s && i <= m.step+meterSteps; i++ {
			m.bytes[mod(i)] = 0
		}
		if s-m.step > meterSteps {
			m.first = at
		}
		m.step = s
	case m.step-s >= meterSteps:
		return
	}
	m.bytes[mod(s)] += size
}

// newest is rate over the newest quarter of a second alone.
func (m *rateMeter) newest() int {
	const steps = meterSteps / 2
	if !m.known || m.step-m.first/meterStep < steps {
		return m.rate()
	}
	sum := 0
	for i := m.step - steps; i < m.step; i++ { // the newest step is not over
		sum += m.bytes[mod(i)]
	}
	return int(int64(sum) * 8e9 / (steps * meterStep))
}

func mod(i int64) int64 { return (i%meterSteps + meterSteps) % meterSteps }

// rate is what arrived, in bit/s: a lower bound of what the path carries.
func (m *rateMeter) rate() int {
	if !m.known {
		return 0
	}
	sum := 0
	for _, b := range m.bytes {
		sum += b
	}
	span := min(meterSteps, m.step-m.first/meterStep+1)
	return int(int64(sum) * 8e9 / (max(span, 4) * meterStep))
}

// lossMeter counts what was lost in windows of half a second and at least
// lossPackets packets.
type lossMeter struct {
	since      int64
	lost, all  int
	ratio      float64 // of the last full window
	smooth     float64 // over several
	full       bool    // a window has just ended
	everClosed bool
}

const (
	lossWindow  = int64(5e8)
	lossPackets = 30
)

func (m *lossMeter) add(rs []Result, now int64) {
	m.full = false
	for i := range rs {
		m.all++
		if rs[i].Lost {
			m.lost++
		}
	}
	if m.since == 0 {
		m.since = now
	}
	clear := now-m.since >= lossWindow/3 && m.all >= 2*lossPackets && m.lost*6 > m.all
	if !clear && (now-m.since < lossWindow || m.all < lossPackets) {
		return
	}
	m.ratio = float64(m.lost) / float64(m.all)
	if !m.everClosed {
		m.smooth = m.ratio
	}
	m.smooth += 0.3 * (m.ratio - m.smooth)
	m.since, m.lost, m.all, m.full, m.everClosed = now, 0, 0, true, true
}
