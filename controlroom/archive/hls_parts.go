package archive

import (
	"container/list"
	"context"
	"io"
	"slices"
	"sync"
	"time"
)

// part is a piece of a closed segment, before rights are looked at: as long as the
// segment is there, it is cut so.
type part struct {
	offset, bytes uint32
	at, span      uint32 // microseconds since the segment's beginning; how long
}

// parts are those of a day's segments. It is never changed, only replaced.
type parts struct {
	names []int64 // sorted
	bytes []int64 // of the segments
	from  []int   // of all, the first one of each segment; and the end
	all   []part
}

// of are the parts of a segment; nil where they are not known, or of another one.
func (p *parts) of(r *row) []part {
	if p == nil {
		return nil
	}
	i, ok := slices.BinarySearch(p.names, r.name)
	if !ok || p.bytes[i] != r.bytes {
		return nil
	}
	return p.all[p.from[i]:p.from[i+1]:p.from[i+1]]
}

func (p *parts) size() int { return 24*len(p.names) + 16*len(p.all) }

// with is p and more segments, which are sorted by name.
func (p *parts) with(more *parts) *parts {
	if p == nil {
		return more
	}
	out := &parts{names: make([]int64, 0, len(p.names)+len(more.names)), bytes: make([]int64, 0, len(p.names)+len(more.names)),
		from: make([]int, 1, len(p.names)+len(more.names)+1), all: make([]part, 0, len(p.all)+len(more.all))}
	for i, j := 0, 0; i < len(p.names) || j < len(more.names); {
		if j < len(more.names) && (i == len(p.names) || more.names[j] <= p.names[i]) {
			if i < len(p.names) && more.names[j] == p.names[i] {
				i++
			}
			out.add(more.names[j], more.bytes[j], more.all[more.from[j]:more.from[j+1]])
			j++
		} else {
			out.add(p.names[i], p.bytes[i], p.all[p.from[i]:p.from[i+1]])
			i++
		}
	}
	return out
}

func (p *parts) add(name, bytes int64, list []part) {
	if p.from == nil {
		p.from = []int{0}
	}
	p.names, p.bytes, p.all = append(p.names, name), append(p.bytes, bytes), append(p.all, list...)
	p.from = append(p.from, len(p.all))
}

type partsKey struct {
	s    *shelf
	day  int
	wish time.Duration
}

// partsMost bounds what is remembered: a day of a camera is 0.3 MB.
const partsMost = 24 << 20

// partsCache remembers how days are cut. It says nothing about rights, and is asked
// only for what the index lists at that moment. Safe for concurrent use; the zero
// value is ready.
type partsCache struct {
	mu    sync.Mutex
	kept  map[partsKey]*list.Element // of *keptParts
	order *list.List                 // most recently used in front
	bytes int
}

type keptParts struct {
	key partsKey
	*parts
}

func (c *partsCache) get(k partsKey) *parts {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.kept[k]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*keptParts).parts
}

func (c *partsCache) put(k partsKey, p *parts) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		c.kept, c.order = map[partsKey]*list.Element{}, list.New()
	}
	if e := c.kept[k]; e != nil {
		c.drop(e)
	}
	c.kept[k] = c.order.PushFront(&keptParts{k, p})
	c.bytes += p.size()
	for c.bytes > partsMost {
		c.drop(c.order.Back())
	}
}

// drop forgets an element; mu is held.
func (c *partsCache) drop(e *list.Element) {
	old := e.Value.(*keptParts)
	c.order.Remove(e)
	delete(c.kept, old.key)
	c.bytes -= old.size()
}

// Pieces is what the function Pieces makes of all segments that meet c.Span. How
// closed segments are cut is remembered, so their fragments are looked at once; what
// may be seen is asked of c.Allow each time.
func (a *Archive) Pieces(ctx context.Context, camera string, layer Layer, c Cut) ([]Piece, error) {
	found, err := a.find(ctx, camera, layer, c.Span)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(l listed) bool { return l.row.frags == 0 })
	known, err := a.partsOf(ctx, found, wishOf(c.Wish))
	if err != nil {
		return nil, err
	}
	var each []listed // have to be looked at by fragments
	for i := range found {
		if known[i] != nil && c.Allow != nil && !c.Allow(reach(&found[i].row, known[i])) {
			known[i] = nil
		}
		if known[i] == nil {
			each = append(each, found[i])
		}
	}
	looked, err := segments(ctx, each)
	if err != nil {
		return nil, err
	}
	runs := make([]cuttable, 0, len(found))
	whole := make([]Segment, len(found))
	for i := range found {
		switch {
		case known[i] != nil:
			whole[i] = found[i].segment(nil)
			last := known[i][len(known[i])-1]
			runs = append(runs, cuttable{Segment: &whole[i], end: int64(last.offset) + int64(last.bytes), parts: known[i]})
		case len(looked) > 0 && looked[0].ID == found[i].id():
			last := looked[0].Fragments[len(looked[0].Fragments)-1]
			runs = append(runs, cuttable{Segment: &looked[0], end: last.Offset + last.Bytes})
			looked = looked[1:]
		}
	}
	return c.pieces(runs), nil
}

// reach is the time that a segment and its parts are of.
func reach(r *row, list []part) Span {
	last := list[len(list)-1]
	return Span{micros(r.from), micros(r.from + max(int64(r.span), int64(last.at)+int64(last.span)))}
}

// partsOf finds the parts of closed segments, and cuts those that are not known.
func (a *Archive) partsOf(ctx context.Context, found []listed, wish time.Duration) ([][]part, error) {
	out := make([][]part, len(found))
	days := map[partsKey]*parts{}
	var missing []listed
	for i := range found {
		l := &found[i]
		if l.frags != nil {
			continue
		}
		k := partsKey{l.s, l.day, wish}
		p, ok := days[k]
		if !ok {
			p = a.parts.get(k)
			days[k] = p
		}
		if out[i] = p.of(&l.row); out[i] == nil {
			missing = append(missing, *l)
		}
	}
	if len(missing) == 0 {
		return out, nil
	}
	more, err := cutParts(ctx, missing, wish)
	if err != nil {
		return nil, err
	}
	for k, p := range more {
		days[k] = days[k].with(p)
		a.parts.put(k, days[k])
	}
	for i := range found {
		if l := &found[i]; l.frags == nil && out[i] == nil {
			out[i] = days[partsKey{l.s, l.day, wish}].of(&l.row)
		}
	}
	return out, nil
}

// cutParts cuts segments; those of a day that is gone are left out.
func cutParts(ctx context.Context, list []listed, wish time.Duration) (map[partsKey]*parts, error) {
	slices.SortStableFunc(list, func(x, y listed) int { return int(max(min(x.row.name-y.row.name, 1), -1)) })
	tables := fragTables(list)
	defer freeTables(tables)
	out := map[partsKey]*parts{}
	var frags []fragRow
	var groups []group
	var own []part
	for i := range list {
		l := &list[i]
		t := tableOf(tables, l)
		if t.b == nil && !t.gone {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if err := t.read(); err != nil {
				return nil, away(err)
			}
		}
		if t.gone {
			continue
		}
		ok := false
		if frags, ok = t.rows(frags[:0], &l.row); !ok {
			return nil, away(io.ErrUnexpectedEOF)
		}
		groups, own = groupsOf(groups[:0], frags, wish, true), own[:0]
		for _, g := range groups {
			first, last := &frags[g.from], &frags[g.to-1]
			own = append(own, part{offset: first.offset, bytes: last.offset + last.bytes - first.offset, at: first.at, span: last.at + last.span - first.at})
		}
		k := partsKey{l.s, l.day, wish}
		if out[k] == nil {
			out[k] = &parts{}
		}
		out[k].add(l.row.name, l.row.bytes, own)
	}
	return out, nil
}

// whole adds the parts of a segment that meet the span.
func (c *Cut) whole(out []Piece, s *cuttable) []Piece {
	for i := range s.parts {
		p := &s.parts[i]
		at, span := s.From.Add(time.Duration(p.at)*time.Microsecond), time.Duration(p.span)*time.Microsecond
		if c.meet(at, at.Add(span)) {
			out = append(out, Piece{Segment: s.ID, Init: s.Init, Offset: int64(p.offset), Bytes: int64(p.bytes), At: at, Duration: span, First: i == 0})
		}
	}
	return out
}
