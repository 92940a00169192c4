package archive

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/authz"
	"sightline/internal/clock"
	"sightline/internal/fault"
	"sightline/internal/ffmpeg"
)

// ExportsConfig of Exports. Archive and Folder are required; zero values take the
// default named, and a negative limit is none.
type ExportsConfig struct {
	Archive    *Archive
	Folder     string        // of this node alone, for what is computed and for watermarked files
	Tool       *ffmpeg.Tool  // nil: no watermarks
	Keep       time.Duration // how long an export can be fetched: 24 h
	Longest    time.Duration // of one file: 24 h of footage
	DayTime    time.Duration // of footage a person may export in 24 h: 48 h
	DayBytes   int64         // of the same: 200 GB
	AtOnce     int           // exports a person may have running: 2
	Marked     time.Duration // longest footage with a watermark: 1 h
	Room       int64         // bytes that watermarked files may take together: 20 GB
	Clock      clock.Clock   // nil: the machine's
	Log        *slog.Logger  // nil: discard
	Registerer prometheus.Registerer
}

// States of an Export.
const (
	ExportReady   = "ready"
	ExportWaiting = "waiting" // for another watermarked one
	ExportRunning = "running" // it gets its watermark
	ExportFailed  = "failed"

	exportCancelled = "cancelled" // before it was ready: only of deleted ones
)

// Export is a file that one person asked for, of one camera. It is his alone.
type Export struct {
	ID         string    `json:"id"`
	Account    string    `json:"account"`
	Camera     string    `json:"camera"`
	CameraName string    `json:"camera_name"` // when it was made
	Layer      Layer     `json:"layer"`
	Name       string    `json:"name"` // of the file, ends in .mp4
	Asked      Span      `json:"asked"`
	From       time.Time `json:"from"` // of what it shows
	To         time.Time `json:"to"`
	Zone       string    `json:"zone"`
	Seconds    float64   `json:"seconds"` // that it plays
	Bytes      int64     `json:"bytes"`   // of a watermarked one that runs: those of its source
	Gaps       int       `json:"gaps"`
	Left       []Left    `json:"left,omitempty"`
	Rest       *Span     `json:"rest,omitempty"` // for another file: the codec changed
	Spans      []Span    `json:"spans"`          // of all samples in it: who fetches it may see each
	Watermark  bool      `json:"watermark"`
	Mark       string    `json:"mark,omitempty"` // the name that is burnt in
	State      string    `json:"state"`
	Progress   float64   `json:"progress"`
	Error      string    `json:"error,omitempty"` // code
	Tag        string    `json:"tag"`             // the same tag, the same bytes
	Created    time.Time `json:"created"`
	Expires    time.Time `json:"expires"`
	Noted      bool      `json:"noted"`             // it is in the owner's log
	Requests   int       `json:"requests"`          // for its bytes
	Deleted    bool      `json:"deleted,omitempty"` // it counts for the day, and is no more
	Width      int       `json:"width"`
	Height     int       `json:"height"`
}

// ExportAsk is what somebody asks for. Whoever calls has asked authz.
type ExportAsk struct {
	Account    string
	CameraName string
	Zone       *time.Location // the camera's
	Watermark  bool
	Mark       string // the name of who asks, to be burnt in
	ExportWant
}

// Codes of refusals.
const (
	CodeExportHours    = "export_hours"  // the day's hours are used up
	CodeExportBytes    = "export_bytes"  // the day's bytes
	CodeExportCount    = "export_count"  // as many were made in a day as may be
	CodeExportKept     = "export_kept"   // as many are kept as may be
	CodeExportLong     = "export_long"   // longer than one file may be
	CodeExportBusy     = "export_busy"   // as many run as may
	CodeExportMark     = "export_mark"   // no watermarks here
	CodeExportRoom     = "export_room"   // no room for a watermarked file
	CodeExportFailed   = "export_failed" // ffmpeg could not
	CodeExportNotReady = "export_not_ready"
	CodeExportEnded    = "export_ended" // it was deleted or is over while its bytes ran
)

const (
	day24      = 24 * time.Hour
	sweepEvery = time.Minute
)

// Exports are the files people take away: computed ones, which lie nowhere and
// are read from the segments, and watermarked ones. What rights allow is decided
// by who calls. They outlive a restart; a watermark that was being made is begun
// again.
type Exports struct {
	cfg     ExportsConfig
	root    *os.Root
	build   chan struct{} // one is computed at a time: its tables are in memory
	marking chan struct{} // a slot a core
	metrics *exportMetrics

	mu      sync.Mutex
	byID    map[string]*Export
	found   map[string]bool                     // of a process before, not looked at yet
	streams map[string]map[*ExportFile]struct{} // that run, by export
	jobs    map[string]context.CancelFunc
	making  map[string]bool // accounts whose Create runs
	cutting string          // the camera of which one is computed; "" when it went meanwhile
	wake    chan struct{}
	running sync.WaitGroup
	closed  bool
}

// NewExports opens the folder and finds again what there was.
func NewExports(cfg ExportsConfig) (*Exports, error) {
	if cfg.Archive == nil || cfg.Folder == "" {
		return nil, errors.New("archive: exports need an archive and a folder")
	}
	or(&cfg.Keep, day24)
	or(&cfg.Longest, day24)
	or(&cfg.DayTime, 48*time.Hour)
	or(&cfg.DayBytes, 200e9)
	or(&cfg.AtOnce, 2)
	or(&cfg.Marked, time.Hour)
	or(&cfg.Room, 20e9)
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(cfg.Folder, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(cfg.Folder)
	if err != nil {
		return nil, err
	}
	e := &Exports{cfg: cfg, root: root, build: make(chan struct{}, 1), marking: make(chan struct{}, max(1, runtime.NumCPU()-1)),
		byID: map[string]*Export{}, found: map[string]bool{}, streams: map[string]map[*ExportFile]struct{}{}, jobs: map[string]context.CancelFunc{},
		making: map[string]bool{}, wake: make(chan struct{}, 1)}
	if err := e.load(); err != nil {
		_ = root.Close()
		return nil, err
	}
	e.metrics = newExportMetrics(cfg.Registerer, e)
	cfg.Archive.exports.Store(e)
	return e, nil
}

// load reads the records. What is damaged, and files of no record, go.
func (e *Exports) load() error {
	entries, err := readDir(e.root, ".")
	if err != nil {
		return err
	}
	for _, f := range entries {
		id, ok := strings.CutSuffix(f.Name(), recordSuffix)
		if !ok || !authz.ValidID(id) {
			continue
		}
		b, err := e.root.ReadFile(f.Name())
		x := &Export{}
		if err != nil || json.Unmarshal(b, x) != nil || x.ID != id {
			e.cfg.Log.Warn("the record of an export is damaged; it is removed", "export", id)
			e.unlink(id)
			continue
		}
		if x.State == ExportRunning {
			x.State, x.Progress = ExportWaiting, 0
		}
		e.byID[id] = x
		e.found[id] = true
	}
	for _, f := range entries {
		id, _, _ := strings.Cut(f.Name(), ".")
		if x := e.byID[id]; x == nil || strings.HasSuffix(f.Name(), partSuffix) {
			_ = e.root.Remove(f.Name())
		}
	}
	return nil
}

const (
	recordSuffix = ".json"
	layoutSuffix = ".layout"
	markedSuffix = ".mp4"
	partSuffix   = ".part"
)

func (e *Exports) unlink(id string) {
	for _, s := range []string{markedSuffix, layoutSuffix, recordSuffix, recordSuffix + partSuffix, markedSuffix + partSuffix} {
		_ = e.root.Remove(id + s)
	}
}

// keep writes a record; mu is held or the export is not known yet.
func (e *Exports) keep(x *Export) error {
	b, err := json.Marshal(x)
	if err != nil {
		return err
	}
	name := x.ID + recordSuffix
	f, err := e.root.OpenFile(name+partSuffix, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return e.root.Rename(name+partSuffix, name)
}

// Run removes what is over and makes watermarked files until ctx ends.
func (e *Exports) Run(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	defer e.running.Wait()
	for {
		e.sweep()
		e.begin(ctx)
		select {
		case <-tick.C:
		case <-e.wake:
		case <-ctx.Done():
			return
		}
	}
}

// Close ends what runs and lets go of the folder. Run has returned.
func (e *Exports) Close() {
	e.mu.Lock()
	e.closed = true
	for id := range e.streams {
		e.cutStreams(id)
	}
	e.mu.Unlock()
	_ = e.root.Close()
}

func (e *Exports) poke() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Look tells what an export would be. Without a layer it is of main, or of sub
// where only that was recorded.
func (e *Exports) Look(ctx context.Context, w ExportWant) (ExportLook, error) {
	look, err := e.cfg.Archive.Look(ctx, w)
	if err != nil || w.Layer != "" || !look.From.IsZero() {
		return look, err
	}
	w.Layer = Sub
	other, err := e.cfg.Archive.Look(ctx, w)
	if err != nil || other.From.IsZero() {
		return look, err
	}
	return other, nil
}

// check refuses what cannot be meant, or not be made here.
func (e *Exports) check(ask ExportAsk) error {
	if err := ask.check(); err != nil {
		return err
	}
	if ask.Watermark && e.cfg.Tool == nil {
		return fault.Field("watermark", CodeExportMark, "This server makes no watermarks: ffmpeg is missing.")
	}
	return nil
}

// tooLong refuses footage that is longer than one file may be.
func (e *Exports) tooLong(length time.Duration, marked bool) error {
	if e.cfg.Longest > 0 && length > e.cfg.Longest+time.Second {
		return fault.Field("to", CodeExportLong, "That is longer than one file may be.")
	}
	if marked && length > e.cfg.Marked+time.Second {
		return fault.Field("to", CodeExportLong, "That is too long for a file with a watermark.")
	}
	return nil
}

// Create computes an export. It reads nothing of the pictures; a watermarked one
// waits for its turn. A person has one computed at a time. fault.RateLimited with a
// code of ours, fault.Conflict no_footage, fault.Invalid.
func (e *Exports) Create(ctx context.Context, ask ExportAsk) (Export, error) {
	if err := e.check(ask); err != nil {
		return Export{}, err
	}
	done, err := e.alone(ask.Account)
	if err != nil {
		return Export{}, err
	}
	defer done()
	look, err := e.Look(ctx, ask.ExportWant)
	if err != nil {
		return Export{}, err
	}
	ask.Layer = look.Layer
	length := time.Duration(look.Seconds * float64(time.Second))
	if err := e.tooLong(length, ask.Watermark); err != nil {
		return Export{}, err
	}
	e.mu.Lock()
	err = e.admit(ask.Account, length, 0)
	e.mu.Unlock()
	if err != nil {
		return Export{}, err
	}
	select {
	case e.build <- struct{}{}:
		defer func() { <-e.build }()
	case <-ctx.Done():
		return Export{}, ctx.Err()
	}
	e.mu.Lock()
	e.cutting = ask.Camera
	e.mu.Unlock()
	c, err := e.cfg.Archive.cut(ctx, ask.ExportWant)
	if err != nil {
		return Export{}, err
	}
	return e.add(ask, c)
}

// add keeps what was computed.
func (e *Exports) add(ask ExportAsk, c *cut) (Export, error) {
	now := e.cfg.Clock.Now().UTC()
	x := &Export{ID: newExportID(now), Account: ask.Account, Camera: ask.Camera, CameraName: ask.CameraName, Layer: ask.Layer,
		Name: ExportName(ask.CameraName, c.From, ask.Zone), Asked: ask.Span, From: c.From, To: c.To, Zone: ask.Zone.String(), Seconds: c.Seconds, Bytes: c.size(),
		Gaps: max(len(c.Shown)-1, 0), Left: c.Left, Spans: c.Spans, Watermark: ask.Watermark, Mark: ask.Mark, State: ExportReady,
		Progress: 1, Tag: c.mark(), Created: now, Expires: now.Add(e.cfg.Keep), Width: c.Width, Height: c.Height}
	if !c.Rest.From.IsZero() {
		x.Rest = &c.Rest
	}
	if ask.Watermark {
		x.State, x.Progress = ExportWaiting, 0
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return Export{}, fault.New(fault.Unavailable, fault.CodeBusy, "The server is being stopped. Try again.")
	}
	if e.cutting != ask.Camera {
		return Export{}, fault.New(fault.Conflict, CodeNoFootage, "This camera was removed.")
	}
	if err := e.admit(x.Account, time.Duration(x.Seconds*float64(time.Second)), x.Bytes); err != nil {
		return Export{}, err
	}
	if err := e.crowded(x); err != nil {
		return Export{}, err
	}
	if err := e.write(x, c); err != nil {
		e.unlink(x.ID)
		return Export{}, away(err)
	}
	e.byID[x.ID] = x
	e.metrics.made.Inc()
	e.poke()
	return *x, nil
}

func (e *Exports) write(x *Export, c *cut) error {
	f, err := e.root.OpenFile(x.ID+layoutSuffix, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(writeLayout(f, c), f.Close()); err != nil {
		return err
	}
	return e.keep(x)
}

func newExportID(now time.Time) string {
	var b [10]byte
	_, _ = rand.Read(b[:])
	return authz.TimedID(now, b)
}

// List are a person's exports, newest first.
func (e *Exports) List(account string) []Export {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := []Export{}
	for _, x := range e.byID {
		if x.Account == account && !x.Deleted {
			out = append(out, *x)
		}
	}
	slices.SortFunc(out, func(x, y Export) int { return strings.Compare(y.ID, x.ID) })
	return out
}

// Get is one of a person's exports; somebody else's is fault.NotFound.
func (e *Exports) Get(account, id string) (Export, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	x, err := e.mine(account, id)
	if err != nil {
		return Export{}, err
	}
	return *x, nil
}

func (e *Exports) mine(account, id string) (*Export, error) {
	x := e.byID[id]
	if x == nil || x.Account != account || x.Deleted {
		return nil, fault.New(fault.NotFound, fault.CodeNotFound, "There is no such thing here.")
	}
	return x, nil
}

// Note remembers that the owner's log has the export: it is asked for once.
func (e *Exports) Note(account, id string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	x, err := e.mine(account, id)
	if err != nil || x.Noted {
		return err
	}
	x.Noted = true
	if err := e.keep(x); err != nil {
		return away(err)
	}
	return nil
}
