package archtest

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

// traces are what the machine of a writer leaves behind. The patterns are
// spelled so that they do not match themselves.
var traces = []struct {
	re  *regexp.Regexp
	why string
}{
	{regexp.MustCompile(`proxy[.]golang[.]org|sum[.]golang[.]org|registry[.]npmjs[.]org|registry[.]yarnpkg`), "a registry is the reader's own setting"},
	{regexp.MustCompile(`(^|[\s"'(=])/(work|root|home)/[a-z]`), "an absolute path of one machine"},
	{regexp.MustCompile(`-----BEGIN (EC |RSA )?PRIVATE KEY-----[\s\S]{40}`), "a private key"},
}

// binaries are not read.
var binaries = []string{".png", ".jpg", ".ico", ".woff2", ".mp4", ".h264", ".gz", ".wasm"}

func TestNoTraces(t *testing.T) {
	for _, p := range files(t) {
		if contains(binaries, path.Ext(p)) || p == "internal/archtest/traces_test.go" || strings.Contains(p, "/testdata/fuzz/") {
			continue
		}
		text := read(t, p)
		for _, tr := range traces {
			if at := tr.re.FindStringIndex(text); at != nil {
				t.Errorf("%s:%d: %s: %q", p, 1+strings.Count(text[:at[0]], "\n"), tr.why, strings.TrimSpace(text[at[0]:min(at[1]+20, len(text))]))
			}
		}
	}
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}
