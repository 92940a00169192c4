package i18n

import "testing"

// all is what the product ships.
var all = []string{"en", "ar", "de", "es", "fi", "fr", "it", "pl", "pt-BR", "ru", "uk"}

func TestMatch(t *testing.T) {
	m := NewMatcher(all)
	for accept, want := range map[string]string{
		"":                             "en",
		"\xff,,;":                      "en",
		"*":                            "en",
		"ja":                           "en",
		"ja,zh-CN;q=0.9,fi;q=0.1":      "fi",
		"uk-UA,ru;q=0.5":               "uk",
		"de;q=0.2,uk;q=1":              "uk",
		"de-AT":                        "de",
		"de-CH-1996":                   "de",
		"fr-CA,fr;q=0.9,en-US;q=0.8":   "fr",
		"es-419":                       "es",
		"es-MX,en;q=0.7":               "es",
		"pt":                           "pt-BR",
		"pt-BR":                        "pt-BR",
		"pt-PT":                        "pt-BR",
		"pt-AO,pt;q=0.9":               "pt-BR",
		"PT-br":                        "pt-BR",
		"ar-EG":                        "ar",
		"en-GB":                        "en",
		"pl-PL,pl;q=0.9,en;q=0.8":      "pl",
		"it-CH,it;q=0.9,de-CH;q=0.8":   "it",
		"ru-KZ":                        "ru",
		"fi-FI,sv-FI;q=0.9,en-FI;q=.3": "fi",
	} {
		if got := m.Match(accept); got != want {
			t.Errorf("Accept-Language %q: %s, want %s", accept, got, want)
		}
	}
	for _, langs := range [][]string{nil, {"not a tag"}} {
		if got := NewMatcher(langs).Match("de"); got != Fallback {
			t.Errorf("of %q: %s", langs, got)
		}
	}
}

func TestDirection(t *testing.T) {
	for _, lang := range append(all, "he", "fa", "xx!", "") {
		want := "ltr"
		if lang == "ar" || lang == "he" || lang == "fa" {
			want = "rtl"
		}
		if got := Direction(lang); got != want {
			t.Errorf("%q: %s, want %s", lang, got, want)
		}
	}
}
