package intake

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"sightline/internal/fault"
)

// A mail has at most so many pictures, and is at most so large.
const (
	mailPictures = 10
	mailBytes    = 32 << 20
)

// MailServer takes mails of still cameras. Every camera has an address of its
// own whose local part is a secret; any other is refused, so nothing is relayed.
type MailServer struct {
	intake *Intake
	server *smtp.Server
	ctx    context.Context
	stop   context.CancelFunc
}

// Mail makes the mail server.
func (i *Intake) Mail() *MailServer {
	m := &MailServer{intake: i}
	m.ctx, m.stop = context.WithCancel(context.Background())
	s := smtp.NewServer(smtp.BackendFunc(m.session))
	s.Domain = i.cfg.MailDomain
	s.TLSConfig = i.cfg.TLS
	s.MaxRecipients = 1
	s.MaxMessageBytes = mailBytes
	s.ReadTimeout, s.WriteTimeout = i.cfg.Timeout, i.cfg.Timeout
	s.ErrorLog = quiet{}
	m.server = s
	return m
}

// Serve answers on l until Close, then returns nil.
func (m *MailServer) Serve(l net.Listener) error {
	return m.server.Serve(newDoor(l, m.intake.cfg.Connections, m.intake.cfg.OfOne))
}

// Close ends every connection; what is not yet acknowledged is not stored, or
// the sender's next try finds it stored.
func (m *MailServer) Close() error {
	m.stop()
	return m.server.Close()
}

// quiet drops the library's log: what goes wrong is answered to the sender and
// counted.
type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

func (m *MailServer) session(c *smtp.Conn) (smtp.Session, error) {
	from := prefixOf(c.Conn().RemoteAddr()).String()
	if ok, _ := m.intake.cfg.Guesses.Check(from); !ok {
		return nil, reply(421, 4, 7, 1, "Too many wrong addresses. Try again later.")
	}
	return &letter{m: m, from: from}, nil
}

// letter is one sender's session.
type letter struct {
	m      *MailServer
	from   string
	camera string
}

func (s *letter) Reset()        { s.camera = "" }
func (s *letter) Logout() error { return nil }

// Mail takes every sender: the address it is for is the secret.
func (s *letter) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt finds the camera. Every address that is none of a camera is refused alike.
func (s *letter) Rcpt(to string, _ *smtp.RcptOptions) error {
	i := s.m.intake
	if ok, _ := i.cfg.Guesses.Check(s.from); !ok {
		return reply(421, 4, 7, 1, "Too many wrong addresses. Try again later.")
	}
	local, _, _ := strings.Cut(to, "@")
	ctx, cancel := context.WithTimeout(s.m.ctx, 5*time.Second)
	defer cancel()
	camera, err := i.cfg.Directory.ByAddress(ctx, strings.ToLower(local))
	if err != nil {
		if fault.Is(err, fault.Unavailable) {
			return reply(451, 4, 3, 0, "The server cannot check this address now. Send it again.")
		}
		i.metrics.wrong.WithLabelValues(string(ViaMail)).Inc()
		i.cfg.Guesses.Add(s.from)
		return reply(550, 5, 1, 1, "No camera has this address.")
	}
	s.camera = camera
	return nil
}

// Data stores the pictures of a mail: all of them, or it is refused and the
// sender's retry finds those stored that were.
func (s *letter) Data(r io.Reader) error {
	i := s.m.intake
	if s.camera == "" {
		return reply(503, 5, 5, 1, "Say first who it is for.")
	}
	if err := i.room.enter(); err != nil {
		return answerMail(err)
	}
	defer i.room.leave()
	ctx, cancel := context.WithTimeout(s.m.ctx, 30*time.Second)
	defer cancel()
	n := 0
	err := pictures(r, func(data []byte, at time.Time) error {
		if n++; n > mailPictures {
			return fault.Newf(fault.TooLarge, fault.CodeTooLarge, "A mail has at most %d pictures.", mailPictures)
		}
		_, err := i.metrics.accept(ctx, i.cfg.To, Arrival{Camera: s.camera, Data: data, Taken: at, Via: ViaMail})
		return err
	})
	if err == nil && n == 0 {
		err = fault.New(fault.Invalid, fault.CodeBadImage, "There is no JPEG picture in this mail.")
	}
	return answerMail(err)
}

// answerMail turns a refusal into SMTP's terms (RFC 5321, RFC 3463): 4xx tells
// the sender to try again, 5xx not to.
func answerMail(err error) error {
	var f *fault.Error
	var own *smtp.SMTPError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own
	case !errors.As(err, &f):
		return reply(451, 4, 3, 0, "The server could not store it. Send it again.")
	}
	switch {
	case f.Code == fault.CodeDiskFull:
		return reply(452, 4, 3, 1, f.Msg)
	case f.Kind == fault.RateLimited:
		return reply(450, 4, 7, 1, f.Msg)
	case f.Kind == fault.Unavailable || f.Kind == fault.Unknown || f.Kind == fault.Internal:
		return reply(451, 4, 3, 0, "The server could not store it. Send it again.")
	case f.Code == "quota_full":
		return reply(552, 5, 2, 2, f.Msg)
	case f.Kind == fault.TooLarge:
		return reply(552, 5, 3, 4, f.Msg)
	case f.Code == fault.CodeBadImage || f.Kind == fault.Malformed:
		return reply(554, 5, 6, 1, f.Msg)
	case f.Kind == fault.NotFound:
		return reply(550, 5, 1, 1, "No camera has this address.")
	}
	return reply(550, 5, 7, 1, f.Msg)
}

func reply(code, class, subject, detail int, text string) *smtp.SMTPError {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{class, subject, detail}, Message: text}
}
