package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/controlroom/archive"
	"sightline/web"
)

// buildExports lets people take footage away, where there is some.
func (n *node) buildExports(reg prometheus.Registerer) error {
	if n.archive == nil {
		return nil
	}
	c := n.cfg.Archive.Export
	none := func(v int64) int64 { // 0 is no limit to operators
		if v == 0 {
			return -1
		}
		return v
	}
	e, err := archive.NewExports(archive.ExportsConfig{Archive: n.archive, Folder: c.Path(n.cfg.Data), Tool: n.tool, Keep: c.Keep, Longest: c.Longest,
		DayTime: time.Duration(none(int64(c.DayTime))), DayBytes: none(int64(c.DayMB) * 1e6), AtOnce: c.AtOnce, Marked: c.Watermark, Room: int64(c.RoomMB) * 1e6,
		Log: n.log.With("part", "exports"), Registerer: reg})
	if err != nil {
		return err
	}
	n.exports = e
	n.stack.push("exports", func(context.Context) error { e.Close(); return nil })
	n.boundedLoop("exports that are prepared", func(ctx context.Context) error { e.Run(ctx); return nil })
	return nil
}

// takeaway is what web asks; nil, and not a nil inside, without footage.
func (n *node) takeaway() web.Exports {
	if n.exports == nil {
		return nil
	}
	return n.exports
}
