package web

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// certificate serves one certificate from two PEM files and reads them again
// when they change. Safe for concurrent use.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu      sync.Mutex
	cert    *tls.Certificate
	stamp   string    // sizes and times of the files behind cert
	checked time.Time // files are looked at once a second at most
}

func loadCertificate(certFile, keyFile string, log *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	if err := c.reload(); err != nil {
		return nil, err
	}
	return c, nil
}

// reload reads the files if they changed. The old certificate stays when the
// new files are not a pair: a renewal writes one after the other.
func (c *certificate) reload() error {
	stamp := fileStamp(c.certFile) + fileStamp(c.keyFile)
	if c.cert != nil && stamp == c.stamp {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("web: TLS certificate %s with key %s: %w", c.certFile, c.keyFile, err)
	}
	c.cert, c.stamp = &pair, stamp
	return nil
}

func fileStamp(name string) string {
	fi, err := os.Stat(name)
	if err != nil {
		return "?"
	}
	return fmt.Sprintf("%d/%d;", fi.Size(), fi.ModTime().UnixNano())
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.checked) >= time.Second {
		c.checked = now
		before := c.stamp
		switch err := c.reload(); {
		case err != nil:
			c.log.Error("the changed TLS files were not taken", "error", err)
		case c.stamp != before:
			c.log.Info("TLS certificate read again", "fingerprint", fingerprint(c.cert))
		}
	}
	return c.cert, nil
}

func (c *certificate) fingerprint() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fingerprint(c.cert)
}

// fingerprint is the SHA-256 of the leaf in colon-separated upper-case hex, as browsers show it.
func fingerprint(c *tls.Certificate) string {
	sum := sha256.Sum256(c.Certificate[0])
	var b strings.Builder
	for i, x := range sum {
		if i > 0 {
			b.WriteByte(':')
		}
		fmt.Fprintf(&b, "%02X", x)
	}
	return b.String()
}

func (c *certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, GetCertificate: c.get}
}

// selfSigned returns the paths of a certificate of our own in dir, making it
// when there is none, when it ends within 30 days, or when it lacks one of the
// names and addresses. The key file has mode 0600.
func selfSigned(dir string, names []string, addrs []netip.Addr, now time.Time) (certFile, keyFile string, err error) {
	certFile, keyFile = filepath.Join(dir, "self-signed.crt"), filepath.Join(dir, "self-signed.key")
	if pair, err := tls.LoadX509KeyPair(certFile, keyFile); err == nil && covers(&pair, names, addrs, now) {
		return certFile, keyFile, nil
	}
	certPEM, keyPEM, err := newSelfSigned(names, addrs, now)
	if err != nil {
		return "", "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", "", fmt.Errorf("web: folder for the self-signed certificate: %w", err)
	}
	if err := replaceFile(keyFile, keyPEM, 0o600); err != nil {
		return "", "", err
	}
	if err := replaceFile(certFile, certPEM, 0o644); err != nil {
		return "", "", err
	}
	return certFile, keyFile, nil
}

func covers(pair *tls.Certificate, names []string, addrs []netip.Addr, now time.Time) bool {
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil || now.Before(leaf.NotBefore) || now.After(leaf.NotAfter.Add(-30*24*time.Hour)) {
		return false
	}
	for _, n := range names {
		if leaf.VerifyHostname(n) != nil {
			return false
		}
	}
	for _, a := range addrs {
		if leaf.VerifyHostname(a.String()) != nil {
			return false
		}
	}
	return true
}

func newSelfSigned(names []string, addrs []netip.Addr, now time.Time) (certPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("web: key of the self-signed certificate: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, nil, fmt.Errorf("web: serial of the self-signed certificate: %w", err)
	}
	t := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "Sightline " + names[0]},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.AddDate(2, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		DNSNames:              names,
	}
	for _, a := range addrs {
		t.IPAddresses = append(t.IPAddresses, net.IP(a.AsSlice()))
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return nil, nil, fmt.Errorf("web: self-signed certificate: %w", err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("web: key of the self-signed certificate: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), nil
}

// replaceFile writes beside and renames, so that a reader sees the old or the new file.
func replaceFile(name string, data []byte, mode os.FileMode) error {
	tmp := name + ".new"
	if err := os.WriteFile(tmp, data, mode); err != nil {
		return fmt.Errorf("web: %w", err)
	}
	if err := os.Rename(tmp, name); err != nil {
		return fmt.Errorf("web: %w", err)
	}
	return nil
}

// watchCertificate registers when the served certificate ends; nothing without TLS.
func (s *Server) watchCertificate(c *certificate) {
	if c == nil || s.cfg.Registerer == nil {
		return
	}
	_ = s.cfg.Registerer.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{ // a second Listen finds it there
		Name: "sightline_tls_certificate_expiry_timestamp_seconds", Help: "When the served TLS certificate ends, as Unix time. Absent without TLS.",
	}, c.expiry))
}

// expiry is when the served certificate ends, 0 when it cannot be read.
func (c *certificate) expiry() float64 {
	pair, err := c.get(nil)
	if err != nil {
		return 0
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return 0
	}
	return float64(leaf.NotAfter.Unix())
}
