package archive

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"path"
	"strings"

	"sightline/internal/blob"
	"sightline/internal/fault"
)

// doom notes, for good, objects that are to go from the bucket; a name that ends
// in / is all below it.
func (d *disk) doom(names []string) error {
	if len(names) == 0 {
		return nil
	}
	return d.put(path.Join(dirDoomed, strings.ToLower(rand.Text())), []byte(strings.Join(names, "\n")))
}

// doomed are the notes, each with its names.
func (d *disk) doomed() (map[string][]string, error) {
	list, err := readDir(d.root, dirDoomed)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	for _, e := range list {
		if strings.HasSuffix(e.Name(), ".new") {
			continue
		}
		b, err := d.root.ReadFile(path.Join(dirDoomed, e.Name()))
		if err != nil {
			return nil, err
		}
		out[e.Name()] = strings.Split(string(b), "\n")
	}
	return out, nil
}

// removeDoomed removes them from the bucket.
func (a *Archive) removeDoomed(ctx context.Context, d *disk) error {
	notes, err := d.doomed()
	if err != nil {
		return err
	}
	for note, names := range notes {
		for _, name := range names {
			if err := a.removeObjects(ctx, d, name); err != nil {
				return err
			}
		}
		if err := d.root.Remove(path.Join(dirDoomed, note)); err != nil {
			return err
		}
	}
	return nil
}

func (a *Archive) removeObjects(ctx context.Context, d *disk, name string) error {
	if !strings.HasPrefix(name, d.id+"/") {
		return nil // not a name of ours
	}
	if !strings.HasSuffix(name, "/") {
		err := a.cfg.Bucket.Delete(ctx, name)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		return err
	}
	for {
		var names []string
		err := a.cfg.Bucket.List(ctx, name, func(i blob.Info) bool {
			names = append(names, i.Name)
			return len(names) < 1000
		})
		if err != nil || len(names) == 0 {
			return err
		}
		for _, n := range names {
			if err := a.cfg.Bucket.Delete(ctx, n); err != nil && !fault.Is(err, fault.NotFound) {
				return err
			}
		}
	}
}
