package onvif

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"

	"sightline/internal/fault"
)

// class is why a call failed. It decides the wait before the next try and the
// sentence; its text is a metric label.
type class string

const (
	classRefused     class = "refused"     // nothing listens on the port
	classUnreachable class = "unreachable" // nobody answers at the address
	classDenied      class = "denied"      // the guard says no
	classLogin       class = "login"       // user or password refused
	classTimeout     class = "timeout"     // answered too slowly
	classTLS         class = "tls"         // certificate not trusted, or not the pinned one
	classAnswer      class = "answer"      // what answers does not speak ONVIF
	classFault       class = "fault"       // it speaks ONVIF and refuses this
	classMissing     class = "missing"     // it has no such service
)

// classes are all of them: a cause that did not happen yet is counted as 0.
var classes = [...]class{classRefused, classUnreachable, classDenied, classLogin, classTimeout, classTLS, classAnswer, classFault, classMissing}

// Codes of a failed call, beside those of ingest.
const (
	CodeNotONVIF = "not_onvif" // what answers there does not speak ONVIF
	CodeNoPTZ    = "no_ptz"    // the camera cannot be steered
	codeLogin    = "camera_login"
	codeRefused  = "camera_refused"
	codeGone     = "camera_unreachable"
	codeTimeout  = "timeout"
)

// Error is how a call ended. What is in it may come from the camera: it is for
// the log at debug level; a person is shown Fault.
type Error struct {
	class  class
	status int
	err    error
}

func (e *Error) Error() string {
	s := "onvif: " + string(e.class)
	if e.status != 0 {
		s += fmt.Sprintf(" (status %d)", e.status)
	}
	if e.err != nil {
		s += ": " + e.err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.err }

// Class is the error's name in logs and metrics.
func (e *Error) Class() string { return string(e.class) }

func classOf(err error) class {
	var e *Error
	if errors.As(err, &e) {
		return e.class
	}
	return classUnreachable
}

// networkError sorts an error of connecting, of TLS or of HTTP.
func networkError(err error) error {
	var f *fault.Error
	var ne net.Error
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var cert *tls.CertificateVerificationError
	switch {
	case errors.As(err, &f) && f.Code == fault.CodeAddressDenied:
		return &Error{class: classDenied, err: f}
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &ne) && ne.Timeout():
		return &Error{class: classTimeout, err: err}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &Error{class: classRefused, err: err}
	case errors.As(err, &unknown), errors.As(err, &host), errors.As(err, &invalid), errors.As(err, &cert), errors.Is(err, errPinned):
		return &Error{class: classTLS, err: err}
	case errors.As(err, &record), strings.Contains(err.Error(), "malformed HTTP"), strings.Contains(err.Error(), "server gave HTTP response"):
		return &Error{class: classAnswer, err: err}
	}
	return &Error{class: classUnreachable, err: err}
}

// answerError is for an answer that is no SOAP.
func answerError(status int, err error) error {
	c := classAnswer
	if status == http.StatusForbidden {
		c = classLogin
	}
	return &Error{class: c, status: status, err: err}
}

// soapFault sorts a SOAP fault by its subcodes and reason (Core, 5.8.2).
func soapFault(f *node, status int) error {
	text := ""
	for _, v := range append(f.all("Value"), append(f.all("Text"), append(f.all("faultcode"), f.all("faultstring")...)...)...) {
		text += " " + v.value()
	}
	low := strings.ToLower(text)
	c := classFault
	for _, w := range []string{"notauthorized", "not authorized", "failedauthentication", "unauthorized", "authority failure", "invalidsecurity"} {
		if strings.Contains(low, w) {
			c = classLogin
		}
	}
	for _, w := range []string{"actionnotsupported", "optionalactionnotimplemented"} {
		if strings.Contains(low, w) {
			c = classMissing
		}
	}
	return &Error{class: c, status: status, err: errors.New(clean(text))}
}

// Fault tells err to a person. Unless precise, failures to connect read the
// same (threat T12).
func Fault(err error, precise bool) *fault.Error {
	c := classOf(err)
	say := func(code, msg string) *fault.Error {
		return &fault.Error{Kind: fault.Invalid, Code: code, Field: "onvif", Msg: msg, Err: err}
	}
	var f *fault.Error
	switch {
	case c == classDenied && errors.As(err, &f):
		return say(fault.CodeAddressDenied, f.Msg)
	case errors.As(err, &f) && f.Kind == fault.Invalid:
		return f
	case c == classLogin:
		return say(codeLogin, "The camera refused the name or password.")
	case c == classMissing:
		return say(CodeNoPTZ, "The camera does not offer this.")
	case c == classFault:
		return say(CodeNotONVIF, "The camera refused the request.")
	case !precise:
		return say(codeGone, "Nothing that speaks ONVIF answers at this address.")
	case c == classRefused:
		return say(codeRefused, "The address answers, but nothing listens on this port.")
	case c == classTimeout:
		return say(codeTimeout, "The camera answered too slowly.")
	case c == classTLS:
		return say(CodeNotONVIF, "The camera's certificate is not trusted. Give its fingerprint, or use http.")
	case c == classAnswer:
		return say(CodeNotONVIF, "What answers at this address does not speak ONVIF.")
	}
	return say(codeGone, "Nobody answers at this address.")
}
