package push

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"sync"

	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/seal"
	"sightline/internal/secret"
)

// pair is this server's key pair: browsers subscribe to the public key, and their
// push services take messages of no other. One pair for all nodes of a store.
type pair struct {
	Public  string        // uncompressed point, unpadded base64url
	Private secret.String // exported, so that printing the pair masks it
}

// keys remembers the pair once it was read.
type keys struct {
	mu   sync.Mutex
	pair *pair
}

// stored is the record of the pair.
type stored struct {
	V       int    `json:"v"`
	Public  string `json:"public"`
	Private string `json:"private"` // sealed
}

const keysKey = "vapid"

var keysPlace = seal.Place{Object: keysKey, Field: "private"}

// PublicKey is what browsers subscribe to. The pair is made at the first call
// of all nodes.
func (p *Push) PublicKey(ctx context.Context) (string, error) {
	k, err := p.pair(ctx)
	if err != nil {
		return "", err
	}
	return k.Public, nil
}

func (p *Push) pair(ctx context.Context) (*pair, error) {
	p.keys.mu.Lock()
	defer p.keys.mu.Unlock()
	if p.keys.pair != nil {
		return p.keys.pair, nil
	}
	for range 4 { // several nodes may make it at once: one of them does
		snap, err := p.cfg.Store.Read(ctx, kv.Control, []string{keysKey}, nil)
		if err != nil {
			return nil, kv.Away(err)
		}
		old := snap.Values[0]
		if old.Exists() {
			k, err := p.open(old.Data)
			if err == nil {
				p.keys.pair = k
				return k, nil
			}
			if !errors.Is(err, seal.ErrSealed) {
				return nil, err
			}
			// Other keys seal this store now (adopt-store): the pair is lost, and with it every subscription.
			p.cfg.Log.Warn("the key pair of Web Push cannot be opened and is made anew; devices have to be switched on again")
		}
		public, private, err := generate()
		if err != nil {
			return nil, err
		}
		rec := stored{V: recordVersion, Public: public, Private: p.cfg.Seal.Seal(private, keysPlace)}
		err = p.commit(ctx, kv.Control, []kv.Condition{{Key: keysKey, Version: old.Version}}, kv.Write{Key: keysKey, Data: kv.Encode(rec)})
		if err != nil && !errors.Is(err, kv.ErrConflict) {
			return nil, kv.Away(err)
		}
	}
	return nil, fault.New(fault.Unavailable, kv.CodeUnavailable, "The store does not answer. Try again in a moment.")
}

func (p *Push) open(data []byte) (*pair, error) {
	var rec stored
	if err := json.Unmarshal(data, &rec); err != nil || rec.V != recordVersion {
		return nil, fault.New(fault.Unavailable, fault.CodeStoreVersion, "The key pair of Web Push was written by a newer version.")
	}
	private, err := p.cfg.Seal.Unseal(rec.Private, keysPlace)
	if err != nil {
		return nil, err
	}
	return &pair{Public: rec.Public, Private: private}, nil
}

func generate() (public string, private secret.String, err error) {
	k, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return "", secret.String{}, err
	}
	enc := base64.RawURLEncoding
	return enc.EncodeToString(k.PublicKey().Bytes()), secret.New(enc.EncodeToString(k.Bytes())), nil
}
