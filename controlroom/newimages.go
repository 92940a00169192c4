package controlroom

import (
	"context"
	"time"

	"sightline/authz"
	"sightline/ingest/intake"
	"sightline/internal/kv"
)

// Images keeps stills and says when an account's images changed.
type Images interface {
	intake.Accepter
	// Mark differs whenever images of the account came or went.
	Mark(ctx context.Context, account string) (string, error)
	// Newest is the newest image of a camera of owner that its viewers, or guests,
	// may see; "" when there is none.
	Newest(ctx context.Context, owner, camera string, guest bool) (id string, at time.Time, err error)
	// Latest is that image for the subject, without metadata. among are the cameras
	// of a guest's link. fault.NotFound when there is none. The caller has decided
	// that the subject may watch the camera.
	Latest(ctx context.Context, s authz.Subject, owner, camera string, among []string) (jpeg []byte, at time.Time, err error)
}

const (
	imagesGap  = time.Second     // the least time between two messages about new images
	imagesPoll = 5 * time.Second // a look without a hint: those of an account's space may be lost
)

// followImages tells an account's tab that its gallery changed, until ctx ends.
// Images come too often for the control space, whose changes everybody reads:
// the hint is one of the account's own space.
func (s *Socket) followImages(ctx context.Context) {
	images := s.room.cfg.Images
	hints := s.room.cfg.Store.Watch(ctx, kv.Bulk(s.subject.Account))
	last, first := "", true
	for {
		wait := time.NewTimer(imagesPoll)
		select {
		case _, open := <-hints:
			if !open {
				hints = nil // the store was closed; ctx tells when to end
			}
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return
		}
		wait.Stop()
		if mark, err := images.Mark(ctx, s.subject.Account); err == nil && mark != last {
			if !first {
				s.send(serverMessage{Type: "changed", What: "images"})
			}
			last, first = mark, false
		}
		select {
		case <-time.After(imagesGap):
		case <-ctx.Done():
			return
		}
	}
}
