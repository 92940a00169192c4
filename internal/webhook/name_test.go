package webhook

import (
	"strings"
	"testing"

	"sightline/internal/fault"
)

// A name is something to see, and turns no text around.
func TestNames(t *testing.T) {
	for name, code := range map[string]string{
		"": fault.CodeRequired, " \t": fault.CodeRequired, strings.Repeat("ж", nameMost+1): fault.CodeTooLong,
		"\u202e": fault.CodeBadValue, "\u200b\u200d": fault.CodeBadValue, "House\u202etxt": fault.CodeBadValue, "\u2066a": fault.CodeBadValue,
		"a\nb": fault.CodeBadValue, "a\xff": fault.CodeBadValue, "\ufeffa": fault.CodeBadValue,
	} {
		if _, err := checkName(name); fault.Code(err) != code {
			t.Errorf("%q: %v, want %s", name, err, code)
		}
	}
	for _, name := range []string{"House", "می‌خواهم", "👨‍👩‍👧", "хата 2", "∞"} {
		if got, err := checkName(" " + name + " "); err != nil || got != name {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
}
