package gallery

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"sightline/authz"
	"sightline/ingest/intake"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/picture"
)

// Accept stores an image of a camera in its owner's gallery and puts it on the
// way to everybody in the camera's groups (R51). See intake.Accepter.
func (g *Gallery) Accept(ctx context.Context, a intake.Arrival) (intake.Receipt, error) {
	got, err := g.accept(ctx, a)
	g.metrics.arrived(a.Via, got, err)
	if err == nil && got.New && g.cfg.Arrived != nil && a.Via != intake.ViaNotice {
		if err := g.cfg.Arrived(ctx, a.Camera, got.Image); err != nil { // it is kept all the same
			g.cfg.Log.Warn("nobody is told of an image that arrived", "camera", a.Camera, "err", err)
		}
	}
	return got, err
}

func (g *Gallery) accept(ctx context.Context, a intake.Arrival) (intake.Receipt, error) {
	size, err := picture.Check(a.Data) // before anything is asked: it costs least
	if err != nil {
		return intake.Receipt{}, err
	}
	src, err := g.cfg.Authority.ImageSource(ctx, a.Camera)
	if err != nil {
		return intake.Receipt{}, err
	}
	sum := sha256.Sum256(a.Data)
	r := row{V: rowVersion, Camera: a.Camera, Name: src.Camera.Name, Hash: hex.EncodeToString(sum[:]), W: size.W, H: size.H,
		Bytes: int64(len(a.Data)), Via: a.Via, Details: picture.Read(a.Data, zone(src.Camera.Zone))}
	if a.Once == "" {
		a.Once = r.Hash
	}
	r.Once = onceMark(a.Camera, a.Once)
	// A retry is answered before it is counted: it is no new image.
	if was, err := g.known(ctx, src.Owner.ID, r.Once); err != nil || was != "" {
		return intake.Receipt{Image: was}, err
	}
	if ok, wait := g.rate.Add(a.Camera); !ok {
		return intake.Receipt{}, fault.Newf(fault.RateLimited, string(authz.ReasonRateLimited),
			"A camera may send %d images a minute.", g.cfg.CameraRate).After(wait)
	}
	if free, ok := g.cfg.Blobs.Free(ctx); ok && free < g.cfg.Reserve+r.Bytes {
		return intake.Receipt{}, fault.New(fault.Unavailable, fault.CodeDiskFull, "The disk for pictures is full. Nothing was stored; free some space and send it again.")
	}
	now := g.cfg.Clock.Now()
	if r.Details.Taken.IsZero() {
		r.Details.Taken = a.Taken
	}
	if t := r.Details.Taken; !t.IsZero() && t.Before(now.Add(24*time.Hour)) { // a camera's clock may be wrong, not a day ahead
		r.Taken = t.UnixMilli()
	}
	return g.keep(ctx, src, r, a.Data)
}

// known returns the image an arrival has made before; "" when none.
func (g *Gallery) known(ctx context.Context, account, once string) (string, error) {
	snap, err := g.read(ctx, account, []string{pOnce + once})
	if err != nil {
		return "", err
	}
	return string(snap.Values[0].Data), nil
}

// keep writes reference, bytes and row, in this order.
func (g *Gallery) keep(ctx context.Context, src authz.ImageSource, r row, data []byte) (intake.Receipt, error) {
	r.Day = g.cfg.Clock.Now().In(zone(src.Owner.Zone)).Format(time.DateOnly)
	for range tries {
		turn, room, err := g.room(ctx, src.Owner, r) // the bytes of a full account are not written first
		if err != nil {
			return intake.Receipt{}, err
		}
		if !room {
			return intake.Receipt{}, g.skip(ctx, src.Owner.ID, r.Once, true)
		}
		if err := g.refs.add(ctx, r.Hash, src.Owner.ID); err != nil {
			return intake.Receipt{}, away(err)
		}
		if err := g.cfg.Blobs.Put(ctx, blobName(r.Hash, asSent), data); err != nil {
			g.unneeded(ctx, src.Owner.ID, r.Hash)
			return intake.Receipt{}, err
		}
		out, err := g.enter(ctx, src, r, turn)
		if !errors.Is(err, errTurned) {
			return out, err
		}
	}
	return intake.Receipt{}, away(errTurned)
}

// errTurned: somebody may have dropped the reference meanwhile.
var errTurned = errors.New("gallery: the account's turn was moved")

// enter commits the row of an image whose bytes are there, and posts its copies.
// turn is the version of the account's turn before its reference was added.
func (g *Gallery) enter(ctx context.Context, src authz.ImageSource, r row, turn uint64) (intake.Receipt, error) {
	var out intake.Receipt
	var parcels []parcel
	full, closed, turned := false, false, false
	account := src.Owner.ID
	keys := []string{pOnce + r.Once, kSums, pDay + r.Day, turnKey(r.Hash)}
	err := g.change(ctx, account, keys, func(at map[string]kv.Value, now time.Time) (kv.Txn, error) {
		out, parcels, full = intake.Receipt{}, nil, false
		if turned = at[turnKey(r.Hash)].Version != turn; turned {
			return kv.Txn{}, errNothing
		}
		if was := at[pOnce+r.Once]; was.Exists() { // the sender's retry was quicker
			out = intake.Receipt{Image: string(was.Data)}
			return kv.Txn{}, errNothing
		}
		s, err := parseSums(at[kSums])
		if err != nil {
			return kv.Txn{}, err
		}
		if closed = s.Closed; closed {
			return kv.Txn{}, errNothing
		}
		if full = s.Used+r.Bytes > g.quota(src.Owner, now); full {
			return kv.Txn{}, errNothing
		}
		r.At = now.UnixMilli()
		id := imageID(now, r.Once)
		out = intake.Receipt{Image: id, New: true}
		s.count(r, 1)
		txn := kv.Txn{Conditions: is(at[pOnce+r.Once], at[kSums], at[pDay+r.Day], at[turnKey(r.Hash)]), Writes: []kv.Write{
			{Key: pRow + id, Data: kv.Encode(r)}, {Key: pOnce + r.Once, Data: []byte(id)}, s.write(), dayWrite(at[pDay+r.Day], 1)}}
		for _, k := range r.marks(id) {
			txn.Writes = append(txn.Writes, kv.Write{Key: k, Data: []byte{'1'}})
		}
		parcels = pack(account, id, r, src.Receivers)
		for _, p := range parcels {
			txn.Writes = append(txn.Writes, kv.Write{Key: p.key(), Data: kv.Encode(p.box)})
		}
		return txn, nil
	})
	switch {
	case err != nil:
		return intake.Receipt{}, err // what is unknown may have been stored: the sweep knows
	case turned:
		return intake.Receipt{}, errTurned
	case closed:
		g.unneeded(ctx, account, r.Hash)
		return intake.Receipt{}, fault.New(fault.NotFound, string(authz.ReasonCameraGone), "This camera was removed.")
	case full:
		g.unneeded(ctx, account, r.Hash)
		return intake.Receipt{}, g.skip(ctx, account, r.Once, true)
	case !out.New:
		g.unneeded(ctx, account, r.Hash)
		return out, nil
	}
	g.post(parcels)
	return out, nil
}

// room says whether an account has room for a row now, and the version of its
// turn for the row's blob.
func (g *Gallery) room(ctx context.Context, acc authz.Account, r row) (turn uint64, ok bool, err error) {
	snap, err := g.read(ctx, acc.ID, []string{kSums, turnKey(r.Hash)})
	if err != nil {
		return 0, false, err
	}
	s, err := parseSums(snap.Values[0])
	if err != nil {
		return 0, false, away(err)
	}
	return snap.Values[1].Version, s.Used+r.Bytes <= g.quota(acc, snap.Now), nil
}

// quota is how many bytes of originals an account may keep.
func (g *Gallery) quota(acc authz.Account, now time.Time) int64 {
	return g.cfg.Authority.Plan(&acc, now).Originals
}

// skip counts an image that found no room, once however often it is tried, and
// tells the account once until there was room again (R54). For the account's own
// images it is the error to answer with.
func (g *Gallery) skip(ctx context.Context, account, image string, own bool) error {
	told, since := true, int64(0)
	err := g.change(ctx, account, []string{kSums}, func(at map[string]kv.Value, now time.Time) (kv.Txn, error) {
		s, err := parseSums(at[kSums])
		if err != nil {
			return kv.Txn{}, err
		}
		counted := s.miss(image, now.UnixMilli())
		if told, since = s.Told || s.Closed, s.Since; !counted {
			return kv.Txn{}, errNothing
		}
		return kv.Txn{Conditions: is(at[kSums]), Writes: []kv.Write{s.write()}}, nil
	})
	if err == nil {
		g.metrics.skipped.Inc()
	}
	if err == nil && !told { // told first and noted then: a crash between tells it again, under the same id
		if err = g.tellFull(ctx, account, since); err == nil {
			err = g.noteTold(ctx, account, since)
		}
	}
	if err != nil {
		g.cfg.Log.Warn("a full gallery could not be told to its owner", "err", err)
	}
	if !own {
		return nil
	}
	return fault.New(fault.Conflict, string(authz.ReasonQuotaFull), "The gallery is full. Nothing was stored; delete images or take a larger plan.")
}

// noteTold remembers that the account knows of the images skipped since then.
func (g *Gallery) noteTold(ctx context.Context, account string, since int64) error {
	return g.change(ctx, account, []string{kSums}, func(at map[string]kv.Value, _ time.Time) (kv.Txn, error) {
		s, err := parseSums(at[kSums])
		if err != nil {
			return kv.Txn{}, err
		}
		if s.Since != since {
			return kv.Txn{}, errNothing // there was room meanwhile
		}
		s.Told = true
		return kv.Txn{Conditions: is(at[kSums]), Writes: []kv.Write{s.write()}}, nil
	})
}

// unneeded drops a reference that no row of the account stands behind.
func (g *Gallery) unneeded(ctx context.Context, account, hash string) {
	ctx = context.WithoutCancel(ctx)
	needed, err := g.rows(ctx, account, hash)
	if err == nil && !needed {
		err = g.refs.drop(ctx, hash, g.leaving, account)
	}
	if err != nil {
		g.cfg.Log.Warn("an image that is not needed waits for the sweep", "err", err)
	}
}

// rows says whether an account has a row of a blob, in its gallery or its trash.
func (g *Gallery) rows(ctx context.Context, account, hash string) (bool, error) {
	snap, err := g.read(ctx, account, nil, kv.Scan{Prefix: pByHash + hash + "/", Limit: 1})
	if err != nil {
		return false, err
	}
	return len(snap.Scans[0]) > 0, nil
}

// leaving moves the account's turn for a blob and then looks for rows of it: none
// can come later from whoever looked at the turn before.
func (g *Gallery) leaving(ctx context.Context, account, hash string) (bool, error) {
	err := g.change(ctx, account, []string{turnKey(hash)}, func(map[string]kv.Value, time.Time) (kv.Txn, error) {
		return kv.Txn{Writes: []kv.Write{{Key: turnKey(hash), Data: []byte{'1'}}}}, nil
	})
	if err != nil {
		return false, err
	}
	return g.rows(ctx, account, hash)
}

// zone is a location by name; UTC when it is none.
func zone(name string) *time.Location {
	if loc, err := time.LoadLocation(name); err == nil {
		return loc
	}
	return time.UTC
}
