package main

import (
	"context"
	"fmt"
	"strings"
)

// greet prints where to look and, on a store without accounts, the one-time
// code that makes the first one.
func (m *Main) greet(ctx context.Context, n *node) {
	m.addressLines(n)
	needed, err := n.authority.SetupRequired(ctx)
	if err != nil || !needed {
		return
	}
	fmt.Fprintf(m.Stdout, `
  Nobody has an account here yet. Open
      %s/setup
  and enter this code, which works once:
      %s
  (or, on this machine: sightline account add YOUR@E-MAIL --data %s)

`, n.web.BaseURL(), n.authority.SetupCode().Reveal(), n.cfg.Data)
}

// addressLines prints every address and, with a self-signed certificate, its fingerprint.
func (m *Main) addressLines(n *node) {
	fmt.Fprintf(m.Stdout, "\n  Sightline %s\n", version)
	for i, u := range n.web.URLs() {
		fmt.Fprintf(m.Stdout, "  %-10s %s\n", map[bool]string{true: "open"}[i == 0], u)
	}
	if n.cfg.PublicURL != "" {
		fmt.Fprintf(m.Stdout, "  %-10s %s\n", "public", strings.TrimSuffix(n.cfg.PublicURL, "/"))
	}
	if f := n.web.Fingerprint(); f != "" && n.cfg.TLS.Cert == "" {
		fmt.Fprintf(m.Stdout, "  The certificate is this server's own, so browsers ask once. Its SHA-256 fingerprint:\n  %s\n", f)
	}
	if n.cfg.InsecureHTTP {
		fmt.Fprintln(m.Stdout, "  Plain HTTP: logins and pictures can be read by anyone on the way.")
	}
}
