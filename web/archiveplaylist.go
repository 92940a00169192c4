package web

import (
	"net/url"
	"time"

	"sightline/authz"
	"sightline/controlroom/archive"
	"sightline/internal/fault"
)

const (
	layerHeader = "X-Layer" // which layer a playlist is of

	wishShort = 2 * time.Second // pieces of a span of up to an hour
	wishLong  = 5 * time.Second // and of a longer or growing one
)

// shown is a span of one layer as it may be seen.
type shown struct {
	layer  archive.Layer
	pieces []archive.Piece
	event  bool // it grows, or did a moment ago: a player may have begun it then
	ended  bool
}

// show cuts what may be seen of a span into pieces. asked is the layer wanted;
// where it has nothing to show, the other one is taken, unless only is set.
func (r *request) show(span archive.Span, asked archive.Layer, only bool) (shown, error) {
	d, err := r.footage()
	if err != nil {
		return shown{}, err
	}
	done, err := r.s.readings.enter(r.subject.Account, false)
	if err != nil {
		return shown{}, err
	}
	defer done()
	return r.showWith(d.Footage, span, asked, only)
}

func (r *request) showWith(f authz.Footage, span archive.Span, asked archive.Layer, only bool) (shown, error) {
	now := r.now()
	cut := cutOf(f, span)
	known := now.Add(-growTail) // until then everything is listed that will be
	if !f.To.IsZero() && f.To.Before(known) {
		known = f.To
	}
	out := shown{ended: !cut.Span.To.After(known), event: span.To.IsZero() || span.To.After(now.Add(-eventFor))}
	cut.Open = !out.ended
	if r.s.cfg.Archive == nil {
		return shown{}, errInvisible
	}
	order := []archive.Layer{fallBack(asked, func(archive.Layer) bool { return true })}
	if !only {
		order = append(order, otherLayer(order[0]))
	}
	for _, l := range order {
		pieces, err := r.s.cfg.Archive.Pieces(r.ctx, r.param("id"), l, cut)
		if err != nil {
			return shown{}, err
		}
		if len(pieces) > 0 {
			out.layer, out.pieces = l, pieces
			return out, nil
		}
	}
	return shown{}, errInvisible
}

// growTail is how long after its end a growing playlist is still asked for: what
// is written last is listed by then.
const growTail = 5 * time.Second

// eventFor is how long after its end a playlist is still called what it was while
// it grew: its type must not change under a player (RFC 8216, 6.2.1).
const eventFor = 5 * time.Minute

func otherLayer(l archive.Layer) archive.Layer {
	if l == archive.Sub {
		return archive.Main
	}
	return archive.Sub
}

// cutOf says how footage of a span is cut for who is bound so.
func cutOf(f authz.Footage, span archive.Span) archive.Cut {
	c := archive.Cut{Span: span, Wish: wishLong, Edge: f.To}
	if span.To.IsZero() {
		c.Span.To = span.From.Add(playlistMost)
	} else if span.To.Sub(span.From) <= time.Hour {
		c.Wish = wishShort
	}
	if f.Bounded() {
		c.Allow = allowed(f)
	}
	return c
}

func archivePlaylist(r *request) error {
	span, asked, err := r.spanAndLayer()
	if err != nil {
		return err
	}
	return r.playlist(span, asked)
}

// spanAndLayer reads the query, after the decision: what is wrong with it is not
// told to who may not know of the camera.
func (r *request) spanAndLayer() (span archive.Span, asked archive.Layer, err error) {
	if _, err = r.footage(); err != nil {
		return span, "", err
	}
	if span, err = r.span(playlistMost); err != nil {
		return span, "", err
	}
	asked, err = r.layer()
	return span, asked, err
}

func (r *request) playlist(span archive.Span, asked archive.Layer) error {
	s, err := r.show(span, asked, false)
	if err != nil {
		return err
	}
	return r.sendPlaylist(s, span.From)
}

func (r *request) sendPlaylist(s shown, from time.Time) error {
	p := archive.Playlist{Pieces: s.pieces, From: from, Growing: s.event, Ended: s.ended}
	r.c.Response().Header.Set(layerHeader, string(s.layer))
	return r.bytes(playlistType, p.Append(make([]byte, 0, 256+160*len(p.Pieces))))
}

func archiveMaster(r *request) error {
	span, _, err := r.spanAndLayer()
	if err != nil {
		return err
	}
	var variants []archive.Variant
	for _, l := range []archive.Layer{archive.Main, archive.Sub} {
		s, err := r.show(span, l, true)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		q := url.Values{"from": {span.From.Format(time.RFC3339Nano)}, "layer": {string(l)}}
		if !span.To.IsZero() {
			q.Set("to", span.To.Format(time.RFC3339Nano))
		}
		v := archive.Variant{URI: "playlist.m3u8?" + q.Encode(), Pieces: s.pieces}
		seen := ""
		for _, p := range s.pieces {
			if p.Init == seen {
				continue
			}
			seen = p.Init
			m, err := r.s.cfg.Archive.MediaOf(r.ctx, r.param("id"), p.Init)
			if err != nil {
				return err
			}
			v.Media = append(v.Media, m)
		}
		variants = append(variants, v)
	}
	if len(variants) == 0 {
		return errInvisible
	}
	return r.bytes(playlistType, archive.AppendMultivariant(nil, variants))
}
