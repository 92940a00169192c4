// Package blob is the contract of what keeps bytes by name: images now, a
// folder on a disk or a bucket behind S3's protocol. What is kept, for whom and
// how long is decided above; the index of it all is in the store.
package blob

import (
	"context"
	"regexp"
	"time"

	"sightline/internal/fault"
)

// Store keeps whole objects. Names are ours, never a person's: see CheckName.
// Every method is safe for concurrent use and honours ctx. Errors: bad names
// are fault.Internal, a store that does not answer is fault.Unavailable, a full
// one fault.Unavailable with disk_full.
type Store interface {
	// Put keeps data under name. When it returns nil the bytes survive a crash;
	// until then the name holds what it held before, or nothing. Putting the same
	// name again replaces it. data is not empty and stays the caller's.
	Put(ctx context.Context, name string, data []byte) error
	// Get returns the bytes; they are the caller's. fault.NotFound when there are none.
	Get(ctx context.Context, name string) ([]byte, error)
	// Delete forgets a name; one that is not there is no error.
	Delete(ctx context.Context, name string) error
	// List calls each for the objects whose name begins with prefix, in byte
	// order, until it returns false. What is put meanwhile may be missing.
	List(ctx context.Context, prefix string, each func(Info) bool) error
	// Free says how many bytes are left, ok false where that has no meaning.
	Free(ctx context.Context) (bytes int64, ok bool)
	// Kind is "disk" or "s3", for status pages.
	Kind() string
	Close() error
}

// Info is one object of a List.
type Info struct {
	Name string
	Size int64
	At   time.Time // when it was put, on the store's clock
}

// MaxSize bounds one object, in bytes.
const MaxSize = 64 << 20

var names = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*(\.[a-z0-9]+)*$`)

// CheckName refuses names that are not lower-case letters, digits, - and _ in
// parts divided by /, with endings. No such name leaves a folder (T30).
func CheckName(name string) error {
	if len(name) > 200 || !names.MatchString(name) {
		return fault.New(fault.Internal, fault.CodeInternal, "That is not a name for stored bytes.")
	}
	return nil
}

// NotFound is the error of a name that holds nothing.
func NotFound() error {
	return fault.New(fault.NotFound, fault.CodeNotFound, "There is no such picture.")
}

// Full is the error of a store without room.
func Full(err error) error {
	return fault.Wrap(err, fault.Unavailable, fault.CodeDiskFull, "The disk for pictures is full. Nothing was stored; free some space and send it again.")
}

// Away is the error of a store that does not answer.
func Away(err error) error {
	return fault.Wrap(err, fault.Unavailable, fault.CodeBusy, "The storage does not answer. Try again.")
}
