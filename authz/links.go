package authz

import (
	"context"
	"slices"
	"strings"
	"time"

	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/secret"
)

const (
	maxLinkCameras = 64
	goneKept       = 365 * 24 * time.Hour // how long a removed link's secret is no guess
)

// linkCount is the counter of an account's share links, or the stamp of a
// camera's temporary ones: a cap is a record in the same commit (R4).
type linkCount struct {
	head
	Links int `json:"links"`
}

// NewLink asks for a link. Share: Name, Cameras, RiskAcknowledged. Temporary:
// one camera, Starts and Ends.
type NewLink struct {
	Kind             LinkKind
	Name             string
	Cameras          []string
	RiskAcknowledged bool
	Starts, Ends     time.Time
	Password         secret.String
	MaxViewers       int
	Sound            bool
	Note             string
}

// LinkPatch changes a link; nil leaves a field as it is, the zero time takes a
// share link's on or off time away. The name cannot change.
type LinkPatch struct {
	Cameras      *[]string
	Starts, Ends *time.Time
	Password     *secret.String // empty removes it
	MaxViewers   *int
	Sound        *bool
	Note         *string
}

// names lists what the patch changes apart from the cameras, which have a row of
// their own in the log.
func (p LinkPatch) names() string {
	var out []string
	for _, f := range []struct {
		is   bool
		name string
	}{{p.Starts != nil, "starts"}, {p.Ends != nil, "ends"}, {p.Password != nil, "password"}, {p.MaxViewers != nil, "max_viewers"},
		{p.Sound != nil, "sound"}, {p.Note != nil, "note"}} {
		if f.is {
			out = append(out, f.name)
		}
	}
	return strings.Join(out, ",")
}

// LinkView is a link as its owner sees it; Link is without what is secret or
// made of a secret.
type LinkView struct {
	Link        Link
	State       string    // active scheduled ended paused_owner paused_plan
	Since       time.Time // of a pause or an end, where known
	Secret      secret.String
	HasPassword bool
	Cameras     []Camera
	LastOpen    time.Time
}

// CreateLink makes a link of own cameras. fault.Forbidden plan_mini or
// not_owner, fault.Conflict link_cap, fault.Invalid risk_not_acknowledged,
// name_taken and others by field.
func (a *Authority) CreateLink(ctx context.Context, s Subject, in NewLink) (LinkView, error) {
	l, err := a.draftLink(ctx, in)
	if err != nil {
		return LinkView{}, err
	}
	sec := secret.Random()
	hash := sec.Hash()
	l.ID, l.Owner, l.SecretHash = NewID(), s.Account, hash[:]
	l.Sealed = a.cfg.Seal.Seal(sec, linkPlace(l.Owner, l.ID))
	var out LinkView // made of what was read before: once there is a link, no silence of the store says that there is none
	_, err = a.change(ctx, func(ctx context.Context, d *draft) error {
		v, err := a.ownCameras(ctx, s, d, l.Cameras, ActLink)
		if err != nil {
			return err
		}
		l.CreatedAt = v.now
		if over(l.Ends, v.now) {
			return fault.Field("ends", fault.CodeBadValue, "The end lies in the past.")
		}
		owner := get[Account](v.get, keyAccount(l.Owner))
		if err := a.countLink(ctx, d, l, owner); err != nil {
			return err
		}
		out = a.viewOf(l, owner, v)
		out.Secret = sec
		d.absent(keyLink(l.ID))
		d.absent(keyLinkSecret(l.SecretHash))
		d.put(keyLink(l.ID), *l)
		d.mark(keyLinkSecret(l.SecretHash), l.ID)
		d.mark(keyLinkOwner(l.Owner, l.ID), "")
		for _, c := range l.Cameras {
			d.mark(keyLinkCamera(c, l.ID), "")
		}
		d.event(linkChanged(l))
		d.audit(s, "link.create", l.Owner, l.ID, detail("name", l.Name, "kind", string(l.Kind)))
		return nil
	})
	if err != nil {
		return LinkView{}, err
	}
	return out, nil
}

// draftLink checks what does not depend on the store.
func (a *Authority) draftLink(ctx context.Context, in NewLink) (*Link, error) {
	l := &Link{head: v1, Kind: in.Kind, Cameras: slices.Clone(in.Cameras), MaxViewers: in.MaxViewers, Sound: in.Sound, Starts: utc(in.Starts), Ends: utc(in.Ends)}
	var err error
	switch in.Kind {
	case LinkShare:
		if l.Name, err = cleanName("name", in.Name); err != nil {
			return nil, err
		}
		if !in.RiskAcknowledged {
			return nil, fault.Field("acknowledge_risk", string(ReasonRiskNotAcknowledged), "Say that you know: anyone who has this link can watch, and can pass it on.")
		}
	case LinkTemporary:
		if in.Name != "" {
			if l.Name, err = cleanName("name", in.Name); err != nil {
				return nil, err
			}
		}
		if err := window(l); err != nil {
			return nil, err
		}
		if len(l.Cameras) > 1 {
			return nil, fault.Field("cameras", fault.CodeTooLong, "A temporary link is for one camera.")
		}
	default:
		return nil, fault.Field("kind", fault.CodeBadValue, "A link is share or temporary.")
	}
	if l.Note, err = cleanNote("note", in.Note); err != nil {
		return nil, err
	}
	if !in.Password.Empty() {
		if err := a.setLinkPassword(ctx, l, in.Password); err != nil {
			return nil, err
		}
	}
	return l, checkLink(l)
}

func checkLink(l *Link) error {
	switch {
	case len(l.Cameras) == 0:
		return fault.Field("cameras", fault.CodeRequired, "Choose at least one camera.")
	case len(l.Cameras) > maxLinkCameras:
		return fault.Field("cameras", fault.CodeTooLong, "A link has at most 64 cameras.")
	case !l.Starts.IsZero() && !l.Ends.IsZero() && !l.Starts.Before(l.Ends):
		return fault.Field("ends", fault.CodeBadValue, "The off time must be after the on time.")
	case l.MaxViewers < 0 || l.MaxViewers > 10_000:
		return fault.Field("max_viewers", fault.CodeBadValue, "That is not a number of viewers.")
	}
	for i, c := range l.Cameras {
		if slices.Contains(l.Cameras[:i], c) {
			return fault.Field("cameras", fault.CodeBadValue, "A camera stands twice in the list.")
		}
	}
	return nil
}

// window: a temporary link has an on and an off time (R34).
func window(l *Link) error {
	switch {
	case l.Starts.IsZero():
		return fault.Field("starts", fault.CodeRequired, "Say when the link begins to work.")
	case l.Ends.IsZero():
		return fault.Field("ends", fault.CodeRequired, "Say when the link ends.")
	}
	return nil
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

func (a *Authority) setLinkPassword(ctx context.Context, l *Link, p secret.String) error {
	n := len([]rune(p.Reveal()))
	switch {
	case p.Empty():
		l.PasswordHash = ""
		return nil
	case n < 4 || p.IsMask():
		return fault.Field("password", fault.CodeTooShort, "The password has at least 4 characters.")
	case n > maxPassword:
		return fault.Field("password", fault.CodeTooLong, "A password has at most 128 characters.")
	}
	h, err := a.hasher.hash(ctx, nfc(p.Reveal()))
	if err != nil {
		return err
	}
	l.PasswordHash = h
	l.PasswordVersion++
	return nil
}

// ownCameras decides an action on every camera and binds the draft to it.
func (a *Authority) ownCameras(ctx context.Context, s Subject, d *draft, cameras []string, act Action) (*view, error) {
	if s.Kind != AccountSubject || !s.sound() {
		return nil, errNotSignedIn()
	}
	for _, c := range cameras {
		if !ValidID(c) {
			return nil, errNotFound()
		}
	}
	v, err := a.loadAll(ctx, s, cameras)
	if err != nil {
		return nil, err
	}
	bound := make(map[string]bool)
	for _, c := range cameras {
		o := Object{Camera: c}
		if err := a.counted(Decide(s, act, o, v.facts(s, o), v.now)).Fault(); err != nil {
			return nil, err
		}
		d.on(v, merge(nil, bound, wanted(s, o, v.get))...)
	}
	return v, nil
}

// countLink takes one of the places for links.
func (a *Authority) countLink(ctx context.Context, d *draft, l *Link, owner *Account) error {
	if l.Kind == LinkTemporary {
		return a.countTemporary(ctx, d, l.Cameras[0])
	}
	kc, kn := keyLinkCount(l.Owner), keyLinkName(l.Owner, folded(l.Name))
	v, err := a.read(ctx, []string{kc, kn})
	if err != nil {
		return err
	}
	n := linkCount{head: v1}
	if v.raw[0].Exists() {
		c, err := decode[linkCount](v.raw[0].Data)
		if err != nil {
			return unavailable(err)
		}
		n = *c
	}
	if limit := a.shareLinks(owner, v.now); n.Links >= limit {
		return fault.Newf(fault.Conflict, string(ReasonLinkCap), "You have %d of %d share links. Delete one first.", n.Links, limit)
	}
	if v.versions[1] != 0 {
		return fault.Field("name", fault.CodeNameTaken, "You have a link of this name.")
	}
	n.Links++
	d.on(v, kc, kn)
	d.put(kc, n)
	d.mark(kn, l.ID)
	return nil
}

// countTemporary: at most 10 that have not ended, on one camera.
func (a *Authority) countTemporary(ctx context.Context, d *draft, camera string) error {
	k := keyLinkCount(camera)
	v, err := a.read(ctx, []string{k}, kv.Scan{Prefix: pLinkCamera + camera + "/"})
	if err != nil {
		return err
	}
	var keys []string
	for _, val := range v.scans[0] {
		keys = append(keys, keyLink(strings.TrimPrefix(val.Key, pLinkCamera+camera+"/")))
	}
	w, err := a.read(ctx, keys)
	if err != nil {
		return err
	}
	open := 0
	for _, r := range w.recs {
		if l, _ := r.(*Link); l != nil && l.Kind == LinkTemporary && !over(l.Ends, w.now) {
			open++
		}
	}
	if open >= a.cfg.TempLinks {
		return fault.Newf(fault.Conflict, string(ReasonLinkCap), "This camera has %d open temporary links. Remove one first.", open)
	}
	d.on(v, k)
	d.put(k, linkCount{head: v1, Links: open + 1})
	return nil
}

// linkView reads one link as its owner sees it.
func (a *Authority) linkView(ctx context.Context, s Subject, id string) (LinkView, error) {
	v, f, err := a.require(ctx, s, ActLinkManage, Object{Link: id})
	if err != nil {
		return LinkView{}, err
	}
	out, err := a.linkViews(ctx, f.Account, []*Link{f.Link}, v.now)
	if err != nil {
		return LinkView{}, err
	}
	return out[0], nil
}

// linkViews adds cameras, last visits and the opened secret.
func (a *Authority) linkViews(ctx context.Context, owner *Account, links []*Link, now time.Time) ([]LinkView, error) {
	var keys []string
	var scans []kv.Scan
	seen := make(map[string]bool)
	for _, l := range links {
		for _, c := range l.Cameras {
			keys = merge(keys, seen, []string{keyCamera(c)})
		}
		scans = append(scans, kv.Scan{Prefix: pVisit + l.ID + "/"})
	}
	v, err := a.read(ctx, keys, scans...)
	if err != nil {
		return nil, err
	}
	v.indexed()
	out := make([]LinkView, 0, len(links))
	v.now = now
	for i, l := range links {
		lv := a.viewOf(l, owner, v)
		if lv.Secret, err = a.cfg.Seal.Unseal(l.Sealed, linkPlace(l.Owner, l.ID)); err != nil {
			a.cfg.Log.Error("a link's secret cannot be opened; is the key file the one it was sealed with?", "link", l.ID)
		}
		for _, val := range v.scans[i] {
			if w, err := decode[Visit](val.Data); err == nil && !w.Owner && w.UsedAt.After(lv.LastOpen) {
				lv.LastOpen = w.UsedAt
			}
		}
		out = append(out, lv)
	}
	return out, nil
}

// viewOf is a link as its owner sees it, without its secret and its visits; v holds
// its cameras.
func (a *Authority) viewOf(l *Link, owner *Account, v *view) LinkView {
	state := linkState(l, owner, a.cfg.Plans, v.now)
	out := LinkView{Link: *l, State: shownLink(state), Since: state.Since, HasPassword: l.PasswordHash != ""}
	out.Link.Sealed, out.Link.SecretHash, out.Link.PasswordHash = "", nil, ""
	for _, c := range l.Cameras {
		if cam := get[Camera](v.get, keyCamera(c)); cam != nil && cam.Owner == l.Owner {
			out.Cameras = append(out.Cameras, *cam)
		}
	}
	return out
}

// shownLink names a link's state for its owner.
func shownLink(d Decision) string {
	switch d.Reason {
	case ReasonOK:
		return "active"
	case ReasonLinkPaused:
		return "paused_owner"
	case ReasonLinkPausedPlan:
		return "paused_plan"
	case ReasonLinkEnded:
		return "ended"
	}
	return "scheduled"
}

// Links lists the subject's links with their secrets, newest first, and
// "used of limit" for share links.
func (a *Authority) Links(ctx context.Context, s Subject) (links []LinkView, used, limit int, err error) {
	_, f, err := a.require(ctx, s, ActSelf, Object{})
	if err != nil {
		return nil, 0, 0, err
	}
	v, err := a.read(ctx, nil, kv.Scan{Prefix: pLinkOwner + s.Account + "/"})
	if err != nil {
		return nil, 0, 0, err
	}
	var keys []string
	for _, val := range v.scans[0] {
		keys = append(keys, keyLink(strings.TrimPrefix(val.Key, pLinkOwner+s.Account+"/")))
	}
	if v, err = a.read(ctx, keys); err != nil {
		return nil, 0, 0, err
	}
	var own []*Link
	for _, r := range v.recs {
		if l, _ := r.(*Link); l != nil && l.Owner == s.Account {
			own = append(own, l)
			if l.Kind == LinkShare {
				used++
			}
		}
	}
	slices.SortFunc(own, func(x, y *Link) int { return y.CreatedAt.Compare(x.CreatedAt) })
	links, err = a.linkViews(ctx, f.Account, own, v.now)
	return links, used, a.shareLinks(f.Account, v.now), err
}

// changeLink changes an own link in one commit.
func (a *Authority) changeLink(ctx context.Context, s Subject, id string, act Action, fn func(ctx context.Context, l *Link, d *draft, now time.Time) error) (kv.Commit, error) {
	return a.change(ctx, func(ctx context.Context, d *draft) error {
		o := Object{Link: id}
		v, f, err := a.require(ctx, s, act, o)
		if err != nil {
			return err
		}
		l := *f.Link
		l.Cameras = slices.Clone(l.Cameras)
		if err := fn(ctx, &l, d, v.now); err != nil {
			return err
		}
		d.bind(v, s, o)
		d.put(keyLink(id), l)
		d.event(linkChanged(&l))
		return nil
	})
}

// UpdateLink changes an own link; its guests gain or lose cameras while they watch.
func (a *Authority) UpdateLink(ctx context.Context, s Subject, id string, p LinkPatch) (LinkView, error) {
	var withPassword *Link
	if p.Password != nil {
		withPassword = &Link{}
		if err := a.setLinkPassword(ctx, withPassword, *p.Password); err != nil {
			return LinkView{}, err
		}
	}
	_, err := a.changeLink(ctx, s, id, ActLinkManage, func(ctx context.Context, l *Link, d *draft, now time.Time) error {
		ended := l.Ends
		if p.Cameras != nil {
			if l.Kind == LinkTemporary && !slices.Equal(l.Cameras, *p.Cameras) {
				return fault.Field("cameras", fault.CodeBadValue, "The camera of a temporary link cannot change.")
			}
			was := l.Cameras
			l.Cameras = slices.Clone(*p.Cameras)
			if err := checkLink(l); err != nil {
				return err
			}
			if _, err := a.ownCameras(ctx, s, d, l.Cameras, ActManage); err != nil {
				return err
			}
			for _, c := range was {
				if !slices.Contains(l.Cameras, c) {
					d.del(keyLinkCamera(c, id))
				}
			}
			for _, c := range l.Cameras {
				if !slices.Contains(was, c) {
					d.mark(keyLinkCamera(c, id), "")
				}
			}
			d.audit(s, "link.cameras", l.Owner, id, detail("cameras", strings.Join(l.Cameras, ",")))
		}
		if p.Starts != nil {
			l.Starts = utc(*p.Starts)
		}
		if p.Ends != nil {
			l.Ends = utc(*p.Ends)
			if over(l.Ends, now) {
				return fault.Field("ends", fault.CodeBadValue, "The end lies in the past.")
			}
		}
		if l.Kind == LinkTemporary {
			if err := window(l); err != nil {
				return err
			}
			if over(ended, now) && !over(l.Ends, now) { // open again: it takes a place again
				if err := a.countTemporary(ctx, d, l.Cameras[0]); err != nil {
					return err
				}
			}
		}
		if withPassword != nil {
			l.PasswordHash = withPassword.PasswordHash
			l.PasswordVersion++
		}
		if p.MaxViewers != nil {
			l.MaxViewers = *p.MaxViewers
		}
		if p.Sound != nil {
			l.Sound = *p.Sound
		}
		if p.Note != nil {
			var err error
			if l.Note, err = cleanNote("note", *p.Note); err != nil {
				return err
			}
		}
		if err := checkLink(l); err != nil {
			return err
		}
		if what := p.names(); what != "" {
			d.audit(s, "link.change", l.Owner, id, detail("what", what))
		}
		return nil
	})
	if err != nil {
		return LinkView{}, err
	}
	return a.linkView(ctx, s, id)
}

// PauseLink cuts a link's guests until it is resumed. Idempotent.
func (a *Authority) PauseLink(ctx context.Context, s Subject, id string) (kv.Commit, error) {
	return a.changeLink(ctx, s, id, ActLinkManage, func(_ context.Context, l *Link, d *draft, now time.Time) error {
		if l.Paused {
			return errNothing
		}
		l.Paused, l.PausedSince = true, now
		d.audit(s, "link.pause", l.Owner, id)
		return nil
	})
}

// ResumeLink makes the same URL work again; fault.Forbidden plan_mini where the
// plan has no links. Idempotent.
func (a *Authority) ResumeLink(ctx context.Context, s Subject, id string) (kv.Commit, error) {
	return a.changeLink(ctx, s, id, ActLinkResume, func(_ context.Context, l *Link, d *draft, _ time.Time) error {
		if !l.Paused {
			return errNothing
		}
		l.Paused, l.PausedSince = false, time.Time{}
		d.audit(s, "link.resume", l.Owner, id)
		return nil
	})
}

// RemoveLink ends a link for ever; its guests are cut before it returns.
func (a *Authority) RemoveLink(ctx context.Context, s Subject, id string) (kv.Commit, error) {
	c, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		o := Object{Link: id}
		v, f, err := a.require(ctx, s, ActLinkManage, o)
		if err != nil {
			return err
		}
		d.bind(v, s, o)
		return a.removeLink(ctx, d, s, f.Link, v.now)
	})
	if err == nil {
		a.sweepSoon(ctx)
	}
	return c, err
}

func (a *Authority) removeLink(ctx context.Context, d *draft, s Subject, l *Link, now time.Time) error {
	d.put(keyLinkGone(l.SecretHash), goneLink{head: v1, Ends: now.Add(goneKept)})
	d.del(keyLink(l.ID), keyLinkSecret(l.SecretHash), keyLinkOwner(l.Owner, l.ID))
	for _, c := range l.Cameras {
		d.del(keyLinkCamera(c, l.ID))
	}
	if l.Kind == LinkShare {
		kc := keyLinkCount(l.Owner)
		v, err := a.read(ctx, []string{kc})
		if err != nil {
			return err
		}
		if c, err := decode[linkCount](v.raw[0].Data); err == nil {
			d.on(v, kc)
			if c.Links--; c.Links > 0 {
				d.put(kc, *c)
			} else {
				d.del(kc)
			}
		}
		d.del(keyLinkName(l.Owner, folded(l.Name)))
	}
	d.mark(pSweep+"link/"+l.ID, l.Owner)
	d.event(event.LinkRemoved{Link: l.ID, Owner: l.Owner})
	d.audit(s, "link.remove", l.Owner, l.ID, detail("name", l.Name))
	return nil
}

func linkChanged(l *Link) event.Event { return event.LinkChanged{Link: l.ID, Owner: l.Owner} }
