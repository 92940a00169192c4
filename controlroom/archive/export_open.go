package archive

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"

	"sightline/internal/fault"
)

// ExportFile is an export whose bytes run. Close has to be called.
type ExportFile struct {
	Export Export // as it was when it was opened
	Size   int64

	e      *Exports
	l      *layout  // of a computed one
	f      *os.File // of a watermarked one
	ctx    context.Context
	cancel context.CancelCauseFunc
}

// requestsMost is how many requests for one export run at once.
const requestsMost = 8

// Open is for handing out bytes: who asks has been decided, also on every span of
// Export.Spans. fault.RateLimited export_busy when as many exports of this person
// run as may, fault.Conflict export_not_ready or footage_gone.
func (e *Exports) Open(ctx context.Context, account, id string) (*ExportFile, error) {
	x, err := e.Get(account, id)
	if err != nil {
		return nil, err
	}
	switch {
	case x.State == ExportFailed && x.Error == CodeFootageGone:
		return nil, fault.New(fault.Conflict, CodeFootageGone, footageGone)
	case x.State != ExportReady:
		return nil, fault.New(fault.Conflict, CodeExportNotReady, "This export is not ready.")
	}
	f := &ExportFile{Export: x, e: e}
	if err := e.enter(f); err != nil {
		return nil, err
	}
	if err := f.open(ctx); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// enter counts what runs.
func (e *Exports) enter(f *ExportFile) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	id, running := f.Export.ID, 0
	for other := range e.streams {
		if o := e.byID[other]; other != id && o != nil && o.Account == f.Export.Account {
			running++
		}
	}
	if e.closed || running >= e.cfg.AtOnce || len(e.streams[id]) >= requestsMost {
		return exportBusy()
	}
	if e.streams[id] == nil {
		e.streams[id] = map[*ExportFile]struct{}{}
	}
	f.ctx, f.cancel = context.WithCancelCause(context.Background())
	e.streams[id][f] = struct{}{}
	if x := e.byID[id]; x != nil {
		x.Requests++
	}
	e.metrics.running.Inc()
	return nil
}

func (f *ExportFile) open(ctx context.Context) error {
	e, x := f.e, f.Export
	if x.Watermark {
		file, err := e.root.Open(x.ID + markedSuffix)
		if err != nil {
			return e.failed(x.ID, CodeExportFailed, away(err))
		}
		f.f = file
		st, err := file.Stat()
		if err != nil {
			return away(err)
		}
		f.Size = st.Size()
		return nil
	}
	file, err := e.root.Open(x.ID + layoutSuffix)
	if err != nil {
		return e.failed(x.ID, CodeExportFailed, away(err))
	}
	if f.l, err = readLayout(e.cfg.Archive, x.Camera, file); err != nil {
		file.Close()
		return e.failed(x.ID, CodeExportFailed, away(err))
	}
	f.Size = f.l.size
	if !e.sound(x.ID, f.l) {
		return e.failed(x.ID, CodeExportFailed, away(errNotOurs))
	}
	gone, err := e.cfg.Archive.gone(ctx, x, f.l.segments)
	if err != nil {
		return err
	}
	if gone {
		return e.failed(x.ID, CodeFootageGone, fault.New(fault.Conflict, CodeFootageGone, footageGone))
	}
	return nil
}

// sound looks once at boxes that a process before this one wrote.
func (e *Exports) sound(id string, l *layout) bool {
	e.mu.Lock()
	look := e.found[id]
	e.mu.Unlock()
	if !look {
		return true
	}
	if !l.whole() {
		return false
	}
	e.mu.Lock()
	delete(e.found, id)
	e.mu.Unlock()
	return true
}

// gone says whether retention removed a segment of an export: better told now
// than in the middle of its bytes.
func (a *Archive) gone(ctx context.Context, x Export, segments []string) (bool, error) {
	span := Span{x.Spans[0].From, x.Spans[0].To}
	for _, s := range x.Spans {
		if s.From.Before(span.From) {
			span.From = s.From
		}
		if s.To.After(span.To) {
			span.To = s.To
		}
	}
	found, err := a.find(ctx, x.Camera, x.Layer, span)
	if err != nil {
		return false, err
	}
	there := make(map[string]bool, len(found))
	for _, l := range found {
		there[l.id()] = true
	}
	return slices.ContainsFunc(segments, func(s string) bool { return !there[s] }), nil
}

// failed remembers that an export cannot be had any more, and returns err.
func (e *Exports) failed(id, code string, err error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	x := e.byID[id]
	if x == nil || x.State == ExportFailed {
		return err
	}
	x.State, x.Error, x.Progress = ExportFailed, code, 0
	e.metrics.failed.WithLabelValues(code).Inc()
	e.cfg.Log.Info("an export cannot be had any more", "export", id, "camera", x.Camera, "why", code, "err", err)
	_ = e.root.Remove(id + markedSuffix)
	if kerr := e.keep(x); kerr != nil {
		e.cfg.Log.Warn("the record of an export could not be written", "export", id, "err", kerr)
	}
	return err
}

// Done is closed when the bytes must stop; Cause says why.
func (f *ExportFile) Done() <-chan struct{} { return f.ctx.Done() }

// Cause is why the bytes were ended; nil as long as they run.
func (f *ExportFile) Cause() error { return context.Cause(f.ctx) }

// End stops the bytes: the next Read gives the error.
func (f *ExportFile) End(err error) { f.end(err) }

func (f *ExportFile) end(err error) { f.cancel(err) }

// Reader reads [from, to) of the file. It is for one goroutine.
func (f *ExportFile) Reader(from, to int64) io.Reader {
	if f.f != nil {
		return &fileReader{f: f, r: io.NewSectionReader(f.f, from, to-from)}
	}
	return &fileReader{f: f, r: f.l.reader(f.ctx, from, to)}
}

type fileReader struct {
	f *ExportFile
	r io.Reader
}

func (r *fileReader) Read(p []byte) (int, error) {
	if err := r.f.Cause(); err != nil {
		return 0, err
	}
	n, err := r.r.Read(p)
	r.f.e.metrics.bytes.Add(float64(n))
	if err != nil && fault.Code(err) == CodeFootageGone {
		err = r.f.e.failed(r.f.Export.ID, CodeFootageGone, err)
	}
	return n, err
}

// Close ends the bytes. Idempotent.
func (f *ExportFile) Close() {
	e := f.e
	e.mu.Lock()
	set := e.streams[f.Export.ID]
	_, ours := set[f]
	if delete(set, f); len(set) == 0 {
		delete(e.streams, f.Export.ID)
	}
	e.mu.Unlock()
	if !ours {
		return
	}
	e.metrics.running.Dec()
	f.cancel(errors.New("closed"))
	if f.f != nil {
		_ = f.f.Close()
	}
	if f.l != nil {
		_ = f.l.head.Close()
	}
}
