package archive

import (
	"math"
	"slices"
	"time"

	"sightline/internal/clock"
)

// Storage is where footage lies, for the administrator.
type Storage struct {
	Available bool         `json:"available"`      // this node has disks for footage
	Node      string       `json:"node,omitempty"` // the server that records, where it is another one
	Recording int          `json:"recording"`      // cameras that are recorded
	Wanted    int          `json:"wanted"`         // cameras that should be recorded now
	Gaps      uint64       `json:"gaps"`           // since the start: times footage that was wanted was not kept
	Disks     []DiskRoom   `json:"disks"`
	Bucket    *BucketStore `json:"bucket,omitempty"`
}

// DiskRoom is a disk with what is on it and what becomes of it.
type DiskRoom struct {
	DiskStatus
	Since   time.Time `json:"since,omitzero"`  // of a state that is not ok, as far as this process knows
	Cause   string    `json:"cause,omitempty"` // the system's words for it
	Slow    bool      `json:"slow"`            // what it is asked for takes longer than a second now
	Absent  bool      `json:"absent"`          // it could not be opened and is left out until the next start
	Listed  bool      `json:"listed"`          // all its footage is counted: before that nothing goes
	Oldest  time.Time `json:"oldest,omitzero"` // of the footage on it: that goes first
	Reserve int64     `json:"reserve"`         // bytes that stay free
	Limit   int64     `json:"limit"`           // bytes of footage at most; 0: no limit of its own
	Room    int64     `json:"room"`            // bytes that may come before the oldest footage goes
}

// BucketStore is the bucket with what is in it. What is there goes by the cameras'
// own limits alone.
type BucketStore struct {
	BucketStatus
	Since  time.Time `json:"since,omitzero"`  // since when it takes nothing
	Cause  string    `json:"cause,omitempty"` // its last words
	Bytes  int64     `json:"bytes"`
	Oldest time.Time `json:"oldest,omitzero"`
}

// slowAsk is from when on a disk that has not answered is called slow. Four times
// that is a failure (hung).
const slowAsk = time.Second

// Storage is where footage lies on this node. It asks no disk for anything.
func (r *Recordings) Storage() Storage {
	out := Storage{Available: r.cfg.Archive != nil, Node: r.turn.elsewhere(), Disks: []DiskRoom{}}
	if r.cfg.Archive == nil {
		return out
	}
	out.Disks, out.Bucket = r.cfg.Archive.rooms(), r.cfg.Archive.bucketStore()
	out.Recording, out.Wanted = r.cfg.Archive.counts()
	out.Gaps = r.cfg.Archive.gaps()
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range out.Disks {
		d := &out.Disks[i]
		if t := r.told[d.Path]; t != nil && t.now.Reason == d.State {
			d.Since = t.now.At.UTC()
		}
	}
	return out
}

// rooms are the disks as configured.
func (a *Archive) rooms() []DiskRoom {
	out := make([]DiskRoom, 0, len(a.cfg.Disks))
	for _, c := range a.cfg.Disks {
		if i := slices.IndexFunc(a.disks, func(d *disk) bool { return d.cfg.Path == c.Path }); i >= 0 {
			out = append(out, a.roomOf(a.disks[i]))
			continue
		}
		room := DiskRoom{DiskStatus: DiskStatus{Path: c.Path, State: AlarmFailed}, Absent: true, Reserve: a.cfg.Reserve, Limit: c.Limit}
		if i := slices.IndexFunc(a.missing, func(m missing) bool { return m.Path == c.Path }); i >= 0 {
			room.Cause = cause(a.missing[i].err).Error()
		}
		out = append(out, room)
	}
	return out
}

func (a *Archive) roomOf(d *disk) DiskRoom {
	out := DiskRoom{DiskStatus: d.status(), Reserve: d.reserve, Limit: d.cfg.Limit, Listed: d.loaded.Load()}
	out.Room = max(0, out.Free-out.Reserve)
	if out.Limit > 0 {
		out.Room = min(out.Room, max(0, out.Limit-out.Bytes))
	}
	if at := d.oldestOp(); at != 0 {
		out.Slow = clock.Mono()-at > int64(slowAsk)
	}
	d.mu.Lock()
	if d.err != nil {
		out.Cause = cause(d.err).Error()
	}
	d.mu.Unlock()
	first := int64(math.MaxInt64)
	for _, s := range a.shelvesOn(d) {
		first = min(first, s.firstHere())
	}
	if first != math.MaxInt64 {
		out.Oldest = micros(first)
	}
	return out
}

// firstHere is when the oldest footage on the disk begins, that being written too,
// microseconds; MaxInt64 when there is none.
func (s *shelf) firstHere() int64 {
	first := int64(math.MaxInt64)
	if at, ok := s.oldestLocal(); ok {
		first = at
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.unlisted() {
		if f.row.bytes > 0 {
			first = min(first, f.row.from)
		}
	}
	return first
}

// bucketStore is nil without a bucket.
func (a *Archive) bucketStore() *BucketStore {
	b := a.Bucket()
	if b == nil {
		return nil
	}
	out := &BucketStore{BucketStatus: *b}
	first := int64(math.MaxInt64)
	for _, d := range a.disks {
		for _, s := range a.shelvesOn(d) {
			bytes, oldest := s.away()
			if out.Bytes += bytes; bytes > 0 {
				first = min(first, oldest)
			}
		}
	}
	if first != math.MaxInt64 {
		out.Oldest = micros(first)
	}
	a.moving.mu.Lock()
	defer a.moving.mu.Unlock()
	if a.moving.err != nil {
		out.Since, out.Cause = a.moving.since.UTC(), cause(a.moving.err).Error()
	}
	return out
}

// away are the bytes in the bucket, and when the oldest footage of a day of which
// some is there begins, microseconds.
func (s *shelf) away() (bytes, oldest int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	oldest = math.MaxInt64
	for _, d := range s.days {
		if n := d.bytes - d.localBytes; n > 0 {
			bytes, oldest = bytes+n, min(oldest, d.first)
		}
	}
	return bytes, oldest
}

// gaps counts the gaps of the cameras there are.
func (a *Archive) gaps() (n uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.recorders {
		n += r.gaps.Load()
	}
	return n
}
