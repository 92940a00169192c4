package sfu

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"sightline/internal/clock"
)

// downtrack is what one m-line of one peer sends: one SSRC whose sequence
// numbers and timestamps run on whatever is attached.
//
// Its lock is taken by the goroutines that write its streams, by its peer's
// pacer, by its peer's RTCP reader and by attach; never by another peer. Lock
// order: downtrack, then egress or Stream.mu or pacer; events are called
// without any.
type downtrack struct {
	peer *Peer
	mid  string
	kind Kind

	// Set by Bind and by the answer, before the first packet.
	writer  webrtc.TrackLocalWriter
	ssrc    uint32
	rtxSSRC uint32
	codecs  []agreed
	delayID uint8 // id of the playout-delay extension, 0 when not agreed
	wideID  uint8 // likewise of the transport-wide sequence number

	tile tileState // guarded by bandwidth.mu

	mu     sync.Mutex
	att    *attachment
	seq    uint64 // extended sequence number of the next packet
	keySeq uint64 // of the first packet of the newest key frame
	rtxSeq uint16
	lastTS uint32
	clock  sendClock
	hdr    rtp.Header // of the frame being sent
	again  rtp.Header // of a retransmission
	delays [3]rtp.Header
	hist   history
	rtxBuf []byte
	rtxHdr rtp.Header // of every retransmission over rtxSSRC
	wide   [2]byte    // transport-wide number of the packet being sent: the headers' extension is this array; guarded by egress.mu
	lane   lane       // of ssrc
	rtx    lane       // of rtxSSRC

	zeroed      bool  // the viewer was asked for no playout delay, and that was not taken back
	resetUntil  int64 // it is being taken back until then
	lastRestart int64 // when a PLI or a drop last made it start again
	lastReport  int64 // last sender report
	stats       MidStats
	repeated    uint64 // RTP payload bytes sent again: for a viewer who asked, and as padding
	octets      uint32
}

// sendClock is the timeline of a downtrack: RTP units that pass with real time.
type sendClock struct {
	base uint32
	mono int64
	rate int64
}

func (c *sendClock) at(mono int64) uint32 {
	return c.base + uint32((mono-c.mono)/1000*c.rate/1_000_000)
}

// restart lets the clock run on at another rate from mono on.
func (c *sendClock) restart(mono, rate int64) {
	if c.rate == rate {
		return
	}
	if c.rate == 0 {
		*c = sendClock{base: rand.Uint32(), mono: mono, rate: rate}
		return
	}
	*c = sendClock{base: c.at(mono), mono: mono, rate: rate}
}

// phase is what an attachment is doing.
type phase uint8

const (
	phaseWait    phase = iota // for a key frame, or for the connection
	phaseCatch                // the pacer sends the queue; live frames join its end
	phaseLive                 // frames are forwarded as they come
	phaseTrickle              // the pacer sends a key frame and a few more, slowly
	phaseIdle                 // ModeStill between two pictures
	phaseEnded                // the gate closed
)

// attachment is one subscription on a downtrack. Guarded by the downtrack's
// lock, but for what is said otherwise.
type attachment struct {
	sub  Subscription
	legs []*leg
	ev   events
	cur  atomic.Int32 // layer being sent, -1 before the first; read without the lock
	want int
	rank int

	most   int  // highest layer the path has room for
	paused bool // it has room for none
	resume bool // it was paused, and no picture has been sent since
	live   bool // in phaseCatch: the queue is a large live frame, with its own timestamps

	phase  phase
	still  bool
	pt     agreed
	off    uint32 // RTP timestamp = frame.TS + off for the current layer
	cursor uint64 // ordinal of the newest frame of the current layer that was taken
	queue  []item
	qpos   int
	qbytes int
	part   int // packets of queue[qpos] that are sent already

	delayZero int64 // playout-delay 0/0 until then
	curDelay  uint8

	started   bool  // begin ran with the connection standing
	cut       bool  // in phaseWait because the path refused a packet
	retry     int64 // cut: when the path is looked at again
	begun     bool  // EventFirst was told
	told      Reason
	toldOff   bool // told with nothing being sent
	announce  bool // the next packet is the first of another layer
	attached  int64
	first     bool // the first key frame is sent
	trickle0  int64
	trickled  int
	nextStill int64
	bframes   bool // timestamps run as the source's do, backwards at times
}

// natural says whether the frames being sent keep the timestamps they came with.
func (a *attachment) natural() bool { return a.live || a.bframes }

// leg ties one stream to the layer it is for somebody's attachment.
type leg struct {
	d     *downtrack
	a     *attachment
	s     *Stream
	layer int
}

// deliver takes one frame of the leg's stream. Called on that stream's goroutine.
func (l *leg) deliver(f *Frame, ord uint64, now int64) {
	if int32(l.layer) != l.a.cur.Load() && !f.Key && l.d.kind == Video {
		return
	}
	defer l.d.peer.guard("stream")
	l.d.take(l, f, ord, now)
	l.a.ev.flush()
}

func (l *leg) formatChanged() {
	defer l.d.peer.guard("format")
	l.d.formatOf(l)
	l.a.ev.flush()
}

func (d *downtrack) formatOf(l *leg) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.att == l.a && int32(l.layer) == l.a.cur.Load() && l.a.phase != phaseEnded {
		d.dropQueue()
		l.a.phase = phaseWait
		l.a.cur.Store(-1)
		// Another layer fills in at once: this one begins again with a key frame, if this m-line can carry it at all.
		now := clock.Mono()
		if o := d.lowest(now); o != nil && o != l && l.a.started && !l.a.still && d.kind == Video && now < l.a.sub.Gate.ValidUntil() {
			d.replay(o, now)
		}
	}
	if d.att == l.a {
		d.explain()
	}
}

func (d *downtrack) take(l *leg, f *Frame, ord uint64, now int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := l.a
	if d.att != a || a.phase == phaseEnded || !d.peer.ready.Load() {
		return
	}
	if now >= a.sub.Gate.ValidUntil() {
		d.end()
		return
	}
	if a.sub.Budget != nil {
		if still := a.sub.Budget.Mode() == ModeStill; still != a.still {
			d.setStill(still, now)
		}
		if a.still {
			d.takeStill(l, f, ord, now)
			return
		}
	}
	if a.paused {
		d.peer.band.watch(now)
		return
	}
	if int32(l.layer) != a.cur.Load() {
		if d.kind == Audio || f.Key && d.shouldSwitch(l.layer, now) {
			d.switchTo(l, f, ord, now)
		}
		return
	}
	if ord <= a.cursor {
		return
	}
	a.cursor = ord
	switch a.phase {
	case phaseLive:
		d.sendLive(f, ord, now)
		if d.kind == Video {
			d.peer.band.watch(now)
		}
	case phaseCatch:
		if f.Key { // here is a newer picture than the queue would lead to
			d.dropQueue()
		}
		d.enqueue(item{f, ord})
		if a.qbytes > l.s.cfg.RingBytes {
			d.fallBehind()
		}
	case phaseWait, phaseTrickle:
		if a.cut && a.phase == phaseWait { // when the path is clear again, by replay and not by the next key frame
			d.comeBack(l, now)
			return
		}
		if f.Key {
			d.dropQueue()
			a.phase, a.cut = phaseLive, false
			d.sendLive(f, ord, now)
		}
	}
}

// sendLive forwards one frame as it comes.
func (d *downtrack) sendLive(f *Frame, ord uint64, now int64) {
	a := d.att
	if d.kind == Video && f.Key && d.peer.pacer.tooLarge(f.Size()) {
		a.phase, a.live = phaseCatch, true
		d.enqueue(item{f, ord})
		return
	}
	d.beginFrame(f, ord, d.timestamp(f), now)
	n, ok := d.burst(f, 0, len(f.Payloads))
	d.endFrame(f, now)
	if !ok && d.kind == Video {
		d.fallBehind()
	}
	if d.kind == Video {
		d.peer.forwarded.Store(now)
		d.peer.pacer.spend(n)
	}
}

// timestamp places a live frame on the downtrack's timeline.
func (d *downtrack) timestamp(f *Frame) uint32 {
	ts := f.TS + d.att.off
	if !d.att.bframes && d.stats.Packets > 0 && int32(ts-d.lastTS) <= 0 {
		ts = d.lastTS + 1
	}
	return ts
}

// beginFrame fixes the header of a frame and notes it for retransmission.
func (d *downtrack) beginFrame(f *Frame, ord uint64, ts uint32, now int64) {
	a := d.att
	a.curDelay = d.playout(now)
	d.hdr = d.delays[a.curDelay]
	d.hdr.PayloadType = a.pt.pt
	d.hdr.Timestamp = ts
	if !a.bframes || d.stats.Packets == 0 || int32(ts-d.lastTS) > 0 {
		d.lastTS = ts
	}
	if d.kind == Video {
		if f.Key {
			d.keySeq = d.seq
		}
		cur := a.cur.Load()
		d.hist.add(sent{first: d.seq, n: uint16(len(f.Payloads)), pt: a.pt.pt, delay: a.curDelay, ts: ts, ord: ord, from: a.sub.Layers[cur]})
	}
	switch {
	case a.still && f.Key:
		a.ev.push(Event{Kind: EventStill, FirstTS: ts, Layer: int(a.cur.Load()), At: f.Mono})
	case !a.begun && !a.still:
		a.ev.push(Event{Kind: EventFirst, FirstTS: ts, Layer: int(a.cur.Load())})
	case a.announce:
		a.ev.push(Event{Kind: EventLayer, FirstTS: ts, Layer: int(a.cur.Load())})
	}
	a.begun = a.begun || !a.still
	a.announce = false
}

// playout says which playout-delay extension a frame carries: 1 for none, which
// catches up; 2 takes that back; 0 says nothing. A viewer keeps what it was told
// last, so it is taken back for a second from the first frame after it, whenever
// that comes and whatever is attached by then.
func (d *downtrack) playout(now int64) uint8 {
	a := d.att
	switch {
	case d.delayID == 0:
		return 0
	case !a.bframes && (now < a.delayZero || a.phase == phaseCatch && !a.live || a.still):
		d.zeroed = true
		return 1
	case d.zeroed:
		d.zeroed, d.resetUntil = false, now+int64(time.Second)
	}
	if now < d.resetUntil {
		return 2
	}
	return 0
}

// burst writes packets from to to of the frame begun, in as few system calls as
// possible, and returns their payload bytes, and whether all were taken.
func (d *downtrack) burst(f *Frame, from, to int) (bytes int, ok bool) {
	e := &d.peer.egress
	now := e.hold()
	defer e.release()
	if d.wideID != 0 {
		d.peer.band.left(now)
	}
	last := len(f.Payloads) - 1
	ok = true
	for i := from; i < to; i++ {
		p := f.Payloads[i]
		d.hdr.Marker = i == last && d.kind == Video
		d.hdr.SequenceNumber = uint16(d.seq)
		d.seq++
		if d.wideID != 0 {
			d.stamp(len(p), now)
		}
		if n, err := e.write(&d.lane, d.writer, &d.hdr, p, now); n == 0 || err != nil {
			d.peer.counts.unsent.Add(1)
			ok = false
		}
		bytes += len(p)
	}
	d.stats.Packets += uint64(to - from)
	d.stats.Bytes += uint64(bytes)
	d.octets += uint32(bytes)
	d.peer.counts.packets.Add(uint64(to - from))
	d.peer.counts.bytes.Add(uint64(bytes))
	return bytes, ok
}

// endFrame does what follows the last packet of a frame.
func (d *downtrack) endFrame(f *Frame, now int64) {
	a := d.att
	if a.resume {
		a.resume = false
		d.explain()
	}
	if f.Key && !a.first {
		a.first = true
		mono, m := clock.Mono(), d.peer.engine.metrics
		d.stats.FirstAfter = mono - a.attached
		m.took(inTotal, d.stats.FirstAfter)
		m.took(inPicture, mono-max(a.attached, d.peer.up.Load()))
	}
	if d.lastReport == 0 || now-d.lastReport > int64(reportEvery) {
		d.lastReport = now
		d.peer.sendReport(d, now)
	}
}

const reportEvery = 5 * time.Second

// end closes the subscription for good: the gate has closed.
func (d *downtrack) end() {
	a := d.att
	a.phase = phaseEnded
	d.dropQueue()
	d.hist.clear()
	for _, l := range a.legs {
		l.s.removeLeg(l)
	}
	a.ev.push(Event{Kind: EventEnded, Layer: max(0, int(a.cur.Load()))})
	d.peer.counts.ended.Add(1)
}

// dropQueue forgets what the pacer had still to send.
func (d *downtrack) dropQueue() {
	a := d.att
	if a.part > 0 {
		d.hist.cut(d.seq)
	}
	clear(a.queue)
	a.queue, a.qpos, a.qbytes, a.part = a.queue[:0], 0, 0, 0
	a.live = false
}

func (d *downtrack) enqueue(it item) {
	a := d.att
	a.queue = append(a.queue, it)
	a.qbytes += it.f.Size()
	d.peer.pacer.wake(d)
}

// Bind is called by pion once the answer is made. (webrtc.TrackLocal)
func (d *downtrack) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writer = c.WriteStream()
	d.ssrc = uint32(c.SSRC())
	d.rtxSSRC = uint32(c.SSRCRetransmission())
	if list := c.CodecParameters(); len(list) > 0 {
		return list[0], nil
	}
	return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
}

// Unbind is called by pion when the m-line is closed. (webrtc.TrackLocal)
func (d *downtrack) Unbind(webrtc.TrackLocalContext) error { return nil }

// ID, RID, StreamID and Kind name the track in the answer. (webrtc.TrackLocal)
func (d *downtrack) ID() string       { return d.mid }
func (d *downtrack) RID() string      { return "" }
func (d *downtrack) StreamID() string { return "m" + d.mid }

// Kind is the kind of the m-line. (webrtc.TrackLocal)
func (d *downtrack) Kind() webrtc.RTPCodecType {
	if d.kind == Audio {
		return webrtc.RTPCodecTypeAudio
	}
	return webrtc.RTPCodecTypeVideo
}

// agree takes over what the answer says about this m-line.
func (d *downtrack) agree(with answered) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.codecs, d.delayID, d.wideID = with.codecs, with.delayID, with.wideID
	for _, c := range d.codecs {
		// Without RTX a packet is sent again as it was, number included: under
		// the same sequence number nothing else may be encrypted.
		if d.kind == Video && c.rtx == 0 {
			d.wideID = 0
		}
	}
	h := rtp.Header{Version: 2, SSRC: d.ssrc}
	d.delays = [3]rtp.Header{h, h, h}
	if d.wideID != 0 {
		d.rtxHdr = rtp.Header{Version: 2, SSRC: d.rtxSSRC}
		for _, h := range []*rtp.Header{&d.delays[0], &d.delays[1], &d.delays[2], &d.rtxHdr} {
			h.Extensions = nil
			_ = h.SetExtension(d.wideID, d.wide[:])
		}
		d.peer.band.agreed()
	}
	if d.delayID != 0 {
		// 12 bits each of minimum and maximum in units of 10 ms.
		_ = d.delays[1].SetExtension(d.delayID, []byte{0, 0, 0})
		_ = d.delays[2].SetExtension(d.delayID, []byte{0, 0x0f, 0xff})
	}
}
