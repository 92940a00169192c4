package controlroom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

// storedView is the record of a view: its id and version are its key's.
type storedView struct {
	V int `json:"v"`
	View
}

const recordVersion = 1

// DefaultView is what an account opens on that never saved one (row R90): one
// cell, the first of its cameras.
func DefaultView() View {
	return View{ID: "default", Rows: 1, Columns: 1, Layout: LayoutGrid, Cells: []Cell{{Any: 1}},
		DefaultFor: []string{DeviceDesktop, DevicePhone}}
}

func viewPrefix(account string) string  { return "view/" + account + "/" }
func viewKey(account, id string) string { return viewPrefix(account) + id }

// Views lists the account's views by name; one that never saved any has DefaultView.
func (r *Room) Views(ctx context.Context, sub authz.Subject) ([]View, error) {
	views, err := r.readViews(ctx, sub)
	if err != nil {
		return nil, err
	}
	if len(views) == 0 {
		return []View{DefaultView()}, nil
	}
	return views, nil
}

// readViews reads what is stored, for an account whose login still stands.
func (r *Room) readViews(ctx context.Context, sub authz.Subject) ([]View, error) {
	if sub.Kind != authz.AccountSubject {
		return nil, errNoSession()
	}
	d, err := r.cfg.Authority.Check(ctx, sub, authz.ActSelf, authz.Object{})
	if err != nil {
		return nil, err
	}
	if err := d.Fault(); err != nil {
		return nil, err
	}
	snap, err := r.cfg.Store.Read(ctx, kv.Control, nil, []kv.Scan{{Prefix: viewPrefix(sub.Account)}})
	if err != nil {
		return nil, err
	}
	out := []View{}
	for _, v := range snap.Scans[0] {
		var s storedView
		if err := json.Unmarshal(v.Data, &s); err != nil || s.V != recordVersion {
			r.deps.log.Error("a view cannot be read", "key", v.Key)
			continue
		}
		s.View.ID, s.View.Version = strings.TrimPrefix(v.Key, viewPrefix(sub.Account)), v.Version
		out = append(out, s.View)
	}
	slices.SortFunc(out, func(a, b View) int { return strings.Compare(a.Name+a.ID, b.Name+b.ID) })
	return out, nil
}

// CreateView stores a view. ID and Version are set by the room.
func (r *Room) CreateView(ctx context.Context, sub authz.Subject, v View) (View, error) {
	views, err := r.readViews(ctx, sub)
	if err != nil {
		return View{}, err
	}
	if len(views) >= r.cfg.Limits.Views {
		return View{}, fault.Newf(fault.Conflict, fault.CodeConflict, "An account keeps at most %d views.", r.cfg.Limits.Views)
	}
	v.ID, v.Version = authz.NewID(), 0
	return r.saveView(ctx, sub, views, v)
}

// UpdateView replaces a view; v.Version must be the stored one, else fault.Conflict
// "stale". The default view an account starts with is saved as its first own one.
func (r *Room) UpdateView(ctx context.Context, sub authz.Subject, v View) (View, error) {
	views, err := r.readViews(ctx, sub)
	if err != nil {
		return View{}, err
	}
	if v.ID == DefaultView().ID && len(views) == 0 {
		v.ID, v.Version = authz.NewID(), 0
		return r.saveView(ctx, sub, views, v)
	}
	i := slices.IndexFunc(views, func(o View) bool { return o.ID == v.ID })
	switch {
	case i < 0:
		return View{}, errNoSession()
	case views[i].Version != v.Version:
		return View{}, errStale()
	}
	return r.saveView(ctx, sub, views, v)
}

// DeleteView removes a view.
func (r *Room) DeleteView(ctx context.Context, sub authz.Subject, id string) error {
	views, err := r.readViews(ctx, sub)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(views, func(o View) bool { return o.ID == id }) {
		return errNoSession()
	}
	_, err = r.commit(ctx, nil, []kv.Write{{Key: viewKey(sub.Account, id), Delete: true}})
	return err
}

// saveView writes v, and takes its devices from the views that were their default before.
func (r *Room) saveView(ctx context.Context, sub authz.Subject, have []View, v View) (View, error) {
	if err := checkView(&v, have); err != nil {
		return View{}, err
	}
	conds := []kv.Condition{{Key: viewKey(sub.Account, v.ID), Version: v.Version}}
	writes := []kv.Write{{Key: viewKey(sub.Account, v.ID), Data: encode(storedView{V: recordVersion, View: v})}}
	for _, o := range have {
		rest := slices.DeleteFunc(slices.Clone(o.DefaultFor), func(d string) bool { return slices.Contains(v.DefaultFor, d) })
		if o.ID == v.ID || len(rest) == len(o.DefaultFor) {
			continue
		}
		conds = append(conds, kv.Condition{Key: viewKey(sub.Account, o.ID), Version: o.Version})
		o.DefaultFor = rest
		writes = append(writes, kv.Write{Key: viewKey(sub.Account, o.ID), Data: encode(storedView{V: recordVersion, View: o})})
	}
	if _, err := r.commit(ctx, conds, writes); err != nil {
		if errors.Is(err, kv.ErrConflict) {
			return View{}, errStale()
		}
		return View{}, err
	}
	views, err := r.readViews(ctx, sub)
	if err != nil {
		return View{}, err
	}
	for _, o := range views {
		if o.ID == v.ID {
			return o, nil
		}
	}
	return View{}, errStale() // removed in the same moment
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

// checkView makes a view whole, or says which field cannot be.
func checkView(v *View, have []View) error {
	v.Name = strings.TrimSpace(v.Name)
	switch n := utf8.RuneCountInString(v.Name); {
	case n == 0:
		return fault.Field("name", fault.CodeRequired, "A view needs a name.")
	case n > 60 || strings.ContainsFunc(v.Name, func(r rune) bool { return r < ' ' }):
		return fault.Field("name", fault.CodeTooLong, "A view's name has at most 60 characters.")
	case slices.ContainsFunc(have, func(o View) bool { return o.ID != v.ID && strings.EqualFold(o.Name, v.Name) }):
		return fault.Field("name", fault.CodeNameTaken, "You have a view of this name.")
	}
	if v.Layout == "" {
		v.Layout = LayoutGrid
	}
	cells := v.Rows * v.Columns
	switch v.Layout {
	case LayoutGrid:
		if v.Rows < 1 || v.Rows > 4 || v.Columns < 1 || v.Columns > 4 {
			return fault.Field("rows", fault.CodeBadValue, "A view has 1 to 4 rows and 1 to 4 columns.")
		}
	case LayoutOneFive:
		v.Rows, v.Columns, cells = 3, 3, 6
	default:
		return fault.Field("layout", fault.CodeBadValue, "A layout is grid or 1+5.")
	}
	if len(v.Cells) > cells {
		return fault.Field("cells", fault.CodeBadValue, fmt.Sprintf("This view has %d cells.", cells))
	}
	for len(v.Cells) < cells {
		v.Cells = append(v.Cells, Cell{})
	}
	for _, c := range v.Cells {
		if c.Any < 0 || c.Any > 1000 || (c.Camera != "" && (c.Any != 0 || !authz.ValidID(c.Camera))) {
			return fault.Field("cells", fault.CodeBadValue, "A cell holds a camera, or any camera by its number.")
		}
	}
	for _, d := range v.DefaultFor {
		if d != DeviceDesktop && d != DevicePhone {
			return fault.Field("default_for", fault.CodeBadValue, "A view is the default for desktop or phone.")
		}
	}
	v.DefaultFor = slices.Compact(slices.Sorted(slices.Values(v.DefaultFor)))
	if v.DefaultFor == nil {
		v.DefaultFor = []string{}
	}
	return nil
}
