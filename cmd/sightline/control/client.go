package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"

	"sightline/internal/fault"
)

// ErrNoServer says that no server runs on the data folder.
var ErrNoServer = errors.New("no server runs on this data folder")

// Client asks the running server.
type Client struct{ http *http.Client }

var _ Ops = (*Client)(nil)

// Dial reaches the server of a data folder, or returns ErrNoServer.
func Dial(ctx context.Context, dir string) (*Client, error) {
	c := &Client{http: &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return within(dir, func(path string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, "unix", path)
			})
		},
	}}}
	_, err := call[struct{}](ctx, c, "/ping", struct{}{})
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, ErrNoServer
	}
	if errors.Is(err, os.ErrPermission) {
		return nil, fmt.Errorf("a server runs on %s as another user: run this as that user", dir)
	}
	return c, err
}

func (c *Client) Add(ctx context.Context, in NewAccount) (Account, error) {
	return call[Account](ctx, c, "/account/add", in)
}

func (c *Client) List(ctx context.Context) ([]Account, error) {
	return call[[]Account](ctx, c, "/account/list", struct{}{})
}

func (c *Client) Reset(ctx context.Context, in Change) (Reset, error) {
	return call[Reset](ctx, c, "/account/reset", in)
}

func (c *Client) Plan(ctx context.Context, in Change) (Account, error) {
	return call[Account](ctx, c, "/account/plan", in)
}

func (c *Client) State(ctx context.Context, in Change) (Account, error) {
	return call[Account](ctx, c, "/account/state", in)
}

func (c *Client) Delete(ctx context.Context, in Change) error {
	_, err := call[struct{}](ctx, c, "/account/delete", in)
	return err
}

func (c *Client) Adopt(ctx context.Context) error {
	_, err := call[struct{}](ctx, c, "/adopt", struct{}{})
	return err
}

func call[Out any](ctx context.Context, c *Client, path string, in any) (out Out, err error) {
	body, err := json.Marshal(in)
	if err != nil {
		return out, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://sightline"+path, bytes.NewReader(body))
	if err != nil {
		return out, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return out, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err != nil {
		return out, err
	}
	if res.StatusCode != http.StatusOK {
		var p problem
		if json.Unmarshal(raw, &p) != nil || p.Detail == "" {
			return out, fmt.Errorf("the server answered %s", res.Status)
		}
		if p.Code == "" {
			return out, errors.New(p.Detail)
		}
		return out, fault.New(fault.Invalid, p.Code, p.Detail)
	}
	return out, json.Unmarshal(raw, &out)
}
