package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"

	"sightline/authz"
	"sightline/cmd/sightline/config"
	"sightline/cmd/sightline/control"
	"sightline/internal/i18n"
	"sightline/internal/seal"
)

// place is how a subcommand finds the server or, when none runs, its store.
type place struct {
	ConfigFile string          `name:"config" placeholder:"FILE" help:"Configuration file of the server."`
	Data       string          `key:"data" default:"sightline-data" help:"Data folder of the server."`
	Store      config.StoreURL `key:"store" default:"bolt" help:"Store of the server; used when no server runs."`
}

type accountCmd struct {
	place  `embed:""`
	Add    accountAdd    `cmd:"" help:"Add an account. The first one is the instance administrator."`
	List   accountList   `cmd:"" help:"List accounts."`
	Reset  accountReset  `cmd:"" help:"Mail or print a link that sets a new password."`
	Plan   accountPlan   `cmd:"" help:"Move an account to another plan."`
	Stop   accountStop   `cmd:"" name:"suspend" help:"Suspend an account: it and everything it shares stops at once."`
	Resume accountResume `cmd:"" help:"Make a suspended account active again."`
	Close  accountClose  `cmd:"" help:"Close an account for ever, with its cameras, grants and links."`
}

type who struct {
	Email string `arg:"" help:"E-mail of the account."`
}

type accountAdd struct {
	who
	Name          string `help:"Name others see. Default: the part before the @."`
	PasswordStdin bool   `help:"Read the password from the first line of standard input. Otherwise one is made and printed."`
	Language      string `default:"en" help:"Language of pages and mails."`
	Zone          string `default:"UTC" help:"Time zone, such as Europe/Kyiv."`
	Plan          string `help:"Plan: trial, mini, standard or pro. Default: as for every new account."`
	Admin         bool   `help:"Make it an instance administrator too."`
	Loopback      bool   `name:"loopback-cameras" help:"First account: cameras may be on this machine itself."`
}

// Run adds the account.
func (c *accountAdd) Run(ctx context.Context, m *Main) error {
	in := control.NewAccount{Email: c.Email, Name: c.Name, Language: c.Language, Zone: c.Zone, Plan: c.Plan,
		Admin: c.Admin, Loopback: c.Loopback}
	if in.Name == "" {
		in.Name, _, _ = strings.Cut(c.Email, "@")
	}
	made := false
	if c.PasswordStdin {
		line, err := bufio.NewReader(io.LimitReader(m.Stdin, 4096)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		in.Password = strings.TrimRight(line, "\r\n")
	} else {
		in.Password, made = rand.Text(), true
	}
	return m.atDesk(ctx, func(ops control.Ops, cfg config.Config) error {
		in.Networks = networks(cfg.CameraNetworks)
		a, err := ops.Add(ctx, in)
		if err != nil {
			return err
		}
		fmt.Fprintf(m.Stdout, "Added %s (%s)%s.\n", a.Email, a.Plan, map[bool]string{true: ", instance administrator"}[a.Admin])
		if made {
			fmt.Fprintf(m.Stdout, "Password: %s\n", in.Password)
		}
		return nil
	})
}

type accountList struct{}

// Run lists all accounts.
func (accountList) Run(ctx context.Context, m *Main) error {
	return m.atDesk(ctx, func(ops control.Ops, _ config.Config) error {
		all, err := ops.List(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(m.Stdout, 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, "E-MAIL\tNAME\tPLAN\tSTATE\tCAMERAS\tSINCE\t")
		for _, a := range all {
			admin := ""
			if a.Admin {
				admin = "instance administrator"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", a.Email, a.Name, a.Plan, a.State, a.Cameras, a.Created.Format("2006-01-02"), admin)
		}
		return w.Flush()
	})
}

type accountReset struct{ who }

// Run makes the link.
func (c *accountReset) Run(ctx context.Context, m *Main) error {
	return m.atDesk(ctx, func(ops control.Ops, _ config.Config) error {
		r, err := ops.Reset(ctx, control.Change{Email: c.Email})
		if err != nil {
			return err
		}
		if r.Mailed {
			_, err = fmt.Fprintf(m.Stdout, "A link was mailed to %s.\n", c.Email)
			return err
		}
		_, err = fmt.Fprintf(m.Stdout, "Open this once, before %s:\n  %s\n", r.Ends.Format("2006-01-02 15:04 MST"), r.URL)
		return err
	})
}

type accountPlan struct {
	who
	Plan string `arg:"" help:"trial, mini, standard or pro."`
}

// Run moves the account.
func (c *accountPlan) Run(ctx context.Context, m *Main) error {
	return m.change(ctx, "is now on plan "+c.Plan, func(ops control.Ops) error {
		_, err := ops.Plan(ctx, control.Change{Email: c.Email, Value: c.Plan})
		return err
	}, c.Email)
}

type accountStop struct{ who }

// Run suspends the account.
func (c *accountStop) Run(ctx context.Context, m *Main) error {
	return m.change(ctx, "is suspended", func(ops control.Ops) error {
		_, err := ops.State(ctx, control.Change{Email: c.Email, Value: string(authz.AccountSuspended)})
		return err
	}, c.Email)
}

type accountResume struct{ who }

// Run makes the account active.
func (c *accountResume) Run(ctx context.Context, m *Main) error {
	return m.change(ctx, "is active", func(ops control.Ops) error {
		_, err := ops.State(ctx, control.Change{Email: c.Email, Value: string(authz.AccountActive)})
		return err
	}, c.Email)
}

type accountClose struct {
	who
	Yes bool `help:"Really: its cameras, grants, links and groups go too and cannot come back."`
}

// Run closes the account.
func (c *accountClose) Run(ctx context.Context, m *Main) error {
	if !c.Yes {
		return usage{fmt.Errorf("closing %s cannot be undone; repeat with --yes", c.Email)}
	}
	return m.change(ctx, "is closed", func(ops control.Ops) error {
		return ops.Delete(ctx, control.Change{Email: c.Email})
	}, c.Email)
}

func (m *Main) change(ctx context.Context, done string, do func(control.Ops) error, email string) error {
	return m.atDesk(ctx, func(ops control.Ops, _ config.Config) error {
		if err := do(ops); err != nil {
			return err
		}
		_, err := fmt.Fprintf(m.Stdout, "%s %s.\n", email, done)
		return err
	})
}

// atDesk calls fn with the running server of the data folder or, when none
// runs, with a desk on the store itself, whose folder is locked meanwhile.
func (m *Main) atDesk(ctx context.Context, fn func(control.Ops, config.Config) error) (err error) {
	cfg, err := m.settings(m.cli.Account.ConfigFile)
	if err != nil {
		return err
	}
	cfg.Data, cfg.Store = m.cli.Account.Data, m.cli.Account.Store
	client, err := control.Dial(ctx, cfg.Data)
	if err == nil {
		return fn(client, cfg)
	}
	if !errors.Is(err, control.ErrNoServer) {
		return err
	}
	if _, err := os.Stat(cfg.Data); err != nil && cfg.Store.Embedded() && m.command.Command() != "account add <email>" {
		return fmt.Errorf("there is no data folder %s; --data names another", cfg.Data)
	}
	f, err := openFolder(cfg.Data)
	if err != nil {
		return err
	}
	defer func() { _ = f.close() }()
	log := slog.New(slog.DiscardHandler)
	box, err := seal.Open(cfg.Data)
	if err != nil {
		return err
	}
	store, err := openStore(ctx, cfg, log, nil, patience)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	texts, err := i18n.New()
	if err != nil {
		return err
	}
	// Mail goes out from a running server only, so links are printed here.
	authority := authz.New(authz.Config{Store: store, Seal: box, Log: log, Node: nodeName(), DataDir: cfg.Data, Timeout: patience,
		Trial: cfg.Limits.Trial, ShareLinks: cfg.Limits.ShareLinks, TempLinks: cfg.Limits.TemporaryLinks, Cameras: cfg.Limits.Cameras, Languages: texts.Languages()})
	base := cfg.PublicURL
	if base == "" {
		base = "http://" + cfg.Listen
	}
	return fn(&control.Desk{Authority: authority, Base: func() string { return base }}, cfg)
}
