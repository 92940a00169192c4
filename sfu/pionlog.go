package sfu

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// pionLog gives pion's messages to slog at Debug: most of them tell what a
// remote peer did and none is for an operator.
type pionLog struct{ log *slog.Logger }

// NewLogger is part of logging.LoggerFactory.
func (l pionLog) NewLogger(scope string) logging.LeveledLogger {
	return pionScope{l.log.With("pion", scope)}
}

type pionScope struct{ log *slog.Logger }

func (s pionScope) say(msg string) { s.log.Debug(msg) }

func (s pionScope) sayf(format string, args ...any) {
	if s.log.Enabled(context.Background(), slog.LevelDebug) {
		s.log.Debug(fmt.Sprintf(format, args...))
	}
}

func (pionScope) Trace(string)                     {}
func (pionScope) Tracef(string, ...any)            {}
func (pionScope) Debug(string)                     {}
func (pionScope) Debugf(string, ...any)            {}
func (pionScope) Info(string)                      {}
func (pionScope) Infof(string, ...any)             {}
func (s pionScope) Warn(msg string)                { s.say(msg) }
func (s pionScope) Warnf(format string, a ...any)  { s.sayf(format, a...) }
func (s pionScope) Error(msg string)               { s.say(msg) }
func (s pionScope) Errorf(format string, a ...any) { s.sayf(format, a...) }
