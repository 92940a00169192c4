// Package redistest starts real redis-servers for tests: on free ports of
// loopback, with the settings the store demands, in folders of the test. A
// missing redis-server fails the test.
package redistest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"sightline/internal/testport"
)

const startTimeout = 20 * time.Second

// Server is one redis-server process. Its methods fail the test on errors and
// may be called from the test's goroutine only; Addr, URL and Do from any.
type Server struct {
	t    testing.TB
	dir  string
	port int
	args []string
	// program is "" for redis-server; another gets args alone.
	program string

	mu     sync.Mutex
	cmd    *exec.Cmd
	exited chan struct{}
}

// Start runs a server with AOF always and noeviction; args are appended to the
// command line and win ("--maxmemory-policy", "allkeys-lru"). It ends with the test.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatalf("redis-server is not installed (apt-get install redis-server): %v", err)
	}
	var last error
	for range 5 { // somebody who names ports himself may have taken it
		s := &Server{t: t, dir: t.TempDir(), port: freePort(t), args: args}
		if last = s.start(); last == nil {
			t.Cleanup(func() { s.end(syscall.SIGKILL) })
			return s
		}
		s.end(syscall.SIGKILL)
	}
	t.Fatalf("redis-server: %v", last)
	return nil
}

// Addr is the address of the server.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// URL is what rediskv.Open takes.
func (s *Server) URL() string { return "redis://" + s.Addr() }

// Dir is where the server keeps its data.
func (s *Server) Dir() string { return s.dir }

// Kill ends the server with SIGKILL: nothing is flushed.
func (s *Server) Kill() { s.t.Helper(); s.end(syscall.SIGKILL) }

// Stop ends the server in good order.
func (s *Server) Stop() {
	s.t.Helper()
	s.Resume()
	s.end(syscall.SIGTERM)
}

// Pause stops the process (SIGSTOP): connections stay open and nothing answers.
func (s *Server) Pause() { s.t.Helper(); s.signal(syscall.SIGSTOP) }

// Resume lets a paused process run on.
func (s *Server) Resume() { s.t.Helper(); s.signal(syscall.SIGCONT) }

// Restart starts the server again on the same port and data, and waits until it answers.
func (s *Server) Restart() {
	s.t.Helper()
	s.end(syscall.SIGKILL)
	if err := s.start(); err != nil {
		s.t.Fatalf("redis-server restart: %v", err)
	}
}

// Do runs one command and returns its reply as text; array elements are joined by newlines.
func (s *Server) Do(args ...string) string {
	s.t.Helper()
	r, err := do(s.Addr(), args...)
	if err != nil {
		s.t.Fatalf("redis %v: %v", args, err)
	}
	return r
}

func (s *Server) start() error {
	args := append([]string{
		"--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--dir", s.dir,
		"--appendonly", "yes", "--appendfsync", "always", "--save", "",
		"--maxmemory-policy", "noeviction", "--daemonize", "no", "--logfile", filepath.Join(s.dir, "redis.log"),
	}, s.args...)
	program := "redis-server"
	if s.program != "" {
		program, args = s.program, s.args
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	go func() {
		cmd.Wait()
		close(exited)
	}()
	s.mu.Lock()
	s.cmd, s.exited = cmd, exited
	s.mu.Unlock()

	deadline := time.After(startTimeout)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-exited:
			log, _ := os.ReadFile(filepath.Join(s.dir, "redis.log"))
			return fmt.Errorf("exited at once: %s", log)
		case <-deadline:
			return fmt.Errorf("no answer after %v", startTimeout)
		case <-tick.C:
			if r, err := do(s.Addr(), "PING"); err == nil && r == "PONG" {
				return nil
			}
		}
	}
}

func (s *Server) end(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return
	}
	s.cmd.Process.Signal(sig)
	<-s.exited
	s.cmd = nil
}

func (s *Server) signal(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd != nil {
		s.cmd.Process.Signal(sig)
	}
}

// freePort is one that stays the test's, also while nothing of it listens.
func freePort(t testing.TB) int {
	t.Helper()
	port, release, err := testport.Hold()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return port
}
