package main

import (
	"context"
	"errors"
	"time"

	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/seal"
	"sightline/internal/secret"
)

// A store remembers with which keys its secrets are sealed, by one record that
// can be opened with them. A server with other keys could open no camera's
// password and would seal new ones so that no other server can.
const (
	sealedKey   = "sealed"
	sealedText  = "sightline"
	sealedLimit = 5 * time.Second
	sealedTries = 3 // servers that start together
)

var sealedPlace = seal.Place{Object: sealedKey, Field: "check"}

// checkSealed compares the keys with the store's record, and writes it where
// there is none or an older key made it. With adopt, other keys than the
// record's take over; others says that they did.
func checkSealed(ctx context.Context, store kv.Store, box *seal.Box, adopt bool) (others bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, sealedLimit)
	defer cancel()
	for range sealedTries {
		snap, e := store.Read(ctx, kv.Control, []string{sealedKey}, nil)
		if e != nil {
			return false, e
		}
		old := snap.Values[0]
		if old.Exists() {
			text, e := box.Unseal(string(old.Data), sealedPlace)
			others = e != nil || text.Reveal() != sealedText
			switch {
			case others && !adopt:
				return true, fault.New(fault.Invalid, fault.CodeBadValue, "The store was sealed with other keys than this server has. Put the "+
					seal.KeyFile+" of its first server into the data folder, or give its keys in "+seal.EnvKeys+
					". If they are lost, run sightline adopt-store and enter the cameras' passwords again.")
			case !others && !box.Stale(string(old.Data)):
				return false, nil
			}
		}
		_, err = store.Commit(ctx, kv.Txn{
			ID: kv.NewID(snap.Now), Space: kv.Control,
			Conditions: []kv.Condition{{Key: sealedKey, Version: old.Version}},
			Writes:     []kv.Write{{Key: sealedKey, Data: []byte(box.Seal(secret.New(sealedText), sealedPlace))}},
		})
		if !errors.Is(err, kv.ErrConflict) {
			return others, err
		}
	}
	return false, err
}
