package testpeer

import (
	"encoding/binary"
	"io"
	"sync"
	"time"

	"github.com/pion/rtp"
)

// TrackStats is what one m-line received.
type TrackStats struct {
	Mid        string
	SSRC       uint32
	Packets    uint64 // without RTX
	Bytes      uint64 // payload, without RTX
	Missing    uint64 // sequence numbers skipped on the media SSRC and not come late: before any repair
	RTX        uint64 // packets on the retransmission SSRC
	Repaired   uint64 // missing numbers that a retransmission brought
	Frames     uint64 // markers seen (video), packets (audio)
	Keys       uint64 // complete frames that begin a key picture
	Swaps      uint64 // payload type changes
	Backwards  uint64 // frames whose timestamp did not grow
	FirstKey   time.Time
	LastPacket time.Time
	LastTS     uint32
	LastSeq    uint16
}

const (
	codecH264 = iota + 1
	codecH265
	codecAudio
)

// track is one m-line.
type track struct {
	mid     string
	ssrc    uint32
	rtx     uint32
	codecs  map[uint8]int
	delayID uint8
	wideID  uint8 // of the transport-wide sequence number, 0 when not agreed

	mu      sync.Mutex
	s       TrackStats
	started bool
	next    uint16 // expected sequence number
	ts      uint32
	pt      uint8
	key     bool           // the frame being received begins a key picture
	whole   bool           // and nothing of it is missing
	missing map[uint16]int // how often each was asked for
}

func (t *track) snapshot() TrackStats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.s
}

// counter stands where pion would buffer decrypted RTP of one SSRC.
type counter struct {
	p    *Peer
	ssrc uint32
	done chan struct{}
	once sync.Once
	t    *track
	hdr  rtp.Header

	light bool // what comes is still encrypted
}

// Write counts one packet. Called on the connection's reader goroutine.
func (c *counter) Write(b []byte) (int, error) {
	c.take(b, time.Now())
	return len(b), nil
}

// take counts one packet that came at a time.
func (c *counter) take(b []byte, at time.Time) {
	if c.t == nil {
		c.p.mu.RLock()
		c.t = c.p.ssrcs[c.ssrc]
		c.p.mu.RUnlock()
		if c.t == nil {
			return
		}
	}
	n, err := c.hdr.Unmarshal(b)
	if err != nil {
		return // not RTP: not ours to count
	}
	h := &c.hdr
	p := Packet{
		Mid: c.t.mid, PayloadType: h.PayloadType, Seq: h.SequenceNumber, TS: h.Timestamp, SSRC: h.SSRC,
		Marker: h.Marker, RTX: h.SSRC == c.t.rtx, At: at, Payload: b[n:],
	}
	if h.Extension && c.t.delayID != 0 {
		p.Delay = h.GetExtension(c.t.delayID)
	}
	if c.light {
		p.Payload = nil // counted by its size alone
		c.t.light(&p, len(b)-n-sealOverhead)
		if c.p.feed != nil && c.t.wideID != 0 {
			c.p.feed.arrived(h, c.t.wideID, at)
		}
		c.p.last.Store(at.UnixNano())
		return
	}
	if p.RTX {
		if len(p.Payload) < 2 {
			return
		}
		p.Seq, p.Payload = binary.BigEndian.Uint16(p.Payload), p.Payload[2:]
	}
	if c.p.cfg.Drop != nil && c.p.cfg.Drop(&p) {
		return
	}
	c.p.last.Store(p.At.UnixNano())
	if c.p.feed != nil && c.t.wideID != 0 {
		c.p.feed.arrived(h, c.t.wideID, p.At)
	}
	c.t.count(&p)
	if c.p.cfg.OnPacket != nil {
		c.p.cfg.OnPacket(&p)
	}
}

// sealOverhead is what AES-128-GCM adds to a packet (RFC 7714).
const sealOverhead = 16

// light counts a packet whose payload is not known. Which number a
// retransmission repairs stands in its payload: one that is missing is taken off.
func (t *track) light(p *Packet, size int) {
	if p.RTX {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.s.RTX++
		t.s.LastPacket = p.At
		for q := range t.missing {
			delete(t.missing, q)
			t.s.Repaired++
			break
		}
		return
	}
	t.count(p)
	t.mu.Lock()
	t.s.Bytes += uint64(max(size, 0))
	t.mu.Unlock()
}

// Read blocks until the connection ends: pion's readers get nothing.
func (c *counter) Read([]byte) (int, error) {
	<-c.done
	return 0, io.EOF
}

// Close ends Read.
func (c *counter) Close() error {
	c.once.Do(func() { close(c.done) })
	return nil
}

// SetReadDeadline ends Read: pion sets one only to stop a receiver.
func (c *counter) SetReadDeadline(at time.Time) error {
	if !at.IsZero() {
		return c.Close()
	}
	return nil
}

const maxMissing = 4096

func (t *track) count(p *Packet) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := &t.s
	s.LastPacket = p.At
	if p.RTX {
		s.RTX++
		if _, ok := t.missing[p.Seq]; ok {
			delete(t.missing, p.Seq)
			s.Repaired++
		}
		return
	}
	s.Packets++
	s.Bytes += uint64(len(p.Payload))
	if !t.started {
		t.started, t.next, t.ts, t.pt = true, p.Seq, p.TS-1, p.PayloadType
		t.missing = map[uint16]int{}
	}
	switch gap := p.Seq - t.next; {
	case gap == 0:
		t.next++
	case gap < 1<<15: // some are skipped
		for q := t.next; q != p.Seq && len(t.missing) < maxMissing; q++ {
			t.missing[q] = 0
		}
		s.Missing += uint64(gap)
		t.next = p.Seq + 1
		t.whole = false
	default: // late or sent again on the same SSRC
		if _, ok := t.missing[p.Seq]; ok {
			delete(t.missing, p.Seq)
			s.Missing--
		}
		return
	}
	s.LastSeq = p.Seq
	if p.PayloadType != t.pt {
		t.pt = p.PayloadType
		s.Swaps++
	}
	kind := t.codecs[p.PayloadType]
	if p.TS != t.ts {
		if int32(p.TS-t.ts) <= 0 {
			s.Backwards++
		}
		t.ts, t.key, t.whole = p.TS, false, true
	}
	s.LastTS = p.TS
	if begins(kind, p.Payload) {
		t.key = true
	}
	if kind == codecAudio {
		s.Frames++
		return
	}
	if p.Marker {
		s.Frames++
		if t.key && t.whole {
			s.Keys++
			if s.FirstKey.IsZero() {
				s.FirstKey = p.At
			}
		}
	}
}

// begins says whether a payload carries (the start of) a key picture.
func begins(codec int, b []byte) bool {
	if len(b) < 3 {
		return false
	}
	switch codec {
	case codecH264:
		switch b[0] & 31 {
		case 5:
			return true
		case 24: // STAP-A
			for b = b[1:]; len(b) > 2; {
				n := int(binary.BigEndian.Uint16(b))
				if b[2]&31 == 5 {
					return true
				}
				if n+2 > len(b) {
					return false
				}
				b = b[n+2:]
			}
		case 28: // FU-A, first fragment
			return b[1]&0x80 != 0 && b[1]&31 == 5
		}
	case codecH265:
		switch t := b[0] >> 1 & 63; {
		case t >= 16 && t <= 21:
			return true
		case t == 49:
			f := b[2] & 63
			return b[2]&0x80 != 0 && f >= 16 && f <= 21
		}
	}
	return false
}
