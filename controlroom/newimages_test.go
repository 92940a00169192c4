package controlroom

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

// silent is a store whose hints are all lost.
type silent struct{ kv.Store }

func (silent) Watch(context.Context, kv.Space) <-chan struct{} { return make(chan struct{}) }

// counted is a gallery whose mark is a number, and which may be away.
type counted struct {
	Images
	mark atomic.Int64
	away atomic.Bool
}

func (c *counted) Mark(context.Context, string) (string, error) {
	if c.away.Load() {
		return "", fault.New(fault.Unavailable, fault.CodeBusy, "away")
	}
	return string(rune('a' + c.mark.Load())), nil
}

// New images are told though the hint of them was lost, and though the store was
// away when they came.
func TestImagesAreToldWithoutHints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		images := &counted{}
		s := &Socket{room: &Room{cfg: Config{Store: silent{}, Images: images}}, subject: authz.Subject{Account: authz.NewID()}, out: newOutbox()}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { s.followImages(ctx); close(done) }()
		told := func() bool {
			wait, stop := context.WithTimeout(ctx, 2*(imagesPoll+imagesGap))
			defer stop()
			text, ok := s.Next(wait)
			return ok && strings.Contains(string(text), `"images"`)
		}
		time.Sleep(imagesPoll + imagesGap)
		if told() {
			t.Error("told of images though none came")
		}
		images.mark.Add(1)
		if !told() {
			t.Error("a page without hints is never told")
		}
		images.away.Store(true)
		images.mark.Add(1)
		if told() {
			t.Error("told while the store is away")
		}
		images.away.Store(false)
		if !told() {
			t.Error("what came while the store was away is never told")
		}
		cancel()
		<-done
	})
}
