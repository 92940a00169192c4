package authz

import (
	"context"
	"slices"
	"time"

	"sightline/internal/kv"
)

// view is what one read saw: records by key, at one revision.
type view struct {
	keys     []string
	recs     []any // nil: does not exist
	versions []uint64
	broken   []bool
	scans    [][]kv.Value
	raw      []kv.Value // of all keys, for those that are not decoded here
	revision uint64
	now      time.Time // store time
	plans    PlanTable
	guard    time.Duration
	places   map[string]int // of keys, for large views
}

func (v *view) index(key string) int {
	if v.places == nil {
		return slices.Index(v.keys, key)
	}
	if i, ok := v.places[key]; ok {
		return i
	}
	return -1
}

// indexed prepares a large view for many look-ups.
func (v *view) indexed() {
	v.places = make(map[string]int, len(v.keys))
	for i, k := range v.keys {
		v.places[k] = i
	}
}

func (v *view) get(key string) any {
	if i := v.index(key); i >= 0 {
		return v.recs[i]
	}
	return nil
}

// version is the condition on a key the view holds.
func (v *view) condition(key string) kv.Condition {
	if i := v.index(key); i >= 0 {
		return kv.Condition{Key: key, Version: v.versions[i]}
	}
	panic("authz: a condition on a key that was not read: " + key)
}

func (v *view) has(keys []string) bool {
	for _, k := range keys {
		if v.index(k) < 0 {
			return false
		}
	}
	return true
}

// facts assembles the facts of one decision.
func (v *view) facts(s Subject, o Object) Facts {
	f := assemble(s, o, v.get)
	f.Plans, f.Guard = v.plans, v.guard
	for _, k := range wanted(s, o, v.get) {
		if i := v.index(k); i >= 0 && v.broken[i] {
			f.Broken = true
		}
	}
	return f
}

// read is one round trip on the control space. A store that does not answer in
// time, is another one than this node knows, or went back, is fault.Unavailable.
// Only keys with prefixes of decodeKey are decoded; others are in raw.
func (a *Authority) read(ctx context.Context, keys []string, scans ...kv.Scan) (*view, error) {
	epoch, revision, lost := a.node.expect()
	if lost != "" {
		return nil, unavailable(errLost(lost))
	}
	ctx, cancel := context.WithTimeout(ctx, a.cfg.Timeout)
	defer cancel()
	snap, err := a.cfg.Store.Read(ctx, kv.Control, keys, scans)
	if err != nil {
		return nil, unavailable(err)
	}
	if epoch != "" && (snap.Epoch != epoch || snap.Revision < revision) {
		return nil, unavailable(errLost("the store is not the one this node knows"))
	}
	if len(snap.Values) != len(keys) || len(snap.Scans) != len(scans) {
		return nil, unavailable(errRecord)
	}
	v := &view{
		keys: keys, recs: make([]any, len(keys)), versions: make([]uint64, len(keys)), broken: make([]bool, len(keys)),
		scans: snap.Scans, raw: snap.Values, revision: snap.Revision, now: snap.Now, plans: a.cfg.Plans, guard: a.cfg.ArchiveGuard,
	}
	for i, val := range snap.Values {
		if val.Key != keys[i] { // an answer that is not for this question (CVE-2025-29923)
			return nil, unavailable(errRecord)
		}
		v.versions[i] = val.Version
		if !val.Exists() {
			continue
		}
		if c, ok := a.cache.get(val.Key); ok && c.version == val.Version && c.rec != nil {
			v.recs[i] = c.rec
			continue
		}
		if v.recs[i], err = decodeKey(val.Key, val.Data); err != nil {
			v.recs[i], v.broken[i] = nil, true
		}
	}
	return v, nil
}

// load reads the facts of one decision: one round trip, one more when the
// records name others than the node's last copies did.
func (a *Authority) load(ctx context.Context, s Subject, o Object, more ...string) (*view, error) {
	if !s.sound() {
		return &view{now: a.storeNow()}, nil // nobody of that form exists
	}
	if !o.sound() { // nothing of that form exists; no text of a client becomes a key
		o, more = Object{}, nil
	}
	keys := append(wanted(s, o, a.cache.getter()), more...)
	for range 4 {
		v, err := a.read(ctx, keys)
		if err != nil {
			return nil, err
		}
		again := append(wanted(s, o, v.get), more...)
		if v.has(again) {
			a.cache.put(v)
			return v, nil
		}
		keys = again
	}
	return nil, unavailable(errRecord) // lists that move faster than we read
}

// onCopies is what a decision rests on as copies of records have it; false where
// one of them is not known here.
func (a *Authority) onCopies(s Subject, o Object, copies func(key string) (cached, bool)) (v *view, known bool) {
	v = &view{plans: a.cfg.Plans, guard: a.cfg.ArchiveGuard}
	v.keys = wanted(s, o, func(k string) any { c, _ := copies(k); return c.rec })
	for _, k := range v.keys {
		c, ok := copies(k)
		if !ok {
			return nil, false
		}
		v.recs = append(v.recs, c.rec)
		v.versions = append(v.versions, c.version)
		v.broken = append(v.broken, c.rec == nil && c.version != 0)
	}
	return v, true
}

// sound reports whether ids have the form of ids, so that they may become keys.
func (s Subject) sound() bool {
	for _, id := range [...]string{s.Account, s.Login, s.Token, s.Link, s.Visit} {
		if id != "" && !ValidID(id) {
			return false
		}
	}
	switch s.Kind {
	case AccountSubject:
		return s.Account != "" && (s.Login != "" || s.Token != "")
	case DeviceSubject:
		return s.Account != "" && s.Login != "" && s.Token == ""
	case GuestSubject:
		return s.Link != "" && s.Visit != ""
	}
	return false
}

func (o Object) sound() bool {
	for _, id := range [...]string{o.Camera, o.Group, o.Link} {
		if id != "" && !ValidID(id) {
			return false
		}
	}
	return true
}

// Check decides on facts read now, in one round trip (two when group lists
// moved). The error is only for a store that does not answer; the decision then
// says authz_unavailable.
func (a *Authority) Check(ctx context.Context, s Subject, act Action, o Object) (Decision, error) {
	if s.Kind == Nobody || s.Kind == OperatorSubject {
		return a.counted(Decide(s, act, o, Facts{}, time.Time{})), nil
	}
	v, err := a.load(ctx, s, o)
	if err != nil {
		return a.counted(deny(ReasonUnavailable)), err
	}
	return a.counted(Decide(s, act, o, v.facts(s, o), v.now)), nil
}

func (a *Authority) counted(d Decision) Decision {
	a.metrics.decided(d.Reason)
	return d
}
