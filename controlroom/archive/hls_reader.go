package archive

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/internal/ffmpeg"
	"sightline/internal/seal"
)

// ReaderConfig of a Reader. Archive and Seal are required.
type ReaderConfig struct {
	Archive    *Archive
	Seal       *seal.Box
	FFmpeg     *ffmpeg.Tool  // cuts stills; nil: there are none
	TicketLife time.Duration // TicketLife, which is the longest
	Log        *slog.Logger  // nil: discard
	Registerer prometheus.Registerer
}

// Reader is all that web reads recordings by: the archive, its stills, tickets, and
// what its heads say. It decides nothing.
type Reader struct {
	*Archive
	*Stills
	*Tickets

	mu    sync.Mutex
	media map[string]Media // by init: they never change
}

const maxMedia = 4096 // inits that are remembered

// NewReader makes a Reader.
func NewReader(cfg ReaderConfig) *Reader {
	return &Reader{Archive: cfg.Archive, Tickets: NewTickets(cfg.Seal, cfg.TicketLife), media: map[string]Media{},
		Stills: NewStills(StillsConfig{Archive: cfg.Archive, Tool: cfg.FFmpeg, Log: cfg.Log, Registerer: cfg.Registerer})}
}

// MediaOf is what the pictures and sound of an init of a camera are.
func (r *Reader) MediaOf(ctx context.Context, camera, init string) (Media, error) {
	r.mu.Lock()
	m, ok := r.media[init]
	r.mu.Unlock()
	if ok {
		return m, nil
	}
	b, err := r.Init(ctx, camera, init)
	if err != nil {
		return Media{}, err
	}
	if m, err = MediaOf(b); err != nil {
		return Media{}, away(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.media) >= maxMedia {
		clear(r.media)
	}
	r.media[init] = m
	return m, nil
}
