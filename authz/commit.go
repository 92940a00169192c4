package authz

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

// draft is a change in the making: what must still hold, and what to write.
type draft struct {
	conds  []kv.Condition
	writes []kv.Write
}

// on demands that a key the view holds is still what was read.
func (d *draft) on(v *view, keys ...string) {
	for _, k := range keys {
		d.conds = append(d.conds, v.condition(k))
	}
}

func (d *draft) absent(key string) { d.conds = append(d.conds, kv.Condition{Key: key}) }
func (d *draft) is(val kv.Value) {
	d.conds = append(d.conds, kv.Condition{Key: val.Key, Version: val.Version})
}
func (d *draft) put(key string, r record) {
	d.writes = append(d.writes, kv.Write{Key: key, Data: encode(r)})
}
func (d *draft) mark(key, text string) {
	d.writes = append(d.writes, kv.Write{Key: key, Data: []byte(text)})
}
func (d *draft) del(keys ...string) {
	for _, k := range keys {
		d.writes = append(d.writes, kv.Write{Key: k, Delete: true})
	}
}
func (d *draft) event(e event.Event) { d.writes = append(d.writes, event.Write(e)) }

// audit is the audit row, in the same commit as its change (ruling 12).
func (d *draft) audit(s Subject, action, owner, object string, more ...func(*event.Audit)) {
	row := event.Audit{Action: action, Owner: owner, Object: object}
	switch s.Kind {
	case AccountSubject:
		row.Actor, row.As = s.Account, "account"
		if s.Token != "" {
			row.As = "token"
		}
	case DeviceSubject:
		row.Actor, row.As = s.Account, "kiosk"
	case GuestSubject:
		row.Actor, row.As = s.Visit, "guest"
	case OperatorSubject:
		row.As = "operator"
	default:
		row.As = "system"
	}
	for _, f := range more {
		f(&row)
	}
	d.event(row)
}

func onCamera(id string) func(*event.Audit) { return func(a *event.Audit) { a.Camera = id } }

func detail(kv ...string) func(*event.Audit) {
	return func(a *event.Audit) {
		a.Detail = make(map[string]string, len(kv)/2)
		for i := 0; i+1 < len(kv); i += 2 {
			a.Detail[kv[i]] = kv[i+1]
		}
	}
}

// errNothing from a change's function means that there is nothing to commit.
var errNothing = errors.New("authz: nothing to change")

// change reads, decides and commits: fn reads what it needs, decides, and fills
// the draft; when a condition fails meanwhile it is asked again. The order of a
// revoke is in here: durable commit, cut of this node's subscriptions, return
// with the revision (the store itself hints the other nodes).
func (a *Authority) change(ctx context.Context, fn func(ctx context.Context, d *draft) error) (kv.Commit, error) {
	began := a.node.mono()
	for try := 0; ; try++ {
		var d draft
		if err := fn(ctx, &d); err != nil {
			if errors.Is(err, errNothing) {
				return kv.Commit{}, nil
			}
			return kv.Commit{}, err
		}
		c, err := a.commit(ctx, began, d)
		if err == nil || !errors.Is(err, kv.ErrConflict) || try == 15 {
			return c, err
		}
		select {
		case <-ctx.Done():
			return c, unavailable(ctx.Err())
		case <-time.After(time.Duration(rand.IntN(2<<min(try, 5))) * time.Millisecond):
		}
	}
}

// commitTries, each of Config.Timeout, is how long a change waits for a disk that
// is busy: three seconds by default. What is only read is given up after one.
const commitTries = 12

// commit writes once, repeating the same id while the outcome is unknown. From
// here on the caller going away does not stop it: what was written is cut.
func (a *Authority) commit(ctx context.Context, began int64, d draft) (kv.Commit, error) {
	if _, _, lost := a.node.expect(); lost != "" {
		return kv.Commit{}, unavailable(errLost(lost))
	}
	if err := ctx.Err(); err != nil {
		return kv.Commit{}, unavailable(err)
	}
	ctx = context.WithoutCancel(ctx)
	txn := kv.Txn{ID: kv.NewID(a.cfg.Clock.Now()), Space: kv.Control, Conditions: d.conds, Writes: d.writes}
	c, err := a.insist(ctx, txn)
	if err != nil {
		return c, err
	}
	a.cut(ctx, d.writes, c.Revision, began)
	return c, nil
}

// insist commits a transaction, again while its outcome is unknown: each try has a
// time of its own.
func (a *Authority) insist(ctx context.Context, txn kv.Txn) (c kv.Commit, err error) {
	for range commitTries {
		wctx, cancel := context.WithTimeout(ctx, a.cfg.Timeout)
		c, err = a.cfg.Store.Commit(wctx, txn)
		cancel()
		if !fault.Is(err, fault.Unknown) || ctx.Err() != nil {
			break
		}
	}
	return c, err
}

// require decides an action of a service on facts read now and returns them
// with the view, so that the change can be bound to what was decided on. more
// are keys to read with them.
func (a *Authority) require(ctx context.Context, s Subject, act Action, o Object, more ...string) (*view, Facts, error) {
	if s.Kind == OperatorSubject {
		d := Decide(s, act, o, Facts{}, time.Time{})
		if err := d.Fault(); err != nil {
			return nil, Facts{}, err
		}
		v, err := a.read(ctx, more)
		return v, Facts{}, err
	}
	if s.Kind == Nobody {
		return nil, Facts{}, errNotSignedIn()
	}
	v, err := a.load(ctx, s, o, more...)
	if err != nil {
		return nil, Facts{}, err
	}
	f := v.facts(s, o)
	d := a.counted(Decide(s, act, o, f, v.now))
	return v, f, d.Fault()
}

// bind makes the change depend on the records that the decision rested on.
func (d *draft) bind(v *view, s Subject, o Object) {
	if s.Kind == AccountSubject {
		d.on(v, wanted(s, o, v.get)...)
	}
}

func errNotSignedIn() error {
	return fault.New(fault.Unauthenticated, fault.CodeNotSignedIn, "Sign in first.")
}
