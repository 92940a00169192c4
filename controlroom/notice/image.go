package notice

import (
	"context"
	"time"
)

// image is a picture to be taken because of a notice.
type image struct{ camera, cause string }

const (
	imagesWait = 64
	imageTime  = 15 * time.Second
)

// image asks for a picture of a camera, where its owner wants one with a notice.
// It holds nothing up: with many on their way one more is left out.
func (b *Board) image(camera, cause string) {
	if b.cfg.Noticed == nil {
		return
	}
	select {
	case b.images <- image{camera, cause}:
	default:
	}
}

// takeImages takes them one after the other until ctx ends.
func (b *Board) takeImages(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case i := <-b.images:
			one, cancel := context.WithTimeout(ctx, imageTime)
			if err := b.cfg.Noticed(one, i.camera, i.cause); err != nil && ctx.Err() == nil {
				b.cfg.Log.Debug("no picture was taken with a notice", "camera", i.camera, "err", err)
			}
			cancel()
		}
	}
}
