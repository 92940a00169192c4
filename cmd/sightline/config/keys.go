package config

import (
	"reflect"
	"strings"
	"sync"
)

// EnvPrefix begins every environment variable of the program.
const EnvPrefix = "SIGHTLINE_"

// Key is one thing that can be set.
type Key struct {
	Path    string // in the file, "tls.cert"
	Flag    string // "tls-cert"
	Env     string // "SIGHTLINE_TLS_CERT"
	Default string
	Help    string
	Enum    []string
	Type    reflect.Type
	index   []int
}

// Keys lists everything that can be set, in the order of the struct.
var Keys = sync.OnceValue(func() []Key {
	return walk(reflect.TypeFor[Config](), nil)
})

func walk(t reflect.Type, index []int) []Key {
	var out []Key
	for i := range t.NumField() {
		f := t.Field(i)
		at := append(append([]int(nil), index...), i)
		if _, ok := f.Tag.Lookup("embed"); ok {
			out = append(out, walk(f.Type, at)...)
			continue
		}
		path := f.Tag.Get("key")
		k := Key{
			Path: path, Flag: strings.NewReplacer(".", "-", "_", "-").Replace(path),
			Env:     EnvPrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_")),
			Default: f.Tag.Get("default"), Help: f.Tag.Get("help"), Type: f.Type, index: at,
		}
		if e := f.Tag.Get("enum"); e != "" {
			k.Enum = strings.Split(e, ",")
		}
		out = append(out, k)
	}
	return out
}

// keyByFlag finds a key by its flag name.
func keyByFlag(flag string) (Key, bool) {
	for _, k := range Keys() {
		if k.Flag == flag {
			return k, true
		}
	}
	return Key{}, false
}

// nearest returns the candidate with the fewest edits to s, or "" when all are far.
func nearest(s string, candidates []string) string {
	best, at := "", len(s)/3+2
	for _, c := range candidates {
		if strings.HasPrefix(s, c+".") { // a value taken for a parent
			return c
		}
		if d := edits(strings.ToLower(s), strings.ToLower(c)); d < at {
			best, at = c, d
		}
	}
	if best == "" { // a key under the wrong parent: same last part
		last := s[strings.LastIndexAny(s, "._")+1:]
		for _, c := range candidates {
			if last != "" && strings.HasSuffix(strings.ToLower(c), strings.ToLower(last)) {
				return c
			}
		}
	}
	return best
}

// edits is the Levenshtein distance.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diag := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			diag, row[j] = row[j], min(row[j]+1, row[j-1]+1, diag+cost)
		}
	}
	return row[len(b)]
}
