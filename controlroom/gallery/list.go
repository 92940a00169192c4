package gallery

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

// Query says which images of the subject's gallery are wanted; zero fields want all.
type Query struct {
	Camera    string    // id
	Sender    string    // account; "me" = of own cameras
	Tag       string    // exactly
	Favourite bool      // only those
	From, To  time.Time // received in [From, To)
	After     string    // id of the last image of the page before
	Limit     int       // 1 to MaxPage; 0 = 50
}

// MaxPage is how many images one page has at most.
const MaxPage = 200

// Page is a page of images, newest first.
type Page struct {
	Images []Image
	Names  map[string]string // of senders that still have an account
	Next   string            // After of the next page; "" at the end
}

// Day is one day with images, in the account's zone.
type Day struct {
	Day   string // yyyy-mm-dd
	Count int
}

// List returns a page of the subject's gallery.
func (g *Gallery) List(ctx context.Context, s authz.Subject, q Query) (Page, error) {
	if err := g.self(ctx, s); err != nil {
		return Page{}, err
	}
	if err := q.check(); err != nil {
		return Page{}, err
	}
	out := Page{Images: []Image{}, Names: map[string]string{}}
	prefix := q.index()
	from := prefix
	switch {
	case q.After != "":
		from += q.After
	case !q.To.IsZero():
		from += firstID(q.To)
	default:
		from = ""
	}
	// Two more than wanted: the first may be After itself, and the last says that there is a next page.
	chunk := q.Limit + 2
	if q.mixed() {
		chunk = 1000
	}
	for {
		ids, err := g.ids(ctx, s.Account, kv.Scan{Prefix: prefix, From: from, Reverse: true, Limit: chunk})
		if err != nil {
			return Page{}, err
		}
		more := len(ids) == chunk
		if len(ids) > 0 {
			from = prefix + ids[len(ids)-1]
		}
		if more {
			ids = ids[:len(ids)-1] // it comes again with the next scan
		}
		ids = slices.DeleteFunc(ids, func(id string) bool {
			return id == q.After || !q.To.IsZero() && id >= firstID(q.To) || !q.From.IsZero() && id < firstID(q.From)
		})
		rows, err := g.rowsOf(ctx, s.Account, ids)
		if err != nil {
			return Page{}, err
		}
		for i, r := range rows {
			if r == nil || !q.fits(*r) {
				continue
			}
			if len(out.Images) == q.Limit {
				out.Next = out.Images[q.Limit-1].ID
				return out, g.senders(ctx, &out)
			}
			out.Images = append(out.Images, r.image(ids[i]))
		}
		if !more || !q.From.IsZero() && from < prefix+firstID(q.From) {
			return out, g.senders(ctx, &out)
		}
	}
}

func (q *Query) check() error {
	if q.Limit == 0 {
		q.Limit = 50
	}
	switch {
	case q.Limit < 1 || q.Limit > MaxPage:
		return fault.Field("limit", fault.CodeBadValue, "A page has 1 to 200 images.")
	case q.After != "" && !authz.ValidID(q.After):
		return fault.Field("after", fault.CodeBadValue, "That is no place in the list.")
	case q.Camera != "" && !authz.ValidID(q.Camera):
		return fault.Field("camera", fault.CodeBadValue, "That is not the id of a camera.")
	case q.Sender != "" && q.Sender != ownSender && !authz.ValidID(q.Sender):
		return fault.Field("sender", fault.CodeBadValue, "That is not the id of a person.")
	case !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To):
		return fault.Field("to", fault.CodeBadValue, "The end of the dates is before their beginning.")
	}
	if q.Tag != "" {
		tag, err := cleanTag(q.Tag)
		q.Tag = tag
		return err
	}
	return nil
}

const ownSender = "me"

// index is the narrowest index that has all images of the query.
func (q Query) index() string {
	switch {
	case q.Favourite:
		return pFavourite
	case q.Tag != "":
		return tagKey(q.Tag)
	case q.Camera != "":
		return pByCamera + q.Camera + "/"
	case q.Sender != "":
		return pBySender + q.Sender + "/"
	}
	return pRow
}

// mixed says that the index holds others too.
func (q Query) mixed() bool {
	n := 0
	for _, asked := range []bool{q.Favourite, q.Tag != "", q.Camera != "", q.Sender != ""} {
		if asked {
			n++
		}
	}
	return n > 1
}

func (q Query) fits(r row) bool {
	return (q.Camera == "" || r.Camera == q.Camera) && (!q.Favourite || r.Favoured) && (q.Tag == "" || slices.Contains(r.Tags, q.Tag)) &&
		(q.Sender == "" || q.Sender == ownSender && r.Sender == "" || r.Sender == q.Sender)
}

// ids scans an index and returns the image ids in it.
func (g *Gallery) ids(ctx context.Context, account string, scan kv.Scan) ([]string, error) {
	snap, err := g.read(ctx, account, nil, scan)
	if err != nil {
		return nil, err
	}
	out := make([]string, 0, len(snap.Scans[0]))
	for _, v := range snap.Scans[0] {
		out = append(out, v.Key[len(scan.Prefix):])
	}
	return out, nil
}

// rowsOf reads the records of ids, in their order; nil where there is none.
func (g *Gallery) rowsOf(ctx context.Context, account string, ids []string) ([]*row, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = pRow + id
	}
	snap, err := g.read(ctx, account, keys)
	if err != nil {
		return nil, err
	}
	out := make([]*row, len(ids))
	for i, v := range snap.Values {
		if r, err := parseRow(v); v.Exists() && err == nil {
			out[i] = &r
		}
	}
	return out, nil
}

// senders names those who are named in the page.
func (g *Gallery) senders(ctx context.Context, p *Page) error {
	var ids []string
	for _, i := range p.Images {
		if i.Sender != "" && !slices.Contains(ids, i.Sender) {
			ids = append(ids, i.Sender)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	names, err := g.cfg.Authority.AccountNames(ctx, ids)
	if err == nil {
		p.Names = names
	}
	return err
}

// Days lists the days of the subject's gallery, newest first.
func (g *Gallery) Days(ctx context.Context, s authz.Subject) ([]Day, error) {
	if err := g.self(ctx, s); err != nil {
		return nil, err
	}
	snap, err := g.read(ctx, s.Account, nil, kv.Scan{Prefix: pDay, Reverse: true})
	if err != nil {
		return nil, err
	}
	out := make([]Day, 0, len(snap.Scans[0]))
	for _, v := range snap.Scans[0] {
		if n, err := strconv.Atoi(string(v.Data)); err == nil {
			out = append(out, Day{Day: strings.TrimPrefix(v.Key, pDay), Count: n})
		}
	}
	return out, nil
}

// Image returns one image of the subject; fault.NotFound when there is none.
func (g *Gallery) Image(ctx context.Context, s authz.Subject, id string) (Image, error) {
	r, err := g.mine(ctx, s, id)
	if err != nil {
		return Image{}, err
	}
	return r.image(id), nil
}

// mine is the record of an image of the subject.
func (g *Gallery) mine(ctx context.Context, s authz.Subject, id string) (row, error) {
	if err := g.self(ctx, s); err != nil {
		return row{}, err
	}
	if !authz.ValidID(id) {
		return row{}, errNoImage()
	}
	r, err := g.row(ctx, s.Account, id)
	if err != nil {
		return row{}, err
	}
	if r == nil {
		return row{}, errNoImage()
	}
	return *r, nil
}

func errNoImage() error {
	return fault.New(fault.NotFound, fault.CodeNotFound, "There is no such thing here.")
}

// self decides that the subject may have a gallery of his own.
func (g *Gallery) self(ctx context.Context, s authz.Subject) error {
	d, err := g.cfg.Authority.Check(ctx, s, authz.ActSelf, authz.Object{})
	if err != nil {
		return err
	}
	return d.Fault()
}
