package controlroom

import (
	"slices"
	"strings"
	"testing"

	"sightline/authz"
	"sightline/internal/fault"
)

func TestR89_ViewsAreChecked(t *testing.T) {
	cam := authz.NewID()
	have := []View{{ID: "a", Name: "Perimeter"}}
	some := func(n int) []Cell { return make([]Cell, n) }
	for name, tc := range map[string]struct {
		in          View
		field, code string
		says        string // of the sentence: what is wrong, or the way out
	}{
		"no name":              {View{Rows: 1, Columns: 1}, "name", fault.CodeRequired, "Enter a name"},
		"blanks for a name":    {View{Name: " \t", Rows: 1, Columns: 1}, "name", fault.CodeRequired, "Enter a name"},
		"61 characters":        {View{Name: strings.Repeat("я", 61), Rows: 1, Columns: 1}, "name", fault.CodeTooLong, "at most 60"},
		"text turned around":   {View{Name: "a\u202eb", Rows: 1, Columns: 1}, "name", fault.CodeBadValue, "cannot be shown"},
		"a line break":         {View{Name: "a\nb", Rows: 1, Columns: 1}, "name", fault.CodeBadValue, "cannot be shown"},
		"a name there is":      {View{ID: "b", Name: "PERIMETER", Rows: 1, Columns: 1}, "name", fault.CodeNameTaken, "Choose another"},
		"no rows":              {View{Name: "V", Columns: 1}, "rows", fault.CodeBadValue, "1 to 4 rows, not 0"},
		"five columns":         {View{Name: "V", Rows: 1, Columns: 5}, "columns", fault.CodeBadValue, "1 to 4 columns, not 5"},
		"a layout of its own":  {View{Name: "V", Layout: "2+8"}, "layout", fault.CodeBadValue, "grid, or 1+5"},
		"more cells than fit":  {View{Name: "V", Rows: 2, Columns: 2, Cells: some(6)}, "cells", fault.CodeBadValue, "4 cells and 6 were sent"},
		"seven in 1+5":         {View{Name: "V", Layout: LayoutOneFive, Cells: some(7)}, "cells", fault.CodeBadValue, "make the view larger"},
		"both in one cell":     {View{Name: "V", Rows: 1, Columns: 2, Cells: []Cell{{}, {Camera: cam, Any: 1}}}, "cells", fault.CodeBadValue, "Cell 2 holds"},
		"no id":                {View{Name: "V", Rows: 1, Columns: 1, Cells: []Cell{{Camera: "../x"}}}, "cells", fault.CodeBadValue, "Cell 1 names"},
		"any, #0 and below":    {View{Name: "V", Rows: 1, Columns: 1, Cells: []Cell{{Any: -1}}}, "cells", fault.CodeBadValue, "from 1 to 1000"},
		"any, #1001":           {View{Name: "V", Rows: 1, Columns: 1, Cells: []Cell{{Any: 1001}}}, "cells", fault.CodeBadValue, "from 1 to 1000"},
		"the default of a fax": {View{Name: "V", Rows: 1, Columns: 1, DefaultFor: []string{"fax"}}, "default_for", fault.CodeBadValue, "desktop, phone"},
	} {
		err := checkView(&tc.in, have)
		var f *fault.Error
		if !asFault(err, &f) || f.Kind != fault.Invalid || f.Field != tc.field || f.Code != tc.code || !strings.Contains(f.Msg, tc.says) {
			t.Errorf("%s: %v", name, err)
		}
	}

	v := View{ID: "a", Name: "  perimeter ", Rows: 2, Columns: 2, Cells: []Cell{{Camera: cam}, {Any: 3}}, DefaultFor: []string{"phone", "desktop", "phone"}}
	if err := checkView(&v, have); err != nil {
		t.Fatal(err)
	}
	if v.Name != "perimeter" || v.Layout != LayoutGrid || len(v.Cells) != 4 || v.Cells[1].Any != 3 || !slices.Equal(v.DefaultFor, []string{"desktop", "phone"}) {
		t.Errorf("made whole: %+v", v)
	}
	v = View{Name: "One and five", Layout: LayoutOneFive, Rows: 9}
	if err := checkView(&v, have); err != nil || v.Rows != 3 || v.Columns != 3 || len(v.Cells) != 6 {
		t.Errorf("1+5: %+v %v", v, err)
	}
	for rows := 1; rows <= 4; rows++ {
		for columns := 1; columns <= 4; columns++ {
			v := View{Name: "V", Rows: rows, Columns: columns}
			if err := checkView(&v, have); err != nil || len(v.Cells) != rows*columns {
				t.Errorf("%d x %d: %d cells, %v", rows, columns, len(v.Cells), err)
			}
		}
	}
}

func asFault(err error, f **fault.Error) bool {
	e, ok := err.(*fault.Error)
	*f = e
	return ok
}
