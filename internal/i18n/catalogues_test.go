package i18n

import (
	"bufio"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// cardinals are the plural forms of the languages that are shipped, by CLDR 48.
// (The "many" of Spanish, French, Italian and Portuguese is that of whole
// millions; browsers choose it.)
var cardinals = map[string][]string{
	"ar":    {"few", "many", "one", "other", "two", "zero"},
	"de":    {"one", "other"},
	"en":    {"one", "other"},
	"es":    {"many", "one", "other"},
	"fi":    {"one", "other"},
	"fr":    {"many", "one", "other"},
	"it":    {"many", "one", "other"},
	"pl":    {"few", "many", "one", "other"},
	"pt-BR": {"many", "one", "other"},
	"ru":    {"few", "many", "one", "other"},
	"uk":    {"few", "many", "one", "other"},
}

var placeholder = regexp.MustCompile(`\{\w+\}`)

var keyLine = regexp.MustCompile(`(?m)^  "([^"]+)": `)

// shipped are the catalogues, held to the list of languages.
func shipped(t *testing.T) *Catalogues {
	t.Helper()
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range all {
		if !c.Has(want) {
			t.Errorf("no catalogue for %s", want)
		}
	}
	for _, lang := range c.Languages() {
		if !slices.Contains(all, lang) {
			t.Errorf("%s is not on the list of languages", lang)
		}
	}
	return c
}

// The embedded catalogues have the same keys, the same placeholders, and all
// plural forms their language has.
func TestCatalogues(t *testing.T) {
	c := shipped(t)
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
			if got := slices.Sorted(maps.Keys(o.forms)); e.forms != nil && !slices.Equal(got, cardinals[lang]) {
				t.Errorf("%s: %s has forms %v, the language has %v", lang, key, got, cardinals[lang])
			}
			same(t, lang, key, e, o)
		}
		for key := range have {
			if _, ok := en[key]; !ok {
				t.Errorf("%s: %s is not in %s", lang, key, Fallback)
			}
		}
	}
}

// same holds the placeholders of have to those of want. A plural form that is
// of one number only ("one camera", "two cameras") may say it in words.
func same(t *testing.T, lang, key string, want, have entry) {
	t.Helper()
	need := places(want.text, want.forms["other"])
	for form, text := range texts(have) {
		got, must := places(text), need
		if inWords(lang, form) {
			got, must = slices.DeleteFunc(got, isCount), slices.DeleteFunc(slices.Clone(must), isCount)
		}
		if !slices.Equal(got, must) {
			t.Errorf("%s: %s %s has %v, %s has %v", lang, key, form, got, Fallback, need)
		}
	}
}

// inWords says whether a form of a language belongs to one number only.
func inWords(lang, form string) bool {
	switch form {
	case "zero", "two":
		return true
	case "one": // also of 21, or also of 0, in these
		return !slices.Contains([]string{"uk", "ru", "fr", "pt-BR"}, lang)
	}
	return false
}

func isCount(hole string) bool { return hole == "{n}" || hole == "{cap}" }

// places are the placeholders of some texts, sorted, each once.
func places(texts ...string) []string {
	return slices.Compact(slices.Sorted(slices.Values(placeholder.FindAllString(strings.Join(texts, " "), -1))))
}

// texts are the sentences of an entry by form; a plain one is under "".
func texts(e entry) map[string]string {
	if e.forms != nil {
		return e.forms
	}
	return map[string]string{"": e.text}
}

// No file says a key twice, and no sentence is empty or has blanks at its ends
// or two in a row.
func TestCataloguesAreTidy(t *testing.T) {
	c := shipped(t)
	for _, lang := range c.Languages() {
		raw, err := fs.ReadFile(files, "catalogues/"+lang+".json")
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, m := range keyLine.FindAllStringSubmatch(string(raw), -1) {
			if seen[m[1]] {
				t.Errorf("%s: %s is said twice", lang, m[1])
			}
			seen[m[1]] = true
		}
		if len(seen) != len(c.byLang[lang]) {
			t.Errorf("%s: %d lines with a key, %d keys: one line a key, please", lang, len(seen), len(c.byLang[lang]))
		}
		for key, e := range c.byLang[lang] {
			for _, text := range texts(e) {
				if text != strings.TrimSpace(text) || text == "" || strings.Contains(text, "  ") {
					t.Errorf("%s: %s is empty or has blanks too many: %q", lang, key, text)
				}
			}
		}
	}
}

// An allowed pair of equals: a key (or a beginning of keys, with * at its end)
// whose value may be the same as in English, in which languages, and why.
type allowed struct {
	key, langs, why string
	used            map[string]bool
}

func (a *allowed) covers(lang, key string) bool {
	start, wild := strings.CutSuffix(a.key, "*")
	return (key == a.key || wild && strings.HasPrefix(key, start)) && (a.langs == "*" || slices.Contains(strings.Fields(a.langs), lang))
}

func allowedSame(t *testing.T) []*allowed {
	t.Helper()
	f, err := os.Open("testdata/same-as-english.txt")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	var out []*allowed
	for in := bufio.NewScanner(f); in.Scan(); {
		line := in.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.Split(line, " | ")
		if len(parts) != 3 || slices.Contains(parts, "") {
			t.Fatalf("not key | languages | reason: %q", line)
		}
		out = append(out, &allowed{key: parts[0], langs: parts[1], why: parts[2], used: map[string]bool{}})
	}
	return out
}

// A sentence that reads as in English was forgotten, unless the list says why
// it may; and the list says nothing that is not so.
func TestNothingIsLeftInEnglish(t *testing.T) {
	c := shipped(t)
	list := allowedSame(t)
	for _, lang := range c.Languages() {
		for key, e := range c.byLang[lang] {
			en := c.byLang[Fallback][key]
			if lang == Fallback || !equal(e, en) || !hasWords(e) {
				continue
			}
			i := slices.IndexFunc(list, func(a *allowed) bool { return a.covers(lang, key) })
			if i < 0 {
				t.Errorf("%s: %s reads as in English: %q", lang, key, e.text+e.forms["other"])
				continue
			}
			list[i].used[lang] = true
		}
	}
	for _, a := range list {
		if len(a.used) == 0 {
			t.Errorf("the list allows %s for %s, and nothing is equal there", a.key, a.langs)
		}
		for _, lang := range strings.Fields(a.langs) {
			if lang != "*" && !a.used[lang] {
				t.Errorf("the list allows %s for %s, and nothing is equal there", a.key, lang)
			}
		}
	}
}

// hasWords says whether there is anything to translate between the placeholders.
func hasWords(e entry) bool {
	return strings.ContainsFunc(placeholder.ReplaceAllString(e.text+e.forms["other"], ""), unicode.IsLetter)
}

func equal(a, b entry) bool {
	return a.text == b.text && (a.forms == nil || a.forms["other"] == b.forms["other"])
}

// What a screen reader calls a control ("links.pause_name") begins with or
// holds what stands on it ("links.pause"), as in English: who speaks the word
// he sees is understood (WCAG 2.5.3).
func TestNamesHoldTheirLabels(t *testing.T) {
	c := shipped(t)
	holds := func(lang, name, label string) bool {
		return strings.Contains(strings.ToLower(c.byLang[lang][name].text), strings.ToLower(c.byLang[lang][label].text))
	}
	for name := range c.byLang[Fallback] {
		label, ok := strings.CutSuffix(name, "_name")
		if _, is := c.byLang[Fallback][label]; !ok || !is || !holds(Fallback, name, label) {
			continue
		}
		for _, lang := range c.Languages() {
			if !holds(lang, name, label) {
				t.Errorf("%s: %s %q does not hold %q", lang, name, c.byLang[lang][name].text, c.byLang[lang][label].text)
			}
		}
	}
}
