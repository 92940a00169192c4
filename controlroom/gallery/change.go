package gallery

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

// Patch changes an image; nil leaves a field as it is.
type Patch struct {
	Favourite *bool
	Tags      *[]string
}

// Limits of tags.
const (
	maxTags = 20 // of one image
	maxTag  = 40 // characters
)

// Change marks an image of the subject as favourite, or sets its tags.
func (g *Gallery) Change(ctx context.Context, s authz.Subject, id string, p Patch) (Image, error) {
	if err := g.self(ctx, s); err != nil {
		return Image{}, err
	}
	var tags []string
	if p.Tags != nil {
		for _, t := range *p.Tags {
			tag, err := cleanTag(t)
			if err != nil {
				return Image{}, err
			}
			tags = append(tags, tag)
		}
		slices.Sort(tags)
		tags = slices.Compact(tags)
	}
	return g.edit(ctx, s.Account, id, func(r *row) error {
		if p.Favourite != nil {
			r.Favoured = *p.Favourite
		}
		if p.Tags != nil {
			r.Tags = tags
		}
		return nil
	})
}

// edit changes an image's record and its marks.
func (g *Gallery) edit(ctx context.Context, account, id string, fn func(*row) error) (Image, error) {
	if !authz.ValidID(id) {
		return Image{}, errNoImage()
	}
	var out Image
	err := g.change(ctx, account, []string{pRow + id}, func(at map[string]kv.Value, _ time.Time) (kv.Txn, error) {
		v := at[pRow+id]
		if !v.Exists() {
			return kv.Txn{}, errNoImage()
		}
		r, err := parseRow(v)
		if err != nil {
			return kv.Txn{}, err
		}
		before := r.marks(id)
		if err := fn(&r); err != nil {
			return kv.Txn{}, err
		}
		if len(r.Tags) > maxTags {
			return kv.Txn{}, fault.Field("tags", fault.CodeTooLong, "An image has at most 20 tags.")
		}
		out = r.image(id)
		after := r.marks(id)
		txn := kv.Txn{Conditions: is(v), Writes: []kv.Write{{Key: v.Key, Data: kv.Encode(r)}}}
		for _, k := range before {
			if !slices.Contains(after, k) {
				txn.Writes = append(txn.Writes, kv.Write{Key: k, Delete: true})
			}
		}
		for _, k := range after {
			if !slices.Contains(before, k) {
				txn.Writes = append(txn.Writes, kv.Write{Key: k, Data: []byte{'1'}})
			}
		}
		return txn, nil
	})
	return out, err
}

// Do is what a Batch does.
type Do string

// What can be done to many images at once.
const (
	DoDelete      Do = "delete"
	DoRestore     Do = "restore"
	DoFavourite   Do = "favourite"
	DoUnfavourite Do = "unfavourite"
	DoTag         Do = "tag"
	DoUntag       Do = "untag"
)

// MaxBatch is how many images one Batch takes.
const MaxBatch = 500

// Failure is one image of a Batch that could not be done.
type Failure struct {
	ID   string
	Code string // no_such_thing, quota_full, too_long
}

// Batch does one thing to many images of the subject. What has been done stays
// done when the rest fails. Deleting what is gone and restoring what is there
// are done. A store that does not answer is an error.
func (g *Gallery) Batch(ctx context.Context, s authz.Subject, ids []string, do Do, tag string) (done []string, failed []Failure, err error) {
	if err := g.self(ctx, s); err != nil {
		return nil, nil, err
	}
	if len(ids) == 0 || len(ids) > MaxBatch {
		return nil, nil, fault.Field("ids", fault.CodeBadValue, "Choose 1 to 500 images.")
	}
	if do == DoTag || do == DoUntag {
		if tag, err = cleanTag(tag); err != nil {
			return nil, nil, err
		}
	}
	done, failed = []string{}, []Failure{}
	for _, id := range ids {
		err := g.one(ctx, s.Account, id, do, tag)
		var f *fault.Error
		switch {
		case err == nil:
			done = append(done, id)
		case errors.As(err, &f) && (f.Kind == fault.NotFound || f.Kind == fault.Conflict || f.Kind == fault.Invalid && f.Field != "do"):
			failed = append(failed, Failure{ID: id, Code: f.Code})
		default:
			return done, failed, err
		}
	}
	return done, failed, nil
}

func (g *Gallery) one(ctx context.Context, account, id string, do Do, tag string) error {
	if !authz.ValidID(id) {
		return errNoImage()
	}
	switch do {
	case DoDelete:
		_, err := g.remove(ctx, account, id)
		return err
	case DoRestore:
		return g.bringBack(ctx, account, id)
	case DoFavourite, DoUnfavourite:
		_, err := g.edit(ctx, account, id, func(r *row) error { r.Favoured = do == DoFavourite; return nil })
		return err
	case DoTag:
		_, err := g.edit(ctx, account, id, func(r *row) error {
			if !slices.Contains(r.Tags, tag) {
				r.Tags = append(slices.Clone(r.Tags), tag)
				slices.Sort(r.Tags)
			}
			return nil
		})
		return err
	case DoUntag:
		_, err := g.edit(ctx, account, id, func(r *row) error {
			r.Tags = slices.DeleteFunc(slices.Clone(r.Tags), func(t string) bool { return t == tag })
			return nil
		})
		return err
	}
	return fault.Field("do", fault.CodeBadValue, "That cannot be done: delete, restore, favourite, unfavourite, tag or untag.")
}

func (g *Gallery) bringBack(ctx context.Context, account, id string) error {
	ok, full, err := g.restore(ctx, account, id)
	switch {
	case err != nil || ok:
		return err
	case full:
		return fault.New(fault.Conflict, string(authz.ReasonQuotaFull), "The gallery is full.")
	}
	if r, err := g.row(ctx, account, id); err != nil || r != nil {
		return err
	}
	return errNoImage()
}

// cleanTag trims a tag and refuses what is none.
func cleanTag(s string) (string, error) {
	s = strings.Join(strings.Fields(s), " ")
	switch {
	case s == "":
		return "", fault.Field("tag", fault.CodeRequired, "A tag needs at least one letter.")
	case len([]rune(s)) > maxTag:
		return "", fault.Field("tag", fault.CodeTooLong, "A tag has at most 40 characters.")
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }):
		return "", fault.Field("tag", fault.CodeBadValue, "That tag has characters that cannot be shown.")
	}
	return s, nil
}
