package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sightline/cmd/sightline/config"
)

type demoCmd struct {
	hidden
	Data      string          `placeholder:"FOLDER" help:"Data folder. Default: a temporary one that is removed at the end."`
	Listen    string          `default:"127.0.0.1:0" help:"Address of the pages. With 0.0.0.0:8443 a phone on the same network can watch, over https."`
	Ops       string          `name:"ops-listen" default:"127.0.0.1:0" help:"Address of metrics and health."`
	MediaPort int             `default:"0" help:"Port of WebRTC media, UDP and TCP. 0 takes a free one."`
	Store     config.StoreURL `default:"bolt" help:"Where records are kept: bolt, or redis://…"`
	Clips     string          `placeholder:"FOLDER" help:"Where the cameras' encoded clips are kept."`
	Images    bool            `default:"true" negatable:"" help:"A still camera with some images, and stills of a live one every few minutes."`
	Record    bool            `default:"true" negatable:"" help:"Record the cameras, at most 100 MB each."`
	Stamp     bool            `hidden:"" help:"The cameras write into every picture when they sent it. For measuring."`
	Level     string          `name:"log-level" enum:"debug,info,warn,error" default:"warn" help:"Least level that is written."`
}

// Run shows a wall of six live cameras until ctx ends.
func (d *demoCmd) Run(ctx context.Context, m *Main) (err error) {
	if d.Data == "" {
		if d.Data, err = os.MkdirTemp("", "sightline-demo-"); err != nil {
			return err
		}
		defer os.RemoveAll(d.Data)
	}
	cfg := d.config()
	if err := cfg.Validate(); err != nil {
		return usage{err}
	}
	_ = os.Remove(filepath.Join(d.Data, demoFile)) // it is there only while all is live

	cams, err := startCameras(ctx, d.Clips, d.Stamp, m.Stderr)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer cams.stop() // after the server: its cameras stay up while it stops

	n, err := newNode(ctx, cfg, m.logger(cfg.Log), d.hidden)
	if err != nil {
		return err
	}
	furnished := make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	n.onReady(func() {
		go func() {
			err := d.furnish(ctx, m, n, cams)
			if err != nil {
				cancel()
			}
			furnished <- err
		}()
	})
	err = n.run(ctx)
	_ = os.Remove(filepath.Join(d.Data, demoFile))
	if n.ready.Load() {
		if e := <-furnished; e != nil && !errors.Is(e, context.Canceled) {
			err = errors.Join(e, err)
		}
	}
	return err
}

// config is what the demo runs with: every port not given is a free one.
func (d *demoCmd) config() config.Config {
	cfg := config.Default()
	cfg.Data, cfg.Listen, cfg.Store = d.Data, d.Listen, d.Store
	cfg.Ops.Listen, cfg.Media.Port, cfg.Media.Loopback = d.Ops, d.MediaPort, true
	cfg.Log.Level = d.Level
	cfg.Archive.ReserveMB, cfg.Archive.LimitMB = 256, 1024
	return cfg
}

// furnish fills the server as a person would, waits until every camera is live,
// and says so in demo.json and on the terminal.
func (d *demoCmd) furnish(ctx context.Context, m *Main, n *node, cams *cameras) error {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Minute)
	defer cancel()
	f := furnisher{n: n, dir: d.Data, images: d.Images, record: d.Record}
	demo, err := f.patiently(ctx, cams.list)
	if err != nil {
		return fmt.Errorf("the demo could not be furnished: %w", err)
	}
	if err := f.waitLive(ctx, demo); err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(d.Data, demoFile), demo); err != nil {
		return err
	}
	m.welcome(n, demo)
	if m.Started != nil {
		m.Started(n.addresses())
	}
	return nil
}

func (m *Main) welcome(n *node, demo demoInfo) {
	m.addressLines(n)
	owner, second := demo.Accounts[0], demo.Accounts[1]
	stills := ""
	if demo.Trail != "" {
		stills = " and a trail camera with some images"
	}
	_, secret, _ := strings.Cut(demo.GuestLink, "/s#")
	guest := demo.GuestLink
	for i, u := range n.web.URLs() {
		if i > 0 { // what a phone on the same network opens
			guest += "\n             " + u + "/s#" + secret
		}
	}
	fmt.Fprintf(m.Stdout, `
  six live cameras%s, and

  owner      %-24s password %s
  neighbour  %-24s password %s
  guest      %s
             (no login; open it in a private window or on a phone)

  metrics    %s/metrics
  data       %s
  Ctrl-C ends it.

`, stills, owner.Email, owner.Password, second.Email, second.Password, guest, demo.OpsURL, n.cfg.Data)
}
