package controlroom

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

// storedView is the record of a view: its id and version are its key's.
type storedView struct {
	V int `json:"v"`
	View
}

const (
	recordVersion = 1
	viewTries     = 8 // writes of one account at once that may overtake a change before it is given up
)

// DefaultView is what an account opens on that never saved one (row R90): one
// cell, the first of its cameras.
func DefaultView() View {
	return View{ID: "default", Rows: 1, Columns: 1, Layout: LayoutGrid, Cells: []Cell{{Any: 1}},
		DefaultFor: []string{DeviceDesktop, DevicePhone}}
}

func viewPrefix(account string) string  { return "view/" + account + "/" }
func viewKey(account, id string) string { return viewPrefix(account) + id }

// viewOrderKey is of the record that every change of an account's views writes
// too, so that two at once happen one after the other: the limit, the names and
// the defaults hold. No view has this id.
func viewOrderKey(account string) string { return viewPrefix(account) + "." }

// Views lists the account's views by name; one that never saved any has DefaultView.
func (r *Room) Views(ctx context.Context, sub authz.Subject) ([]View, error) {
	views, _, err := r.readViews(ctx, sub)
	if err != nil {
		return nil, err
	}
	if len(views) == 0 {
		return []View{DefaultView()}, nil
	}
	return views, nil
}

// View is one of Views: fault.NotFound when the account has none of this id.
func (r *Room) View(ctx context.Context, sub authz.Subject, id string) (View, error) {
	views, err := r.Views(ctx, sub)
	if err != nil {
		return View{}, err
	}
	if i := slices.IndexFunc(views, func(o View) bool { return o.ID == id }); i >= 0 {
		return views[i], nil
	}
	return View{}, errNoView()
}

// readViews reads what is stored, for an account whose login still stands, and
// the version of the record that orders changes.
func (r *Room) readViews(ctx context.Context, sub authz.Subject) ([]View, uint64, error) {
	if sub.Kind != authz.AccountSubject {
		return nil, 0, errNoView()
	}
	d, err := r.cfg.Authority.Check(ctx, sub, authz.ActSelf, authz.Object{})
	if err != nil {
		return nil, 0, err
	}
	if err := d.Fault(); err != nil {
		return nil, 0, err
	}
	snap, err := r.cfg.Store.Read(ctx, kv.Control, nil, []kv.Scan{{Prefix: viewPrefix(sub.Account)}})
	if err != nil {
		return nil, 0, err
	}
	out, order := []View{}, uint64(0)
	for _, v := range snap.Scans[0] {
		if v.Key == viewOrderKey(sub.Account) {
			order = v.Version
			continue
		}
		var s storedView
		if err := json.Unmarshal(v.Data, &s); err != nil || s.V != recordVersion {
			r.deps.log.Error("a view cannot be read", "key", v.Key)
			continue
		}
		s.View.ID, s.View.Version = strings.TrimPrefix(v.Key, viewPrefix(sub.Account)), v.Version
		out = append(out, s.View)
	}
	slices.SortFunc(out, func(a, b View) int { return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID)) })
	return out, order, nil
}

// CreateView stores a view. ID and Version are set by the room.
func (r *Room) CreateView(ctx context.Context, sub authz.Subject, v View) (View, error) {
	v.ID, v.Version = authz.NewID(), 0
	return r.saveView(ctx, sub, v, func(have []View) error {
		if len(have) >= r.cfg.Limits.Views {
			return fault.Newf(fault.Conflict, fault.CodeConflict, "An account keeps at most %d views. Delete one first.", r.cfg.Limits.Views)
		}
		return nil
	})
}

// UpdateView replaces a view; v.Version must be the stored one, else fault.Conflict
// "stale". The default view an account starts with is saved as its first own one.
func (r *Room) UpdateView(ctx context.Context, sub authz.Subject, v View) (View, error) {
	first := v.ID == DefaultView().ID
	if first {
		v.ID, v.Version = authz.NewID(), 0
	}
	return r.saveView(ctx, sub, v, func(have []View) error {
		i := slices.IndexFunc(have, func(o View) bool { return o.ID == v.ID })
		switch {
		case first && len(have) > 0: // another page has saved it, or a view of its own
			return errStale()
		case first:
			return nil
		case i < 0:
			return errNoView()
		case have[i].Version != v.Version:
			return errStale()
		}
		return nil
	})
}

// DeleteView removes a view. After the last one the account is back at DefaultView.
func (r *Room) DeleteView(ctx context.Context, sub authz.Subject, id string) error {
	return r.changeViews(ctx, sub, func(have []View) ([]kv.Condition, []kv.Write, error) {
		i := slices.IndexFunc(have, func(o View) bool { return o.ID == id })
		if i < 0 {
			return nil, nil, errNoView()
		}
		key := viewKey(sub.Account, id)
		return []kv.Condition{{Key: key, Version: have[i].Version}}, []kv.Write{{Key: key, Delete: true}}, nil
	})
}

// saveView writes v if may allows it, and takes its devices from the views that
// were their default before.
func (r *Room) saveView(ctx context.Context, sub authz.Subject, v View, may func(have []View) error) (View, error) {
	err := r.changeViews(ctx, sub, func(have []View) ([]kv.Condition, []kv.Write, error) {
		if err := may(have); err != nil {
			return nil, nil, err
		}
		if err := checkView(&v, have); err != nil {
			return nil, nil, err
		}
		var conds []kv.Condition
		var writes []kv.Write
		put := func(o View, version uint64) {
			key := viewKey(sub.Account, o.ID)
			conds = append(conds, kv.Condition{Key: key, Version: version})
			writes = append(writes, kv.Write{Key: key, Data: encode(storedView{V: recordVersion, View: o})})
		}
		put(v, v.Version)
		for _, o := range have {
			rest := slices.DeleteFunc(slices.Clone(o.DefaultFor), func(d string) bool { return slices.Contains(v.DefaultFor, d) })
			if o.ID != v.ID && len(rest) < len(o.DefaultFor) {
				o.DefaultFor = rest
				put(o, o.Version)
			}
		}
		return conds, writes, nil
	})
	if err != nil {
		return View{}, err
	}
	saved, err := r.View(ctx, sub, v.ID)
	if fault.Is(err, fault.NotFound) {
		return View{}, errStale() // removed in the same moment
	}
	return saved, err
}

// changeViews commits what f makes of the account's views. When another change
// overtakes it, f is asked again with what there is then.
func (r *Room) changeViews(ctx context.Context, sub authz.Subject, f func(have []View) ([]kv.Condition, []kv.Write, error)) error {
	for range viewTries {
		have, order, err := r.readViews(ctx, sub)
		if err != nil {
			return err
		}
		conds, writes, err := f(have)
		if err != nil {
			return err
		}
		key := viewOrderKey(sub.Account)
		conds = append(conds, kv.Condition{Key: key, Version: order})
		writes = append(writes, kv.Write{Key: key, Data: []byte("{}")})
		if _, err = r.commit(ctx, conds, writes); !errors.Is(err, kv.ErrConflict) {
			return err
		}
	}
	return errStale()
}

func errNoView() error {
	return fault.New(fault.NotFound, fault.CodeNotFound, "There is no such thing here.")
}

func errStale() error {
	return fault.New(fault.Conflict, string(authz.ReasonStale), "Somebody changed this meanwhile. Load it again.")
}

// commit writes to the control space; an outcome that is not known is asked for
// once more under the same id.
func (r *Room) commit(ctx context.Context, conds []kv.Condition, writes []kv.Write) (kv.Commit, error) {
	txn := kv.Txn{ID: kv.NewID(r.deps.clock.Now()), Space: kv.Control, Conditions: conds, Writes: writes}
	c, err := r.cfg.Store.Commit(ctx, txn)
	if fault.Is(err, fault.Unknown) {
		c, err = r.cfg.Store.Commit(ctx, txn)
	}
	return c, err
}
