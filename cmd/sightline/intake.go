package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/cmd/sightline/config"
	"sightline/ingest/intake"
	"sightline/ratelimit"
	"sightline/web"
)

// guessWindow is how long wrong keys of an address are counted together.
const guessWindow = time.Minute

// intakeNet is the opened listeners of still cameras, nil where one is off.
type intakeNet struct{ mail, ftp net.Listener }

// openIntake opens the listeners first, so that owners are told the ports they have.
func (n *node) openIntake() (doors web.IntakeDoors, err error) {
	c := n.cfg.Intake
	for _, l := range []struct {
		key, addr string
		to        *net.Listener
	}{{"intake.mail_listen", c.MailListen, &n.intakeNet.mail}, {"intake.ftp_listen", c.FTPListen, &n.intakeNet.ftp}} {
		if l.addr == "" {
			continue
		}
		if *l.to, err = net.Listen("tcp", l.addr); err != nil {
			return doors, fmt.Errorf("the address of %s %s cannot be opened: %s", l.key, l.addr, listenReason(err))
		}
		open := *l.to
		n.stack.push(l.key, func(context.Context) error { _ = open.Close(); return nil })
	}
	if n.intakeNet.mail != nil {
		doors.MailDomain = c.MailDomain
	}
	if n.intakeNet.ftp != nil {
		doors.FTPHost = ftpHost(n.cfg, n.intakeNet.ftp.Addr())
		_, port, _ := net.SplitHostPort(n.intakeNet.ftp.Addr().String())
		doors.FTPPort, _ = strconv.Atoi(port) // an address that was opened
	}
	return doors, nil
}

// ftpHost is how cameras reach the FTP server.
func ftpHost(cfg config.Config, at net.Addr) string {
	if cfg.Intake.FTPHost != "" {
		return cfg.Intake.FTPHost
	}
	if u, err := url.Parse(cfg.PublicURL); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	if t, ok := at.(*net.TCPAddr); ok && !t.IP.IsUnspecified() {
		return t.IP.String()
	}
	if name, err := os.Hostname(); err == nil && name != "" {
		return name
	}
	return "localhost"
}

// startIntake answers still cameras.
func (n *node) startIntake(reg prometheus.Registerer) error {
	c := n.cfg.Intake
	first, last, err := c.Ports()
	if err != nil {
		return err
	}
	l := n.cfg.Limits
	in, err := intake.New(intake.Config{
		To: n.gallery, Directory: n.room, Guesses: ratelimit.NewWindows(nil, l.Guesses, guessWindow, l.GuessBlock),
		Log: n.log.With("part", "intake"), Registerer: reg, TLS: n.web.TLSConfig(), MailDomain: c.MailDomain,
		PassiveFirst: first, PassiveLast: last, PassiveHost: c.FTPAddress,
	})
	if err != nil {
		return err
	}
	if n.intakeNet.mail != nil {
		m := in.Mail()
		n.stack.run("mail intake", func() error { return m.Serve(n.intakeNet.mail) }, func(context.Context) error { return m.Close() })
	}
	if n.intakeNet.ftp != nil {
		f := in.FTP()
		n.stack.run("FTP intake", func() error { return f.Serve(n.intakeNet.ftp) }, func(context.Context) error { return f.Close() })
	}
	return nil
}
