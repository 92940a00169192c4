package archive

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"sightline/internal/fault"
)

// begin starts watermarks that wait, as many as there are slots.
func (e *Exports) begin(ctx context.Context) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for {
		var x *Export
		for _, o := range e.byID {
			if o.State == ExportWaiting && (x == nil || o.ID < x.ID) {
				x = o
			}
		}
		if x == nil || ctx.Err() != nil {
			return
		}
		select {
		case e.marking <- struct{}{}:
		default:
			return
		}
		jctx, end := context.WithCancel(ctx)
		e.jobs[x.ID] = end
		x.State = ExportRunning
		if err := e.keep(x); err != nil {
			e.cfg.Log.Warn("the record of an export could not be written", "export", x.ID, "err", err)
		}
		job := *x
		e.running.Go(func() { e.job(jctx, job) })
	}
}

// job makes one watermarked file.
func (e *Exports) job(ctx context.Context, x Export) {
	e.metrics.marking.Inc()
	size, err := e.mark(ctx, x)
	e.metrics.marking.Dec()
	part, whole := x.ID+markedSuffix+partSuffix, x.ID+markedSuffix
	e.mu.Lock()
	defer e.mu.Unlock()
	stopped := ctx.Err() != nil
	e.jobs[x.ID]()
	delete(e.jobs, x.ID)
	<-e.marking
	e.poke()
	now := e.byID[x.ID]
	if now == nil || now.Deleted {
		_ = e.root.Remove(part)
		return
	}
	if err == nil {
		err = e.root.Rename(part, whole)
	}
	if err != nil {
		_ = e.root.Remove(part)
		if stopped { // the server is being stopped: the next start makes it anew
			now.State, now.Progress = ExportWaiting, 0
			_ = e.keep(now)
			return
		}
		now.State, now.Error, now.Progress = ExportFailed, markCode(err), 0
		e.metrics.failed.WithLabelValues(now.Error).Inc()
		e.cfg.Log.Warn("a watermarked export failed", "export", x.ID, "camera", x.Camera, "why", now.Error, "err", err)
	} else {
		now.State, now.Progress, now.Bytes, now.Tag = ExportReady, 1, size, now.Tag+"w"
		now.Expires = e.cfg.Clock.Now().UTC().Add(e.cfg.Keep)
		_ = e.root.Remove(x.ID + layoutSuffix)
	}
	if err := e.keep(now); err != nil {
		e.cfg.Log.Warn("the record of an export could not be written", "export", x.ID, "err", err)
	}
}

var (
	errMarkTime = errors.New("the watermark took longer than it may")
	errMarkRoom = errors.New("no room for a watermarked file")
)

func markCode(err error) string {
	switch {
	case fault.Code(err) == CodeFootageGone:
		return CodeFootageGone
	case errors.Is(err, errMarkRoom), errors.Is(err, unix.ENOSPC):
		return CodeExportRoom
	}
	return CodeExportFailed
}

const (
	markRate    = 4 // strips a second
	markLeast   = 10 * time.Minute
	markReserve = 512 << 20 // bytes that a watermark leaves free on its disk
)

// mark runs ffmpeg over the computed file and returns the size of the new one.
func (e *Exports) mark(ctx context.Context, x Export) (int64, error) {
	length := time.Duration(x.Seconds * float64(time.Second))
	ctx, stop := context.WithTimeoutCause(ctx, markLeast+6*length, errMarkTime)
	defer stop()
	file, err := e.root.Open(x.ID + layoutSuffix)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	l, err := readLayout(e.cfg.Archive, x.Camera, file)
	if err != nil {
		return 0, err
	}
	if !e.sound(x.ID, l) {
		return 0, errNotOurs
	}
	encoder, err := e.encoder(ctx)
	if err != nil {
		return 0, err
	}
	m, err := newMarker(x)
	if err != nil {
		return 0, err
	}
	strips, end, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer end.Close()
	out := filepath.Join(e.cfg.Folder, x.ID+markedSuffix+partSuffix)
	child, err := e.cfg.Tool.StartWith(ctx, markArgs(m, encoder, out), strips)
	strips.Close()
	if err != nil {
		return 0, err
	}
	defer func() { _ = child.Close() }() // a second time: how it ended is asked below
	fed := make(chan error, 1)
	drawn := make(chan struct{})
	go func() {
		_, err := io.Copy(child.In, l.reader(ctx, 0, l.size))
		_ = child.In.Close()
		fed <- err
	}()
	go func() {
		defer close(drawn)
		m.run(end)
		_ = end.Close()
	}()
	werr := e.watch(ctx, x, child.Out, out)
	if werr != nil {
		child.Kill()
	}
	err = child.Close()
	_ = end.Close()
	<-drawn
	ferr := <-fed
	switch {
	case werr != nil:
		return 0, werr
	case fault.Code(ferr) == CodeFootageGone:
		return 0, ferr
	case context.Cause(ctx) != nil:
		return 0, context.Cause(ctx)
	case !errors.Is(err, io.EOF):
		return 0, err
	}
	st, err := os.Stat(out)
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

// encoder is the best that this ffmpeg has.
func (e *Exports) encoder(ctx context.Context) ([]string, error) {
	for _, c := range [][]string{
		{"libx264", "-preset", "veryfast", "-crf", "21"},
		{"libopenh264", "-b:v", "4M"},
		{"mpeg4", "-q:v", "4"},
	} {
		if e.cfg.Tool.Encodes(ctx, c[0]) {
			return append([]string{"-c:v"}, c...), nil
		}
	}
	return nil, errors.New("this ffmpeg has no encoder for MP4")
}

func markArgs(m *marker, encoder []string, out string) []string {
	size := strconv.Itoa(m.width) + ":" + strconv.Itoa(m.height)
	args := []string{
		"-loglevel", "error", "-progress", "pipe:1", "-nostats",
		"-f", "mov", "-threads", "1", "-i", "pipe:0",
		"-f", "rawvideo", "-pixel_format", "rgba", "-video_size", fmt.Sprintf("%dx%d", m.w, m.h), "-framerate", strconv.Itoa(markRate), "-i", "pipe:3",
		"-filter_threads", "1", "-filter_complex",
		"[0:v]scale=" + size + ",setsar=1[p];[p][1:v]overlay=x=" + strconv.Itoa(m.margin) + ":y=H-h-" + strconv.Itoa(m.margin) + ":eof_action=repeat[v]",
		"-map", "[v]", "-map", "0:a?", "-c:a", "copy", "-strict", "-2", "-vsync", "passthrough", "-enc_time_base", "1:90000", "-pix_fmt", "yuv420p", "-threads", "1",
	}
	args = append(args, encoder...)
	return append(args, "-video_track_timescale", "90000", "-movflags", "+faststart", "-y", "-f", "mp4", out)
}

// watch follows what ffmpeg tells of its progress, and how large its file gets,
// until it ends.
func (e *Exports) watch(ctx context.Context, x Export, progress io.Reader, out string) error {
	lines := bufio.NewScanner(progress)
	for lines.Scan() {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		v, ok := strings.CutPrefix(lines.Text(), "out_time_us=")
		if !ok {
			continue
		}
		us, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
		if err != nil {
			continue
		}
		e.mu.Lock()
		if now := e.byID[x.ID]; now != nil && now.State == ExportRunning {
			now.Progress = min(max(float64(us)/1e6/x.Seconds, now.Progress), 0.99)
		}
		room := e.room(x.ID)
		e.mu.Unlock()
		if st, err := os.Stat(out); err == nil && st.Size() > room || !e.spare() {
			return errMarkRoom
		}
	}
	return nil
}

// room is how many bytes a watermarked file may have; mu is held.
func (e *Exports) room(id string) int64 {
	left := e.cfg.Room
	for _, o := range e.byID {
		if o.ID != id && o.Watermark && !o.Deleted && o.State == ExportReady {
			left -= o.Bytes
		}
	}
	return left
}

// spare says whether the folder's disk has room beside what is left free.
func (e *Exports) spare() bool {
	var st unix.Statfs_t
	return unix.Statfs(e.cfg.Folder, &st) != nil || int64(st.Bavail)*st.Bsize > markReserve
}
