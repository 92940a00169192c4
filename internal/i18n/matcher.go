package i18n

import "golang.org/x/text/language"

// Matcher chooses among languages for a reader. Immutable, safe for concurrent use.
type Matcher struct {
	langs []string
	match language.Matcher
}

// NewMatcher chooses among langs, BCP 47 tags; the first is the answer when
// nothing fits. Without any it always answers with the fallback.
func NewMatcher(langs []string) Matcher {
	m := Matcher{}
	var tags []language.Tag
	for _, l := range langs {
		if tag, err := language.Parse(l); err == nil {
			m.langs, tags = append(m.langs, l), append(tags, tag)
		}
	}
	if len(tags) == 0 {
		m.langs, tags = []string{Fallback}, []language.Tag{language.English}
	}
	m.match = language.NewMatcher(tags)
	return m
}

// Match returns the best language for an Accept-Language header: a region that
// is not offered is answered by its language (de-AT by de, pt by pt-BR).
func (m Matcher) Match(accept string) string {
	tags, _, err := language.ParseAcceptLanguage(accept)
	if err != nil || len(tags) == 0 {
		return m.langs[0]
	}
	_, i, _ := m.match.Match(tags...)
	return m.langs[i]
}

// Direction is "rtl" for a language written from right to left, else "ltr".
func Direction(lang string) string {
	tag, err := language.Parse(lang)
	if err != nil {
		return "ltr"
	}
	switch s, _ := tag.Script(); s.String() {
	case "Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm":
		return "rtl"
	}
	return "ltr"
}
