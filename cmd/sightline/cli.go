package main

import (
	"context"
	"fmt"
	"log/slog"

	"sightline/cmd/sightline/config"
	"sightline/cmd/sightline/logs"
)

// cli is the command line.
type cli struct {
	Serve       serveCmd       `cmd:"" help:"Run the server."`
	Demo        demoCmd        `cmd:"" help:"Run a server with six live cameras of its own, to look at."`
	DemoCameras demoCamerasCmd `cmd:"" hidden:"" help:"The demo's cameras; sightline demo runs this as its child."`
	Account     accountCmd     `cmd:"" help:"Add, list and change accounts, on a running server or its store."`
	CheckConfig checkConfigCmd `cmd:"" help:"Check the configuration and print what is in force, secrets as ***."`
	AdoptStore  adoptStoreCmd  `cmd:"" help:"Accept a store that was restored or replaced, after a server refused it."`
	Health      healthCmd      `cmd:"" help:"Ask the running server whether it serves, for health checks."`
	Bench       benchCmds      `cmd:"" help:"Measure this program on this machine and print the figures."`
	Version     versionCmd     `cmd:"" help:"Print the version."`
}

// configured is a command that takes the whole configuration.
type configured struct {
	ConfigFile    string `name:"config" placeholder:"FILE" help:"Configuration file (YAML). Environment and flags win over it."`
	config.Config `embed:"" group:"Configuration"`
}

// checked returns the configuration after all checks.
func (c *configured) checked() (config.Config, error) {
	if err := c.Config.Validate(); err != nil {
		return config.Config{}, usage{err}
	}
	return c.Config, nil
}

type serveCmd struct {
	configured
	hidden
}

// Run serves until ctx ends.
func (s *serveCmd) Run(ctx context.Context, m *Main) error {
	cfg, err := s.checked()
	if err != nil {
		return err
	}
	log := m.logger(cfg.Log)
	n, err := newNode(ctx, cfg, log, s.hidden)
	if err != nil {
		return err
	}
	n.onReady(func() {
		m.greet(ctx, n)
		if m.Started != nil {
			m.Started(n.addresses())
		}
	})
	return n.run(ctx)
}

type checkConfigCmd struct{ configured }

// Run prints the configuration in force.
func (c *checkConfigCmd) Run(m *Main) error {
	cfg, err := c.checked()
	if err != nil {
		return err
	}
	onFlag := map[string]bool{}
	for _, p := range m.command.Path {
		if p.Flag != nil && !p.Resolved {
			onFlag[p.Flag.Name] = true
		}
	}
	return cfg.Print(m.Stdout, m.sources, func(flag string) bool { return onFlag[flag] })
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(m *Main) error {
	_, err := fmt.Fprintln(m.Stdout, "sightline", version)
	return err
}

func (m *Main) logger(c config.Log) *slog.Logger { return logs.New(m.Stderr, c.Level, c.Format) }
