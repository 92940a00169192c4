package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"sightline/internal/fault"
)

// maxBody of one request, bytes.
const maxBody = 1 << 20

// problem is a failure on the wire.
type problem struct {
	Code   string `json:"code,omitempty"`
	Detail string `json:"detail"`
}

// Server answers subcommands until Close.
type Server struct {
	http *http.Server
	l    net.Listener
	log  *slog.Logger
}

// Listen opens the socket in the data folder with mode 0600. A socket that a
// crashed server left behind is replaced; whoever holds the folder's lock may.
func Listen(dir string, ops Ops, log *slog.Logger) (*Server, error) {
	path := filepath.Join(dir, SocketName)
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("the control socket %s is in the way: %w", path, err)
	}
	// A fresh name under a mode-0700 folder, then chmod: nobody else gets in between.
	l, err := within(dir, func(short string) (net.Listener, error) { return net.Listen("unix", short) })
	if err != nil {
		return nil, fmt.Errorf("the control socket %s cannot be made: %w", path, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // the name it was opened by may be a passing one
	s := &Server{l: l, log: log}
	s.http = &http.Server{Handler: mux(ops, log), ReadTimeout: 10 * time.Second, WriteTimeout: 60 * time.Second}
	return s, nil
}

// Serve answers until Close and returns nil after it.
func (s *Server) Serve() error {
	if err := s.http.Serve(s.l); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Close lets running calls end within ctx and removes the socket.
func (s *Server) Close(ctx context.Context, dir string) error {
	err := s.http.Shutdown(ctx)
	if e := os.Remove(filepath.Join(dir, SocketName)); e != nil && !os.IsNotExist(e) {
		err = errors.Join(err, e)
	}
	return err
}

func mux(ops Ops, log *slog.Logger) http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("POST /account/add", answer(log, ops.Add))
	m.HandleFunc("POST /account/list", answer(log, func(ctx context.Context, _ struct{}) ([]Account, error) { return ops.List(ctx) }))
	m.HandleFunc("POST /account/reset", answer(log, ops.Reset))
	m.HandleFunc("POST /account/plan", answer(log, ops.Plan))
	m.HandleFunc("POST /account/state", answer(log, ops.State))
	m.HandleFunc("POST /account/delete", answer(log, func(ctx context.Context, in Change) (struct{}, error) { return struct{}{}, ops.Delete(ctx, in) }))
	m.HandleFunc("POST /adopt", answer(log, func(ctx context.Context, _ struct{}) (struct{}, error) { return struct{}{}, ops.Adopt(ctx) }))
	m.HandleFunc("POST /ping", answer(log, func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil }))
	return m
}

// answer makes a handler of one call.
func answer[In, Out any](log *slog.Logger, call func(context.Context, In) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		d := json.NewDecoder(io.LimitReader(r.Body, maxBody))
		d.DisallowUnknownFields()
		if err := d.Decode(&in); err != nil {
			reply(w, http.StatusBadRequest, problem{Detail: "the request is not what this server understands; is it of another version?"})
			return
		}
		out, err := call(r.Context(), in)
		if err != nil {
			log.Info("subcommand refused", "call", r.URL.Path, "err", err)
			p := problem{Detail: err.Error()}
			var f *fault.Error
			if errors.As(err, &f) {
				p.Code, p.Detail = f.Code, f.Msg
				if p.Detail == "" {
					p.Detail = f.Code
				}
			}
			reply(w, http.StatusUnprocessableEntity, p)
			return
		}
		log.Info("subcommand done", "call", r.URL.Path)
		reply(w, http.StatusOK, out)
	}
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the caller is gone
}

// within calls open with a path of the socket that fits the 107 bytes a unix
// socket's name may have, whatever the length of the folder's.
func within[T any](dir string, open func(path string) (T, error)) (T, error) {
	path := filepath.Join(dir, SocketName)
	if len(path) < 100 {
		return open(path)
	}
	d, err := os.Open(dir)
	if err != nil {
		var none T
		return none, err
	}
	defer d.Close()
	return open(fmt.Sprintf("/proc/self/fd/%d/%s", d.Fd(), SocketName))
}
