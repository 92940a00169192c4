package archive

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"sightline/internal/clock"
)

// disk is one folder of footage, locked for this process.
type disk struct {
	cfg        Disk
	id         string
	root       *os.Root
	lock       *os.File
	reserve    int64
	used       atomic.Int64 // bytes of footage
	incomplete atomic.Bool  // the index may lack what is in the bucket
	loaded     atomic.Bool  // all indexes were read: only then is known what is the oldest

	work sync.Mutex
	ops  map[*int64]bool // since when what is asked of the system runs, clock.Mono

	mu    sync.Mutex
	state string // "" or an alarm's reason
	err   error
	free  int64
	total int64
	tell  func(d *disk, reason string, err error)
}

const (
	fileDisk    = "disk"
	fileLock    = "lock"
	fileStore   = "store" // epoch and revision of the store its cameras are of
	fileBallast = "ballast"
	ballastSize = 256 << 10 // given up to write index rows on a full disk
)

func openDisk(cfg Disk, reserve int64) (*disk, error) {
	if err := os.MkdirAll(cfg.Path, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(cfg.Path)
	if err != nil {
		return nil, err
	}
	d := &disk{cfg: cfg, root: root, reserve: reserve, ops: map[*int64]bool{}}
	if err := d.claim(); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// claim locks the folder, names it where it has no name yet, and makes what it
// is to hold.
func (d *disk) claim() (err error) {
	if d.lock, err = d.root.OpenFile(fileLock, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return err
	}
	if err := syscall.Flock(int(d.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("another process records there: %w", err)
	}
	for _, dir := range []string{dirOpen, dirTrash, dirCams, dirDoomed} {
		if err := d.root.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	id, err := d.root.ReadFile(fileDisk)
	if d.id = strings.TrimSpace(string(id)); err == nil && diskID.MatchString(d.id) {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var b [4]byte
	rand.Read(b[:])
	d.id = hex.EncodeToString(b[:])
	return d.put(fileDisk, []byte(d.id))
}

// put writes a whole file under a temporary name, synced, and renames it.
func (d *disk) put(name string, data []byte) error {
	tmp := name + ".new"
	f, err := d.root.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = d.root.Rename(tmp, name)
	}
	if err != nil {
		_ = d.root.Remove(tmp)
		return err
	}
	return d.syncDir(path.Dir(name))
}

func (d *disk) syncDir(dir string) error {
	f, err := d.root.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// belongs says whether the footage is of the store with this epoch, at this
// revision or before; of a disk that knows none it becomes so. One that went back,
// as from a backup, does not know all cameras there were.
func (d *disk) belongs(epoch string, revision uint64) (bool, error) {
	defer d.busy()()
	b, err := d.root.ReadFile(fileStore)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err == nil {
		was, text, _ := strings.Cut(strings.TrimSpace(string(b)), " ")
		at, _ := strconv.ParseUint(text, 10, 64)
		if was != epoch || revision < at {
			return false, nil
		}
		if revision == at {
			return true, nil
		}
	}
	return true, d.put(fileStore, fmt.Appendf(nil, "%s %d", epoch, revision))
}

// measure asks how much room there is. With most of the reserve gone the disk is
// full at once, before retention has made any room.
func (d *disk) measure() {
	defer d.busy()()
	var st syscall.Statfs_t
	if err := syscall.Fstatfs(int(d.lock.Fd()), &st); err != nil {
		d.fail(err)
		return
	}
	d.mu.Lock()
	d.free, d.total = int64(st.Bavail)*st.Bsize, int64(st.Blocks)*st.Bsize
	eaten := d.free < d.reserve/4
	d.mu.Unlock()
	if eaten {
		d.fail(syscall.ENOSPC) // somebody else takes the reserve faster than footage goes
	}
}

// settle changes the state by what was measured, after retention removed what it
// could. While something is not answered it is not well. A disk is well again with a little more than its reserve, and once it
// takes and gives back a file.
func (d *disk) settle(removed int64) {
	short := d.short()
	switch state := d.trouble(); {
	case state == "" && short > 0 && removed == 0 && d.loaded.Load():
		d.fail(syscall.ENOSPC)
	case state == AlarmFull && short > -d.reserve/16, state == "", d.stuck():
	default:
		if err := d.probe(); err != nil {
			d.fail(err)
			return
		}
		d.well()
	}
}

// short is how many bytes would have to go for the reserve and the limit to be kept.
func (d *disk) short() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	short := d.reserve - d.free
	if over := d.used.Load() - d.cfg.Limit; d.cfg.Limit > 0 && over > 0 {
		short = max(short, over)
	}
	return short
}

// probe writes and reads a file, which becomes the ballast.
func (d *disk) probe() error {
	defer d.busy()()
	if err := d.put(fileBallast, make([]byte, ballastSize)); err != nil {
		return err
	}
	b, err := d.root.ReadFile(fileBallast)
	if err == nil && len(b) != ballastSize {
		err = syscall.EIO
	}
	return err
}

// dropBallast makes a little room for rows; false when there is none to drop.
func (d *disk) dropBallast() bool { return d.root.Remove(fileBallast) == nil }

// keepBallast puts it back where there is room again.
func (d *disk) keepBallast() {
	d.mu.Lock()
	room := d.state == "" && d.free > d.reserve/2+2*ballastSize
	d.mu.Unlock()
	if _, err := d.root.Lstat(fileBallast); room && errors.Is(err, fs.ErrNotExist) {
		if err := d.probe(); err != nil {
			d.fail(err)
		}
	}
}

// fail notes that the disk does not take footage, and why.
func (d *disk) fail(err error) {
	reason := AlarmFailed
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		reason = AlarmFull
	}
	d.mu.Lock()
	was := d.state
	d.state, d.err = reason, err
	d.mu.Unlock()
	if was != reason && d.tell != nil {
		d.tell(d, reason, err)
	}
}

func (d *disk) well() {
	d.mu.Lock()
	was := d.state
	d.state, d.err = "", nil
	d.mu.Unlock()
	if was != "" && d.tell != nil {
		d.tell(d, AlarmOver, nil)
	}
}

// takes says whether footage may be tried on it: it is well, or answers again.
// One that does not answer takes none, though nobody may have said so yet.
func (d *disk) takes() bool {
	if d.stuck() {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.state == "" || errors.Is(d.err, errHung)
}

// trouble is the state: "" when it takes footage.
func (d *disk) trouble() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.state
}

// left is the share of the disk that footage may still take, 0 to 1.
func (d *disk) left() float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	room, whole := d.free-d.reserve, d.total-d.reserve
	if d.cfg.Limit > 0 && d.cfg.Limit-d.used.Load() < room {
		room, whole = d.cfg.Limit-d.used.Load(), d.cfg.Limit
	}
	if whole <= 0 {
		return 0
	}
	return float64(room) / float64(whole)
}

func (d *disk) status() DiskStatus {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := DiskStatus{Path: d.cfg.Path, State: d.state, Free: d.free, Total: d.total, Bytes: d.used.Load()}
	if s.State == "" {
		s.State = "ok"
	}
	return s
}

// busy notes that the system is asked for something; the result says that it
// answered.
func (d *disk) busy() (done func()) {
	at := clock.Mono()
	d.work.Lock()
	d.ops[&at] = true
	d.work.Unlock()
	return func() {
		d.work.Lock()
		delete(d.ops, &at)
		d.work.Unlock()
	}
}

// stuck says that something is not answered.
func (d *disk) stuck() bool {
	at := d.oldestOp()
	return at != 0 && clock.Mono()-at > int64(hung)
}

// oldestOp is since when the system has not answered, 0: it has.
func (d *disk) oldestOp() (oldest int64) {
	d.work.Lock()
	defer d.work.Unlock()
	for at := range d.ops {
		if oldest == 0 || *at < oldest {
			oldest = *at
		}
	}
	return oldest
}

func (d *disk) close() {
	if d.lock != nil {
		_ = syscall.Flock(int(d.lock.Fd()), syscall.LOCK_UN) // a child that is being started has a copy of the file
		d.lock.Close()
	}
	_ = d.root.Close()
}
