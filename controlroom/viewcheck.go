package controlroom

import (
	"fmt"
	"slices"

	"sightline/authz"
	"sightline/internal/fault"
)

const (
	viewSide = 4    // rows or columns at most
	viewAny  = 1000 // largest number of "any, #n"
)

// checkView makes a view whole, or says which field cannot be and what can. Have
// are the account's views; v may be one of them.
func checkView(v *View, have []View) error {
	var err error
	if v.Name, err = authz.CleanName("name", v.Name); err != nil {
		return err
	}
	if slices.ContainsFunc(have, func(o View) bool { return o.ID != v.ID && authz.SameName(o.Name, v.Name) }) {
		return fault.Field("name", fault.CodeNameTaken, "You have a view of this name. Choose another name.")
	}
	cells, err := checkLayout(v)
	if err != nil {
		return err
	}
	if err := checkCells(v, cells); err != nil {
		return err
	}
	for _, d := range v.DefaultFor {
		if d != DeviceDesktop && d != DevicePhone {
			return fault.Field("default_for", fault.CodeBadValue, "A view is the default for desktop, phone, both or none.")
		}
	}
	v.DefaultFor = slices.Compact(slices.Sorted(slices.Values(v.DefaultFor)))
	if v.DefaultFor == nil {
		v.DefaultFor = []string{}
	}
	return nil
}

// checkLayout answers how many cells the view's layout has.
func checkLayout(v *View) (int, error) {
	switch v.Layout {
	case "", LayoutGrid:
		v.Layout = LayoutGrid
		for _, side := range []struct {
			name string
			n    int
		}{{"rows", v.Rows}, {"columns", v.Columns}} {
			if side.n < 1 || side.n > viewSide {
				return 0, fault.Field(side.name, fault.CodeBadValue, fmt.Sprintf("A view has 1 to %d %s, not %d.", viewSide, side.name, side.n))
			}
		}
		return v.Rows * v.Columns, nil
	case LayoutOneFive:
		v.Rows, v.Columns = 3, 3
		return 6, nil
	}
	return 0, fault.Field("layout", fault.CodeBadValue, "A layout is grid, or 1+5.")
}

// checkCells fills the view up to so many cells. More are refused: nothing that
// was assigned is dropped in silence.
func checkCells(v *View, cells int) error {
	if len(v.Cells) > cells {
		return fault.Field("cells", fault.CodeBadValue,
			fmt.Sprintf("This view has %d cells and %d were sent. Leave some out, or make the view larger.", cells, len(v.Cells)))
	}
	for i, c := range v.Cells {
		switch {
		case c.Camera != "" && c.Any != 0:
			return badCell(i, "holds a camera or any camera by its number, not both")
		case c.Camera != "" && !authz.ValidID(c.Camera):
			return badCell(i, "names a camera by something that is no camera's id")
		case c.Any < 0 || c.Any > viewAny:
			return badCell(i, fmt.Sprintf("holds any camera by a number from 1 to %d", viewAny))
		}
	}
	full := make([]Cell, cells)
	copy(full, v.Cells)
	v.Cells = full
	return nil
}

// badCell counts cells from 1, as people do.
func badCell(i int, what string) error {
	return fault.Field("cells", fault.CodeBadValue, fmt.Sprintf("Cell %d %s.", i+1, what))
}
