package web

import (
	"net"
)

// Server is the public HTTP server. New checks the configuration, Listen opens
// the port (with TLS as configured), Serve answers until Close.
type Server struct{ cfg Config }

// New checks the configuration, builds the route table and mounts it.
func New(cfg Config) (*Server, error) { panic("not yet") }

// Listen opens cfg.Listen. The listener speaks TLS when files are configured,
// or when the address is beyond loopback and plain HTTP is not allowed
// (self-signed, made at the first start and kept in DataDir).
func (s *Server) Listen() (net.Listener, error) { panic("not yet") }

// Serve answers on a listener that Listen made, until Close. It returns nil after Close.
func (s *Server) Serve(l net.Listener) error { panic("not yet") }

// BaseURL is where a person finds the server: the public URL, or the address
// Listen opened ("" before). https://<host name>:port for an unspecified address.
func (s *Server) BaseURL() string { panic("not yet") }

// URLs lists every address under which the pages can be reached (one a
// listening interface), for printing at the start.
func (s *Server) URLs() []string { panic("not yet") }

// Fingerprint is the SHA-256 of the served certificate in colon-separated hex; "" without TLS.
func (s *Server) Fingerprint() string { panic("not yet") }

// Close tells every socket "draining", closes it with 4000, lets running
// requests end within CloseTimeout and closes the listener. Idempotent.
func (s *Server) Close() error { panic("not yet") }
