// Package ffmpeg finds the ffmpeg program and runs it as a bounded child: a
// time limit, its own process group, and no more at once than there are cores.
package ffmpeg

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"sightline/internal/fault"
)

// Tool is a found ffmpeg. Safe for concurrent use.
type Tool struct {
	Path    string
	Version string // "5.1.9-0+deb12u1"

	slots chan struct{}

	mu       sync.Mutex
	encoders map[string]bool // nil: not asked yet
}

const missing = "ffmpeg is not installed. Install it (Debian: apt-get install ffmpeg) or name it in SIGHTLINE_FFMPEG."

// Find looks for ffmpeg at $SIGHTLINE_FFMPEG, else in PATH, and asks its
// version. The error is a fault.Unavailable that says what to install.
func Find(ctx context.Context) (*Tool, error) {
	name := os.Getenv("SIGHTLINE_FFMPEG")
	if name == "" {
		name = "ffmpeg"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "ffmpeg_missing", missing)
	}
	t := &Tool{Path: path, slots: make(chan struct{}, runtime.NumCPU())}
	var out strings.Builder
	if err := t.Run(ctx, Job{Args: []string{"-version"}, Out: &out, Limit: 10 * time.Second}); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "ffmpeg_missing", "The program found as ffmpeg does not run.")
	}
	t.Version = version(out.String())
	if t.Version == "" {
		return nil, fault.Wrap(errors.New(path+" prints no ffmpeg version"), fault.Unavailable, "ffmpeg_missing", "The program found as ffmpeg is not ffmpeg.")
	}
	return t, nil
}

// version takes the third word of "ffmpeg version 5.1.9-0 Copyright ...".
func version(out string) string {
	f := strings.Fields(out)
	if len(f) < 3 || f[0] != "ffmpeg" || f[1] != "version" {
		return ""
	}
	return f[2]
}
