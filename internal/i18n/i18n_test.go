package i18n

import (
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
