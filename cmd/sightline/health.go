package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

type healthCmd struct{ configured }

// Run asks the server of the same configuration whether it serves: the health
// check of an image that has no other program.
func (h *healthCmd) Run(ctx context.Context, m *Main) error {
	cfg, err := h.checked()
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(cfg.Ops.Listen)
	if err != nil {
		return usage{errors.New("there is no operations listener to ask: set ops.listen")}
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip != nil && ip.To4() == nil {
			host = "::1"
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("no server answers at %s", net.JoinHostPort(host, port))
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1000))
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return errors.New(strings.TrimSpace(string(text)))
	}
	_, err = fmt.Fprintln(m.Stdout, strings.TrimSpace(string(text)))
	return err
}
