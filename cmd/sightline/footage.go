package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"sightline/controlroom/archive"
	"sightline/internal/seal"
	"sightline/web"
)

// buildReader lets recordings be read, where there are any.
func (n *node) buildReader(reg prometheus.Registerer, box *seal.Box) {
	if n.archive != nil {
		n.reader = archive.NewReader(archive.ReaderConfig{Archive: n.archive, Seal: box, FFmpeg: n.tool, Log: n.log.With("part", "archive"), Registerer: reg})
	}
}

// footage is what the pages read recordings by; nil when there is nothing.
func (n *node) footage() web.Archive {
	if n.reader == nil {
		return nil
	}
	return n.reader
}
