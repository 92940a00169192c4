package i18n

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/text/language"
)

func TestPluralForms(t *testing.T) {
	for lang, cases := range map[string]map[any]string{
		"en": {0: "other", 1: "one", 2: "other", "1.5": "other", 1.0: "one"},
		"uk": {0: "many", 1: "one", 2: "few", 5: "many", 11: "many", 12: "many", 21: "one", 22: "few", 25: "many", 101: "one", 1_000_000_000: "many", 1_000_000_001: "one", "1.5": "other", int64(3): "few"},
		"ar": {0: "zero", 1: "one", 2: "two", 3: "few", 10: "few", 11: "many", 99: "many", 100: "other", 103: "few"},
		"pl": {1: "one", 2: "few", 5: "many", 22: "few"},
		"fr": {0: "one", 1: "one", 2: "other"},
	} {
		tag := language.MustParse(lang)
		for n, want := range cases {
			if got := category(tag, n); got != want {
				t.Errorf("%s %v: %s, want %s", lang, n, got, want)
			}
		}
	}
	for _, n := range []any{nil, "many", true, -1} {
		if got := category(language.English, n); n != -1 && got != "other" {
			t.Errorf("%v: %s", n, got)
		}
	}
	if category(language.English, -1) != "one" {
		t.Error("-1 is not as 1")
	}
}

func catalogues(t *testing.T, files map[string]string) (*Catalogues, error) {
	t.Helper()
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return Load(m)
}

func TestText(t *testing.T) {
	c, err := catalogues(t, map[string]string{
		"en.json": `{"hi": "Hello {name}, {name}!", "n": {"one": "{n} camera", "other": "{n} cameras"}, "brace": "a { b {x"}`,
		"uk.json": `{"hi": "Вітаю, {name}", "n": {"one": "{n} камера", "few": "{n} камери", "many": "{n} камер", "other": "{n} камери"}}`,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		lang, key string
		args      Args
		want      string
	}{
		{"en", "hi", Args{"name": "Ann {name}"}, "Hello Ann {name}, Ann {name}!"},
		{"en", "hi", nil, "Hello {name}, {name}!"},
		{"en", "n", Args{"n": 1}, "1 camera"},
		{"uk", "n", Args{"n": 3}, "3 камери"},
		{"uk", "n", Args{"n": 5}, "5 камер"},
		{"uk", "brace", Args{"x": 1}, "a { b {x"},
		{"de", "n", Args{"n": 2}, "2 cameras"},
		{"uk", "none", nil, "none"},
	} {
		if got := c.Text(x.lang, x.key, x.args); got != x.want {
			t.Errorf("%s %s: %q, want %q", x.lang, x.key, got, x.want)
		}
	}
	if got := c.Languages(); !slices.Equal(got, []string{"en", "uk"}) {
		t.Errorf("languages %v", got)
	}
	for accept, want := range map[string]string{"uk-UA,ru;q=0.5": "uk", "de": "en", "": "en", "de;q=1,uk;q=0.2": "uk", "\xff,,;": "en"} {
		if got := c.Match(accept); got != want {
			t.Errorf("Accept-Language %q: %s, want %s", accept, got, want)
		}
	}
}

func TestBrokenCatalogues(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"no catalogue for":       {"uk.json": `{}`},
		"uk.json":                {"en.json": `{}`, "uk.json": `{`},
		"no form \"other\"":      {"en.json": `{"a": {"one": "x"}}`},
		"not a plural form":      {"en.json": `{"a": {"other": "x", "lots": "y"}}`},
		"neither a text nor":     {"en.json": `{"a": 1}`},
		"not_a_language!!.json:": {"en.json": `{}`, "not_a_language!!.json": `{}`},
	} {
		if _, err := catalogues(t, files); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

// The embedded catalogues have the same keys, the same placeholders, and all
// plural forms their language has.
func TestCatalogues(t *testing.T) {
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"en", "uk", "ar"} {
		if !c.Has(want) {
			t.Errorf("no catalogue for %s", want)
		}
	}
	names, _ := fs.Glob(files, "catalogues/*.json")
	if len(names) != len(c.Languages()) {
		t.Errorf("%d files, languages %v", len(names), c.Languages())
	}
	forms := map[string][]string{"en": {"one", "other"}, "uk": {"few", "many", "one", "other"}, "ar": {"few", "many", "one", "other", "two", "zero"}}
	en := c.byLang[Fallback]
	for _, lang := range c.Languages() {
		have := c.byLang[lang]
		for key, e := range en {
			o, ok := have[key]
			if !ok {
				t.Errorf("%s: no %s", lang, key)
				continue
			}
			if (e.forms == nil) != (o.forms == nil) {
				t.Errorf("%s: %s is plural in one language and not in the other", lang, key)
				continue
			}
			if e.forms == nil {
				same(t, lang, key, e.text, o.text)
				continue
			}
			if got := slices.Sorted(maps.Keys(o.forms)); forms[lang] != nil && !slices.Equal(got, forms[lang]) {
				t.Errorf("%s: %s has forms %v, the language has %v", lang, key, got, forms[lang])
			}
		}
		for key := range have {
			if _, ok := en[key]; !ok {
				t.Errorf("%s: %s is not in %s", lang, key, Fallback)
			}
		}
	}
}

func same(t *testing.T, lang, key, want, have string) {
	t.Helper()
	a, b := placeholder.FindAllString(want, -1), placeholder.FindAllString(have, -1)
	slices.Sort(a)
	slices.Sort(b)
	if !slices.Equal(slices.Compact(a), slices.Compact(b)) {
		t.Errorf("%s: %s has %v, %s has %v", lang, key, b, Fallback, a)
	}
}
