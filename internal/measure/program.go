package measure

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Demo is demo.json: what a running demo says about itself.
type Demo struct {
	BaseURL   string        `json:"base_url"`
	OpsURL    string        `json:"ops_url"`
	Accounts  []DemoAccount `json:"accounts"`
	Cameras   []DemoCamera  `json:"cameras"`
	GuestLink string        `json:"guest_link"`
	ServerPID int           `json:"server_pid"`
}

// DemoAccount can sign in; Token is a personal access token.
type DemoAccount struct {
	Email    string `json:"email"`
	Password string `json:"password"`
	Token    string `json:"token"`
}

// DemoCamera is one of the six live cameras.
type DemoCamera struct {
	ID          string  `json:"id"`
	Name        string  `json:"name"`
	Main        string  `json:"rtsp_main"`
	Sub         string  `json:"rtsp_sub"`
	KeyInterval float64 `json:"key_interval_s"`
}

// CameraEvery returns the first camera with the given key-frame interval in seconds.
func (d Demo) CameraEvery(seconds float64) (DemoCamera, error) {
	for _, c := range d.Cameras {
		if c.KeyInterval == seconds {
			return c, nil
		}
	}
	return DemoCamera{}, fmt.Errorf("no demo camera has a key frame every %g s", seconds)
}

// Options of a demo run.
type Options struct {
	Binary string   // the built program; empty: $SIGHTLINE_BIN, else the running program itself
	Data   string   // data folder; must exist
	Store  string   // "" = embedded, else a redis:// URL
	Stamp  bool     // the cameras write their send time into every picture
	Args   []string // further arguments of `sightline demo`
	Env    []string
}

// Program is a running `sightline` process and its output.
type Program struct {
	Demo Demo
	Data string

	binary string
	cmd    *exec.Cmd
	done   chan struct{}
	mu     sync.Mutex
	out    bytes.Buffer
}

// StartDemo starts `sightline demo` and returns once demo.json says that
// everything is live. The first run encodes the cameras' clips, so ctx should
// allow for minutes. The caller calls Stop.
func StartDemo(ctx context.Context, o Options) (*Program, error) {
	args := []string{"demo", "--no-images", "--no-record", "--data", o.Data}
	if o.Store != "" {
		args = append(args, "--store", o.Store)
	}
	if o.Stamp {
		args = append(args, "--stamp")
	}
	p, err := Start(o, append(args, o.Args...))
	if err != nil {
		return nil, err
	}
	file := filepath.Join(o.Data, "demo.json")
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if b, err := os.ReadFile(file); err == nil {
			if err := json.Unmarshal(b, &p.Demo); err != nil {
				p.Stop()
				return nil, fmt.Errorf("demo.json: %w", err)
			}
			return p, nil
		}
		select {
		case <-tick.C:
		case <-p.done:
			return nil, fmt.Errorf("the demo ended before it was live:\n%s", p.Output())
		case <-ctx.Done():
			p.Stop()
			return nil, fmt.Errorf("the demo was not live in time: %w\n%s", ctx.Err(), p.Output())
		}
	}
}

// Start runs the program with args.
func Start(o Options, args []string) (*Program, error) {
	bin := o.Binary
	if bin == "" {
		bin = os.Getenv("SIGHTLINE_BIN")
	}
	if bin == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		bin = self
	}
	p := &Program{Data: o.Data, binary: bin, cmd: exec.Command(bin, args...), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), o.Env...)
	p.cmd.Stdout, p.cmd.Stderr = p, p
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// Write keeps the process's output; it is the process's stdout and stderr.
func (p *Program) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.out.Len() > 1<<20 {
		p.out.Reset()
	}
	return p.out.Write(b)
}

// Output is what the process has printed (the last megabyte).
func (p *Program) Output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// Last is the end of what the process has printed, n bytes at most.
func (p *Program) Last(n int) string {
	out := p.Output()
	return out[max(0, len(out)-n):]
}

// Done is closed when the process has ended.
func (p *Program) Done() <-chan struct{} { return p.done }

// PID of the process that serves.
func (p *Program) PID() int {
	if p.Demo.ServerPID != 0 {
		return p.Demo.ServerPID
	}
	return p.cmd.Process.Pid
}

// Stop asks the process to end, and kills it when it has not within a minute.
func (p *Program) Stop() error {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
		return nil
	case <-time.After(time.Minute):
		p.cmd.Process.Kill()
		<-p.done
		return errors.New("the program did not end within a minute of SIGTERM")
	}
}
