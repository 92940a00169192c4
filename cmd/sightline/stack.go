package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// stopLimit is how long a stop may take in all; what is still running then is
// named and left behind (a supervisor would kill the process at ten seconds).
const stopLimit = 9 * time.Second

// stack runs parts and stops them in the reverse order of their start. The
// first part that fails on its own ends all.
type stack struct {
	log    *slog.Logger
	failed chan error

	mu    sync.Mutex
	stops []stop
}

type stop struct {
	name string
	fn   func(ctx context.Context) error
}

func newStack(log *slog.Logger) *stack { return &stack{log: log, failed: make(chan error, 1)} }

// push adds what stops a part. It is called once.
func (s *stack) push(name string, fn func(ctx context.Context) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stops = append(s.stops, stop{name, fn})
}

// run starts fn on its own goroutine; end makes it return. When the stack stops
// it calls end and waits for fn. A failure before that ends everything.
func (s *stack) run(name string, fn func() error, end func(ctx context.Context) error) {
	done := make(chan error, 1)
	go func() {
		err := fn()
		if err != nil {
			s.fail(fmt.Errorf("%s: %w", name, err))
		}
		done <- err
	}()
	s.push(name, func(ctx context.Context) error {
		err := end(ctx)
		select {
		case <-done:
			return err
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	})
}

// loop is run for a function that ends with its context.
func (s *stack) loop(name string, fn func(ctx context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	s.run(name, func() error {
		if err := fn(ctx); ctx.Err() == nil {
			return err
		}
		return nil // asked to end
	}, func(context.Context) error {
		cancel()
		return nil
	})
}

func (s *stack) fail(err error) {
	select {
	case s.failed <- err:
	default:
	}
}

// stop stops every part, newest first, within stopLimit.
func (s *stack) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	s.mu.Lock()
	stops := s.stops
	s.stops = nil
	s.mu.Unlock()
	var errs []error
	for i := len(stops) - 1; i >= 0; i-- {
		done := make(chan error, 1)
		go func() { done <- stops[i].fn(ctx) }()
		select {
		case err := <-done:
			if err != nil {
				errs = append(errs, fmt.Errorf("stopping %s: %w", stops[i].name, err))
			}
		case <-ctx.Done():
			return errors.Join(append(errs, fmt.Errorf("%s did not stop within %s", stops[i].name, stopLimit))...)
		}
	}
	return errors.Join(errs...)
}
