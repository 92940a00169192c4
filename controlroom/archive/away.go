package archive

import (
	"context"
	"errors"
	"io"
	"sync"

	"sightline/internal/fault"
)

// blocks keeps what was read from the bucket lately: readers ask for little and
// often, and a request there takes as long for much.
type blocks struct {
	mu   sync.Mutex
	byID map[blockID]*block
	old  []blockID // in the order they came
}

type blockID struct {
	object string
	n      int64
}

type block struct {
	b   []byte
	end bool // the object ends with it
}

const (
	blockSize = 512 << 10
	blockMost = 64
)

func (c *blocks) get(id blockID) *block {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.byID[id]
}

func (c *blocks) put(id blockID, b *block) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byID == nil {
		c.byID = map[blockID]*block{}
	}
	if c.byID[id] == nil {
		c.old = append(c.old, id)
	}
	c.byID[id] = b
	for len(c.old) > blockMost {
		delete(c.byID, c.old[0])
		c.old = c.old[1:]
	}
}

// readAway is ReadAt of a segment that is in the bucket.
func (a *Archive) readAway(ctx context.Context, s *shelf, name int64, p []byte, off int64) (int, error) {
	day := dayOf(name)
	if !s.listsAway(day, name) {
		return 0, notFound()
	}
	object := s.objectName(day, name)
	done := 0
	for done < len(p) {
		at := off + int64(done)
		id := blockID{object, at / blockSize}
		b := a.blocks.get(id)
		if b == nil {
			buf := make([]byte, blockSize)
			n, _, err := a.cfg.Bucket.ReadAt(ctx, object, buf, id.n*blockSize)
			end := errors.Is(err, io.EOF)
			if err != nil && !end {
				if fault.Is(err, fault.NotFound) {
					return done, notFound()
				}
				return done, away(err)
			}
			b = &block{buf[:n:n], end}
			a.blocks.put(id, b)
		}
		from, n := int(at-id.n*blockSize), 0
		if from < len(b.b) {
			n = copy(p[done:], b.b[from:])
			done += n
		}
		if done < len(p) && b.end && from+n >= len(b.b) {
			return done, io.EOF
		}
		if n == 0 && done < len(p) {
			return done, away(io.ErrUnexpectedEOF)
		}
	}
	return done, nil
}

// listsAway says whether a segment is listed, and in the bucket.
func (s *shelf) listsAway(day int, name int64) bool {
	t, err := s.table(day, -1)
	if err != nil {
		return false
	}
	i := t.named(name)
	return i >= t.low && t.rows[i].away && !t.rows[i].dropped
}

func (s *shelf) localBytes() (n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.days {
		n += d.localBytes
	}
	for _, f := range s.unlisted() {
		n += f.row.bytes
	}
	return n
}
