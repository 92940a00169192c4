package web

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func leafOf(t *testing.T, certFile, keyFile string) *x509.Certificate {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return leaf
}

func TestSelfSigned(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	names := []string{"localhost", "cam-host", "cam-host.local"}
	addrs := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("192.168.1.5"), netip.MustParseAddr("2001:db8::5")}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	cert, key, err := selfSigned(dir, names, addrs, now)
	if err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(key); err != nil || fi.Mode().Perm() != 0o600 {
		t.Fatalf("the key file is %v (%v), want mode 0600", fi.Mode(), err)
	}
	leaf := leafOf(t, cert, key)
	for _, n := range []string{"localhost", "cam-host", "cam-host.local", "127.0.0.1", "192.168.1.5", "2001:db8::5"} {
		if err := leaf.VerifyHostname(n); err != nil {
			t.Error(err)
		}
	}
	same := func(what string, names []string, addrs []netip.Addr, now time.Time, want bool) {
		t.Helper()
		before := leafOf(t, cert, key)
		if _, _, err := selfSigned(dir, names, addrs, now); err != nil {
			t.Fatal(err)
		}
		if got := leafOf(t, cert, key).Equal(before); got != want {
			t.Errorf("%s: certificate kept is %v, want %v", what, got, want)
		}
	}
	same("the next start", names, addrs, now.Add(time.Hour), true)
	same("an address less", names, addrs[:2], now.Add(time.Hour), true)
	same("a new address", names, append(addrs, netip.MustParseAddr("192.168.7.7")), now.Add(time.Hour), false)
	same("20 days before its end", names, addrs, now.AddDate(2, 0, -20), false)
	if err := os.WriteFile(key, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := selfSigned(dir, names, addrs, now); err != nil {
		t.Fatalf("a damaged key is not replaced: %v", err)
	}
	leafOf(t, cert, key)
}

// A renewed certificate is served without a restart; a half-written pair is not.
func TestCertificateReload(t *testing.T) {
	dir := t.TempDir()
	cert, key, err := selfSigned(dir, []string{"one"}, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	c, err := loadCertificate(cert, key, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	first := c.fingerprint()
	if len(first) != 95 {
		t.Fatalf("fingerprint %q", first)
	}
	look := func() string {
		c.checked = time.Time{} // a second has passed
		got, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		return fingerprint(got)
	}
	if err := os.WriteFile(cert, []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	if look() != first {
		t.Fatal("half a pair was served")
	}
	newCert, newKey, err := newSelfSigned([]string{"two"}, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(cert, newCert, 0o644); err != nil {
		t.Fatal(err)
	}
	if look() != first {
		t.Fatal("a certificate with another key was served")
	}
	if err := replaceFile(key, newKey, 0o600); err != nil {
		t.Fatal(err)
	}
	if look() == first {
		t.Fatal("the renewed pair is not served")
	}
	if _, err := loadCertificate(cert, filepath.Join(dir, "none"), slog.New(slog.DiscardHandler)); err == nil {
		t.Fatal("a missing key is no error")
	}
}
