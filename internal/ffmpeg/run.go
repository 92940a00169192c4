package ffmpeg

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Job is one run.
type Job struct {
	Args  []string      // after -hide_banner -nostdin; never from people's input
	In    io.Reader     // may be nil
	Out   io.Writer     // may be nil
	Limit time.Duration // default 60 s; then the whole process group is killed
	Free  bool          // true: not counted against the per-core limit (long-lived children)
}

// Run waits for a free core (unless Free), runs the job and waits for its end.
// The error holds the last lines ffmpeg wrote; ctx's error is wrapped when the
// job was ended by it.
func (t *Tool) Run(ctx context.Context, j Job) error {
	if !j.Free {
		select {
		case t.slots <- struct{}{}:
			defer func() { <-t.slots }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if j.Limit <= 0 {
		j.Limit = time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, j.Limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, t.Path, append([]string{"-hide_banner", "-nostdin"}, j.Args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 2 * time.Second
	cmd.Stdin, cmd.Stdout = j.In, j.Out
	last := &tail{}
	cmd.Stderr = last
	err := cmd.Run()
	if ctx.Err() != nil {
		return fmt.Errorf("ffmpeg ended after its time limit or on request: %w", ctx.Err())
	}
	if err != nil {
		return fmt.Errorf("ffmpeg: %w: %s", err, last)
	}
	return nil
}

// tail keeps the last 2 KB written to it. Safe for concurrent use.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if len(t.b) > 2048 {
		t.b = append(t.b[:0], t.b[len(t.b)-2048:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.b))
}
