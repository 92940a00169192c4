package measure

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"syscall"
	"time"
)

// Redis is a redis-server of a measurement's own.
type Redis struct {
	URL  string
	cmd  *exec.Cmd
	done chan struct{}
}

// StartRedis starts the redis-server found in PATH on a free port, with its data
// in dir. The caller calls Stop.
func StartRedis(ctx context.Context, dir string) (*Redis, error) {
	addr, free, err := heldPort()
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(addr)
	r := &Redis{URL: "redis://" + addr, done: make(chan struct{}), cmd: exec.Command("redis-server",
		"--port", port, "--bind", "127.0.0.1", "--dir", dir, "--appendonly", "yes", "--appendfsync", "always",
		"--save", "", "--maxmemory-policy", "noeviction", "--daemonize", "no", "--logfile", "redis.log")}
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := r.cmd.Start(); err != nil {
		free()
		return nil, fmt.Errorf("redis-server: %w", err)
	}
	go func() {
		r.cmd.Wait()
		free()
		close(r.done)
	}()
	err = until(ctx, 30*time.Second, "redis-server to answer", func() bool {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err != nil {
			return false
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(time.Second))
		b := make([]byte, 5)
		_, err = c.Write([]byte("PING\r\n"))
		if err == nil {
			_, err = c.Read(b)
		}
		return err == nil && string(b) == "+PONG"
	})
	if err != nil {
		return nil, errors.Join(err, r.Stop())
	}
	return r, nil
}

// Stop ends the server.
func (r *Redis) Stop() error {
	r.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-r.done:
		return nil
	case <-time.After(10 * time.Second):
		r.cmd.Process.Kill()
		<-r.done
		return errors.New("redis-server did not end within 10 s")
	}
}
