package gallery

import (
	"context"

	"sightline/authz"
	"sightline/internal/fault"
)

// rendition is a thumbnail or an upright picture in the making: whoever wants
// the same one waits for it.
type rendition struct {
	done chan struct{}
	data []byte
	err  error
}

// Original returns the bytes of an image of the subject, as they were sent.
func (g *Gallery) Original(ctx context.Context, s authz.Subject, id string) (Image, []byte, error) {
	r, err := g.mine(ctx, s, id)
	if err != nil {
		return Image{}, nil, err
	}
	data, err := g.original(ctx, r.Hash)
	return r.image(id), data, err
}

// Thumbnail returns a small, upright JPEG of an image of the subject.
func (g *Gallery) Thumbnail(ctx context.Context, s authz.Subject, id string) ([]byte, error) {
	r, err := g.mine(ctx, s, id)
	if err != nil {
		return nil, err
	}
	return g.thumbnail(ctx, r.Hash)
}

func (g *Gallery) original(ctx context.Context, hash string) ([]byte, error) {
	data, err := g.cfg.Blobs.Get(ctx, blobName(hash, asSent))
	if fault.Is(err, fault.NotFound) {
		g.metrics.missing.Inc() // a row without its bytes: someone touched the folder
		g.cfg.Log.Error("the bytes of an image are missing", "blob", blobName(hash, asSent))
	}
	return data, err
}

// thumbnail is made once, when it is first wanted.
func (g *Gallery) thumbnail(ctx context.Context, hash string) ([]byte, error) {
	return g.made(ctx, blobName(hash, asThumb), hash, func(ctx context.Context, data []byte) ([]byte, error) {
		return g.decoders.Thumbnail(ctx, data, g.cfg.Thumbnail)
	})
}

// bare is an image without anything but its picture. One that lies on its side
// has to be drawn anew, which is done once.
func (g *Gallery) bare(ctx context.Context, r row) ([]byte, error) {
	if r.Details.Orientation > 1 {
		return g.made(ctx, blobName(r.Hash, asUpright), r.Hash, g.decoders.Strip)
	}
	data, err := g.original(ctx, r.Hash)
	if err != nil {
		return nil, err
	}
	return g.decoders.Strip(ctx, data)
}

// made returns a rendition, making and keeping it when there is none yet.
func (g *Gallery) made(ctx context.Context, name, hash string, draw func(context.Context, []byte) ([]byte, error)) ([]byte, error) {
	if data, err := g.cfg.Blobs.Get(ctx, name); !fault.Is(err, fault.NotFound) {
		return data, err
	}
	g.mu.Lock()
	if r, busy := g.making[name]; busy {
		g.mu.Unlock()
		select {
		case <-r.done:
			return r.data, r.err
		case <-ctx.Done():
			return nil, away(ctx.Err())
		}
	}
	r := &rendition{done: make(chan struct{})}
	g.making[name] = r
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		delete(g.making, name)
		g.mu.Unlock()
		close(r.done)
	}()
	// Whoever began it may go away: the others want it all the same.
	ctx = context.WithoutCancel(ctx)
	data, err := g.original(ctx, hash)
	if err == nil {
		data, err = draw(ctx, data)
	}
	if err != nil {
		r.err = away(err)
		return nil, r.err
	}
	r.data = data
	if err := g.cfg.Blobs.Put(ctx, name, data); err != nil {
		g.cfg.Log.Warn("a rendition could not be kept", "err", err) // it is made again the next time
	}
	return data, nil
}
