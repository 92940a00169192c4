package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/cmd/sightline/config"
	"sightline/controlroom/gallery"
	"sightline/internal/blob"
	"sightline/internal/blob/dirblob"
	"sightline/internal/blob/s3blob"
	"sightline/internal/kv/rediskv"
	"sightline/ratelimit"
	"sightline/ratelimit/locallimit"
	"sightline/ratelimit/redislimit"
)

// openBlobs opens the folder or the bucket of images.
func openBlobs(ctx context.Context, cfg config.Config) (blob.Store, error) {
	c := cfg.Images
	if c.S3.Endpoint == "" {
		dir := cmp.Or(c.Folder, filepath.Join(cfg.Data, "images"))
		open := dirblob.OpenShared
		if cfg.Store.Embedded() {
			open = dirblob.Open
		}
		s, err := open(dir)
		if err != nil {
			return nil, fmt.Errorf("the folder of images %s cannot be opened: %w", dir, err)
		}
		return s, nil
	}
	s, err := s3blob.Open(ctx, s3blob.Config{Endpoint: c.S3.Endpoint, Plain: c.S3.Plain, Region: c.S3.Region, Bucket: c.S3.Bucket,
		Prefix: c.S3.Prefix, AccessKey: c.S3.AccessKey, SecretKey: c.S3.SecretKey})
	if err != nil {
		return nil, fmt.Errorf("the bucket of images cannot be used: %w", err)
	}
	return s, nil
}

// openUpdates counts gallery updates where the records are.
func (n *node) openUpdates() (ratelimit.Updates, error) {
	l := n.cfg.Limits
	rules := ratelimit.UpdateRules{Budget: l.GalleryUpdates, Window: l.UsageWindow, Repeat: l.GalleryRepeat}
	if n.cfg.Store.Embedded() {
		return locallimit.NewUpdates(n.store, rules, nil), nil
	}
	client, err := rediskv.Dial(n.cfg.Store.Reveal(), rediskv.Config{PoolSize: 8, Timeout: n.hidden.StoreTimeout})
	if err != nil {
		return nil, err
	}
	return redislimit.NewUpdates(client, redislimit.UpdatesConfig{UpdateRules: rules, Timeout: n.hidden.StoreTimeout}), nil
}

func (n *node) buildGallery(ctx context.Context, reg prometheus.Registerer) error {
	blobs, err := openBlobs(ctx, n.cfg)
	if err != nil {
		return err
	}
	n.stack.push("images", func(context.Context) error { return blobs.Close() })
	l := n.cfg.Limits
	n.gallery, err = gallery.New(gallery.Config{Store: n.store, Blobs: blobs, Authority: n.authority, Log: n.log.With("part", "gallery"), Registerer: reg,
		Alone: n.cfg.Store.Embedded(), CameraRate: l.ImagesCamera, Reserve: int64(n.cfg.Images.ReserveMB) << 20, Undo: n.cfg.Images.Undo,
		GuestMost: l.GuestImages, GuestAge: l.GuestImageAge, Arrived: n.arrived})
	if err != nil {
		return err
	}
	n.stack.loop("gallery", n.gallery.Run)
	if n.updates, err = n.openUpdates(); err != nil {
		return err
	}
	n.stack.push("gallery updates", func(context.Context) error { return n.updates.Close() })
	return nil
}
