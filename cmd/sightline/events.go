package main

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/controlroom/events"
	"sightline/internal/seal"
)

// buildEvents makes what keeps events of cameras and tells the recorder of them.
func (n *node) buildEvents(reg prometheus.Registerer, box *seal.Box) (err error) {
	c := n.cfg.Events
	cfg := events.Config{
		Store: n.store, Authority: n.authority, Seal: box, Fleet: n.fleet, Node: nodeName(), Alone: n.store.Kind() == "bolt",
		Keep: time.Duration(c.KeepDays) * 24 * time.Hour, Most: c.PerCamera, Rate: c.Rate, HookRate: c.HookRate,
		LostAfter: c.LostAfter, BackAfter: c.BackAfter, FFmpeg: n.tool, EyesShare: c.Motion, Log: n.log.With("part", "events"), Registerer: reg,
	}
	if n.archive != nil {
		cfg.Recorder = n.archive
	}
	n.events, err = events.New(cfg)
	return err
}

// startEvents ends events and watches cameras. The authority has recognised its
// store: before that, it could be one in which every camera seems gone.
func (n *node) startEvents() { n.stack.loop("events", n.events.Run) }
