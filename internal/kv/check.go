package kv

import (
	"fmt"
	"time"
)

// Bounds returns the keys a scan covers as lo <= key < hi; hi "" means no end.
// ok is false when the range is empty.
func (s Scan) Bounds() (lo, hi string, ok bool) {
	lo, hi = s.Prefix, prefixEnd(s.Prefix)
	switch {
	case s.From == "":
	case s.Reverse:
		if end := s.From + "\x00"; hi == "" || end < hi {
			hi = end
		}
	case s.From > lo:
		lo = s.From
	}
	return lo, hi, hi == "" || lo < hi
}

// Max is the number of keys the scan may return.
func (s Scan) Max() int {
	if s.Limit <= 0 || s.Limit > MaxScan {
		return MaxScan
	}
	return s.Limit
}

// prefixEnd is the first string after all that begin with p; "" = there is none.
func prefixEnd(p string) string {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i] != 0xff {
			return p[:i] + string([]byte{p[i] + 1})
		}
	}
	return ""
}

// stampLen is what Write.Stamp adds to a key.
const stampLen = 20

// StampedKey returns the key of write number i of the commit with that revision.
func (w Write) StampedKey(revision uint64, i int) string {
	if !w.Stamp {
		return w.Key
	}
	return fmt.Sprintf("%s%016x%04x", w.Key, revision, i)
}

// Check finds what makes a Txn unfit for every backend, before it is sent. Its
// errors are our own mistakes, not the user's. It returns the time in the ID.
func (t Txn) Check() (time.Time, error) {
	at, err := IDTime(t.ID)
	if err != nil {
		return at, err
	}
	if err := t.Space.Check(); err != nil {
		return at, err
	}
	if len(t.Writes) > MaxWrites || len(t.Conditions) > MaxWrites {
		return at, fmt.Errorf("kv: %d writes and %d conditions in one commit, %d are the most", len(t.Writes), len(t.Conditions), MaxWrites)
	}
	for _, c := range t.Conditions {
		if err := checkKey(c.Key, MaxKey); err != nil {
			return at, err
		}
	}
	for _, w := range t.Writes {
		room := MaxKey
		if w.Stamp {
			room -= stampLen
		}
		if err := checkKey(w.Key, room); err != nil {
			return at, err
		}
		if w.Stamp && w.Delete {
			return at, fmt.Errorf("kv: a stamped write of %q cannot delete", w.Key)
		}
		if len(w.Data) > MaxData {
			return at, fmt.Errorf("kv: %d bytes at %q, %d are the most", len(w.Data), w.Key, MaxData)
		}
	}
	return at, nil
}

// CheckAge returns ErrStale (in a fault.Unavailable) unless the time in an ID
// is within TxnLife of store time.
func CheckAge(id, now time.Time) error {
	if d := now.Sub(id); d > TxnLife || d < -TxnLife {
		return Stale()
	}
	return nil
}

// CheckRead finds what makes a Read unfit for every backend.
func CheckRead(space Space, keys []string, scans []Scan) error {
	if err := space.Check(); err != nil {
		return err
	}
	if len(keys) > MaxScan {
		return fmt.Errorf("kv: %d keys in one read, %d are the most", len(keys), MaxScan)
	}
	for _, k := range keys {
		if err := checkKey(k, MaxKey); err != nil {
			return err
		}
	}
	for _, s := range scans {
		if len(s.Prefix) > MaxKey || len(s.From) > MaxKey+1 {
			return fmt.Errorf("kv: scan of %q from %q is longer than a key can be", s.Prefix, s.From)
		}
	}
	return nil
}

// Check refuses names that a backend could not keep apart: 1 to 128 letters,
// digits and : _ -
func (s Space) Check() error {
	if len(s) == 0 || len(s) > 128 {
		return fmt.Errorf("kv: space name of %d bytes", len(s))
	}
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == ':', c == '_', c == '-':
		default:
			return fmt.Errorf("kv: space name %q", string(s))
		}
	}
	return nil
}

func checkKey(k string, room int) error {
	if k == "" || len(k) > room {
		return fmt.Errorf("kv: key of %d bytes, 1 to %d are allowed", len(k), room)
	}
	return nil
}
