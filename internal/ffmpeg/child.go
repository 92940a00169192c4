package ffmpeg

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Child is a long-lived ffmpeg: it reads a pipe and writes a pipe until it is
// closed. It is as polite as the system lets it be (nice 10, bounded memory), in
// its own process group, and killed with this process (Linux).
type Child struct {
	In  io.WriteCloser // what it reads; closing it asks for the end
	Out io.Reader      // what it writes

	cmd  *exec.Cmd
	last *tail
	done chan struct{}
	err  error // valid when done is closed
}

// childNice is added to the niceness of a child: pictures of other cameras come first.
const childNice = 10

// childMemory bounds the address space of a child, in bytes (Linux).
const childMemory = 2 << 30

// Start runs ffmpeg with args after -hide_banner -nostdin; they never come from
// people's input. The child ends when ctx does, when Close is called or by
// itself; Close must be called in every case.
func (t *Tool) Start(ctx context.Context, args []string) (*Child, error) {
	return t.StartWith(ctx, args)
}

// StartWith is Start with more files that the child has open, as pipe:3 and so
// on. The caller closes its own copies.
func (t *Tool) StartWith(ctx context.Context, args []string, more ...*os.File) (*Child, error) {
	c := &Child{last: &tail{}, done: make(chan struct{})}
	c.cmd = exec.CommandContext(ctx, t.Path, append([]string{"-hide_banner", "-nostdin"}, args...)...)
	c.cmd.SysProcAttr = childAttr()
	c.cmd.Cancel = func() error { return syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL) }
	c.cmd.WaitDelay = 2 * time.Second
	c.cmd.Stderr = c.last
	c.cmd.ExtraFiles = more
	in, err := c.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("ffmpeg: %w", err)
	}
	out, outEnd := io.Pipe() // Wait closes nothing that is still being read
	c.In, c.Out = in, out
	c.cmd.Stdout = outEnd
	started := make(chan error)
	go func() {
		// A child that dies with its parent dies with the thread that started it:
		// this one stays until the child has ended.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.cmd.Start()
		if err == nil {
			restrain(c.cmd.Process.Pid)
		}
		started <- err
		if err != nil {
			return
		}
		err = c.cmd.Wait()
		if err != nil {
			err = fmt.Errorf("ffmpeg: %w: %s", err, c.last)
		} else {
			err = io.EOF
		}
		c.err = err
		outEnd.CloseWithError(err)
		close(c.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("ffmpeg: %w", err)
	}
	return c, nil
}

// Pid of the child.
func (c *Child) Pid() int { return c.cmd.Process.Pid }

// Tail is the end of what the child said so far, at most 2 KB.
func (c *Child) Tail() string { return c.last.String() }

// Done is closed when the child has ended.
func (c *Child) Done() <-chan struct{} { return c.done }

// Close kills the child if it still runs, waits for its end and returns how it
// ended: io.EOF when by itself and well.
func (c *Child) Close() error {
	c.Kill()
	_ = c.In.Close()
	if r, ok := c.Out.(*io.PipeReader); ok {
		_ = r.Close() // whoever copies the child's output must not wait for a reader
	}
	<-c.done
	return c.err
}

// Kill ends the child at once; Close still has to be called. Safe at any time
// before Close has returned.
func (c *Child) Kill() {
	select {
	case <-c.done:
	default:
		_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
	}
}
