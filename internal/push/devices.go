package push

import (
	"cmp"
	"context"
	"crypto/ecdh"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"sightline/internal/clock"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/secret"
)

// deviceID is made of the endpoint: a browser that subscribes again is the same device.
func deviceID(endpoint string) string {
	sum := sha256.Sum256([]byte("device\x00" + endpoint))
	return base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding).EncodeToString(sum[:16])
}

// decode takes base64url with or without padding.
func decode(s string) ([]byte, error) {
	return base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "="))
}

// check refuses what no browser gives, and endpoints outside of the public internet.
func (p *Push) check(s Subscription) error {
	if err := p.cfg.Guard.CheckURL(s.Endpoint, "endpoint"); err != nil {
		return err
	}
	if !strings.HasPrefix(s.Endpoint, "https://") {
		return fault.Field("endpoint", fault.CodeBadURL, "The address has to begin with https://.")
	}
	key, err := decode(s.P256dh)
	if err == nil {
		_, err = ecdh.P256().NewPublicKey(key)
	}
	if err != nil {
		return fault.Field("keys.p256dh", fault.CodeBadValue, "This is no public key of a browser.")
	}
	if auth, err := decode(s.Auth); err != nil || len(auth) != 16 {
		return fault.Field("keys.auth", fault.CodeBadValue, "This is no secret of a browser.")
	}
	return nil
}

// Subscribe makes, or renews, the device of a login. Another account's device of
// the same browser ends. fault.Invalid by field; fault.RateLimited after freshMost
// new ones of an account in a minute.
func (p *Push) Subscribe(ctx context.Context, account, login, browser string, s Subscription) (Device, error) {
	if err := p.check(s); err != nil {
		return Device{}, err
	}
	u, err := url.Parse(s.Endpoint)
	if err != nil {
		return Device{}, fault.Field("endpoint", fault.CodeBadURL, "This is no address.")
	}
	id, space := deviceID(s.Endpoint), kv.Bulk(account)
	text, err := json.Marshal(s)
	if err != nil {
		return Device{}, err
	}
	at, err := p.cfg.Store.Read(ctx, kv.Control, []string{pPlace + id}, nil)
	if err != nil {
		return Device{}, kv.Away(err)
	}
	if before := whose(at.Values[0]); before != account {
		if ok, retry := p.fresh.Allow(account); !ok {
			return Device{}, fault.New(fault.RateLimited, codeRateLimited, "Too many browsers were added. Wait a moment.").After(retry)
		}
		if err := p.commit(ctx, kv.Control, nil, kv.Write{Key: pPlace + id, Data: kv.Encode(place{V: recordVersion, Account: account})}); err != nil {
			return Device{}, kv.Away(err)
		}
		if before != "" {
			if err := p.commit(ctx, kv.Bulk(before), nil, kv.Write{Key: deviceKey(id), Delete: true}); err != nil {
				return Device{}, kv.Away(err)
			}
		}
	}
	d := device{V: recordVersion, Login: login, Browser: browser, Service: u.Hostname(), Made: p.cfg.Clock.Now().UnixMilli(),
		Sealed: p.cfg.Seal.Seal(secret.New(string(text)), sealPlace(account, id))}
	for range 5 {
		snap, err := p.cfg.Store.Read(ctx, space, []string{guardKey}, []kv.Scan{{Prefix: Prefix}})
		if err != nil {
			return Device{}, kv.Away(err)
		}
		gone := p.room(snap.Scans[0], id, login)
		writes := append(slices.Clone(gone), kv.Write{Key: deviceKey(id), Data: kv.Encode(d)}, kv.Write{Key: guardKey, Data: []byte("1")})
		err = p.commit(ctx, space, []kv.Condition{{Key: guardKey, Version: snap.Values[0].Version}}, writes...)
		if err == nil {
			for _, w := range gone {
				if err := p.leave(ctx, account, strings.TrimPrefix(w.Key, Prefix)); err != nil { // the sweep comes by
					p.cfg.Log.Warn("the place of a device that made room stays a while", "account", account, "err", err)
				}
			}
			return d.public(id), nil
		}
		if !errors.Is(err, kv.ErrConflict) {
			return Device{}, kv.Away(err)
		}
	}
	return Device{}, fault.New(fault.Conflict, fault.CodeConflict, "It was changed at the same time. Try again.")
}

func whose(v kv.Value) string {
	var at place
	if !v.Exists() || json.Unmarshal(v.Data, &at) != nil {
		return ""
	}
	return at.Account
}

// room deletes what a new device takes the place of: an older one of the same
// login (a browser has one), and the longest unused past the cap.
func (p *Push) room(have []kv.Value, id, login string) (writes []kv.Write) {
	var rest []kv.Value
	for _, v := range have {
		d, ok := parse(v)
		switch {
		case idOf(v) == id:
		case !ok, d.Login == login:
			writes = append(writes, kv.Write{Key: v.Key, Delete: true})
		default:
			rest = append(rest, v)
		}
	}
	last := func(v kv.Value) int64 { d, _ := parse(v); return max(d.Used, d.Made) }
	slices.SortFunc(rest, func(a, b kv.Value) int { return cmp.Compare(last(a), last(b)) })
	for len(rest) >= p.cfg.Most {
		writes = append(writes, kv.Write{Key: rest[0].Key, Delete: true})
		rest = rest[1:]
	}
	return writes
}

// Devices lists an account's devices, newest first. Those of logins that have
// ended are gone.
func (p *Push) Devices(ctx context.Context, account string) ([]Device, error) {
	snap, err := p.cfg.Store.Read(ctx, kv.Bulk(account), nil, []kv.Scan{{Prefix: Prefix}})
	if err != nil {
		return nil, kv.Away(err)
	}
	out := []Device{}
	for _, v := range snap.Scans[0] {
		d, ok := parse(v)
		if !ok {
			continue
		}
		stands, err := p.cfg.Stands(ctx, account, d.Login)
		if err != nil {
			return nil, err
		}
		if stands {
			out = append(out, d.public(idOf(v)))
			continue
		}
		if err := p.drop(ctx, account, idOf(v)); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(a, b Device) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return out, nil
}

// Targets lists the ids of an account's devices.
func (p *Push) Targets(ctx context.Context, account string) ([]string, error) {
	snap, err := p.cfg.Store.Read(ctx, kv.Bulk(account), nil, []kv.Scan{{Prefix: Prefix}})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, v := range snap.Scans[0] {
		ids = append(ids, idOf(v))
	}
	return ids, nil
}

// Remove forgets a device of an account: fault.NotFound where it has none of this id.
func (p *Push) Remove(ctx context.Context, account, id string) error {
	at, err := p.cfg.Store.Read(ctx, kv.Bulk(account), []string{deviceKey(id)}, nil)
	if err != nil {
		return kv.Away(err)
	}
	if at.Values[0].Version == 0 {
		return fault.New(fault.NotFound, fault.CodeNotFound, "This does not exist.")
	}
	return p.drop(ctx, account, id)
}

// drop is Remove that is content where there is none. Idempotent; a device of
// somebody else stays.
func (p *Push) drop(ctx context.Context, account, id string) error {
	if err := p.commit(ctx, kv.Bulk(account), nil, kv.Write{Key: deviceKey(id), Delete: true}); err != nil {
		return kv.Away(err)
	}
	return p.leave(ctx, account, id)
}

// leave removes the place of a device unless it is somebody else's. Idempotent.
func (p *Push) leave(ctx context.Context, account, id string) error {
	at, err := p.cfg.Store.Read(ctx, kv.Control, []string{pPlace + id}, nil)
	if err != nil {
		return kv.Away(err)
	}
	if whose(at.Values[0]) != account {
		return nil
	}
	err = p.commit(ctx, kv.Control, []kv.Condition{{Key: pPlace + id, Version: at.Values[0].Version}}, kv.Write{Key: pPlace + id, Delete: true})
	if err != nil && !errors.Is(err, kv.ErrConflict) {
		return kv.Away(err)
	}
	return nil
}

// Forget removes every device of an account. Idempotent.
func (p *Push) Forget(ctx context.Context, account string) error {
	ids, err := p.Targets(ctx, account)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := p.drop(ctx, account, id); err != nil {
			return err
		}
	}
	return p.commit(ctx, kv.Bulk(account), nil, kv.Write{Key: guardKey, Delete: true})
}

const sweepEvery = 10 * time.Minute

// Run removes devices whose logins have ended, until ctx ends; messages to them
// stop with the login in any case. It returns ctx's error.
func (p *Push) Run(ctx context.Context) error {
	for clock.Around(ctx, sweepEvery, nil) {
		if err := p.sweep(ctx); err != nil && ctx.Err() == nil {
			p.cfg.Log.Warn("devices of ended logins stay a while", "err", err)
		}
	}
	return ctx.Err()
}

func (p *Push) sweep(ctx context.Context) error {
	for from := pPlace; ; {
		snap, err := p.cfg.Store.Read(ctx, kv.Control, nil, []kv.Scan{{Prefix: pPlace, From: from, Limit: 500}})
		if err != nil {
			return err
		}
		for _, v := range snap.Scans[0] {
			if err := p.look(ctx, whose(v), strings.TrimPrefix(v.Key, pPlace)); err != nil {
				return err
			}
			from = v.Key + "\x00"
		}
		if len(snap.Scans[0]) < 500 {
			return nil
		}
	}
}

// look removes one device unless its login stands.
func (p *Push) look(ctx context.Context, account, id string) error {
	if account == "" {
		return nil
	}
	snap, err := p.cfg.Store.Read(ctx, kv.Bulk(account), []string{deviceKey(id)}, nil)
	if err != nil {
		return err
	}
	if d, ok := parse(snap.Values[0]); ok {
		if stands, err := p.cfg.Stands(ctx, account, d.Login); err != nil || stands {
			return err
		}
	}
	return p.drop(ctx, account, id)
}
