package usage

import (
	"cmp"
	"context"
	"slices"
	"time"

	"sightline/authz"
	"sightline/internal/kv"
)

// Spell is a time in which a budget of a link was used up.
type Spell struct {
	Budget   string    // Users, GalleryUpdates or ViewerSeconds
	From, To time.Time // store time, to the second or two in which it is seen; To is zero while it lasts
}

// span is a Spell as it is stored, Unix ms; To 0: it lasts.
type span struct {
	From int64 `json:"from"`
	To   int64 `json:"to,omitempty"`
}

// mostSpans bounds what is remembered of one budget.
const mostSpans = 48

// spans follows a budget: it is used up now or not. What left the window is
// forgotten; of too many the two nearest are put together.
func spans(list []span, over bool, now time.Time, window time.Duration) []span {
	at := now.UnixMilli()
	list = slices.DeleteFunc(slices.Clone(list), func(s span) bool { return s.To != 0 && s.To <= now.Add(-window).UnixMilli() })
	switch last := len(list) - 1; {
	case over && !lasting(list):
		list = append(list, span{From: at})
	case !over && lasting(list):
		list[last].To = max(at, list[last].From+1)
	}
	for len(list) > mostSpans {
		near := 1
		for i := range list {
			if i > 0 && list[i].From-list[i-1].To < list[near].From-list[near-1].To {
				near = i
			}
		}
		list[near-1].To = list[near].To
		list = slices.Delete(list, near, near+1)
	}
	return list
}

func lasting(list []span) bool { return len(list) > 0 && list[len(list)-1].To == 0 }

// Throttled tells when budgets of a link were used up in the window before now,
// by budget and time. Whoever calls decides who may see it. An error is
// fault.Unavailable: the store is silent.
func (b *Book) Throttled(ctx context.Context, link string, now time.Time) ([]Spell, error) {
	if b.cfg.Store == nil {
		return nil, nil
	}
	snap, err := b.cfg.Store.Read(ctx, kv.Control, []string{authz.LinkUsePrefix + link}, nil)
	if err != nil {
		return nil, kv.Unavailable(err)
	}
	begin := now.Add(-b.cfg.Window)
	var out []Spell
	for budget, use := range decodeUse(snap.Values[0]).Budgets {
		for _, s := range use.Over {
			t := Spell{Budget: budget, From: time.UnixMilli(s.From)}
			if s.To != 0 {
				t.To = time.UnixMilli(s.To)
			}
			if s.To != 0 && !t.To.After(begin) {
				continue
			}
			if t.From.Before(begin) {
				t.From = begin
			}
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b Spell) int { return cmp.Or(cmp.Compare(a.Budget, b.Budget), a.From.Compare(b.From)) })
	return out, nil
}
