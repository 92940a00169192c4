package main

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/authz"
	"sightline/controlroom/archive"
	"sightline/internal/blob/s3blob"
)

// archiveStop is how long the end of recordings may take: a disk that hangs must
// not keep the store and the cameras from being closed.
const archiveStop = 3 * time.Second

// buildArchive opens the disks for footage, where there are any, and lets the
// policies in the store say what is recorded. It runs until the doors are shut
// and before the cameras' streams end.
func (n *node) buildArchive(reg prometheus.Registerer) error {
	c, log := n.cfg.Archive, n.log.With("part", "archive")
	var disks []archive.Disk
	for _, dir := range c.Folders(n.cfg.Data) {
		disks = append(disks, archive.Disk{Path: dir, Limit: int64(c.LimitMB) << 20})
	}
	if len(disks) > 0 {
		cfg := archive.Config{Sources: n.fleet, Disks: disks, Reserve: int64(c.ReserveMB) << 20, Segment: c.Segment, Sync: c.Sync,
			Alarm: func(al archive.Alarm) { n.recordings.Alarm(al) }, Log: log, Registerer: reg}
		if s := c.S3; s.Endpoint != "" {
			// It is not asked now: recording begins without it.
			b, err := s3blob.Connect(s3blob.Config{Endpoint: s.Endpoint, Plain: s.Plain, Region: s.Region, Bucket: s.Bucket, Prefix: s.Prefix,
				AccessKey: s.AccessKey, SecretKey: s.SecretKey})
			if err != nil {
				return fmt.Errorf("the bucket of footage cannot be used: %w", err)
			}
			n.stack.push("bucket of footage", func(context.Context) error { return b.Close() })
			cfg.Bucket, cfg.BucketName = b, s.Endpoint+"/"+s.Bucket+"/"+s.Prefix
		}
		a, err := archive.New(cfg)
		if err != nil {
			return err
		}
		n.archive = a
		n.stack.push("footage", func(context.Context) error { a.Close(); return nil })
	}
	recordings, err := archive.NewRecordings(archive.RecordingsConfig{Store: n.store, Authority: n.authority, Archive: n.archive, Node: nodeName(), Log: log})
	if err != nil {
		return err
	}
	n.recordings = recordings
	return nil
}

// startArchive records. The authority has recognised its store: before that, it
// could be one in which every camera seems gone.
func (n *node) startArchive() {
	if n.archive != nil {
		n.boundedLoop("recording", n.archive.Run)
	}
	n.boundedLoop("recording policies", n.recordings.Run)
}

// boundedLoop is stack.loop for what may hang in a disk: it is left behind.
func (n *node) boundedLoop(name string, fn func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = fn(ctx) }()
	n.stack.push(name, func(context.Context) error {
		cancel()
		late := time.NewTimer(archiveStop)
		defer late.Stop()
		select {
		case <-done:
		case <-late.C:
			n.log.Error("a disk for footage does not answer; what was recorded last is repaired at the next start", "part", "archive")
		}
		return nil
	})
}

// recordings records the demo's cameras where nobody chose otherwise: the first
// in its main layer, the others in the one that is pulled anyway.
func (f *furnisher) recordings(ctx context.Context, owner authz.Subject, cams []demoCamera) error {
	for i, c := range cams {
		rec, err := f.n.recordings.Recording(ctx, owner, c.ID)
		if err != nil {
			return err
		}
		if rec.Version != 0 {
			continue
		}
		p := archive.Policy{Mode: archive.ModeContinuous, Layer: archive.Sub, KeepDays: 7, KeepBytes: 100_000_000, Sound: true}
		if i == 0 {
			p.Layer = archive.Main
		}
		if _, err := f.n.recordings.SetRecording(ctx, owner, c.ID, 0, p); err != nil {
			return fmt.Errorf("recording of %s: %w", c.Name, err)
		}
	}
	return nil
}
