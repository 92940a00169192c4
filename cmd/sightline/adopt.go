package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"sightline/authz"
	"sightline/cmd/sightline/config"
	"sightline/cmd/sightline/control"
	"sightline/internal/seal"
)

type adoptStoreCmd struct {
	ConfigFile string          `name:"config" placeholder:"FILE" help:"Configuration file of the server."`
	Data       string          `key:"data" default:"sightline-data" help:"Data folder of the server."`
	Store      config.StoreURL `key:"store" default:"bolt" help:"Store to accept."`
}

// Run makes the store the one this data folder expects: by the running server,
// or in the folder when none runs.
func (c *adoptStoreCmd) Run(ctx context.Context, m *Main) (err error) {
	if client, err := control.Dial(ctx, c.Data); err == nil {
		if err := client.Adopt(ctx); err != nil {
			return err
		}
		_, err = fmt.Fprintln(m.Stdout, "The running server trusts its store again.")
		return err
	} else if !errors.Is(err, control.ErrNoServer) {
		return err
	}
	f, err := openFolder(c.Data)
	if err != nil {
		return err
	}
	defer func() { _ = f.close() }()
	cfg, err := m.settings(c.ConfigFile)
	if err != nil {
		return err
	}
	cfg.Data, cfg.Store = c.Data, c.Store
	store, err := openStore(ctx, cfg, slog.New(slog.DiscardHandler), nil, patience)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	box, err := seal.Open(c.Data)
	if err != nil {
		return err
	}
	others, err := checkSealed(ctx, store, box, true)
	if err != nil {
		return err
	}
	if err := authz.Adopt(ctx, store, c.Data); err != nil {
		return err
	}
	if others {
		fmt.Fprintln(m.Stdout, "Its secrets were sealed with other keys than this server has: enter the cameras' passwords again, and make new share links.")
	}
	_, err = fmt.Fprintf(m.Stdout, "The store %s is now the one servers on %s trust.\n", c.Store, c.Data)
	return err
}
