package controlroom_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"sightline/controlroom"
	"sightline/internal/fault"
)

// Changes of an account's views at the same moment happen one after the other:
// neither the limit, nor names, nor the one default of a device slips.
func TestR98_ViewsAtTheSameMoment(t *testing.T) {
	n := newNode(t, bolt(t), "a")
	olena := n.person(t, "olena@example.org")
	ctx := t.Context()
	one := controlroom.View{Rows: 1, Columns: 1, DefaultFor: []string{"desktop"}}
	const tries = 6
	var wg sync.WaitGroup
	errs := make([]error, tries)
	for i := range tries {
		wg.Go(func() {
			v := one
			v.Name = fmt.Sprintf("View %d", i/2) // each name twice
			_, errs[i] = n.room.CreateView(ctx, olena, v)
		})
	}
	wg.Wait()
	taken := 0
	for _, err := range errs {
		switch fault.Code(err) {
		case "":
		case fault.CodeNameTaken:
			taken++
		default:
			t.Error(err)
		}
	}
	list, err := n.room.Views(ctx, olena)
	if err != nil || len(list) != tries/2 || taken != tries/2 {
		t.Fatalf("%d views, %d refused for their name: %v", len(list), taken, err)
	}
	defaults := 0
	for _, v := range list {
		defaults += len(v.DefaultFor)
	}
	if defaults != 1 {
		t.Errorf("%d views are the default on PCs: %+v", defaults, list)
	}
}

func TestR98_ViewsHaveALimitAndAWayOut(t *testing.T) {
	n := newNode(t, bolt(t), "a")
	olena := n.person(t, "olena@example.org")
	ctx := t.Context()
	for i := range 50 {
		if _, err := n.room.CreateView(ctx, olena, controlroom.View{Name: fmt.Sprint("V", i), Rows: 1, Columns: 1}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := n.room.CreateView(ctx, olena, controlroom.View{Name: "one more", Rows: 1, Columns: 1})
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "at most 50 views. Delete one first") {
		t.Fatalf("the 51st: %v", err)
	}
	list, err := n.room.Views(ctx, olena)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.room.DeleteView(ctx, olena, list[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, err = n.room.CreateView(ctx, olena, controlroom.View{Name: "one more", Rows: 1, Columns: 1}); err != nil {
		t.Fatalf("after one went: %v", err)
	}
}

// Two pages of one account: the one that comes late is told so, and loses nothing.
func TestR98_ALateSaveIsStale(t *testing.T) {
	n := newNode(t, bolt(t), "a")
	olena := n.person(t, "olena@example.org")
	ctx := t.Context()
	first := controlroom.DefaultView()
	first.Name = "Mine"
	mine, err := n.room.UpdateView(ctx, olena, first)
	if err != nil {
		t.Fatal(err)
	}
	first.Name = "Mine too"
	if _, err := n.room.UpdateView(ctx, olena, first); fault.Code(err) != "stale" {
		t.Errorf("the first view saved a second time: %v", err)
	}
	other, err := n.room.CreateView(ctx, olena, controlroom.View{Name: "Night", Rows: 1, Columns: 2, DefaultFor: []string{"phone"}})
	if err != nil {
		t.Fatal(err)
	}
	// Its phones went to the other view: what was read before is old.
	mine.Name = "Day"
	if _, err := n.room.UpdateView(ctx, olena, mine); fault.Code(err) != "stale" || !fault.Is(err, fault.Conflict) {
		t.Errorf("an old version: %v", err)
	}
	fresh, err := n.room.View(ctx, olena, mine.ID)
	if err != nil || fresh.Name != "Mine" || !slices.Equal(fresh.DefaultFor, []string{"desktop"}) {
		t.Fatalf("the fresh one: %+v %v", fresh, err)
	}
	fresh.Name = "Day"
	if fresh, err = n.room.UpdateView(ctx, olena, fresh); err != nil || fresh.Name != "Day" {
		t.Errorf("with the fresh version: %+v %v", fresh, err)
	}
	if err := n.room.DeleteView(ctx, olena, other.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := n.room.UpdateView(ctx, olena, other); !fault.Is(err, fault.NotFound) {
		t.Errorf("one that is gone: %v", err)
	}
	// R90: after the last one the account opens as it began.
	if err := n.room.DeleteView(ctx, olena, fresh.ID); err != nil {
		t.Fatal(err)
	}
	if list, err := n.room.Views(ctx, olena); err != nil || len(list) != 1 || list[0].ID != "default" {
		t.Errorf("after the last: %+v %v", list, err)
	}
}

func TestR98_ViewsAreKeptPerAccount(t *testing.T) {
	n := newNode(t, bolt(t), "a")
	olena, max := n.person(t, "olena@example.org"), n.person(t, "max@example.org")
	ctx := t.Context()
	first, err := n.room.Views(ctx, olena)
	if err != nil || len(first) != 1 || first[0].ID != "default" || first[0].Cells[0].Any != 1 {
		t.Fatalf("R90: %+v %v", first, err)
	}
	first[0].Name, first[0].Rows, first[0].Columns = "Mine", 2, 3
	v, err := n.room.UpdateView(ctx, olena, first[0])
	if err != nil || v.Version == 0 || len(v.Cells) != 6 {
		t.Fatalf("the default saved: %+v %v", v, err)
	}
	w, err := n.room.CreateView(ctx, olena, controlroom.View{Name: "Phone", Rows: 2, Columns: 1, DefaultFor: []string{"phone"}})
	if err != nil {
		t.Fatal(err)
	}
	list, err := n.room.Views(ctx, olena)
	if err != nil || len(list) != 2 || len(list[0].DefaultFor) != 1 || list[0].DefaultFor[0] != "desktop" {
		t.Fatalf("one default a device: %+v %v", list, err)
	}
	if _, err := n.room.UpdateView(ctx, olena, v); fault.Code(err) != "stale" || !fault.Is(err, fault.Conflict) {
		t.Fatalf("an old version: %v", err)
	}
	for name, err := range map[string]error{
		"update": func() error { _, err := n.room.UpdateView(ctx, max, w); return err }(),
		"delete": n.room.DeleteView(ctx, max, w.ID),
	} {
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("somebody else's %s: %v", name, err)
		}
	}
	if err := n.room.DeleteView(ctx, olena, w.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := n.room.CreateView(ctx, olena, controlroom.View{Name: "mine", Rows: 1, Columns: 1}); fault.Code(err) != fault.CodeNameTaken {
		t.Fatalf("the same name: %v", err)
	}
}
