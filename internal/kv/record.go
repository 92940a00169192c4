package kv

import (
	"encoding/json"
	"errors"
	"time"

	"sightline/internal/fault"
)

// Encode is the stored form of a record. Records are types of ours, so it cannot fail.
func Encode(record any) []byte {
	b, err := json.Marshal(record)
	if err != nil {
		panic(err)
	}
	return b
}

// Decode reads a record that says its version in the field "v"; ok is false where
// there is none, or one of another version.
func Decode[T any](v Value, version int) (record T, ok bool) {
	var head struct {
		V int `json:"v"`
	}
	if !v.Exists() || json.Unmarshal(v.Data, &head) != nil || head.V != version {
		return record, false
	}
	if json.Unmarshal(v.Data, &record) != nil {
		var none T
		return none, false
	}
	return record, true
}

// Away is what a page is told when a store of its things does not answer; faults
// stay as they are.
func Away(err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return err
	}
	return fault.Wrap(err, fault.Unavailable, CodeUnavailable, "The store does not answer. Try again in a moment.").After(2 * time.Second)
}
