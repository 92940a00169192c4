// Package fault is the one error type that crosses package borders. Its public
// half (Kind, Code, Field, Msg, RetryAfter) may be shown to anybody; Err is for
// the log only. web turns a Kind into a status; nothing else knows statuses.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what class of failure it is and, in web, which status it becomes.
type Kind uint8

const (
	Internal        Kind = iota // 500: our own mistake; the public text says only that
	Invalid                     // 422: the input is understood and wrong; Field names the place
	Malformed                   // 400: the input cannot be parsed
	Unauthenticated             // 401: no login, or one that has ended
	Forbidden                   // 403: known object, right missing; Code is the decision reason
	NotFound                    // 404: does not exist, or must look as if it did not
	Conflict                    // 409: the state of the object forbids it (stale, link_cap ...)
	Gone                        // 410: removed for ever, or never existed (links)
	TooLarge                    // 413
	Unsupported                 // 415: media type or content encoding
	Misdirected                 // 421: a Host we do not serve
	RateLimited                 // 429: RetryAfter is set
	Unavailable                 // 503: the store or a part is away; RetryAfter is set
	Unknown                     // 503: a write whose outcome is not known; repeat it with the same ID
)

// Error is a failure with a public and a private half.
type Error struct {
	Kind       Kind
	Code       string        // from one closed list: a decision reason, a media reason, or an input code of this package
	Field      string        // the input field it is about, in the API's own name; "" when none
	Msg        string        // one English sentence for a person; never contains secrets or internal text
	RetryAfter time.Duration // for RateLimited, Unavailable and Unknown; 0 means unknown
	Err        error         // the cause; logged, never shown
}

func (e *Error) Error() string {
	s := e.Code
	if e.Field != "" {
		s += " (" + e.Field + ")"
	}
	if e.Msg != "" {
		s += ": " + e.Msg
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// New makes an error with a public code and sentence.
func New(k Kind, code, msg string) *Error { return &Error{Kind: k, Code: code, Msg: msg} }

// Newf is New with a formatted sentence. Do not format secrets or causes into it.
func Newf(k Kind, code, format string, args ...any) *Error {
	return &Error{Kind: k, Code: code, Msg: fmt.Sprintf(format, args...)}
}

// Field makes an Invalid error about one input field.
func Field(field, code, msg string) *Error {
	return &Error{Kind: Invalid, Code: code, Field: field, Msg: msg}
}

// InRow says in which row of a list, from 0, the field of an error is.
func InRow(i int, err error) error {
	var f *Error
	if !errors.As(err, &f) || f.Field == "" {
		return err
	}
	out := *f
	out.Field = fmt.Sprintf("rows[%d].%s", i, f.Field)
	return &out
}

// Wrap keeps err as the private cause behind a public code and sentence.
func Wrap(err error, k Kind, code, msg string) *Error {
	return &Error{Kind: k, Code: code, Msg: msg, Err: err}
}

// After returns a copy of e that carries a retry delay.
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// Is reports whether err carries an Error of kind k.
func Is(err error, k Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == k
}

// Code returns the code err carries, or "internal" when it carries none and "" for nil.
func Code(err error) string {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}
