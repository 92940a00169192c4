package ingest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"sightline/internal/fault"
	"sightline/sfu"
)

// class is why an attempt ended. It decides the wait before the next one, the
// media reason, the sentence and the code of a test. Its text is a metric label.
type class string

const (
	classRefused   class = "refused"    // nothing listens on the port
	classNoRoute   class = "no_route"   // nobody answers at the address
	className      class = "name"       // the host name is unknown
	classDenied    class = "denied"     // the guard says no
	classLogin     class = "login"      // 401, 403
	classPath      class = "path"       // 404 and other refusals of the stream
	classTransport class = "transport"  // TCP or UDP not offered
	classNotCamera class = "not_camera" // what answers speaks no RTSP
	classTLS       class = "tls"        // certificate not trusted, or not the pinned one
	classRedirect  class = "redirect"   // sent elsewhere
	classCodec     class = "codec"      // no video browsers play
	classTimeout   class = "timeout"    // answered too slowly
	classSilent    class = "silent"     // connected, but no pictures arrive
	classNoKey     class = "no_key"     // pictures arrive, but no key frame
	classLost      class = "lost"       // the connection broke
	classFlood     class = "flood"      // more than a camera sends
	classPanic     class = "panic"      // our own mistake on its data
	classChanged   class = "changed"    // ended by us: settings changed or not wanted
)

// classes are all of them: a cause that did not happen yet is counted as 0.
var classes = [...]class{
	classRefused, classNoRoute, className, classDenied, classLogin, classPath, classTransport, classNotCamera, classTLS,
	classRedirect, classCodec, classTimeout, classSilent, classNoKey, classLost, classFlood, classPanic, classChanged,
}

// attemptError is how an attempt ended. err is for the log at debug level and
// may be a *fault.Error whose sentence is used.
type attemptError struct {
	class  class
	status int    // RTSP status code, 0 if none
	play   bool   // pictures were already asked for
	detail string // what the sentence names: codec, fingerprint
	err    error

	convertible bool // classCodec: ffmpeg could convert it
	noEncoder   bool // and is there, but lacks the encoder
	off         bool // and must not
}

func (e *attemptError) Error() string {
	if e.err != nil {
		return string(e.class) + ": " + e.err.Error()
	}
	return string(e.class)
}

func (e *attemptError) Unwrap() error { return e.err }

// network turns an error of the network or of TLS into an attemptError; play
// says whether pictures were already flowing. Errors of the RTSP library are
// sorted in rtsp.go before.
func network(err error, play bool) *attemptError {
	var ae *attemptError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var dns *net.DNSError
	var ne net.Error
	switch {
	case errors.As(err, &ae):
		return ae
	case errors.As(err, &unknown), errors.As(err, &host), errors.As(err, &invalid):
		return &attemptError{class: classTLS, err: err}
	case errors.As(err, &record), errors.As(err, &alert):
		return &attemptError{class: classNotCamera, err: err}
	case errors.As(err, &dns):
		return &attemptError{class: className, err: err}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &attemptError{class: classRefused, err: err}
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTDOWN),
		errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM), errors.Is(err, syscall.ETIMEDOUT):
		return &attemptError{class: classNoRoute, err: err}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &ne) && ne.Timeout():
		return &attemptError{class: classTimeout, err: err}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return &attemptError{class: classLost, play: play, err: err}
	case play:
		return &attemptError{class: classLost, play: play, err: err}
	}
	return &attemptError{class: classNotCamera, err: err}
}

// coarseText is the one sentence for every failure to connect outside the
// listed networks (threat T12).
const coarseText = "The camera cannot be reached, or does not answer as a camera."

// reason is the media reason a tile shows.
func (e *attemptError) reason() sfu.Reason {
	switch e.class {
	case classLogin:
		return sfu.ReasonCameraLogin
	case classCodec:
		return sfu.ReasonCodecUnsupported
	case classSilent, classNoKey:
		return sfu.ReasonStalled
	}
	return sfu.ReasonCameraUnreachable
}

// open reports whether the failure shows no more than somebody outside may
// learn: it comes from a conversation in RTSP, or from our own rules.
func (e *attemptError) open() bool {
	switch e.class {
	case classLogin, classCodec, classDenied, classSilent, classNoKey, classFlood, classPanic:
		return true
	}
	return e.class == classLost && e.play
}

// sentence says what happened to a person who owns the camera.
func (e *attemptError) sentence(precise bool) string {
	if !precise && !e.open() {
		return coarseText
	}
	switch e.class {
	case classRefused:
		return "The address answers, but nothing listens on this port."
	case classNoRoute:
		return "Nothing answers at this address."
	case className:
		return "The host name is not known."
	case classDenied:
		var f *fault.Error
		if errors.As(e.err, &f) {
			return f.Msg
		}
		return "This address may not be used for cameras."
	case classLogin:
		if e.detail != "" {
			return e.detail
		}
		return "The camera refuses this user name or password."
	case classPath:
		if e.status == 404 {
			return "The camera answers, but has no stream at this path (404)."
		}
		return fmt.Sprintf("The camera answers, but refuses the stream (status %d).", e.status)
	case classTransport:
		return "The camera does not offer this transport: choose TCP or UDP, whichever is not chosen now."
	case classNotCamera:
		return "Something answers on this port, but it is no RTSP camera."
	case classTLS:
		if e.detail != "" {
			return "The camera's certificate is not trusted. Its SHA-256 fingerprint is " + e.detail + "; enter it to trust this certificate."
		}
		return "The camera's certificate is not trusted."
	case classRedirect:
		return "The camera sends to another address. Enter that address, if it is right."
	case classCodec:
		switch {
		case e.off:
			return "The camera sends " + e.detail + ", which browsers cannot play, and this server is set to convert nothing (cameras.convert_max). Set the camera to H.264 (or H.265)."
		case e.noEncoder:
			return "The camera sends " + e.detail + ", which browsers cannot play, and the ffmpeg on the server lacks libx264 to convert it. Set the camera to H.264 (or H.265)."
		case e.convertible:
			return "The camera sends " + e.detail + ", which browsers cannot play. Set it to H.264 (or H.265), or install ffmpeg on the server, which then converts it."
		case e.detail != "":
			return "The camera sends " + e.detail + ", which browsers cannot play. Set it to H.264 (or H.265)."
		}
		return "The camera sends no video that browsers can play. Set it to H.264 (or H.265)."
	case classTimeout:
		return "The camera does not answer in time."
	case classSilent:
		return "The camera is connected, but sends no pictures."
	case classNoKey:
		return "The camera sends no key frames."
	case classFlood:
		return "The camera sends more data than any camera should."
	case classPanic:
		return "The camera's data could not be processed; the pull was started again."
	}
	if !e.play {
		return "Something answers on this port and closes the connection: it is no RTSP camera, or it is just starting."
	}
	return "The connection to the camera broke."
}

// code is the code of a failed test.
func (e *attemptError) code(precise bool) string {
	if !precise && !e.open() {
		return CodeUnreachable
	}
	switch e.class {
	case classRefused:
		return CodeRefused
	case classDenied:
		return fault.CodeAddressDenied
	case classLogin:
		return CodeLogin
	case classLost:
		if !e.play {
			return CodeNotCamera
		}
	case classPath, classNotCamera, classTransport, classRedirect, classTLS:
		return CodeNotCamera
	case classCodec:
		return CodeCodec
	case classTimeout, classSilent, classNoKey:
		return CodeTimeout
	}
	return CodeUnreachable
}

// final reports whether waiting for pictures is pointless: the tile is offline
// at once, not after 30 s of trying.
func (e *attemptError) final() bool {
	switch e.class {
	case classLogin, classPath, classTransport, classDenied, classTLS, classRedirect, classCodec:
		return true
	}
	return false
}
