package boltkv

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"go.etcd.io/bbolt"
)

// sound reads every record of a file once. The library's own walk at the start
// runs in a goroutine of its own, where a damaged page or a file cut short
// would end the program instead of being an error.
func sound(path string) (err error) {
	st, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) || err == nil && st.Size() == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait, ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // a page behind the end of the file
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("damaged: %v", v)
		}
	}()
	return db.View(func(tx *bbolt.Tx) error {
		var seen byte
		return tx.ForEach(func(_ []byte, b *bbolt.Bucket) error { return readAll(b, &seen) })
	})
}

// readAll adds a byte of every page to seen, so that every page is looked at.
func readAll(b *bbolt.Bucket, seen *byte) error {
	return b.ForEach(func(k, v []byte) error {
		if v == nil {
			return readAll(b.Bucket(k), seen)
		}
		for i := 0; i < len(v); i += 4096 {
			*seen += v[i]
		}
		return nil
	})
}
