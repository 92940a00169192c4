package controlroom

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"

	"crypto/rand"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/seal"
	"sightline/internal/secret"
)

// IntakeView is how images of a camera come in, for its owner.
type IntakeView struct {
	Key         secret.String // of uploads and FTP; 128 bits
	Mail        string        // local part of its mail address; a secret like the key
	User        string        // FTP login
	Every       int           // minutes between two stills; 0 = none
	OnNotice    bool          // a still when a notice about the camera is made
	Tell        bool          // a notice when an image arrives
	SnapshotURL string        // the camera's own address for stills; "" = stills are cut from its stream
}

// IntakeInput changes it; nil leaves a field as it is.
type IntakeInput struct {
	Every       *int
	OnNotice    *bool
	Tell        *bool
	SnapshotURL *string
}

// intakeRecord is the stored form, in the control space: who may bring images in
// is authority's business.
type intakeRecord struct {
	V           int    `json:"v"`
	Camera      string `json:"camera"`
	Owner       string `json:"owner"`
	Key         string `json:"key"`  // sealed
	Hash        string `json:"hash"` // SHA-256 of the key, hex
	Mail        string `json:"mail"`
	Every       int    `json:"every,omitempty"`
	OnNotice    bool   `json:"on_notice,omitempty"`
	Tell        bool   `json:"tell,omitempty"`
	SnapshotURL string `json:"snapshot_url,omitempty"`
}

const (
	intakeVersion = 1
	pIntake       = "intake/"     // + camera: intakeRecord
	pIntakeMail   = "intakemail/" // + hash of the local part: camera
	everyMost     = 24 * 60       // minutes
)

var keyEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// newKey is 128 random bits in letters and digits that can be typed.
func newKey() string {
	var b [16]byte
	rand.Read(b[:])
	return keyEncoding.EncodeToString(b[:])
}

func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func mailKey(local string) string { return pIntakeMail + hashOf("intake\x00"+local) }

func intakePlace(r intakeRecord) seal.Place {
	return seal.Place{Tenant: r.Owner, Object: r.Camera, Field: "intake_key"}
}

// renew gives the record a new key and mail address.
func (r *intakeRecord) renew(box *seal.Box) {
	key := newKey()
	r.Key, r.Hash, r.Mail = box.Seal(secret.New(key), intakePlace(*r)), hashOf(key), newKey()
}

// writes puts the record and its address in place of what was.
func (r intakeRecord) writes(was *intakeRecord) []kv.Write {
	r.V = intakeVersion
	out := []kv.Write{{Key: pIntake + r.Camera, Data: encode(r)}, {Key: mailKey(r.Mail), Data: []byte(r.Camera)}}
	if was != nil && was.Mail != r.Mail {
		out = append(out, kv.Write{Key: mailKey(was.Mail), Delete: true})
	}
	return out
}

// remove takes a camera's record away.
func (r intakeRecord) remove() []kv.Write {
	return []kv.Write{{Key: pIntake + r.Camera, Delete: true}, {Key: mailKey(r.Mail), Delete: true}}
}

// readIntake reads a camera's record; nil when it has none.
func (r *Room) readIntake(ctx context.Context, camera string) (*intakeRecord, kv.Value, error) {
	snap, err := r.cfg.Store.Read(ctx, kv.Control, []string{pIntake + camera}, nil)
	if err != nil {
		return nil, kv.Value{}, kv.Unavailable(err)
	}
	v := snap.Values[0]
	if !v.Exists() {
		return nil, v, nil
	}
	rec, err := decodeIntake(v.Data)
	if err != nil {
		return nil, v, fault.Wrap(err, fault.Internal, fault.CodeInternal, "How this camera's images come in cannot be read.")
	}
	return &rec, v, nil
}

func decodeIntake(data []byte) (intakeRecord, error) {
	var rec intakeRecord
	if err := json.Unmarshal(data, &rec); err != nil || rec.V != intakeVersion {
		return rec, errSource
	}
	return rec, nil
}

// Intake returns how images of an own camera come in; ok is false when it takes
// none yet.
func (r *Room) Intake(ctx context.Context, sub authz.Subject, camera string) (v IntakeView, ok bool, err error) {
	if _, err := r.mine(ctx, sub, camera); err != nil {
		return IntakeView{}, false, err
	}
	rec, _, err := r.readIntake(ctx, camera)
	if err != nil || rec == nil {
		return IntakeView{}, false, err
	}
	v, err = r.viewIntake(*rec)
	return v, err == nil, err
}

func (r *Room) viewIntake(rec intakeRecord) (IntakeView, error) {
	key, err := r.cfg.Seal.Unseal(rec.Key, intakePlace(rec))
	if err != nil {
		return IntakeView{}, fault.Wrap(err, fault.Internal, fault.CodeInternal, "The key of this camera cannot be opened. Make a new one.")
	}
	return IntakeView{Key: key, Mail: rec.Mail, User: rec.Camera, Every: rec.Every, OnNotice: rec.OnNotice, Tell: rec.Tell, SnapshotURL: rec.SnapshotURL}, nil
}

// SetIntake changes how images of an own camera come in, and lets them in where
// they did not before.
func (r *Room) SetIntake(ctx context.Context, sub authz.Subject, camera string, in IntakeInput) (IntakeView, error) {
	return r.changeIntake(ctx, sub, camera, func(rec *intakeRecord) error { return rec.apply(in) })
}

// RenewIntake gives an own camera a new key and a new mail address; the old ones
// stop at once.
func (r *Room) RenewIntake(ctx context.Context, sub authz.Subject, camera string) (IntakeView, error) {
	return r.changeIntake(ctx, sub, camera, func(rec *intakeRecord) error { rec.renew(r.cfg.Seal); return nil })
}

func (r *Room) changeIntake(ctx context.Context, sub authz.Subject, camera string, fn func(*intakeRecord) error) (IntakeView, error) {
	var rec intakeRecord
	err := r.cfg.Authority.WriteForCamera(ctx, sub, camera, func(ctx context.Context, owner string) ([]kv.Condition, []kv.Write, error) {
		was, v, err := r.readIntake(ctx, camera)
		if err != nil {
			return nil, nil, err
		}
		rec = intakeRecord{Camera: camera, Owner: owner}
		if was != nil {
			rec = *was
		} else {
			rec.renew(r.cfg.Seal)
		}
		if err := fn(&rec); err != nil {
			return nil, nil, err
		}
		return []kv.Condition{{Key: v.Key, Version: v.Version}}, rec.writes(was), nil
	})
	if err != nil {
		return IntakeView{}, err
	}
	return r.viewIntake(rec)
}

// apply checks and takes over what is given.
func (r *intakeRecord) apply(in IntakeInput) error {
	if in.Every != nil {
		if *in.Every < 0 || *in.Every > everyMost {
			return fault.Field("every_minutes", fault.CodeBadValue, "Stills are cut every 1 to 1440 minutes; 0 cuts none.")
		}
		r.Every = *in.Every
	}
	if in.OnNotice != nil {
		r.OnNotice = *in.OnNotice
	}
	if in.Tell != nil {
		r.Tell = *in.Tell
	}
	if in.SnapshotURL != nil {
		raw := strings.TrimSpace(*in.SnapshotURL)
		u, err := url.Parse(raw)
		if raw != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || len(raw) > 1024) {
			return fault.Field("snapshot_url", fault.CodeBadURL, "Write the address as http://192.168.1.10/snapshot.jpg, without a login.")
		}
		r.SnapshotURL = raw
	}
	return nil
}

// errIntake is the one answer to senders that name no camera or have no key.
func errIntake() error {
	return fault.New(fault.Unauthenticated, fault.CodeWrongCode, "This key opens no camera here.")
}

// ByKey says whether a key is the camera's (intake.Directory). The comparison
// takes the same time whatever is wrong.
func (r *Room) ByKey(ctx context.Context, camera string, key secret.String) error {
	rec := &intakeRecord{Hash: hashOf("")}
	if authz.ValidID(camera) {
		found, _, err := r.readIntake(ctx, camera)
		if err != nil {
			return err
		}
		if found != nil {
			rec = found
		}
	}
	if subtle.ConstantTimeCompare([]byte(hashOf(key.Reveal())), []byte(rec.Hash)) != 1 || key.Empty() {
		return errIntake()
	}
	return nil
}

// ByAddress finds the camera of a mail address's local part (intake.Directory).
func (r *Room) ByAddress(ctx context.Context, local string) (string, error) {
	snap, err := r.cfg.Store.Read(ctx, kv.Control, []string{mailKey(local)}, nil)
	if err != nil {
		return "", kv.Unavailable(err)
	}
	camera := string(snap.Values[0].Data)
	if !authz.ValidID(camera) {
		return "", errIntake()
	}
	rec, _, err := r.readIntake(ctx, camera)
	if err != nil {
		return "", err
	}
	if rec == nil || rec.Mail != local { // what is left of a camera that is gone
		return "", errIntake()
	}
	return camera, nil
}

// ByLogin finds the camera of an FTP login (intake.Directory).
func (r *Room) ByLogin(ctx context.Context, user string, password secret.String) (string, error) {
	return user, r.ByKey(ctx, user, password)
}

// forgetIntake removes what is left of a camera that is gone with its owner.
func (r *Room) forgetIntake(ctx context.Context, camera string) {
	rec, _, err := r.readIntake(ctx, camera)
	if err == nil && rec != nil {
		r.forget(ctx, rec.remove())
	}
}
