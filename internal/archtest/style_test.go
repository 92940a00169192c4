package archtest

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// timeless are the packages whose rules about time are tested with a clock that
// stands still: they may not ask the machine. sfu, ingest and web set deadlines
// on sockets with it, which no record ever sees.
var timeless = []string{"authz", "ratelimit", "controlroom", "internal/event", "internal/seal", "internal/i18n"}

func TestTimeIsAskedOfTheClock(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || !slices.ContainsFunc(timeless, func(d string) bool { return under(s.pkg, d) }) {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if pkg, name, ok := selector(n); ok && pkg == "time" && (name == "Now" || name == "Since" || name == "Until") {
				t.Errorf("%s:%d: time.%s: take a clock.Clock, or clock.Mono for durations", s.path, s.line(n.Pos()), name)
			}
			return true
		})
	}
}

func TestNoInitNoPrintNoSkip(t *testing.T) {
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s:%d: func init: construct it in New", s.path, s.line(f.Pos()))
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if f, ok := n.(*ast.FuncDecl); ok && strings.HasPrefix(f.Name.Name, "Fuzz") {
				return false // a fuzz target may pass over an input
			}
			pkg, name, ok := selector(n)
			if !ok {
				return true
			}
			if !s.test && !under(s.pkg, "cmd") && pkg == "fmt" && strings.HasPrefix(name, "Print") {
				t.Errorf("%s:%d: fmt.%s: a library writes to the logger it was given", s.path, s.line(n.Pos()), name)
			}
			if s.test && s.pkg != "internal/archtest" && pkg == "t" && (name == "Skip" || name == "Skipf" || name == "SkipNow") {
				t.Errorf("%s:%d: t.%s: a missing tool fails the test", s.path, s.line(n.Pos()), name)
			}
			return true
		})
	}
}

func TestNothingUnfinished(t *testing.T) {
	for _, s := range sources(t) {
		if s.pkg == "internal/archtest" {
			continue
		}
		for _, g := range s.file.Comments {
			for _, c := range g.List {
				for _, w := range []string{"TODO", "FIXME", "XXX"} {
					if strings.Contains(c.Text, w) {
						t.Errorf("%s:%d: %s", s.path, s.line(c.Pos()), w)
					}
				}
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 1 {
				return true
			}
			if id, ok := call.Fun.(*ast.Ident); !ok || id.Name != "panic" {
				return true
			}
			l, ok := call.Args[0].(*ast.BasicLit)
			if ok && slices.Contains([]string{"soon", "not yet", "todo", "not implemented", "unimplemented"}, strings.ToLower(strings.Trim(l.Value, `"`))) {
				t.Errorf("%s:%d: panic(%s): not written yet", s.path, s.line(n.Pos()), l.Value)
			}
			return true
		})
	}
}

// Every package says in one place what it is.
func TestPackageDocs(t *testing.T) {
	docs := map[string][]string{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		docs[s.pkg] = append(docs[s.pkg], "")
		if s.file.Doc != nil {
			docs[s.pkg] = append(docs[s.pkg], s.path)
		}
	}
	for pkg, in := range docs {
		in = slices.DeleteFunc(in, func(p string) bool { return p == "" })
		if len(in) != 1 {
			t.Errorf("package %s has %d package comments, one is wanted: %v", pkg, len(in), in)
		}
	}
}

func selector(n ast.Node) (pkg, name string, ok bool) {
	s, ok := n.(*ast.SelectorExpr)
	if !ok {
		return "", "", false
	}
	id, ok := s.X.(*ast.Ident)
	if !ok {
		return "", "", false
	}
	return id.Name, s.Sel.Name, true
}
