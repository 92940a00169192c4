package ffmpeg

import (
	"context"
	"strings"
	"time"
)

// Encodes reports whether this ffmpeg was built with an encoder, such as
// "libx264". It is asked once.
func (t *Tool) Encodes(ctx context.Context, name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.encoders == nil {
		var out strings.Builder
		if err := t.Run(ctx, Job{Args: []string{"-encoders"}, Out: &out, Limit: 10 * time.Second, Free: true}); err != nil {
			return false
		}
		t.encoders = encoders(out.String())
	}
	return t.encoders[name]
}

// encoders takes the second word of each line " V....D libx264  libx264 H.264 …".
func encoders(out string) map[string]bool {
	m := map[string]bool{}
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) >= 2 && len(f[0]) == 6 {
			m[f[1]] = true
		}
	}
	return m
}
