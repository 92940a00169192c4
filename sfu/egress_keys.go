package sfu

import (
	"bytes"
	"crypto/cipher"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"hash"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/prf"
	"github.com/pion/rtp"
)

// The keys of a peer's SRTP session, learned where pion's public seams show
// them: the master secret from the key log, the server's random and the
// protection profile from the ServerHello that passes by in clear. They never
// leave the process. What is derived from them is compared with what pion
// encrypts before it is used, see lane.

// keying collects what the keys are made of. Guarded by egress.mu.
type keying struct {
	client []byte // the client's random, from the key log
	master []byte
	server []byte // the server's random, from the ServerHello
	suite  dtls.CipherSuiteID
	gcm    bool // AEAD_AES_128_GCM was chosen (RFC 7714)
	ours   bool // the ServerHello was ours: we write with the server's keys
}

// keyLog receives pion's key log of one peer. (io.Writer)
type keyLog struct{ e *egress }

// Write takes one line: "CLIENT_RANDOM <client random> <master secret>".
func (k keyLog) Write(line []byte) (int, error) {
	f := bytes.Fields(line)
	if len(f) != 3 || string(f[0]) != "CLIENT_RANDOM" {
		return len(line), nil
	}
	client, err1 := hex.AppendDecode(nil, f[1])
	master, err2 := hex.AppendDecode(nil, f[2])
	if err1 != nil || err2 != nil {
		return len(line), nil
	}
	k.e.mu.Lock()
	defer k.e.mu.Unlock()
	k.e.keying.client, k.e.keying.master = client, master
	k.e.derive()
	return len(line), nil
}

const (
	recordHeader    = 13
	handshakeHeader = 12
	useSRTP         = 14 // extension (RFC 5764)
)

// isServerHello tells a DTLS 1.2 ServerHello in clear by its headers.
func isServerHello(b []byte) bool {
	return len(b) > recordHeader+handshakeHeader+38 && b[0] == 22 && b[recordHeader] == 2
}

// serverHello reads a ServerHello. ours: this side sent it.
func (e *egress) serverHello(b []byte, ours bool) {
	b = b[recordHeader:]
	size := int(b[1])<<16 | int(binary.BigEndian.Uint16(b[2:]))
	whole := bytes.Equal(b[6:9], []byte{0, 0, 0}) && bytes.Equal(b[1:4], b[9:12])
	b = b[handshakeHeader:]
	if !whole || size > len(b) {
		return // in fragments: pion alone encrypts for this peer
	}
	b = b[:size]
	k := keying{server: bytes.Clone(b[2:34]), ours: ours}
	b = b[34:]
	if b = cut8(b); len(b) < 5 {
		return
	}
	k.suite = dtls.CipherSuiteID(binary.BigEndian.Uint16(b))
	for b = b[5:]; len(b) >= 4; {
		kind, n := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if b = b[4:]; n > len(b) {
			return
		}
		if kind == useSRTP && n >= 4 {
			k.gcm = binary.BigEndian.Uint16(b[2:]) == uint16(dtls.SRTP_AEAD_AES_128_GCM)
		}
		b = b[n:]
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	k.client, k.master = e.keying.client, e.keying.master
	e.keying = k
	e.derive()
}

// cut8 leaves out a vector with one byte of length.
func cut8(b []byte) []byte {
	if len(b) == 0 || len(b) < 1+int(b[0]) {
		return nil
	}
	return b[1+int(b[0]):]
}

// derive makes the sealer once all is known. Called with mu held.
func (e *egress) derive() {
	k := &e.keying
	if e.sealer != nil || e.socks == nil || e.socks.cfg.NoDirect || !k.gcm || k.master == nil || k.server == nil {
		return
	}
	h := prf.HashFunc(sha256.New)
	if k.suite == dtls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 || k.suite == dtls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 {
		h = func() hash.Hash { return sha512.New384() }
	}
	const key, salt = 16, 12
	seed := append(append([]byte("EXTRACTOR-dtls_srtp"), k.client...), k.server...)
	m, err := prf.PHash(k.master, seed, 2*(key+salt), h)
	ours := k.ours
	e.keying = keying{}
	if err != nil {
		return
	}
	clientKey, clientSalt := m[:key], m[2*key:2*key+salt]
	serverKey, serverSalt := m[key:2*key], m[2*key+salt:]
	if !ours {
		clientKey, clientSalt, serverKey, serverSalt = serverKey, serverSalt, clientKey, clientSalt
	}
	e.sealer, e.opener = newSealer(serverKey, serverSalt), newOpener(clientKey, clientSalt)
}

// sealer encrypts RTP packets by AEAD_AES_128_GCM (RFC 7714).
type sealer struct {
	aead cipher.AEAD
	salt [12]byte
	iv   [12]byte // of the packet being sealed: kept here so that it is not allocated
}

// newSealer derives the session key and salt. nil on an error.
func newSealer(masterKey, masterSalt []byte) *sealer {
	aead, salt := session(masterKey, masterSalt, 0, 2)
	if aead == nil {
		return nil
	}
	return &sealer{aead: aead, salt: salt}
}

const tagBytes = 16

// seal writes the encrypted packet into dst, which has room for it, and returns
// its length; 0 when the header cannot be written.
func (s *sealer) seal(dst []byte, h *rtp.Header, roc uint32, payload []byte) int {
	n, err := h.MarshalTo(dst)
	if err != nil {
		return 0
	}
	s.iv = s.salt
	xor32(s.iv[2:], h.SSRC)
	xor32(s.iv[6:], roc)
	s.iv[10] ^= byte(h.SequenceNumber >> 8)
	s.iv[11] ^= byte(h.SequenceNumber)
	s.aead.Seal(dst[n:n], s.iv[:], payload, dst[:n])
	return n + len(payload) + tagBytes
}

func xor32(b []byte, v uint32) {
	binary.BigEndian.PutUint32(b, binary.BigEndian.Uint32(b)^v)
}
