package archive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/ingest"
	"sightline/internal/clock"
)

// Config of an Archive. Sources and Disks are required; zero values take the
// default named.
type Config struct {
	Sources    sources
	Disks      []Disk
	Reserve    int64         // bytes kept free on every disk: 1 GiB
	Segment    time.Duration // longest file: 60 s
	Fragment   time.Duration // longest stretch that only memory holds: 1 s
	Sync       time.Duration // how often what was written is forced to the disk: 5 s
	Bucket     bucket        // closed segments move there; nil: they stay on the disks
	BucketName string        // told to administrators
	Alarm      func(Alarm)   // told when a disk stops or resumes taking footage; on a goroutine of its own, in order
	Clock      clock.Clock   // nil: the machine's
	Log        *slog.Logger  // nil: discard
	Registerer prometheus.Registerer

	moveRest time.Duration // the longest between two tries while the bucket fails: a minute
}

// Disk is one folder on a file system of its own.
type Disk struct {
	Path  string
	Limit int64 // bytes of footage; 0: as much as there is beside the reserve
}

// sources are the cameras' streams: an ingest.Fleet.
type sources interface {
	Streams(camera string) (ingest.Streams, bool)
	Hold(camera string, l ingest.Layer) (release func())
}

// Reasons of an Alarm.
const (
	AlarmFull   = "disk_full"   // no room, and nothing of ours to make some
	AlarmFailed = "disk_failed" // it does not take or give bytes
	AlarmOver   = "disk_well"   // it records again
)

// Alarm says that a disk stopped taking footage, or takes it again. Cameras go
// on to another disk where there is one.
type Alarm struct {
	Disk   string // its Path
	Reason string
	At     time.Time
	Err    error // cause; nil when it is over
}

// Status is how a camera's recording is now.
type Status struct {
	Recording bool      `json:"recording"`
	Since     time.Time `json:"since,omitzero"`  // of the run of footage that is written
	Error     string    `json:"error,omitempty"` // code of why it should record and does not
	Sound     string    `json:"sound,omitempty"` // code of why sound is wanted and not kept
	Bytes     int64     `json:"bytes"`
	Oldest    time.Time `json:"oldest,omitzero"`
	Newest    time.Time `json:"newest,omitzero"`
	Disk      string    `json:"disk,omitempty"` // where it records now
	Gaps      uint64    `json:"gaps"`           // since the start: footage that was lost to a slow or full disk
}

// DiskStatus is how a disk is now.
type DiskStatus struct {
	Path  string `json:"path"`
	State string `json:"state"` // "ok" or an alarm's reason
	Free  int64  `json:"free"`  // bytes of the file system
	Total int64  `json:"total"`
	Bytes int64  `json:"bytes"` // of footage
}

// BucketStatus is how the bucket is now.
type BucketStatus struct {
	Name    string `json:"name"`
	State   string `json:"state"`   // "ok" or an alarm's reason
	Waiting int64  `json:"waiting"` // bytes on the disks that are to be moved
}

// Archive is the service. Reads are safe for concurrent use beside everything
// else; Run records, keeps retention and watches the disks.
type Archive struct {
	cfg     Config
	disks   []*disk
	missing []missing
	metrics *metrics
	alarms  chan Alarm
	blocks  blocks // of what was read from the bucket
	parts   partsCache
	moving  moving
	exports atomic.Pointer[Exports] // of this archive's footage; nil: there are none

	mu        sync.Mutex
	shelves   map[shelfKey]*shelf
	recorders map[string]*recorder
	ctx       context.Context // of Run; nil before
	running   sync.WaitGroup
	ends      []func() // of what lives as long as the archive
}

// missing is a disk that could not be opened at the start.
type missing struct {
	Disk
	err error
}

type shelfKey struct {
	disk   *disk
	camera string
	layer  Layer
}

// New opens the disks and repairs what a crash left open on them; nothing records
// before Run. That none can be opened is an error. Where another can, one that
// cannot is failed until the next start: a server comes up without it.
func New(cfg Config) (*Archive, error) {
	if cfg.Sources == nil || len(cfg.Disks) == 0 {
		return nil, errors.New("archive: sources and disks are required")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	or(&cfg.Reserve, 1<<30)
	or(&cfg.Segment, time.Minute)
	or(&cfg.Fragment, time.Second)
	or(&cfg.Sync, 5*time.Second)
	or(&cfg.moveRest, time.Minute)
	a := &Archive{cfg: cfg, alarms: make(chan Alarm, 64), shelves: map[shelfKey]*shelf{}, recorders: map[string]*recorder{}}
	for _, c := range cfg.Disks {
		d, err := openDisk(c, cfg.Reserve)
		if err == nil {
			a.disks = append(a.disks, d)
			if err = a.begin(d); err != nil {
				a.disks = a.disks[:len(a.disks)-1]
				d.close()
			}
		}
		if err != nil {
			a.missing = append(a.missing, missing{c, err})
		}
	}
	if len(a.disks) == 0 {
		return nil, fmt.Errorf("the disk for footage %s cannot be used: %w", a.missing[0].Path, a.missing[0].err)
	}
	a.metrics = newMetrics(cfg.Registerer, a)
	return a, nil
}

func or[T comparable](v *T, byDefault T) {
	var zero T
	if *v == zero {
		*v = byDefault
	}
}

// begin repairs a disk, ends what a removal left, and measures it.
func (a *Archive) begin(d *disk) error {
	if slices.ContainsFunc(a.disks[:len(a.disks)-1], func(o *disk) bool { return o.id == d.id }) {
		return errors.New("it is a copy of another one of the list: remove the file \"disk\" from it")
	}
	n, err := a.repair(d)
	if err != nil {
		return err
	}
	if n > 0 {
		a.cfg.Log.Info("recordings that a crash left open were repaired", "disk", d.cfg.Path, "segments", n)
	}
	if err := d.root.RemoveAll(dirTrash); err != nil {
		return err
	}
	if err := d.root.Mkdir(dirTrash, 0o700); err != nil {
		return err
	}
	d.tell = a.told
	d.measure()
	return nil
}

// Close lets go of the disks. Run has returned.
func (a *Archive) Close() {
	a.mu.Lock()
	ends := a.ends
	a.ends = nil
	a.mu.Unlock()
	for _, end := range ends {
		end()
	}
	for _, d := range a.disks {
		d.close()
	}
}

// atClose has something ended with the archive.
func (a *Archive) atClose(end func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ends = append(a.ends, end)
}

// told queues an alarm. The newest state of a disk is in Disks when nobody listens.
func (a *Archive) told(d *disk, reason string, err error) {
	al := Alarm{Disk: d.cfg.Path, Reason: reason, At: a.cfg.Clock.Now().UTC(), Err: err}
	if reason == AlarmOver {
		a.cfg.Log.Info("a disk takes footage again", "disk", al.Disk)
	} else {
		a.cfg.Log.Error("a disk takes no footage", "disk", al.Disk, "reason", reason, "err", err)
	}
	select {
	case a.alarms <- al:
	default:
	}
}

func (a *Archive) shelf(d *disk, camera string, l Layer) *shelf {
	a.mu.Lock()
	defer a.mu.Unlock()
	k := shelfKey{d, camera, l}
	s := a.shelves[k]
	if s == nil {
		s = &shelf{d: d, camera: camera, layer: l, log: a.cfg.Log}
		a.shelves[k] = s
	}
	return s
}

// shelvesOf are a camera's shelves of one layer, or of both ("").
func (a *Archive) shelvesOf(camera string, l Layer) []*shelf {
	var out []*shelf
	for _, d := range a.disks {
		for _, layer := range []Layer{Main, Sub} {
			if l != "" && l != layer {
				continue
			}
			a.mu.Lock()
			s := a.shelves[shelfKey{d, camera, layer}]
			a.mu.Unlock()
			if s == nil {
				if _, err := d.root.Lstat(layerDir(camera, layer)); err != nil {
					continue // nothing was ever recorded there
				}
				s = a.shelf(d, camera, layer)
			}
			out = append(out, s)
		}
	}
	return out
}

func (a *Archive) shelvesOn(d *disk) []*shelf {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []*shelf
	for k, s := range a.shelves {
		if k.disk == d {
			out = append(out, s)
		}
	}
	return out
}

// loadAll reads the indexes of everything that is on a disk.
func (a *Archive) loadAll(ctx context.Context, d *disk) {
	cams, err := readDir(d.root, dirCams)
	if err != nil {
		d.fail(err)
	}
	for _, c := range cams {
		for _, l := range []Layer{Main, Sub} {
			if ctx.Err() != nil || !cameraID.MatchString(c.Name()) {
				continue
			}
			if _, err := d.root.Lstat(layerDir(c.Name(), l)); err != nil {
				continue
			}
			if err := a.shelf(d, c.Name(), l).load(); err != nil {
				a.cfg.Log.Error("footage of a camera cannot be listed", "camera", c.Name(), "disk", d.cfg.Path, "err", err)
			}
		}
	}
	d.loaded.Store(ctx.Err() == nil)
}

// Disks says how the disks are.
func (a *Archive) Disks() []DiskStatus {
	out := make([]DiskStatus, 0, len(a.cfg.Disks))
	for _, c := range a.cfg.Disks {
		i := slices.IndexFunc(a.disks, func(d *disk) bool { return d.cfg.Path == c.Path })
		if i < 0 {
			out = append(out, DiskStatus{Path: c.Path, State: AlarmFailed})
			continue
		}
		out = append(out, a.disks[i].status())
	}
	return out
}

// Bucket says how the bucket is; nil without one.
func (a *Archive) Bucket() *BucketStatus {
	if a.cfg.Bucket == nil {
		return nil
	}
	out := &BucketStatus{Name: a.cfg.BucketName, State: a.bucketState()}
	for _, d := range a.disks {
		for _, s := range a.shelvesOn(d) {
			s.mu.Lock()
			for _, day := range s.days {
				out.Waiting += day.localBytes
			}
			s.mu.Unlock()
		}
	}
	return out
}

// Delete removes all footage of a camera and stops recording it: the camera, or
// its owner, is gone. When it returns nothing of it is listed or found; the bytes
// go now, or after a crash at the next start.
func (a *Archive) Delete(ctx context.Context, camera string) error {
	if err := checkCamera(camera); err != nil {
		return err
	}
	a.forget(camera)
	if e := a.exports.Load(); e != nil {
		e.DropCamera(camera)
		defer e.DropCamera(camera) // of what was listed until now
	}
	for _, d := range a.disks {
		if err := ctx.Err(); err != nil {
			return err
		}
		bytes := int64(0)
		for _, l := range []Layer{Main, Sub} {
			s := a.shelf(d, camera, l)
			s.write.Lock()
			bytes += s.localBytes()
			s.mu.Lock()
			s.days, s.pending, s.growing, s.loaded = map[int]*day{}, nil, nil, true
			s.mu.Unlock()
			s.write.Unlock()
		}
		d.used.Add(-bytes)
		if a.cfg.Bucket != nil {
			if err := d.doom([]string{path.Join(d.id, camera) + "/"}); err != nil {
				return away(err)
			}
		}
		marks, err := readDir(d.root, dirOpen)
		if err != nil {
			return away(err)
		}
		for _, m := range marks {
			if strings.HasPrefix(m.Name(), camera+".") {
				_ = d.root.Remove(path.Join(dirOpen, m.Name())) // a start finds no file behind it
			}
		}
		from, to := path.Join(dirCams, camera), path.Join(dirTrash, fmt.Sprintf("%s-%d", camera, clock.Mono()))
		if _, err := d.root.Lstat(from); err != nil {
			continue
		}
		if err := d.root.Rename(from, to); err != nil {
			return away(err)
		}
		if err := d.root.RemoveAll(to); err != nil {
			return away(err)
		}
	}
	return nil
}

// Rebuild makes the indexes of a camera anew from its segments. It happens by
// itself where an index is damaged or gone.
func (a *Archive) Rebuild(ctx context.Context, camera string) error {
	if err := checkCamera(camera); err != nil {
		return err
	}
	for _, s := range a.shelvesOf(camera, "") {
		if err := s.load(); err != nil {
			return away(err)
		}
		for _, n := range s.dayNumbers() {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := s.anew(n); err != nil {
				return away(err)
			}
		}
	}
	for _, d := range a.disks {
		if err := a.recover(ctx, d, camera); err != nil {
			return away(err)
		}
	}
	return nil
}

// anew is rebuild for a day that is listed.
func (s *shelf) anew(n int) error {
	s.write.Lock()
	defer s.write.Unlock()
	if err := s.rebuild(n); err != nil {
		return err
	}
	t, err := s.table(n, -1)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.days[n] = sumUp(n, t)
	return nil
}
