package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"sightline/internal/fault"
)

// Where things lie on a disk. Nothing of these names is a person's text: cameras
// are known by their ids, days and files by time (T30). All opens go through the
// disk's os.Root beside that.
//
//	disk                           the disk's own short name
//	open/<camera>.<layer>.<name>   a segment that is being written
//	trash/…                        cameras that are being removed
//	doomed/<name>                  names of objects that are to go from the bucket
//	bucket                         the bucket the index is whole for
//	cam/<camera>/init/<hash>       ftyp and moov
//	cam/<camera>/<layer>/<day>/    index, fragments, <name>.mp4
const (
	dirOpen  = "open"
	dirTrash = "trash"
	dirCams  = "cam"

	dirDoomed = "doomed"

	fileIndex = "index"
	fileFrags = "fragments"
	fileMedia = ".mp4"
)

var (
	cameraID = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)
	initID   = regexp.MustCompile(`^[0-9a-f]{16}$`)
	diskID   = regexp.MustCompile(`^[0-9a-f]{8}$`)
)

// dayOf is the UTC day of an instant, in days since 1970.
func dayOf(us int64) int {
	const day = 24 * 3600 * 1e6
	d := us / day
	if us%day < 0 {
		d--
	}
	return int(d)
}

func dayName(day int) string { return time.Unix(int64(day)*86400, 0).UTC().Format(time.DateOnly) }

func parseDay(name string) (int, bool) {
	t, err := time.Parse(time.DateOnly, name)
	return int(t.Unix() / 86400), err == nil && t.Unix() >= 0
}

func fileName(name int64) string { return strconv.FormatInt(name, 10) + fileMedia }

func parseFile(file string) (int64, bool) {
	n, ok := strings.CutSuffix(file, fileMedia)
	name, err := strconv.ParseInt(n, 10, 64)
	return name, ok && err == nil && name >= 0 && fileName(name) == file
}

// segmentID is layer, file and disk in one word.
func segmentID(l Layer, name int64, disk string) string {
	return string(l) + "." + strconv.FormatInt(name, 10) + "." + disk
}

func parseSegmentID(id string) (l Layer, name int64, disk string, ok bool) {
	parts := strings.Split(id, ".")
	if len(parts) != 3 || len(id) > 64 {
		return "", 0, "", false
	}
	name, err := strconv.ParseInt(parts[1], 10, 64)
	l = Layer(parts[0])
	ok = err == nil && name >= 0 && (l == Main || l == Sub) && diskID.MatchString(parts[2])
	return l, name, parts[2], ok
}

// markName is the name of what says that a segment is open.
func markName(camera string, l Layer, name int64) string {
	return camera + "." + string(l) + "." + strconv.FormatInt(name, 10)
}

func parseMark(s string) (camera string, l Layer, name int64, ok bool) {
	parts := strings.Split(s, ".")
	if len(parts) != 3 || !cameraID.MatchString(parts[0]) {
		return "", "", 0, false
	}
	name, err := strconv.ParseInt(parts[2], 10, 64)
	l = Layer(parts[1])
	return parts[0], l, name, err == nil && name >= 0 && (l == Main || l == Sub)
}

func layerDir(camera string, l Layer) string { return path.Join(dirCams, camera, string(l)) }

func initPath(camera, hash string) string { return path.Join(dirCams, camera, "init", hash) }

func initHash(init []byte) (h [8]byte) {
	sum := sha256.Sum256(init)
	copy(h[:], sum[:])
	return h
}

func hashName(h [8]byte) string { return hex.EncodeToString(h[:]) }

// checkCamera refuses what is not an id of ours, as what does not exist.
func checkCamera(id string) error {
	if !cameraID.MatchString(id) {
		return notFound()
	}
	return nil
}

func notFound() error {
	return fault.New(fault.NotFound, fault.CodeNotFound, "There is no such footage.")
}
