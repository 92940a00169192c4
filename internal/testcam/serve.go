package testcam

import (
	"context"
	"io"
)

// ServeConfig of Serve.
type ServeConfig struct {
	Dir      string // clip cache; "" = shared cache
	Out      io.Writer
	Progress func(done, total int)
}

// Serve starts the six demo cameras on free loopback ports, writes one line of
// JSON (Served) to Out when all answer, and runs until ctx ends.
func Serve(ctx context.Context, cfg ServeConfig) error { panic("soon") }
