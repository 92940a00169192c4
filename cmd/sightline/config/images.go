package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"sightline/internal/secret"
)

// Images is where still images are kept.
type Images struct {
	Folder    string        `key:"images.folder" help:"Folder for the files of images. Empty: images in the data folder."`
	ReserveMB int           `key:"images.reserve_mb" name:"reserve-mb" default:"256" help:"Megabytes of that disk that images leave free; with less, new ones are refused."`
	Undo      time.Duration `key:"images.undo" default:"60s" help:"How long a deleted image can be brought back (1s to 24h)."`
	S3        S3            `embed:"" prefix:"s3-"`
}

// S3 is a bucket for images instead of a folder.
type S3 struct {
	Endpoint  string        `key:"images.s3.endpoint" help:"Host and port of a service with S3's protocol, to keep images in a bucket instead of a folder."`
	Plain     bool          `key:"images.s3.plain" help:"Speak http to it instead of https."`
	Region    string        `key:"images.s3.region" help:"Region of the bucket; empty: asked."`
	Bucket    string        `key:"images.s3.bucket" help:"Bucket; it must exist."`
	Prefix    string        `key:"images.s3.prefix" help:"What the names of objects begin with, such as sightline/."`
	AccessKey string        `key:"images.s3.access_key" name:"access-key" help:"Access key of the service."`
	SecretKey secret.String `key:"images.s3.secret_key" name:"secret-key" help:"Secret key of the service."`
}

func (i Images) check() error {
	switch s := i.S3; {
	case s.Endpoint != "" && s.Bucket == "":
		return errors.New("images.s3.bucket: say which bucket")
	case s.Endpoint == "" && s.Bucket != "":
		return errors.New("images.s3.endpoint: say where the bucket is")
	case s.Endpoint != "" && i.Folder != "":
		return errors.New("images: a folder and a bucket exclude each other")
	case i.ReserveMB < 0:
		return errors.New("images.reserve_mb cannot be below 0")
	case i.Undo < time.Second || i.Undo > 24*time.Hour:
		return errors.New("images.undo is 1s to 24h")
	}
	return nil
}

// Intake is how still cameras bring images in, beside uploads over HTTP.
type Intake struct {
	MailListen string `key:"intake.mail_listen" name:"mail-listen" help:"Address that takes mails of still cameras, such as :2525. Empty: none are taken."`
	MailDomain string `key:"intake.mail_domain" name:"mail-domain" default:"localhost" help:"What the mail addresses of cameras end in; mail for it must reach intake.mail_listen."`
	FTPListen  string `key:"intake.ftp_listen" name:"ftp-listen" help:"Address that takes files of still cameras over FTP and FTPS, such as :2121. Empty: none."`
	FTPHost    string `key:"intake.ftp_host" name:"ftp-host" help:"Name or address of the FTP server as cameras reach it. Empty: the host of public_url, else this machine's name."`
	FTPPassive string `key:"intake.ftp_passive" name:"ftp-passive" help:"Ports of FTP data connections, such as 50000-50100, to be opened in a firewall. Empty: any free one."`
	FTPAddress string `key:"intake.ftp_address" name:"ftp-address" help:"IP address told to FTP clients for data connections, behind a port forwarding. Empty: the one they came to."`
}

// Ports are the first and last passive port; 0, 0 when none are set.
func (i Intake) Ports() (first, last int, err error) {
	if i.FTPPassive == "" {
		return 0, 0, nil
	}
	if n, err := fmt.Sscanf(i.FTPPassive, "%d-%d", &first, &last); n != 2 || err != nil || first < 1 || last < first || last > 65535 {
		return 0, 0, fmt.Errorf("intake.ftp_passive: %q is not a range of ports such as 50000-50100", i.FTPPassive)
	}
	return first, last, nil
}

func (i Intake) check() error {
	for key, addr := range map[string]string{"intake.mail_listen": i.MailListen, "intake.ftp_listen": i.FTPListen} {
		if _, _, err := net.SplitHostPort(addr); addr != "" && err != nil {
			return fmt.Errorf("%s: %q is not host:port", key, addr)
		}
	}
	if i.FTPAddress != "" {
		if a, err := netip.ParseAddr(i.FTPAddress); err != nil || !a.Is4() {
			return fmt.Errorf("intake.ftp_address: %q is not an IPv4 address", i.FTPAddress)
		}
	}
	_, _, err := i.Ports()
	return err
}
