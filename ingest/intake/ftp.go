package intake

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	ftpserver "github.com/fclairamb/ftpserverlib"

	"sightline/internal/fault"
	"sightline/internal/secret"
)

// FTPServer takes files of still cameras: passive mode only, to the address the
// control connection came from; every camera has a login of its own and sees an
// empty folder it can write to and read nothing from (T31).
type FTPServer struct {
	intake *Intake
	ctx    context.Context
	stop   context.CancelFunc
	server *ftpserver.FtpServer
	driver *ftpDriver
}

// FTP makes the FTP server.
func (i *Intake) FTP() *FTPServer {
	f := &FTPServer{intake: i}
	f.ctx, f.stop = context.WithCancel(context.Background())
	return f
}

// Serve answers on l until Close, then returns nil.
func (f *FTPServer) Serve(l net.Listener) error {
	f.driver = &ftpDriver{f: f, listener: newDoor(l, f.intake.cfg.Connections, f.intake.cfg.OfOne)}
	f.server = ftpserver.NewFtpServer(f.driver)
	if err := f.server.Listen(); err != nil {
		return err
	}
	defer context.AfterFunc(f.ctx, func() { f.server.Stop() })() //nolint:errcheck // it closes the listener
	err := f.server.Serve()
	if f.ctx.Err() != nil {
		return nil
	}
	return err
}

// Close ends the server and its connections.
func (f *FTPServer) Close() error {
	f.stop()
	return nil
}

// ftpDriver is what the library asks.
type ftpDriver struct {
	f        *FTPServer
	listener net.Listener
}

func (d *ftpDriver) GetSettings() (*ftpserver.Settings, error) {
	cfg := d.f.intake.cfg
	s := &ftpserver.Settings{
		Listener: d.listener, PublicHost: cfg.PassiveHost, Banner: "Sightline takes pictures here",
		IdleTimeout: int(cfg.Timeout.Seconds()), ConnectionTimeout: 10,
		DisableActiveMode: true, DisableSite: true, DisableSYST: false, DisableSTAT: true, DisableMFMT: true,
		PasvConnectionsCheck: ftpserver.IPMatchRequired, ActiveConnectionsCheck: ftpserver.IPMatchRequired,
		DefaultTransferType: ftpserver.TransferTypeBinary,
	}
	if cfg.PassiveFirst > 0 {
		s.PassiveTransferPortRange = ftpserver.PortRange{Start: cfg.PassiveFirst, End: cfg.PassiveLast}
	}
	return s, nil
}

func (d *ftpDriver) ClientConnected(cc ftpserver.ClientContext) (string, error) {
	if ok, _ := d.f.intake.cfg.Guesses.Check(prefixOf(cc.RemoteAddr()).String()); !ok {
		return "Too many wrong logins. Try again later.", errors.New("too many wrong logins")
	}
	return "Sightline takes pictures here", nil
}

func (d *ftpDriver) ClientDisconnected(ftpserver.ClientContext) {}

// AuthUser finds the camera behind a login. Every wrong one is refused alike.
func (d *ftpDriver) AuthUser(cc ftpserver.ClientContext, user, pass string) (ftpserver.ClientDriver, error) {
	i := d.f.intake
	from := prefixOf(cc.RemoteAddr()).String()
	if ok, _ := i.cfg.Guesses.Check(from); !ok {
		return nil, errors.New("too many wrong logins, try again later")
	}
	ctx, cancel := context.WithTimeout(d.f.ctx, 5*time.Second)
	defer cancel()
	camera, err := i.cfg.Directory.ByLogin(ctx, user, secret.New(pass))
	if err != nil {
		if fault.Is(err, fault.Unavailable) {
			return nil, errors.New("the login cannot be checked now, try again")
		}
		i.metrics.wrong.WithLabelValues(string(ViaFTP)).Inc()
		i.cfg.Guesses.Add(from)
		return nil, errors.New("wrong login or password")
	}
	return &folder{server: d.f, camera: camera}, nil
}

func (d *ftpDriver) GetTLSConfig() (*tls.Config, error) {
	if d.f.intake.cfg.TLS == nil {
		return nil, errors.New("there is no TLS here")
	}
	return d.f.intake.cfg.TLS, nil
}
