package authz

import (
	"encoding/json"
	"errors"
)

// recordVersion is the version of every record this program writes. A record
// of another version is not guessed at: what depends on it is denied (F30).
const recordVersion = 1

// errRecord is the cause when a stored record cannot be understood.
var errRecord = errors.New("authz: a stored record is of an unknown version or damaged")

// head is embedded in every record and carries its version.
type head struct {
	V int `json:"v"`
}

func (h head) version() int { return h.V }

type record interface{ version() int }

// decode reads a record; errRecord when it is damaged or of another version.
func decode[T record](data []byte) (*T, error) {
	var r T
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, errRecord
	}
	if r.version() != recordVersion {
		return nil, errRecord
	}
	return &r, nil
}

// encode writes a record; the caller has set its version.
func encode(r record) []byte {
	b, err := json.Marshal(r)
	if err != nil {
		panic("authz: a record that cannot be written: " + err.Error()) // only by a mistake in its type
	}
	return b
}

var v1 = head{V: recordVersion}
