package archtest

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"
)

const lastRow = 106

var (
	rowLine = regexp.MustCompile(`(?m)^\| R(\d+) \| (.+) \|$`)
	goRow   = regexp.MustCompile(`func ((?:Test|Fuzz)\w*R\d+\w*)\(`)
	rowName = regexp.MustCompile(`R(\d+)`)
	jsTitle = regexp.MustCompile("(?:test|it|describe)\\(\\s*[\"'`]([^\"'`]*\\bR\\d+[^\"'`]*)")
)

// docs/ref/rows.md has every row once, in order, with one sentence.
func TestRowsAreComplete(t *testing.T) {
	found := rowLine.FindAllStringSubmatch(read(t, "docs/ref/rows.md"), -1)
	if len(found) != lastRow {
		t.Fatalf("docs/ref/rows.md has %d rows, %d are wanted", len(found), lastRow)
	}
	for i, m := range found {
		if m[1] != fmt.Sprint(i+1) {
			t.Fatalf("row R%s stands where R%d belongs", m[1], i+1)
		}
		if !strings.HasSuffix(m[2], ".") {
			t.Errorf("R%s is not a sentence", m[1])
		}
	}
}

// A test cites only rows there are. With SPEC=1 (make spec) it prints which
// rows have tests and which have none.
func TestRowsCited(t *testing.T) {
	cited := map[int][]string{}
	for _, p := range files(t) {
		var names []string
		switch {
		case strings.HasSuffix(p, "_test.go"):
			for _, m := range goRow.FindAllStringSubmatch(read(t, p), -1) {
				names = append(names, m[1])
			}
		case strings.HasPrefix(p, "web/ui/") && (strings.HasSuffix(p, ".mjs") || strings.Contains(p, ".test.ts")):
			for _, m := range jsTitle.FindAllStringSubmatch(read(t, p), -1) {
				names = append(names, m[1])
			}
		}
		for _, name := range names {
			for _, m := range rowName.FindAllStringSubmatch(name, -1) {
				var n int
				fmt.Sscan(m[1], &n)
				if n < 1 || n > lastRow {
					t.Errorf("%s: %s cites R%d, which does not exist", p, name, n)
					continue
				}
				if at := p + ": " + name; !slices.Contains(cited[n], at) {
					cited[n] = append(cited[n], at)
				}
			}
		}
	}
	if os.Getenv("SPEC") == "" {
		return
	}
	var without []string
	for n := 1; n <= lastRow; n++ {
		if len(cited[n]) == 0 {
			without = append(without, fmt.Sprintf("R%d", n))
			continue
		}
		sort.Strings(cited[n])
		fmt.Printf("R%-4d %s\n", n, strings.Join(cited[n], "\n      "))
	}
	fmt.Printf("\n%d rows with tests, %d without: %s\n", lastRow-len(without), len(without), strings.Join(without, " "))
}
