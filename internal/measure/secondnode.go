package measure

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// StartSecondNode starts `sightline serve` beside the demo over the same Redis
// store, with the demo's sealing key and more arguments, and returns once it is ready.
func (p *Program) StartSecondNode(ctx context.Context, store, data string, more ...string) (*Program, error) {
	ports, err := freePorts(3)
	if err != nil {
		return nil, err
	}
	// All servers on one store need the same sealing keys.
	key, err := os.ReadFile(filepath.Join(p.Data, "seal.key"))
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(data, "seal.key"), key, 0o600); err != nil {
		return nil, err
	}
	second, err := Start(Options{Data: data, Binary: p.binary}, append([]string{
		"serve", "--data", data, "--store", store, "--media-loopback",
		"--listen", ports[0], "--ops-listen", ports[1], "--media-port", portOf(ports[2]),
	}, more...))
	if err != nil {
		return nil, err
	}
	second.Demo = p.Demo
	second.Demo.BaseURL, second.Demo.OpsURL, second.Demo.ServerPID = "http://"+ports[0], "http://"+ports[1], 0
	client := &http.Client{Timeout: time.Second}
	err = until(ctx, 30*time.Second, "the second node to be ready", func() bool {
		res, err := client.Get(second.Demo.OpsURL + "/readyz")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	if err != nil {
		second.Stop()
		return nil, fmt.Errorf("%w\n%s", err, second.Output())
	}
	return second, nil
}

func freePorts(n int) ([]string, error) {
	var out []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // all are held until the last is known, so none is given twice
		out = append(out, l.Addr().String())
	}
	return out, nil
}

func portOf(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}
