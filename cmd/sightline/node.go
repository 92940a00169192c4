package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"sightline/authz"
	"sightline/cmd/sightline/config"
	"sightline/cmd/sightline/control"
	"sightline/controlroom"
	"sightline/controlroom/archive"
	"sightline/controlroom/events"
	"sightline/controlroom/gallery"
	"sightline/controlroom/notice"
	linkusage "sightline/controlroom/usage"
	"sightline/ingest"
	"sightline/ingest/onvif"
	"sightline/internal/clock"
	"sightline/internal/ffmpeg"
	"sightline/internal/i18n"
	"sightline/internal/kv"
	"sightline/internal/mail"
	"sightline/internal/push"
	"sightline/internal/seal"
	"sightline/internal/webhook"
	"sightline/ratelimit"
	"sightline/sfu"
	"sightline/web"
)

// node is one running server: every part, built once and started in the order
// of the fields below. It stops in the reverse order, and each comment says why
// a part outlives what stands after it.
type node struct {
	cfg config.Config
	log *slog.Logger

	// The data folder's lock is the last to go: nobody may open the store before it is closed.
	folder *folder
	// The operations listener answers "stopping" while all else stops.
	ops    *web.Ops
	opsNet net.Listener
	// Commits of the parts below must still arrive.
	store kv.Store
	// Leases are kept alive as long as pictures run.
	authority *authz.Authority
	// Notices are counted by every open page.
	board *notice.Board
	// Ways out for notices besides the mail.
	push     *push.Push
	webhooks *webhook.Webhooks
	roots    *x509.CertPool // of receivers and push services; nil: the system's
	clock    clock.Clock    // of the ways out; nil: the machine's
	// Images are accepted and shown until the doors are shut.
	gallery *gallery.Gallery
	updates ratelimit.Updates
	budgets controlroom.Budgets
	usage   *linkusage.Book
	visits  *linkusage.Log
	// Streams outlive the peers they are attached to.
	fleet  *ingest.Fleet
	engine *sfu.Engine
	// Footage is written as long as there are pictures, and read by open pages.
	archive    *archive.Archive // nil: this server keeps none
	reader     *archive.Reader  // nil with it
	recordings *archive.Recordings
	exports    *archive.Exports // nil without footage
	// Events are reported by cameras, hooks and streams.
	events  *events.Events
	devices *onvif.Fleet // ONVIF sides of cameras
	// The room ends every viewing session, then its peers.
	room *controlroom.Room
	// Sockets are told "draining" and requests end before the room refuses them.
	web    *web.Server
	webNet net.Listener
	// Still cameras hand in images as long as the gallery takes them.
	intakeNet intakeNet
	reg       *prometheus.Registry
	// Subcommands come last and go first: they would see a half-stopped server.
	control *control.Server

	hidden   hidden
	stack    *stack
	guard    *ingest.Guard
	tool     *ffmpeg.Tool // nil: there is no ffmpeg
	ready    atomic.Bool
	draining atomic.Bool
	whenUp   func()
}

// newNode builds a server and starts its parts up to, not including, serving.
// On an error everything is stopped again.
func newNode(ctx context.Context, cfg config.Config, log *slog.Logger, h hidden) (*node, error) {
	n := &node{cfg: cfg, log: log, stack: newStack(log), hidden: h}
	if err := n.build(ctx); err != nil {
		return nil, errors.Join(err, n.stack.stop())
	}
	return n, nil
}

func (n *node) build(ctx context.Context) (err error) {
	cfg, log := n.cfg, n.log
	if n.folder, err = openFolder(cfg.Data); err != nil {
		return err
	}
	n.stack.push("data folder", func(context.Context) error { return n.folder.close() })

	reg := prometheus.NewRegistry()
	n.reg = reg
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	n.registerMetrics(reg)
	if err := n.buildOps(reg); err != nil {
		return err
	}

	box, err := seal.Open(cfg.Data)
	if err != nil {
		return err
	}
	if n.store, err = openStore(ctx, cfg, log.With("part", "store"), reg, n.hidden.StoreTimeout); err != nil {
		return err
	}
	if n.hidden.DropHints {
		n.store = deafStore{n.store}
	}
	n.stack.push("store", func(context.Context) error { return n.store.Close() })
	err = whileLate(ctx, func() error {
		_, err := checkSealed(ctx, n.store, box, false)
		return err
	})
	if err != nil {
		return err
	}

	texts, err := i18n.New()
	if err != nil {
		return err
	}
	letters, err := n.letters()
	if err != nil {
		return err
	}
	n.authority = authz.New(authz.Config{
		Store: n.store, Seal: box, Log: log.With("part", "authz"), Registerer: reg, Node: nodeName(), DataDir: cfg.Data, Timeout: n.hidden.StoreTimeout,
		Mail: letters != nil, Lease: cfg.Authz.Lease, OwnerHold: cfg.Authz.OwnerHold, ArchiveGuard: cfg.Authz.ArchiveGuard, Poll: cfg.Authz.Poll,
		Plans: planTable(cfg.Plans), Trial: cfg.Limits.Trial, ShareLinks: cfg.Limits.ShareLinks, TempLinks: cfg.Limits.TemporaryLinks, Cameras: cfg.Limits.Cameras,
		MailsADay: cfg.Limits.MailsAccount, AuditKeep: cfg.Limits.AuditKeep, IPBlock: cfg.Limits.IPBlock,
		Languages: texts.Languages(),
	})
	n.stack.loop("authority", n.authority.Run)
	n.stack.loop("audit log", n.authority.FollowAudit)

	if err := n.buildMedia(ctx, reg); err != nil {
		return err
	}
	if err := n.buildArchive(reg); err != nil {
		return err
	}
	n.buildReader(reg, box)
	if err := n.buildExports(reg); err != nil {
		return err
	}
	if err := n.buildEvents(reg, box); err != nil {
		return err
	}
	if err := n.buildChannels(reg, box, texts); err != nil {
		return err
	}
	n.board, err = notice.NewBoard(notice.BoardConfig{Store: n.store, Authority: n.authority, Mail: letters != nil,
		Keep: cfg.Limits.NoticesKeep, Most: cfg.Limits.Notices, Every: cfg.Notices.Every, Steady: cfg.Notices.Steady, LetterGap: cfg.Notices.LetterGap,
		Letters: sender(letters), Channels: n.channels(), Texts: texts, PublicURL: cfg.PublicURL, Noticed: n.noticed,
		Log: log.With("part", "board"), Registerer: reg})
	if err != nil {
		return err
	}
	if err := n.buildGallery(ctx, reg); err != nil {
		return err
	}
	if err := n.openBudgets(); err != nil {
		return err
	}
	n.buildONVIF(reg)
	n.room, err = controlroom.New(controlroom.Config{
		Store: n.store, Authority: n.authority, Fleet: n.fleet, Engine: n.engine, Guard: n.guard, Seal: box, Notices: n.board, Relays: cfg.Media.TURN.Relays(),
		Limits: roomLimits(cfg.Limits), Budgets: n.budgets, Visits: n.visits, FFmpeg: n.tool, Images: n.gallery, Devices: n.devices,
		Node: nodeName(), Log: log.With("part", "room"), Registerer: reg,
	})
	if err != nil {
		return err
	}
	n.stack.loop("board", n.board.Run) // asks the room for pictures
	if letters != nil {
		mails, err := notice.New(notice.Config{Store: n.store, Seal: box, Mail: letters, Texts: texts, PublicURL: cfg.PublicURL, Recipients: n.authority,
			Log: log.With("part", "notice"), Registerer: reg})
		if err != nil {
			return err
		}
		n.stack.loop("notice", mails.Run)
	} else {
		notice.NoMail(reg)
	}
	return n.buildWeb(reg, texts.Languages())
}

// letters is the way out for mail, nil without a mail server.
func (n *node) letters() (*mail.Sender, error) {
	c := n.cfg.SMTP
	if c.Host == "" {
		return nil, nil
	}
	s, err := mail.New(mail.Config{Host: c.Host, Port: c.Port, Security: c.Security, User: c.User, Password: c.Password, From: c.From})
	if err != nil {
		return nil, usage{err}
	}
	return s, nil
}

// buildOps opens the operations listener first: a server that is still starting
// answers "not ready" there.
func (n *node) buildOps(reg *prometheus.Registry) (err error) {
	if n.cfg.Ops.Listen == "" {
		return nil
	}
	if n.opsNet, err = net.Listen("tcp", n.cfg.Ops.Listen); err != nil {
		return fmt.Errorf("the address of ops.listen %s cannot be opened: %s", n.cfg.Ops.Listen, listenReason(err))
	}
	n.ops = web.NewOps(web.OpsConfig{Gatherer: reg, Ready: n.Ready, Log: n.log.With("part", "ops")})
	n.stack.run("operations listener", func() error { return n.ops.Serve(n.opsNet) }, n.ops.Close)
	return nil
}

func (n *node) buildMedia(ctx context.Context, reg *prometheus.Registry) (err error) {
	cfg, log := n.cfg, n.log
	if n.tool, err = ffmpeg.Find(ctx); err != nil {
		log.Warn("there will be no still images, cameras that send neither H.264 nor H.265 are not converted, and movement is told from the data rate alone", "err", err)
	}
	n.guard = ingest.NewGuard(ingest.GuardConfig{Networks: networks(cfg.CameraNetworks)})
	n.fleet = ingest.New(ingest.Config{Guard: n.guard, Log: log.With("part", "ingest"), Registerer: reg,
		MainLinger: cfg.Cameras.MainLinger, SubCold: cfg.Cameras.SubOnDemand, FFmpeg: n.tool,
		Convert: ingest.ConvertConfig{Videos: convertMax(cfg.Cameras.ConvertMax), Side: cfg.Cameras.ConvertSide},
		Stream:  sfu.StreamConfig{RingBytes: cfg.Media.RingBytes, RingAge: cfg.Media.RingAge}})
	n.stack.push("cameras", func(context.Context) error { n.fleet.Close(); return nil })
	n.engine, err = sfu.NewEngine(sfu.EngineConfig{
		UDPPort: cfg.Media.Port, TCPPort: cfg.Media.Port, Addresses: cfg.Media.Addresses, Loopback: cfg.Media.Loopback,
		Egress: egressMode(cfg.Media.Egress), MaxPending: cfg.Limits.PendingPeers, StillEvery: cfg.Limits.StillEvery, Log: log.With("part", "sfu"), Registerer: reg,
	})
	if err != nil {
		return err
	}
	n.stack.push("media", func(context.Context) error { return n.engine.Close() })
	return nil
}

// egressMode is the configured way, auto as the engine means it.
func egressMode(s string) sfu.EgressMode {
	if s == "auto" {
		return sfu.EgressAuto
	}
	return sfu.EgressMode(s)
}

// convertMax is the configured number, 0 as the fleet means none.
func convertMax(n int) int {
	if n == 0 {
		return -1
	}
	return n
}

func (n *node) buildWeb(reg *prometheus.Registry, languages []string) (err error) {
	cfg := n.cfg
	doors, err := n.openIntake()
	if err != nil {
		return err
	}
	n.web, err = web.New(web.Config{
		Intake: doors,
		Push:   n.push, Webhooks: n.webhooks,
		Authority: n.authority, Room: n.room, Notices: n.board, Gallery: n.gallery, Updates: n.updates, Recordings: n.recordings, Archive: n.footage(), Exports: n.takeaway(), Events: n.events, Discovery: n.discovery(), Usage: n.usage, VisitLog: n.visits, LimitRows: limitRows(cfg), Limits: ratelimit.New(ratelimit.Config{Rules: limitRules(cfg.Limits), Registerer: reg}),
		Log: n.log.With("part", "web"), Registerer: reg, Version: version, Languages: languages,
		Node: nodeName(), StoreKind: n.store.Kind(), MailHost: cfg.SMTP.Host,
		Networks: func() []netip.Prefix { return networks(cfg.CameraNetworks) },
		Listen:   cfg.Listen, PublicURL: cfg.PublicURL, Hosts: cfg.Host, TrustedProxies: cfg.TrustedProxies,
		InsecureHTTP: cfg.InsecureHTTP, TLSCert: cfg.TLS.Cert, TLSKey: cfg.TLS.Key, DataDir: cfg.Data,
		WHEPOrigins: cfg.WHEP.Origins, CloseTimeout: 4 * time.Second,
	})
	if err != nil {
		return err
	}
	n.webNet, err = n.web.Listen()
	if err != nil {
		return fmt.Errorf("the address of listen %s cannot be opened: %s", cfg.Listen, listenReason(err))
	}
	n.stack.push("web listener", func(context.Context) error { _ = n.webNet.Close(); return nil })
	return nil
}

// onReady sets what is called once everything answers. Call it before run.
func (n *node) onReady(fn func()) { n.whenUp = fn }

// start loads the cameras, opens the doors and returns when everything answers.
func (n *node) start(ctx context.Context) error {
	if err := n.waitAuthority(ctx); err != nil {
		return err
	}
	n.applyNetworks(ctx)
	n.stack.loop("camera networks", n.followNetworks)
	if err := whileLate(ctx, func() error { return n.room.Start(ctx) }); err != nil {
		return err
	}
	n.stack.push("control room", func(context.Context) error { n.room.Close(); return nil })
	n.startArchive()
	n.startEvents()
	if err := n.startIntake(n.reg); err != nil {
		return err
	}
	n.stack.run("web", func() error { return n.web.Serve(n.webNet) }, func(context.Context) error { return n.web.Close() })

	var err error
	n.control, err = control.Listen(n.cfg.Data, &control.Desk{Authority: n.authority, Base: n.web.BaseURL}, n.log.With("part", "control"))
	if err != nil {
		return err
	}
	n.stack.run("control socket", n.control.Serve, func(ctx context.Context) error { return n.control.Close(ctx, n.cfg.Data) })
	n.ready.Store(true)
	n.log.Info("serving", "url", n.web.BaseURL(), "ops", n.addresses().Ops, "media", n.engine.UDPPort(), "store", n.store.Kind(), "version", version)
	return nil
}

// waitAuthority waits until the authority has heard of its store. A store that
// is another one than last time is said at once.
func (n *node) waitAuthority(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	for {
		err := n.authority.Ready()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case failed := <-n.stack.failed:
			return failed
		case <-limit.C:
			return fmt.Errorf("the store is not ready: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// run starts serving, waits until ctx ends or a part fails, and stops in order.
func (n *node) run(ctx context.Context) error {
	err := n.start(ctx)
	if err == nil {
		if n.whenUp != nil {
			n.whenUp()
		}
		select {
		case <-ctx.Done():
		case err = <-n.stack.failed:
		}
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil // asked to stop while it started
	}
	return errors.Join(err, n.close())
}

// close stops everything, in at most stopLimit.
func (n *node) close() error {
	begun := time.Now()
	n.draining.Store(true)
	err := n.stack.stop()
	n.log.Info("stopped", "took", time.Since(begun).Round(time.Millisecond))
	return err
}

// Ready answers /readyz: nil once everything serves and the store is trusted.
func (n *node) Ready(context.Context) error {
	switch {
	case n.draining.Load():
		return errors.New("stopping")
	case !n.ready.Load():
		return errors.New("starting")
	}
	return n.authority.Ready()
}

func (n *node) addresses() Addresses {
	a := Addresses{Base: n.web.BaseURL(), Media: n.engine.UDPPort()}
	if n.opsNet != nil {
		a.Ops = "http://" + n.opsNet.Addr().String()
	}
	return a
}

// listenReason is why an address could not be opened, without the address.
func listenReason(err error) string {
	var sys *os.SyscallError
	if errors.As(err, &sys) {
		return sys.Err.Error()
	}
	return sentence(err)
}

// nodeName is this server's name among others on one store.
func nodeName() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		return "sightline"
	}
	return strings.ToLower(host)
}
