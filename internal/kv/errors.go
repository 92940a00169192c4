package kv

import (
	"errors"
	"time"

	"sightline/internal/fault"
)

// CodeUnavailable is the decision reason shown while the store is silent.
const CodeUnavailable = "authz_unavailable"

// ErrStale is what errors.Is finds when a transaction ID is too old, or too far
// in the future, for its result to be kept.
var ErrStale = errors.New("kv: transaction ID is not within 5 minutes of store time")

const retryAfter = 2 * time.Second

// Unavailable says that the store did not answer and that nothing was changed.
func Unavailable(cause error) error {
	return fault.Wrap(cause, fault.Unavailable, CodeUnavailable,
		"The store of access rights does not answer. Try again in a moment.").After(retryAfter)
}

// Unknown says that nobody knows whether a commit was applied.
func Unknown(cause error) error {
	return fault.Wrap(cause, fault.Unknown, CodeUnavailable,
		"The store of access rights did not confirm the change. Try again in a moment.").After(retryAfter)
}

// Stale is ErrStale as a fault.
func Stale() error {
	return fault.Wrap(ErrStale, fault.Unavailable, CodeUnavailable,
		"The change came too late to be applied safely. Try it again; if this goes on, compare this server's clock with the store's.")
}

// Conflict is a ConflictError as a fault.
func Conflict(keys []string) error {
	return fault.Wrap(&ConflictError{Keys: keys}, fault.Conflict, fault.CodeConflict,
		"Somebody else changed this meanwhile. Load it again.")
}

// NewerFormat refuses a store that a newer version has written.
func NewerFormat(found, known int) error {
	return fault.Newf(fault.Unavailable, fault.CodeStoreVersion,
		"This store was written by a newer version of Sightline (format %d; this one knows %d). Start the newer version, or restore a backup made before the update.", found, known)
}
