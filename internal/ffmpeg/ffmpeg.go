// Package ffmpeg finds the ffmpeg program and runs it as a bounded child: a
// time limit, its own process group, and no more at once than there are cores.
package ffmpeg

import (
	"context"
	"io"
	"time"
)

// Tool is a found ffmpeg.
type Tool struct {
	Path    string
	Version string // "5.1.9-0+deb12u1"
}

// Find looks for ffmpeg in PATH (or at $SIGHTLINE_FFMPEG). The error is a
// fault.Unavailable that says what to install.
func Find(ctx context.Context) (*Tool, error) { panic("soon") }

// Job is one run.
type Job struct {
	Args  []string      // arguments after -hide_banner -nostdin; never from people's input
	In    io.Reader     // may be nil
	Out   io.Writer     // may be nil
	Limit time.Duration // default 60 s; then the group is killed
	Free  bool          // true: do not count against the per-core limit (long-lived children)
}

// Run runs a job and waits. The error holds the last lines ffmpeg wrote.
func (t *Tool) Run(ctx context.Context, j Job) error { panic("soon") }
