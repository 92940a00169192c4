package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"sightline/internal/clock"
	"sightline/internal/testcam"
)

type demoCamerasCmd struct {
	Clips    string `help:"Folder of the encoded clips."`
	Only     string `help:"Play only the camera of this name."`
	Listen   string `help:"Address of that one camera; default a free loopback port."`
	User     string `help:"Ask for this login."`
	Password string
	Stamp    bool `hidden:"" help:"Write into every picture when it was sent. For measuring."`
}

// Run plays the demo's cameras until its parent closes standard input, which it
// does by ending, however it ends.
func (c *demoCamerasCmd) Run(ctx context.Context, m *Main) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, m.Stdin)
		cancel()
	}()
	last := clock.Mono()
	return testcam.Serve(ctx, testcam.ServeConfig{Dir: c.Clips, Out: m.Stdout, Only: c.Only, Listen: c.Listen, User: c.User, Password: c.Password, Stamp: c.Stamp, Progress: func(done, total int) {
		if clock.Mono()-last > int64(2*time.Second) { // not when it came from the cache
			fmt.Fprintf(m.Stderr, "encoding the demo's cameras, once: %d of %d\n", done, total)
		}
		last = clock.Mono()
	}})
}

// cameras are the demo's cameras in a process of their own, so that their cost
// is not the server's.
type cameras struct {
	cmd   *exec.Cmd
	stdin io.Closer
	done  chan error
	list  []testcam.ServedCamera
}

// startCameras runs this program's demo-cameras and waits until all answer. The
// first run encodes clips, which takes a minute or two.
func startCameras(ctx context.Context, clips string, stamp bool, progress io.Writer) (*cameras, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"demo-cameras"}
	if clips != "" {
		args = append(args, "--clips", clips)
	}
	if stamp {
		args = append(args, "--stamp")
	}
	c := &cameras{cmd: exec.Command(self, args...), done: make(chan error, 1)}
	c.cmd.Stderr = progress
	// A Ctrl-C in the terminal is the server's to answer: it ends the cameras last.
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	line := make(chan []byte, 1)
	go func() {
		b, _ := bufio.NewReaderSize(out, 1<<20).ReadBytes('\n')
		line <- b
		_, _ = io.Copy(io.Discard, out)
		c.done <- c.cmd.Wait()
	}()
	select {
	case b := <-line:
		var s testcam.Served
		if err := json.Unmarshal(b, &s); err != nil || len(s.Cameras) == 0 {
			c.stop()
			return nil, errors.New("the demo's cameras did not start; the lines above say why")
		}
		c.list = s.Cameras
		return c, nil
	case <-ctx.Done():
		c.stop()
		return nil, ctx.Err()
	}
}

// stop ends the child and waits for it: kindly, then by its id.
func (c *cameras) stop() {
	_ = c.stdin.Close()
	select {
	case <-c.done:
		return
	case <-time.After(2 * time.Second):
	}
	_ = c.cmd.Process.Kill()
	<-c.done
}
