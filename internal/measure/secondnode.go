package measure

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"sightline/internal/testport"
)

// StartSecondNode starts `sightline serve` beside the demo over the same Redis
// store, with the demo's sealing key and more arguments, and returns once it is ready.
func (p *Program) StartSecondNode(ctx context.Context, store, data string, more ...string) (*Program, error) {
	// All servers on one store need the same sealing keys.
	key, err := os.ReadFile(filepath.Join(p.Data, "seal.key"))
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(data, "seal.key"), key, 0o600); err != nil {
		return nil, err
	}
	listen, free, err := heldPort()
	if err != nil {
		return nil, err
	}
	ops, freeOps, err := heldPort()
	if err != nil {
		free()
		return nil, err
	}
	second, err := Start(Options{Data: data, Binary: p.binary}, append([]string{
		"serve", "--data", data, "--store", store, "--media-loopback",
		"--listen", listen, "--ops-listen", ops, "--media-port", "0",
	}, more...))
	if err != nil {
		free()
		freeOps()
		return nil, err
	}
	go func() {
		<-second.done
		free()
		freeOps()
	}()
	second.Demo = p.Demo
	second.Demo.BaseURL, second.Demo.OpsURL, second.Demo.ServerPID = "http://"+listen, "http://"+ops, 0
	client := &http.Client{Timeout: 10 * time.Second}
	err = until(ctx, time.Minute, "the second node to be ready", func() bool {
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

// heldPort is an address of loopback that nobody else is given until free is called.
func heldPort() (addr string, free func(), err error) {
	port, free, err := testport.Hold()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), free, err
}
