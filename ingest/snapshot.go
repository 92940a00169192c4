package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"sightline/internal/fault"
	"sightline/internal/secret"
)

const (
	snapshotLimit = 10 * time.Second
	snapshotBytes = 10 << 20 // of one picture
)

// Snapshot fetches a still from a camera's own address, http or https, through
// the guard: no redirect is followed, no proxy used, at most snapshotBytes
// are read. user "" sends no login; else HTTP Basic. Errors name what is wrong
// for the camera's owner.
func (g *Guard) Snapshot(ctx context.Context, raw, user string, password secret.String) ([]byte, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fault.Field("snapshot_url", fault.CodeBadURL, "That is not an http address.")
	}
	ctx, cancel := context.WithTimeout(ctx, snapshotLimit)
	defer cancel()
	transport := &http.Transport{DialContext: g.dialHost, DisableKeepAlives: true, MaxResponseHeaderBytes: 16 << 10, ResponseHeaderTimeout: snapshotLimit}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fault.Field("snapshot_url", fault.CodeBadURL, "That is not an http address.")
	}
	if user != "" {
		req.SetBasicAuth(user, password.Reveal())
	}
	res, err := client.Do(req)
	if err != nil {
		var f *fault.Error
		if errors.As(err, &f) { // the guard's
			return nil, &fault.Error{Kind: fault.Invalid, Code: f.Code, Field: "snapshot_url", Msg: f.Msg}
		}
		return nil, fault.Wrap(err, fault.Unavailable, CodeUnreachable, "The camera's snapshot address does not answer.")
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden:
		return nil, fault.New(fault.Unavailable, CodeLogin, "The camera refuses the login at its snapshot address.")
	case res.StatusCode != http.StatusOK:
		return nil, fault.New(fault.Unavailable, CodeUnreachable, fmt.Sprintf("The camera's snapshot address answers with status %d.", res.StatusCode))
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, snapshotBytes+1))
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, CodeUnreachable, "The camera's snapshot did not come whole.")
	}
	return data, nil
}

// dialHost judges every address of a host and dials the first that answers.
func (g *Guard) dialHost(ctx context.Context, _, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, err
	}
	addrs, _, err := g.vet(ctx, host, uint16(n))
	if err != nil {
		return nil, err
	}
	return g.dial(ctx, addrs)
}
