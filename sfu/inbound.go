package sfu

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sightline/internal/clock"
)

// Transport-wide feedback and receiver reports are most of what viewers send.
// They are taken off the socket before pion's mux: through pion each packet
// crosses four goroutines, and is decoded twice. Everything else, and what comes from peers
// whose keys are not known, goes on to pion untouched.

const (
	readNap  = 5 * time.Millisecond
	joinNap  = time.Millisecond // while somebody connects: what he sends is answered at once
	joinLook = int64(250e6)
	napAbove = 100 // packets in a look of napLook: from there on reading rests in between
	napLook  = int64(100e6)
)

// inbound finds the peer that a packet of feedback came from.
type inbound struct {
	taken atomic.Uint64

	mu sync.RWMutex
	by map[netip.AddrPort]*Peer
}

// learn notes that p's viewer has been reached at an address. Called with
// p.egress.mu held.
func (n *inbound) learn(a netip.AddrPort, p *Peer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.by == nil {
		n.by = map[netip.AddrPort]*Peer{}
	}
	n.by[a] = p
}

// forget takes p's addresses out.
func (n *inbound) forget(p *Peer, list []netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, a := range list {
		if n.by[a] == p {
			delete(n.by, a)
		}
	}
}

// ours says by its clear header whether b is one report that is read here.
func ours(b []byte) bool {
	if len(b) < 8+srtcpTail || b[0]>>6 != 2 || (int(binary.BigEndian.Uint16(b[2:]))+1)*4 != len(b)-srtcpTail {
		return false
	}
	return b[1] == 201 || b[1] == 205 && b[0]&31 == 15
}

// take handles b where it is one report, of a viewer that is known; false
// leaves it to pion. It is decrypted into scratch. Called on the socket's reader.
func (n *inbound) take(b []byte, from netip.AddrPort, scratch []byte) bool {
	if !ours(b) {
		return false
	}
	n.mu.RLock()
	p := n.by[netip.AddrPortFrom(from.Addr().Unmap(), from.Port())]
	n.mu.RUnlock()
	if p == nil || !p.direct.feedback(p, b, scratch) {
		return false
	}
	n.taken.Add(1)
	return true
}

// joins says whether b is of a viewer who connects: a handshake of DTLS, or STUN
// from where nobody is known to be.
func (n *inbound) joins(b []byte, from netip.AddrPort) bool {
	if len(b) == 0 || b[0] > 63 || b[0] > 1 && b[0] < 20 {
		return false
	}
	if b[0] >= 20 {
		return true
	}
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.by[netip.AddrPortFrom(from.Addr().Unmap(), from.Port())] == nil
}

// directIn is what a peer needs to read feedback beside pion. Its lock is taken
// by the socket's reader, and once by teardown: after that nothing is read.
type directIn struct {
	mu     sync.Mutex
	closed bool
	opener atomic.Pointer[opener] // set before the peer can be found
}

func (d *directIn) feedback(p *Peer, b, scratch []byte) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	o := d.opener.Load()
	if d.closed || o == nil {
		return false
	}
	plain, ok := o.open(scratch, b)
	if !ok {
		return false
	}
	defer p.guard("feedback")
	if plain[1] == 201 {
		p.receiverReport(plain)
	} else {
		p.band.feedback(plain, clock.Mono(), false)
	}
	return true
}

// close waits for a packet that is being read.
func (d *directIn) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
}

const srtcpTail = tagBytes + 4 // authentication tag, encryption flag and index

// opener decrypts SRTCP by AEAD_AES_128_GCM (RFC 7714).
type opener struct {
	aead cipher.AEAD
	salt [12]byte
	iv   [12]byte
	aad  [12]byte
	from []source
}

// source is the replay window of one sender of reports (RFC 3711, 3.3.2).
type source struct {
	ssrc   uint32
	newest uint32
	seen   uint64 // bit i is index newest-i
}

// maxSources bounds the senders of one viewer; reports of further ones are pion's.
const maxSources = 8

// newOpener derives session key and salt. nil on an error.
func newOpener(masterKey, masterSalt []byte) *opener {
	aead, salt := session(masterKey, masterSalt, 3, 5)
	if aead == nil {
		return nil
	}
	return &opener{aead: aead, salt: salt}
}

// session derives a session's cipher and salt by their labels (RFC 3711, 4.3).
func session(masterKey, masterSalt []byte, keyLabel, saltLabel byte) (aead cipher.AEAD, salt [12]byte) {
	kdf, err := aes.NewCipher(masterKey)
	if err != nil {
		return nil, salt
	}
	derive := func(label byte) (out [16]byte) {
		copy(out[:], masterSalt)
		out[7] ^= label
		kdf.Encrypt(out[:], out[:])
		return out
	}
	key, s := derive(keyLabel), derive(saltLabel)
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, salt
	}
	if aead, err = cipher.NewGCM(block); err != nil {
		return nil, salt
	}
	return aead, [12]byte(s[:12])
}

// open decrypts one packet of ours into dst, which has its room, and returns it
// without what SRTCP put behind it; false where it is not genuine, not encrypted, or
// came before.
func (o *opener) open(dst, b []byte) ([]byte, bool) {
	tail := len(b) - 4
	word := binary.BigEndian.Uint32(b[tail:])
	ssrc, index := binary.BigEndian.Uint32(b[4:]), word&^(1<<31)
	at := slices.IndexFunc(o.from, func(s source) bool { return s.ssrc == ssrc })
	switch {
	case word == index, len(dst) < len(b), at < 0 && len(o.from) >= maxSources, at >= 0 && !o.from[at].fresh(index):
		return nil, false
	}
	o.iv = o.salt
	xor32(o.iv[2:], ssrc)
	xor32(o.iv[8:], index)
	copy(o.aad[:8], b)
	binary.BigEndian.PutUint32(o.aad[8:], word)
	plain, err := o.aead.Open(dst[8:8], o.iv[:], b[8:tail], o.aad[:])
	if err != nil {
		return nil, false
	}
	copy(dst, b[:8])
	if at < 0 {
		o.from = append(o.from, source{ssrc: ssrc, newest: index, seen: 1})
	} else {
		o.from[at].accept(index)
	}
	return dst[:8+len(plain)], true
}

// fresh says whether an index has not come before.
func (s *source) fresh(index uint32) bool {
	if index > s.newest {
		return true
	}
	back := s.newest - index
	return back < 64 && s.seen&(1<<back) == 0
}

func (s *source) accept(index uint32) {
	if index > s.newest {
		s.seen = s.seen<<(index-s.newest) | 1
		s.newest = index
		return
	}
	s.seen |= 1 << (s.newest - index)
}

// mediaConn is a media socket as pion's mux reads it: without what inbound takes.
// One goroutine reads.
type mediaConn struct {
	*net.UDPConn
	in      *inbound
	many    *manyReader // nil where packets are read one by one
	scratch [2048]byte

	looked int64
	count  int
	busy   bool
	joined int64 // clock.Mono when somebody was last seen to connect
}

// ReadFromAddrPort returns the next packet for pion. (ice.AddrPortReaderWriter)
func (c *mediaConn) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		n, from, err := c.next(b)
		if err != nil {
			return n, from, err
		}
		if !c.in.take(b[:n], from, c.scratch[:]) {
			if c.busy && c.in.joins(b[:n], from) {
				c.joined = clock.Mono()
			}
			return n, from, nil
		}
	}
}

// WriteToAddrPort is how pion writes. (ice.AddrPortReaderWriter)
func (c *mediaConn) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	return c.WriteToUDPAddrPort(b, to)
}

func (c *mediaConn) next(b []byte) (int, netip.AddrPort, error) {
	if c.many == nil {
		return c.ReadFromUDPAddrPort(b)
	}
	if c.many.empty() {
		c.rest()
		if err := c.many.fill(); err != nil {
			return 0, netip.AddrPort{}, err
		}
		c.count += c.many.n
	}
	n, from := c.many.pop(b)
	return n, from, nil
}

// rest lets packets gather while many come: the reader wakes for what has come
// in 5 ms and not for each: waking a process that rests is dear (media-path.md).
func (c *mediaConn) rest() {
	now := clock.Mono()
	if took := now - c.looked; took >= napLook {
		c.busy = int64(c.count)*napLook > napAbove*took
		c.looked, c.count = now, 0
	}
	switch {
	case !c.busy || c.many.full():
	case now-c.joined < joinLook:
		time.Sleep(joinNap)
	default:
		time.Sleep(readNap)
	}
}
