package rediskv

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sightline/internal/kv"
)

// parser takes the items of a script's reply one by one and keeps the first
// error: a reply that is not what our scripts say is a store we cannot use.
type parser struct {
	items []any
	err   error
}

func (p *parser) fail(f string, args ...any) {
	if p.err == nil {
		p.err = kv.Unavailable(errors.New("rediskv: unexpected reply: " + fmt.Sprintf(f, args...)))
	}
}

func (p *parser) next() any {
	if len(p.items) == 0 {
		p.fail("too short")
		return nil
	}
	item := p.items[0]
	p.items = p.items[1:]
	return item
}

// text is "" for nil.
func (p *parser) text() string {
	switch v := p.next().(type) {
	case string:
		return v
	case nil:
	default:
		p.fail("%T for a text", v)
	}
	return ""
}

// number is 0 for nil.
func (p *parser) number() uint64 {
	switch v := p.next().(type) {
	case int64:
		return uint64(v)
	case string:
		n, err := strconv.ParseUint(v, 10, 64)
		if err != nil {
			p.fail("%q for a number", v)
		}
		return n
	case nil:
	default:
		p.fail("%T for a number", v)
	}
	return 0
}

func (p *parser) time() time.Time {
	s, us := p.number(), p.number()
	return time.Unix(int64(s), int64(us)*1000)
}

func (p *parser) list() []any {
	l, ok := p.next().([]any)
	if !ok {
		p.fail("no list")
	}
	return l
}

// head reads what every reading script begins with.
func (p *parser) head() (revision uint64, epoch string, now time.Time) {
	if found := p.number(); found > format && p.err == nil {
		p.err = kv.NewerFormat(int(found), format)
	}
	return p.number(), p.text(), p.time()
}

// value reads "<version>:<data>".
func (p *parser) value(key string, item any) kv.Value {
	v := kv.Value{Key: key}
	if item == nil {
		return v
	}
	raw, _ := item.(string)
	version, data, ok := strings.Cut(raw, ":")
	n, err := strconv.ParseUint(version, 10, 64)
	if !ok || err != nil {
		p.fail("value of %q without a version", key)
		return v
	}
	v.Version, v.Data = n, []byte(data)
	return v
}

func (p *parser) pairs(flat []any) []kv.Value {
	if len(flat)%2 != 0 {
		p.fail("odd list of pairs")
		return nil
	}
	values := make([]kv.Value, 0, len(flat)/2)
	for i := 0; i+1 < len(flat); i += 2 {
		key, _ := flat[i].(string)
		values = append(values, p.value(key, flat[i+1]))
	}
	return values
}
