package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Validate checks what one value alone cannot tell. The error is one sentence
// that begins with the key.
func (c *Config) Validate() error {
	for _, check := range []func() error{c.addresses, c.tls, c.publicURL, c.origins, c.mail, c.times, c.counts, c.Plans.check, c.Images.check, c.Intake.check, c.Archive.check, c.Events.check, c.ONVIF.check, c.Notices.check} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) addresses() error {
	if err := hostPort("listen", c.Listen); err != nil {
		return err
	}
	if c.Ops.Listen != "" {
		if err := hostPort("ops.listen", c.Ops.Listen); err != nil {
			return err
		}
		if c.Ops.Listen == c.Listen && !strings.HasSuffix(c.Listen, ":0") {
			return fmt.Errorf("ops.listen: %s is already the address of listen", c.Ops.Listen)
		}
	}
	if c.Media.Port < 0 || c.Media.Port > 65535 {
		return fmt.Errorf("media.port: %d is not a port", c.Media.Port)
	}
	if err := c.Media.TURN.Relays().Check(); err != nil {
		return fmt.Errorf("media.turn: %w", err)
	}
	for _, h := range c.Host {
		if strings.ContainsAny(h, "/:@ ") {
			return fmt.Errorf("host: %q is not a host name (no scheme, no port)", h)
		}
	}
	if c.Data == "" {
		return fmt.Errorf("data: a folder is needed")
	}
	return nil
}

func (c *Config) tls() error {
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		return fmt.Errorf("tls.cert and tls.key: both are needed, or none")
	}
	for key, path := range map[string]string{"tls.cert": c.TLS.Cert, "tls.key": c.TLS.Key} {
		if path == "" {
			continue
		}
		f, err := os.Open(filepath.Clean(path))
		if err != nil {
			return fmt.Errorf("%s: %s cannot be read", key, path)
		}
		_ = f.Close()
	}
	if c.TLS.Cert != "" && c.InsecureHTTP {
		return fmt.Errorf("insecure_http: a certificate is given too; leave out one of them")
	}
	return nil
}

func (c *Config) publicURL() error {
	if c.PublicURL == "" {
		return nil
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return fmt.Errorf("public_url: %q is not an address such as https://cameras.example.org", c.PublicURL)
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("public_url: only scheme, host and port, such as %s://%s", u.Scheme, u.Host)
	}
	return nil
}

func (c *Config) origins() error {
	for _, o := range c.WHEP.Origins {
		u, err := url.Parse(o)
		if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != o {
			return fmt.Errorf("whep.origins: %q is not an origin such as https://wall.example.org", o)
		}
	}
	return nil
}

func (c *Config) mail() error {
	if c.SMTP.Host == "" {
		return nil
	}
	if c.SMTP.From == "" {
		return fmt.Errorf("smtp.from: a sender is needed when smtp.host is set")
	}
	if _, err := mail.ParseAddress(c.SMTP.From); err != nil {
		return fmt.Errorf("smtp.from: %q is not a mail address", c.SMTP.From)
	}
	if c.SMTP.Port < 1 || c.SMTP.Port > 65535 {
		return fmt.Errorf("smtp.port: %d is not a port", c.SMTP.Port)
	}
	if c.SMTP.User == "" && !c.SMTP.Password.Empty() {
		return fmt.Errorf("smtp.user: a password is given without a login")
	}
	return nil
}

func (c *Config) times() error {
	for _, r := range []struct {
		key      string
		d        time.Duration
		min, max time.Duration
	}{
		{"media.turn.ttl", c.Media.TURN.TTL, 10 * time.Minute, 7 * 24 * time.Hour},
		{"authz.lease", c.Authz.Lease, 0, 5 * time.Minute},
		{"authz.owner_hold", c.Authz.OwnerHold, 0, 24 * time.Hour},
		{"authz.archive_guard", c.Authz.ArchiveGuard, time.Second, 24 * time.Hour},
		{"authz.poll", c.Authz.Poll, 100 * time.Millisecond, 5 * time.Second},
	} {
		if r.d < r.min || r.d > r.max {
			return fmt.Errorf("%s: %s is not between %s and %s", r.key, r.d, r.min, r.max)
		}
	}
	return nil
}

// maxCount is what the limiters can count to.
const maxCount = 60_000

func (c *Config) counts() error {
	for _, k := range Keys() {
		if !strings.HasPrefix(k.Path, "limits.") {
			continue
		}
		switch v := c.field(k); {
		case !v.CanInt():
		case k.Path == "limits.egress_account":
			if v.Int() < 0 {
				return fmt.Errorf("%s: it is a number of bytes, or 0 for no budget", k.Path)
			}
		case v.Int() < 1:
			return fmt.Errorf("%s: at least 1 is needed", k.Path)
		case v.Kind() == reflect.Int && v.Int() > maxCount:
			return fmt.Errorf("%s: at most %d can be kept", k.Path, maxCount)
		}
	}
	if n := c.Cameras.ConvertMax; n < 0 || n > 64 {
		return fmt.Errorf("cameras.convert_max: %d is not between 0 and 64", n)
	}
	if n := c.Cameras.ConvertSide; n < 160 || n > 3840 {
		return fmt.Errorf("cameras.convert_side: %d is not between 160 and 3840", n)
	}
	const day = 24 * time.Hour
	if keep := c.Limits.AuditKeep; keep < 30*day || keep > 3650*day {
		return fmt.Errorf("limits.audit_keep: %s is not between 720h and 87600h", keep)
	}
	if keep := c.Limits.NoticesKeep; keep < 7*day || keep > 30*day {
		return fmt.Errorf("limits.notices_keep: %s is not between 168h and 720h", keep)
	}
	return nil
}

func hostPort(key, addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%s: %q is not host:port, such as 127.0.0.1:8080 or :8443", key, addr)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("%s: %q is not a port", key, port)
	}
	return nil
}
