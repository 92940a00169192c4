package events

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/seal"
	"sightline/internal/secret"
)

// hook is the stored key with which events of a camera are reported from outside.
type hook struct {
	V      int    `json:"v"`
	Camera string `json:"camera"`
	Owner  string `json:"owner"`
	Key    string `json:"key"`  // sealed
	Hash   string `json:"hash"` // SHA-256 of the key, hex
}

func (h hook) place() seal.Place {
	return seal.Place{Tenant: h.Owner, Object: h.Camera, Field: "hook_key"}
}

var keyEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// newKey is 128 random bits in letters and digits that can be typed.
func newKey() secret.String {
	var b [16]byte
	rand.Read(b[:])
	return secret.New(keyEncoding.EncodeToString(b[:]))
}

func hashOf(s secret.String) string {
	sum := sha256.Sum256([]byte(s.Reveal()))
	return hex.EncodeToString(sum[:])
}

// Hook returns the hook key of an own camera, empty when it has none.
func (e *Events) Hook(ctx context.Context, sub authz.Subject, camera string) (secret.String, error) {
	if err := e.manage(ctx, sub, camera); err != nil {
		return secret.String{}, err
	}
	h, _, ok, err := setting[hook](ctx, e, pHook+camera)
	if err != nil || !ok {
		return secret.String{}, err
	}
	key, err := e.cfg.Seal.Unseal(h.Key, h.place())
	if err != nil {
		return key, fault.Wrap(err, fault.Internal, fault.CodeInternal, "The key of this camera cannot be opened. Make a new one.")
	}
	return key, nil
}

// NewHook gives an own camera a hook key; the one it had stops at once.
func (e *Events) NewHook(ctx context.Context, sub authz.Subject, camera string) (secret.String, error) {
	key := newKey()
	err := set(ctx, e, sub, camera, pHook+camera, authz.LogHook, []string{"what", "made"}, func(owner string, _ *hook) (*hook, error) {
		h := &hook{V: version, Camera: camera, Owner: owner, Hash: hashOf(key)}
		h.Key = e.cfg.Seal.Seal(key, h.place())
		return h, nil
	})
	if err != nil {
		return secret.String{}, err
	}
	return key, nil
}

// RemoveHook takes an own camera's hook key away. Idempotent.
func (e *Events) RemoveHook(ctx context.Context, sub authz.Subject, camera string) error {
	return set(ctx, e, sub, camera, pHook+camera, authz.LogHook, []string{"what", "removed"}, func(string, *hook) (*hook, error) { return nil, nil })
}

// ByHook says whether a key is the camera's hook key: fault.NotFound for a wrong
// key as for a camera that is not there, and in the same time; fault.Forbidden
// when the camera is switched off; fault.RateLimited when it reports too much.
func (e *Events) ByHook(ctx context.Context, camera string, key secret.String) error {
	id := camera
	if !authz.ValidID(id) {
		id = firstID(e.now()) // asked for all the same
	}
	ctx, cancel := context.WithTimeout(ctx, e.cfg.Timeout)
	defer cancel()
	snap, err := e.cfg.Store.Read(ctx, kv.Control, []string{pHook + id, authz.CameraPrefix + id}, nil)
	if err != nil {
		return away(err)
	}
	h, known := decode[hook](snap.Values[0])
	if !known {
		h.Hash = hashOf(secret.String{})
	}
	right := subtle.ConstantTimeCompare([]byte(hashOf(key)), []byte(h.Hash)) == 1
	if !right || !known || key.Empty() || !snap.Values[1].Exists() {
		return fault.New(fault.NotFound, fault.CodeNotFound, "There is no such thing here.")
	}
	if ok, retry := e.hooks.Add(camera); !ok {
		return fault.Newf(fault.RateLimited, "rate_limited", "This key may report %d times in a minute.", e.cfg.HookRate).After(retry)
	}
	if c, err := authz.DecodeCamera(snap.Values[1].Data); err != nil || !c.Enabled {
		return fault.New(fault.Forbidden, string(authz.ReasonCameraOff), "This camera is switched off.")
	}
	return nil
}
