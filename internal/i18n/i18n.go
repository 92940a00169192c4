// Package i18n looks sentences up in the catalogues that the browser pages use
// too: catalogues/<language>.json, flat keys, one file a language. A value is a
// text with {placeholders}, or an object of CLDR plural forms
// ({"one": …, "few": …, "other": …}) chosen by the argument "n". English is the
// complete catalogue; the others are held to its keys by a test.
package i18n

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"

	"golang.org/x/text/language"
)

//go:embed catalogues
var files embed.FS

// Fallback is the language of last resort; its catalogue is complete.
const Fallback = "en"

// Args are the values of a text's placeholders by name. "n" chooses the plural form.
type Args map[string]any

// entry is one sentence: text, or forms by CLDR plural category.
type entry struct {
	text  string
	forms map[string]string
}

// Catalogues are all sentences in all languages. Immutable, safe for concurrent use.
type Catalogues struct {
	byLang map[string]map[string]entry
	tags   map[string]language.Tag
	langs  []string
}

// New reads the embedded catalogues. An error means that the program was built
// with a broken catalogue.
func New() (*Catalogues, error) {
	sub, err := fs.Sub(files, "catalogues")
	if err != nil {
		return nil, err
	}
	return Load(sub)
}

// Load reads every <language>.json of dir. The fallback language must be there.
func Load(dir fs.FS) (*Catalogues, error) {
	names, err := fs.Glob(dir, "*.json")
	if err != nil {
		return nil, err
	}
	c := &Catalogues{byLang: map[string]map[string]entry{}, tags: map[string]language.Tag{}}
	for _, name := range names {
		lang := strings.TrimSuffix(path.Base(name), ".json")
		tag, err := language.Parse(lang)
		if err != nil {
			return nil, fmt.Errorf("i18n: %s: %w", name, err)
		}
		raw, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, err
		}
		entries, err := parse(raw)
		if err != nil {
			return nil, fmt.Errorf("i18n: %s: %w", name, err)
		}
		c.byLang[lang], c.tags[lang] = entries, tag
		c.langs = append(c.langs, lang)
	}
	if c.byLang[Fallback] == nil {
		return nil, fmt.Errorf("i18n: no catalogue for %q", Fallback)
	}
	// A matcher answers with its first language when nothing fits.
	sort.Slice(c.langs, func(i, j int) bool {
		if (c.langs[i] == Fallback) != (c.langs[j] == Fallback) {
			return c.langs[i] == Fallback
		}
		return c.langs[i] < c.langs[j]
	})
	return c, nil
}

func parse(raw []byte) (map[string]entry, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, err
	}
	out := make(map[string]entry, len(m))
	for key, v := range m {
		var e entry
		if err := json.Unmarshal(v, &e.text); err != nil {
			if err := json.Unmarshal(v, &e.forms); err != nil {
				return nil, fmt.Errorf("key %q is neither a text nor plural forms", key)
			}
			if e.forms["other"] == "" {
				return nil, fmt.Errorf("key %q has no form \"other\"", key)
			}
			for f := range e.forms {
				if !slices.Contains(categories, f) {
					return nil, fmt.Errorf("key %q: %q is not a plural form", key, f)
				}
			}
		}
		out[key] = e
	}
	return out, nil
}

// Languages lists the languages there are, the fallback first.
func (c *Catalogues) Languages() []string { return slices.Clone(c.langs) }

// Has reports whether lang has a catalogue.
func (c *Catalogues) Has(lang string) bool { return c.byLang[lang] != nil }

// Text returns the sentence of key in lang with its placeholders filled in,
// from the fallback where lang lacks it, and the key itself where no catalogue
// has it: a reader sees something to report, never an empty line.
func (c *Catalogues) Text(lang, key string, args Args) string {
	e, ok := c.byLang[lang][key]
	if !ok {
		lang = Fallback
		if e, ok = c.byLang[lang][key]; !ok {
			return key
		}
	}
	text := e.text
	if e.forms != nil {
		if text, ok = e.forms[category(c.tags[lang], args["n"])]; !ok {
			text = e.forms["other"]
		}
	}
	return fill(text, args)
}

// fill replaces {name} by the argument of that name; unknown names stay as they are.
func fill(text string, args Args) string {
	if len(args) == 0 || !strings.Contains(text, "{") {
		return text
	}
	var b strings.Builder
	for {
		i := strings.IndexByte(text, '{')
		if i < 0 {
			break
		}
		j := strings.IndexByte(text[i:], '}')
		if j < 0 {
			break
		}
		b.WriteString(text[:i])
		if v, ok := args[text[i+1:i+j]]; ok {
			fmt.Fprint(&b, v)
		} else {
			b.WriteString(text[i : i+j+1])
		}
		text = text[i+j+1:]
	}
	b.WriteString(text)
	return b.String()
}
