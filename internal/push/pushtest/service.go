// Package pushtest is a push service and the browser behind it, for tests: a real
// TLS server that takes messages as RFC 8030 says, checks the sender's token (RFC
// 8292) and opens them with the browser's keys (RFC 8291, RFC 8188), written from
// the specifications and with none of the code that sends.
package pushtest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Message is one that arrived.
type Message struct {
	Plain  []byte      // opened
	Size   int         // bytes of the encrypted body
	Header http.Header // of the request
	Claims Claims      // of the sender's token
	Key    string      // the sender's public key
}

// Claims of a VAPID token.
type Claims struct {
	Aud string `json:"aud"`
	Exp int64  `json:"exp"`
	Sub string `json:"sub"`
}

// Service is a push service with one subscription.
type Service struct {
	URL    string // endpoint of the subscription
	P256dh string
	Auth   string
	// Answer, when set, answers instead of taking the message.
	Answer func(w http.ResponseWriter, r *http.Request)

	t        testing.TB
	srv      *httptest.Server
	private  *ecdh.PrivateKey
	auth     []byte
	mu       sync.Mutex
	messages []Message
	requests int
}

// New starts a service; the test's end closes it.
func New(t testing.TB) *Service {
	t.Helper()
	k, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := &Service{t: t, private: k, auth: make([]byte, 16)}
	rand.Read(s.auth)
	enc := base64.RawURLEncoding
	s.P256dh, s.Auth = enc.EncodeToString(k.PublicKey().Bytes()), enc.EncodeToString(s.auth)
	s.srv = httptest.NewTLSServer(s)
	t.Cleanup(s.srv.Close)
	s.URL = s.srv.URL + "/push/a-secret-of-the-browser"
	return s
}

// Roots are the certificate authorities of the service.
func (s *Service) Roots() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(s.srv.Certificate())
	return p
}

// Messages are those that arrived and could be opened.
func (s *Service) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Message(nil), s.messages...)
}

// Requests counts what arrived, in whatever form.
func (s *Service) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// ServeHTTP takes one message.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests++
	answer := s.Answer
	s.mu.Unlock()
	if answer != nil {
		answer(w, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		s.refuse(w, http.StatusBadRequest, err)
		return
	}
	claims, key, err := s.token(r)
	if err != nil {
		s.refuse(w, http.StatusUnauthorized, err)
		return
	}
	if len(body) > 4096 {
		s.refuse(w, http.StatusRequestEntityTooLarge, errors.New("more than 4,096 bytes"))
		return
	}
	plain, err := s.open(body)
	if err == nil && (r.Header.Get("Content-Encoding") != "aes128gcm" || r.Header.Get("TTL") == "") {
		err = fmt.Errorf("encoding %q, time to live %q", r.Header.Get("Content-Encoding"), r.Header.Get("TTL"))
	}
	if err != nil {
		s.refuse(w, http.StatusBadRequest, err)
		return
	}
	s.mu.Lock()
	s.messages = append(s.messages, Message{plain, len(body), r.Header.Clone(), claims, key})
	s.mu.Unlock()
	w.WriteHeader(http.StatusCreated)
}

func (s *Service) refuse(w http.ResponseWriter, status int, why error) {
	s.t.Errorf("the push service refuses a message: %v", why)
	w.WriteHeader(status)
}

// SetAnswer changes Answer while messages come.
func (s *Service) SetAnswer(fn func(http.ResponseWriter, *http.Request)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Answer = fn
}

// open is RFC 8291 section 3.4 and RFC 8188 section 2.
func (s *Service) open(b []byte) ([]byte, error) {
	if len(b) < 21 {
		return nil, errors.New("no header")
	}
	salt, rs, n := b[:16], binary.BigEndian.Uint32(b[16:20]), int(b[20])
	if n != 65 || len(b) < 21+n {
		return nil, errors.New("no public key of the sender")
	}
	sender, record := b[21:21+n], b[21+n:]
	if rs < 18 || len(record) > int(rs) {
		return nil, errors.New("more than one record")
	}
	pub, err := ecdh.P256().NewPublicKey(sender)
	if err != nil {
		return nil, err
	}
	shared, err := s.private.ECDH(pub)
	if err != nil {
		return nil, err
	}
	info := "WebPush: info\x00" + string(s.private.PublicKey().Bytes()) + string(sender)
	ikm, err := hkdf.Key(sha256.New, shared, s.auth, info, 32)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, err
	}
	nonce, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	plain, err := gcm.Open(nil, nonce, record, nil)
	if err != nil {
		return nil, err
	}
	text := strings.TrimRight(string(plain), "\x00")
	if !strings.HasSuffix(text, "\x02") {
		return nil, errors.New("the record is not the last one")
	}
	return []byte(strings.TrimSuffix(text, "\x02")), nil
}

// token checks "vapid t=…, k=…" of RFC 8292 with the key it names.
func (s *Service) token(r *http.Request) (c Claims, key string, err error) {
	h, ok := strings.CutPrefix(r.Header.Get("Authorization"), "vapid ")
	if !ok {
		return c, "", errors.New("no token")
	}
	var token string
	for part := range strings.SplitSeq(h, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch k {
		case "t":
			token = v
		case "k":
			key = v
		}
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return c, key, errors.New("no JWT")
	}
	point, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil {
		return c, key, err
	}
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return c, key, err
	}
	sign, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(sign) != 64 {
		return c, key, errors.New("no ES256 signature")
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if !ecdsa.Verify(pub, sum[:], new(big.Int).SetBytes(sign[:32]), new(big.Int).SetBytes(sign[32:])) {
		return c, key, errors.New("the signature is wrong")
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return c, key, err
	}
	if err := json.Unmarshal(claims, &c); err != nil {
		return c, key, err
	}
	left := time.Until(time.Unix(c.Exp, 0))
	if c.Aud != "https://"+r.Host || left <= 0 || left > 24*time.Hour {
		return c, key, fmt.Errorf("claims %+v", c)
	}
	return c, key, nil
}
