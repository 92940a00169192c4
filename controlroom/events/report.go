package events

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"sightline/authz"
	"sightline/internal/clock"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

const (
	textMost = 120         // runes
	lateMost = time.Minute // older reports are of something that is over
	lateHour = time.Hour   // still older ones count as of now
)

var (
	kinds   = []string{Motion, Person, Vehicle, Sound, Tamper, Input, Lost, Back, Storage}
	sources = []string{FromONVIF, FromHook, FromStream, FromServer}
)

// Report takes a report. Reports of one camera and kind that keep coming are one
// event, on whichever nodes they arrive. A camera that reports too many new
// events gets fault.RateLimited; the recorder is told all the same.
func (e *Events) Report(ctx context.Context, r Report) error {
	outcome, err := e.report(ctx, r)
	switch {
	case fault.Is(err, fault.RateLimited):
		outcome = "limited"
	case fault.Is(err, fault.Invalid):
		outcome = "invalid"
	case err != nil:
		outcome = "failed"
	}
	source := r.Source
	if !slices.Contains(sources, source) {
		source = "other"
	}
	e.metrics.reports.WithLabelValues(source, outcome).Inc()
	return err
}

func (e *Events) report(ctx context.Context, r Report) (outcome string, err error) {
	if r.Text, err = r.check(); err != nil {
		return "", err
	}
	now := e.now()
	at := r.At.Add(time.Duration(e.ahead.Load()))
	if r.At.IsZero() || at.After(now) || now.Sub(at) > lateHour {
		at = now
	}
	late := now.Sub(at) > lateMost
	if recorded(r.Kind) && !late && (r.Active == nil || *r.Active) {
		e.tell(r.Camera)
	}
	if r.Kind == Lost || r.Kind == Back || late && (r.Active == nil || *r.Active) {
		return "begun", e.once(ctx, r, at)
	}
	p := place{r.Camera, r.Kind}
	if e.extend(p, r, at) {
		return "extended", nil
	}
	turn := e.turn(p)
	turn.Lock()
	defer turn.Unlock()
	if e.extend(p, r, at) { // another report began it meanwhile
		return "extended", nil
	}
	if r.Active != nil && !*r.Active {
		return "ended", e.end(ctx, p, at)
	}
	return e.begin(ctx, p, r, at)
}

// check says what is wrong with a report, and returns its text as it is kept.
func (r Report) check() (text string, err error) {
	switch {
	case !authz.ValidID(r.Camera):
		return "", fault.Field("camera", fault.CodeBadValue, "That is not the id of a camera.")
	case !slices.Contains(kinds, r.Kind):
		return "", fault.Field("kind", fault.CodeBadValue, "The kind is motion, person, vehicle, sound, tamper or input.")
	case !slices.Contains(sources, r.Source):
		return "", fault.Field("source", fault.CodeBadValue, "That is no source of events.")
	case !utf8.ValidString(r.Text):
		return "", fault.Field("text", fault.CodeBadValue, "The text is not UTF-8.")
	}
	text = strings.Join(strings.FieldsFunc(r.Text, func(c rune) bool { return unicode.IsSpace(c) || !unicode.IsGraphic(c) }), " ")
	if utf8.RuneCountInString(text) > textMost {
		return "", fault.Newf(fault.Invalid, fault.CodeTooLong, "The text has at most %d characters.", textMost)
	}
	return text, nil
}

// recorded reports whether the recorder is told of a kind.
func recorded(kind string) bool { return kind != Lost && kind != Back && kind != Storage }

func (e *Events) tell(camera string) {
	if e.cfg.Recorder != nil {
		e.cfg.Recorder.Notice(camera, e.cfg.Clock.Now())
	}
}

// extend takes a report into an event that goes on here; false where there is
// none, or it ends.
func (e *Events) extend(p place, r Report, at time.Time) bool {
	if r.Active != nil && !*r.Active {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	run := e.running[p]
	if run == nil || run.ended || at.UnixMilli()-run.Row.From > longest.Milliseconds() {
		return false
	}
	run.take(r, at)
	return true
}

func (run *running) take(r Report, at time.Time) {
	run.last, run.Seen, run.Held = clock.Mono(), max(run.Seen, at.UnixMilli()), r.Active != nil
	if r.Text != "" {
		run.Row.Text = r.Text
	}
}

// begin makes an event of a report, or takes it into one that another node runs.
// The turn is held.
func (e *Events) begin(ctx context.Context, p place, r Report, at time.Time) (outcome string, err error) {
	e.mu.Lock()
	before := e.running[p] // one that is over and not yet written down, or has gone on for too long
	e.mu.Unlock()
	counted := false
	for range tries {
		snap, err := e.read(ctx, []string{p.open()})
		if err != nil {
			return "", err
		}
		var writes []kv.Write
		if old, ok := parse[open](snap.Values[0]); ok {
			if before != nil && before.ID == old.ID {
				e.mu.Lock()
				old = before.open
				e.mu.Unlock()
			} else if snap.Now.UnixMilli() < old.Due && at.UnixMilli()-old.Row.From <= longest.Milliseconds() {
				run := &running{open: old, stored: old.Seen}
				run.take(r, at)
				e.put(p, run)
				return "extended", nil
			}
			writes = append(writes, old.ended(p.camera, old.Seen))
		}
		if !counted {
			if ok, retry := e.rate.Add(p.camera); !ok {
				return "", fault.Newf(fault.RateLimited, "rate_limited", "A camera begins at most %d events in a minute.", e.cfg.Rate).After(retry)
			}
			counted = true
		}
		run := &running{open: open{V: version, ID: newID(at), Row: row{Kind: r.Kind, Source: r.Source, From: at.UnixMilli()}}}
		run.take(r, at)
		run.stored, run.Due = run.Seen, e.due(run.open)
		writes = append(writes, run.Row.begins(p.camera, run.ID)...)
		writes = append(writes, kv.Write{Key: p.open(), Data: encode(run.open)})
		err = e.commit(ctx, []kv.Condition{{Key: p.open(), Version: snap.Values[0].Version}}, writes)
		if errors.Is(err, kv.ErrConflict) {
			continue
		}
		if err != nil {
			return "", err
		}
		e.put(p, run)
		e.began(p)
		return "begun", nil
	}
	return "", fault.New(fault.Unavailable, fault.CodeBusy, "Too many reports of this camera at once. Try again in a moment.").After(time.Second)
}

// due is when an event is over, as other nodes see it: they are told of new
// reports with a delay.
func (e *Events) due(o open) int64 {
	wait := e.cfg.Silence
	if o.Held {
		wait = e.cfg.Hold
	}
	return o.Seen + (wait + e.cfg.Silence/2 + slack).Milliseconds()
}

func (e *Events) put(p place, run *running) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.running[p] = run
	delete(e.others, p)
}

func (e *Events) began(p place) {
	e.metrics.events.WithLabelValues(p.kind).Inc()
	e.mu.Lock()
	e.grown[p.camera]++
	e.mu.Unlock()
}

// once writes an event that is a moment. The turn is not needed: its writer has
// made sure that there is one.
func (e *Events) once(ctx context.Context, r Report, at time.Time) error {
	if ok, retry := e.rate.Add(r.Camera); !ok {
		return fault.Newf(fault.RateLimited, "rate_limited", "A camera begins at most %d events in a minute.", e.cfg.Rate).After(retry)
	}
	ms := at.UnixMilli()
	err := e.commit(ctx, nil, row{Kind: r.Kind, Source: r.Source, Text: r.Text, From: ms, To: ms}.begins(r.Camera, newID(at)))
	if err == nil {
		e.began(place{r.Camera, r.Kind})
	}
	return err
}

// end ends an event that goes on, here or elsewhere; nothing where there is
// none. The turn is held.
func (e *Events) end(ctx context.Context, p place, at time.Time) error {
	e.mu.Lock()
	if run := e.running[p]; run != nil && !run.ended {
		run.ended, run.Seen = true, max(run.Row.From, at.UnixMilli())
	}
	e.mu.Unlock()
	return e.close(ctx, p, at.UnixMilli())
}

// close writes down that an event is over: at the end of this node's own, or at
// to for one of another node. One that ended here by silence and goes on
// elsewhere stays open. The turn is held.
func (e *Events) close(ctx context.Context, p place, to int64) error {
	for range tries {
		snap, err := e.read(ctx, []string{p.open()})
		if err != nil {
			return err
		}
		e.mu.Lock()
		var mine *running
		if run := e.running[p]; run != nil && run.ended {
			c := *run
			mine = &c
		}
		e.mu.Unlock()
		o, ok := parse[open](snap.Values[0])
		if !ok {
			e.drop(p)
			return nil
		}
		if mine != nil && mine.ID == o.ID {
			if mine.rest && o.Seen > mine.Seen { // others had reports since
				e.drop(p)
				return nil
			}
			o, to = mine.open, mine.Seen
		}
		err = e.commit(ctx, []kv.Condition{{Key: p.open(), Version: snap.Values[0].Version}},
			[]kv.Write{o.ended(p.camera, to), {Key: p.open(), Delete: true}})
		if errors.Is(err, kv.ErrConflict) {
			continue
		}
		if err == nil {
			e.drop(p)
		}
		return err
	}
	return fault.New(fault.Unavailable, fault.CodeBusy, "Too many reports of this camera at once. Try again in a moment.").After(time.Second)
}

// drop forgets an event that this node ran or knew of.
func (e *Events) drop(p place) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if run := e.running[p]; run == nil || run.ended {
		delete(e.running, p)
	}
	delete(e.others, p)
}
