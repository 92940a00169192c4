package main

import (
	"context"
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/controlroom/events"
	"sightline/ingest/onvif"
	"sightline/internal/fault"
	"sightline/web"
)

// buildONVIF makes what listens to cameras and steers them. The room tells it of
// cameras, so nothing is asked before the store is recognised.
func (n *node) buildONVIF(reg prometheus.Registerer) {
	log := n.log.With("part", "onvif")
	cfg := onvif.Config{Dial: n.guard.DialContext, Log: log, Registerer: reg}
	if n.cfg.ONVIF.Events {
		cfg.Report = func(ctx context.Context, r onvif.Report) {
			err := n.events.Report(ctx, events.Report{Camera: r.Camera, Kind: r.Kind, Source: events.FromONVIF, At: r.At, Active: r.Active})
			if err != nil && !fault.Is(err, fault.RateLimited) && !errors.Is(err, context.Canceled) {
				log.Warn("what a camera reported was not kept", "camera", r.Camera, "kind", r.Kind, "err", err)
			}
		}
	}
	n.devices = onvif.NewFleet(cfg)
	n.stack.push("onvif", func(context.Context) error { n.devices.Close(); return nil })
}

// discovery is the search for cameras as the web offers it.
func (n *node) discovery() web.Discovery {
	c := n.cfg.ONVIF
	return web.Discovery{Who: c.Discovery, Search: func(ctx context.Context) ([]onvif.Neighbour, error) {
		return onvif.Search(ctx, onvif.SearchConfig{Interfaces: c.Interfaces})
	}}
}
