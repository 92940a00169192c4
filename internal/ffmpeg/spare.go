package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// Spare runs many small jobs with the same arguments, each in a child of its own.
// The system takes longer to load ffmpeg and its libraries than ffmpeg takes for a
// picture, so after a job the next one's child is started already: it waits for its
// input, and goes when nobody wants it for a while. Safe for concurrent use.
type Spare struct {
	t    *Tool
	args []string
	keep time.Duration

	mu     sync.Mutex
	next   *spareChild // waits; nil: there is none
	timer  *time.Timer // ends it
	closed bool
	ending sync.WaitGroup
}

// spareChild is a child before its job, and in it.
type spareChild struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  io.ReadCloser
	last *tail
}

// Spare is for jobs with args, which read pipe:0 and write pipe:1. What waits is
// kept so long after the last job. Close has to be called.
func (t *Tool) Spare(args []string, keep time.Duration) *Spare {
	return &Spare{t: t, args: args, keep: keep}
}

// Run is Tool.Run with the arguments of s: it waits for a free core, and returns
// the same errors. A Read of in must not wait for anything.
func (s *Spare) Run(ctx context.Context, in io.Reader, out io.Writer) error {
	select {
	case s.t.slots <- struct{}{}:
		defer func() { <-s.t.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	c, err := s.take()
	if err != nil {
		return fmt.Errorf("ffmpeg: %w", err)
	}
	err = c.run(ctx, in, out)
	s.refill()
	if ctx.Err() != nil {
		return fmt.Errorf("ffmpeg ended after its time limit or on request: %w", ctx.Err())
	}
	if err != nil {
		return fmt.Errorf("ffmpeg: %w: %s", err, c.last)
	}
	return nil
}

// take is the child that waits, or a new one.
func (s *Spare) take() (*spareChild, error) {
	s.mu.Lock()
	c := s.next
	if s.next = nil; c != nil {
		s.timer.Stop()
	}
	s.mu.Unlock()
	if c != nil {
		return c, nil
	}
	return s.start()
}

func (s *Spare) start() (*spareChild, error) {
	c := &spareChild{last: &tail{}}
	c.cmd = exec.Command(s.t.Path, append([]string{"-hide_banner", "-nostdin"}, s.args...)...)
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.cmd.WaitDelay = 2 * time.Second
	c.cmd.Stderr = c.last
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if c.out, err = c.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil { // it closes the pipes
		return nil, err
	}
	return c, nil
}

// run gives the child its input and waits for its end.
func (c *spareChild) run(ctx context.Context, in io.Reader, out io.Writer) error {
	stop := context.AfterFunc(ctx, c.kill)
	defer stop()
	fed := make(chan error, 1)
	go func() {
		_, err := io.Copy(c.in, in)
		if errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrClosed) {
			err = nil // it has what it wants
		}
		fed <- errors.Join(err, c.in.Close())
	}()
	_, read := io.Copy(out, c.out)
	if read != nil {
		c.kill()
	}
	err := c.cmd.Wait() // closes in, if the child left it
	wrote := <-fed
	if errors.Is(wrote, os.ErrClosed) {
		wrote = nil
	}
	return errors.Join(read, err, wrote)
}

func (c *spareChild) kill() { _ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL) }

// end is for a child that got no job.
func (c *spareChild) end() {
	c.kill()
	_ = c.cmd.Wait()
}

// refill starts the next job's child.
func (s *Spare) refill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.next != nil {
		return
	}
	c, err := s.start()
	if err != nil {
		return // the next job starts its own, and says so
	}
	s.next = c
	s.timer = time.AfterFunc(s.keep, func() { s.drop(c) })
}

// drop ends the child that waits, if it is still this one.
func (s *Spare) drop(c *spareChild) {
	s.mu.Lock()
	mine := s.next == c
	if mine {
		s.next = nil
		s.ending.Add(1)
	}
	s.mu.Unlock()
	if mine {
		defer s.ending.Done()
		c.end()
	}
}

// Close ends what waits. Jobs that run go on; none begins with a child ahead.
func (s *Spare) Close() {
	s.mu.Lock()
	s.closed = true
	c := s.next
	s.next = nil
	if c != nil {
		s.timer.Stop()
	}
	s.mu.Unlock()
	if c != nil {
		c.end()
	}
	s.ending.Wait()
}
