package intake

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Guesses counts wrong keys by address.
type Guesses interface {
	// Check says whether an address may try now.
	Check(key string) (ok bool, retry time.Duration)
	// Add counts a wrong one.
	Add(key string) (ok bool, retry time.Duration)
}

// Config of both listeners. To, Directory, Guesses and Log are required.
type Config struct {
	To         Accepter
	Directory  Directory
	Guesses    Guesses
	Log        *slog.Logger
	Registerer prometheus.Registerer // nil: no metrics
	TLS        *tls.Config           // nil: neither STARTTLS nor FTPS
	Timeout    time.Duration         // of one command or line of a sender; 0 = 60 s

	Connections int // open at once, of each listener; 0 = 64
	OfOne       int // of one address (IPv6: its /64); 0 = 8

	MailDomain string // what mail addresses end in; "" = localhost

	PassiveFirst int    // ports of FTP data connections, 0 = any free one
	PassiveLast  int    //
	PassiveHost  string // address told to FTP clients; "" = the one they came to
}

// Intake is both listeners' common part.
type Intake struct {
	cfg     Config
	room    room
	metrics *metrics
}

// New checks the configuration; nothing listens before ServeMail and ServeFTP.
func New(cfg Config) (*Intake, error) {
	if cfg.To == nil || cfg.Directory == nil || cfg.Guesses == nil || cfg.Log == nil {
		return nil, errors.New("intake: accepter, directory, guesses and log are required")
	}
	if cfg.PassiveFirst < 0 || cfg.PassiveLast < cfg.PassiveFirst || cfg.PassiveLast > 65535 {
		return nil, errors.New("intake: the passive ports are no range")
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = time.Minute
	}
	if cfg.Connections <= 0 {
		cfg.Connections = 64
	}
	if cfg.OfOne <= 0 {
		cfg.OfOne = 8
	}
	if cfg.MailDomain == "" {
		cfg.MailDomain = "localhost"
	}
	return &Intake{cfg: cfg, room: newRoom(), metrics: newMetrics(cfg.Registerer)}, nil
}
