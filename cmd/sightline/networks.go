package main

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"sightline/ingest"
	"sightline/internal/kv"
)

// followNetworks keeps the guard on the camera networks the instance
// administrator chose, on this server or another one of the same store. Until
// there is a choice the configured ones (or private subnets) stand.
func (n *node) followNetworks(ctx context.Context) error {
	hints := n.store.Watch(ctx, kv.Control)
	for {
		n.applyNetworks(ctx)
		select { // at most one look a second, at least one in five
		case <-time.After(time.Second):
		case <-ctx.Done():
			return nil
		}
		select {
		case <-hints:
		case <-time.After(4 * time.Second):
		case <-ctx.Done():
			return nil
		}
	}
}

// applyNetworks reads the choice once. A store that does not answer changes nothing.
func (n *node) applyNetworks(ctx context.Context) {
	in, err := n.authority.Instance(ctx)
	if err != nil || in.SetUpAt.IsZero() {
		return
	}
	var chosen []netip.Prefix
	for _, s := range in.Networks {
		if p, err := netip.ParsePrefix(s); err == nil {
			chosen = append(chosen, p)
		}
	}
	have, loopback := n.guard.Networks()
	if loopback == in.LoopbackCameras && slices.Equal(have, chosen) {
		return
	}
	n.guard.SetNetworks(chosen, in.LoopbackCameras)
	n.log.Info("camera networks", "networks", in.Networks, "loopback", in.LoopbackCameras)
}

// networks are where cameras may be when nobody chose on a page.
func networks(configured []netip.Prefix) []netip.Prefix {
	if len(configured) > 0 {
		return configured
	}
	return ingest.PrivateSubnets()
}
