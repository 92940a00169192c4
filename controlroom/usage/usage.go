// Package usage tells owners what the guests of their share links have used of
// its budgets in the sliding window, how near they are to its end, and when what
// is used frees (R76 to R84). It counts nothing: it reads what ratelimit counts.
package usage

import (
	"context"
	"errors"
	"time"

	"sightline/internal/kv"
	"sightline/ratelimit"
)

// Config of a Book. Slots, Updates and Hours are required.
type Config struct {
	Slots   ratelimit.SlotReader
	Updates ratelimit.UpdateReader
	Hours   ratelimit.Hours
	Store   kv.Store          // where Watch writes down when budgets were used up; nil: Throttled tells nothing
	Egress  *ratelimit.Egress // nil: nobody counts what is sent
	Window  time.Duration     // of all budgets; 0 = 24 h
	Near    int               // percent of a budget from which it is near its end; 0 = 80
}

// Book answers what links have used. Safe for concurrent use.
type Book struct{ cfg Config }

// New makes a Book.
func New(cfg Config) (*Book, error) {
	if cfg.Slots == nil || cfg.Updates == nil || cfg.Hours == nil {
		return nil, errors.New("usage: slots, updates and hours are required")
	}
	if cfg.Window <= 0 {
		cfg.Window = 24 * time.Hour
	}
	if cfg.Near <= 0 {
		cfg.Near = 80
	}
	return &Book{cfg}, nil
}

// Link is what a share link's guests have used.
type Link struct {
	State     State // of the fullest budget
	Users     Bar   // slots taken, by addresses
	Updates   Bar   // gallery updates
	Viewing   Bar   // viewing time, in seconds
	Addresses int   // seen in the window; ratelimit.MaxAddresses+1 = more than can be told apart
	Hourly    []Hour
	Window    time.Duration
	Now       time.Time // store time
}

// Bar is one budget.
type Bar struct {
	Used, Budget int64
	State        State
	Frees        []Free    // the first first
	First        time.Time // when the first piece of all frees; zero when nothing is used
}

// Free says that N of a budget are free again at At, if nothing is used meanwhile.
type Free struct {
	N  int64
	At time.Time
}

// Hour is what was used in a 24th of the window. They begin by the clock, as hours
// do: the oldest is what is left of one in the window, the newest ends now. All
// together they are the bars, but for addresses: one counts in each hour it used
// its slot in.
type Hour struct {
	From, To time.Time
	Users    int64 // slots used, by addresses
	Updates  int64
	Viewed   time.Duration
}

const (
	// apart is how finely the times of pieces that free are told, as parts of the window.
	apart = 1440
)

// Link reads a link's use. Whoever calls decides who may see it. An error is
// fault.Unavailable: the store is silent.
func (b *Book) Link(ctx context.Context, link string) (Link, error) {
	slots, err := b.cfg.Slots.SlotUsage(ctx, link)
	if err != nil {
		return Link{}, err
	}
	updates, err := b.cfg.Updates.UpdateUsage(ctx, link)
	if err != nil {
		return Link{}, err
	}
	viewing, err := b.cfg.Hours.Usage(ctx, link)
	if err != nil {
		return Link{}, err
	}
	out := Link{
		Users: b.pieces(slots), Updates: b.pieces(updates),
		Viewing:   Bar{Used: seconds(viewing.Used), Budget: seconds(viewing.Budget)},
		Addresses: viewing.Addresses, Hourly: b.hourly(slots, updates, viewing), Window: b.cfg.Window, Now: viewing.Now,
	}
	out.Viewing.State = StateOf(int64(viewing.Used), int64(viewing.Budget), b.cfg.Near)
	var leaves []leave
	for _, k := range viewing.Buckets {
		leaves = append(leaves, leave{k.At.Add(b.cfg.Window), k.Used})
	}
	if len(leaves) > 0 {
		out.Viewing.First = leaves[0].at
	}
	for _, f := range frees(leaves, b.cfg.Window/ratelimit.Parts) {
		if n := seconds(time.Duration(f.N)); n > 0 {
			out.Viewing.Frees = append(out.Viewing.Frees, Free{n, f.At})
		}
	}
	out.State = worst(out.Users.State, out.Updates.State, out.Viewing.State)
	return out, nil
}

// seconds is how viewing time is told everywhere: whole seconds, the nearest.
func seconds(d time.Duration) int64 { return int64(d.Round(time.Second) / time.Second) }

// pieces is the bar of a budget that is counted in pieces.
func (b *Book) pieces(w ratelimit.Window) Bar {
	bar := Bar{Used: int64(len(w.Frees)), Budget: int64(w.Budget)}
	bar.State = StateOf(bar.Used, bar.Budget, b.cfg.Near)
	leaves := make([]leave, len(w.Frees))
	for i, at := range w.Frees {
		leaves[i] = leave{at, 1}
	}
	if len(w.Frees) > 0 {
		bar.First = w.Frees[0]
	}
	bar.Frees = frees(leaves, b.cfg.Window/apart)
	return bar
}

// leave is something used that leaves the window.
type leave struct {
	at time.Time
	n  time.Duration
}

// frees puts together what frees within span; each is told when all of it is free.
func frees(list []leave, span time.Duration) []Free {
	var out []Free
	var begun time.Time
	for _, l := range list {
		if k := len(out) - 1; k >= 0 && l.at.Sub(begun) <= span {
			out[k].N, out[k].At = out[k].N+int64(l.n), l.at
			continue
		}
		begun = l.at
		out = append(out, Free{int64(l.n), l.at})
	}
	return out
}

// hourly puts what was used into the parts of the window, oldest first. The three
// are read one after the other, so the window is that of all of them.
func (b *Book) hourly(slots, updates ratelimit.Window, viewing ratelimit.HoursUsage) []Hour {
	w := b.cfg.Window
	from, to := viewing.Now, viewing.Now
	for _, now := range []time.Time{slots.Now, updates.Now} {
		if now.Sub(viewing.Now).Abs() > ratelimit.Part(w) { // not of one clock: what it tells is put at the ends
			continue
		}
		if now.Before(from) {
			from = now
		}
		if now.After(to) {
			to = now
		}
	}
	from = from.Add(-w)
	first, part := ratelimit.PartOf(w, from), ratelimit.Part(w)
	out := make([]Hour, ratelimit.PartOf(w, to)-first+1)
	for i := range out {
		at := time.UnixMilli((first + int64(i)) * part.Milliseconds())
		out[i].From, out[i].To = at, at.Add(part)
	}
	out[0].From, out[len(out)-1].To = from, to
	of := func(at time.Time) *Hour {
		return &out[min(max(ratelimit.PartOf(w, at)-first, 0), int64(len(out)-1))]
	}
	for _, at := range slots.Uses {
		of(at).Users++
	}
	for _, at := range updates.Uses {
		of(at).Updates++
	}
	for _, k := range viewing.Buckets {
		of(k.At).Viewed += k.Used
	}
	return out
}
