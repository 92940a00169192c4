package archtest

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *$`)
	fence   = regexp.MustCompile("(?s)```.*?```")
	code    = regexp.MustCompile("`[^`\n]*`")
)

// Every relative link in a document leads to a file, and its anchor to a heading.
func TestDocumentLinks(t *testing.T) {
	for _, p := range files(t) {
		if !strings.HasSuffix(p, ".md") {
			continue
		}
		text := code.ReplaceAllString(fence.ReplaceAllString(read(t, p), ""), "")
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			target := m[1]
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			file, anchor, _ := strings.Cut(target, "#")
			to := p
			if file != "" {
				to = path.Join(path.Dir(p), file)
			}
			info, err := os.Stat(filepath.Join(root, to))
			if err != nil {
				t.Errorf("%s links to %s, which does not exist", p, target)
				continue
			}
			if anchor != "" && !info.IsDir() && !anchors(read(t, to))[anchor] {
				t.Errorf("%s links to %s, but there is no such heading", p, target)
			}
		}
	}
}

// anchors are the names a document's headings get on a page.
func anchors(text string) map[string]bool {
	out := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		name := strings.Map(func(r rune) rune {
			switch {
			case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
				return unicode.ToLower(r)
			case r == ' ':
				return '-'
			}
			return -1
		}, m[1])
		out[name] = true
	}
	return out
}

func read(t *testing.T, p string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, p))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
