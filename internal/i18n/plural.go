package i18n

import (
	"strconv"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// categories are the six plural forms CLDR knows.
var categories = []string{"zero", "one", "two", "few", "many", "other"}

// category returns the CLDR cardinal form of n in a language. n is any integer,
// or a decimal number as a string or float; what is not a number is "other".
func category(tag language.Tag, n any) string {
	s := digits(n)
	if s == "" {
		return "other"
	}
	whole, frac, _ := strings.Cut(s, ".")
	i := toInt(whole)
	trimmed := strings.TrimRight(frac, "0")
	form := plural.Cardinal.MatchPlural(tag, i, len(frac), len(trimmed), toInt(frac), toInt(trimmed))
	switch form {
	case plural.Zero:
		return "zero"
	case plural.One:
		return "one"
	case plural.Two:
		return "two"
	case plural.Few:
		return "few"
	case plural.Many:
		return "many"
	}
	return "other"
}

// digits writes n without a sign as CLDR operands are taken from it, or "".
func digits(n any) string {
	var s string
	switch v := n.(type) {
	case int:
		s = strconv.Itoa(v)
	case int64:
		s = strconv.FormatInt(v, 10)
	case uint64:
		s = strconv.FormatUint(v, 10)
	case float64:
		s = strconv.FormatFloat(v, 'f', -1, 64)
	case string:
		if _, err := strconv.ParseFloat(v, 64); err != nil {
			return ""
		}
		s = v
	default:
		return ""
	}
	return strings.TrimLeft(s, "+-")
}

// toInt reads decimal digits, keeping the last nine: the rules only look at
// residues and at small numbers, and must not overflow.
func toInt(s string) int {
	big := len(s) > 9
	if big {
		s = s[len(s)-9:]
	}
	i, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	if big && i < 1_000_000 {
		i += 1_000_000_000 // still large: never mistaken for 0, 1 or 2
	}
	return i
}
