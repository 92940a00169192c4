package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const module = "sightline"

// root of the repository, from this package's folder.
var root = filepath.Join("..", "..")

// skipped are folders that hold nothing of ours.
var skipped = []string{".git", "node_modules", ".cache", "bin", "test-output", "dist"}

// source is one parsed Go file.
type source struct {
	path string // from the root, with slashes
	pkg  string // folder from the root
	file *ast.File
	fset *token.FileSet
	test bool
}

// files lists every file of the repository that is not skipped, with slashes.
func files(t *testing.T) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			if os.IsNotExist(err) {
				return nil // somebody's temporary file
			}
			return err
		}
		if d.IsDir() {
			if slices.Contains(skipped, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		out = append(out, filepath.ToSlash(rel))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// parsed keeps what sources made, for all tests.
var parsed struct {
	sync.Once
	all []source
}

// sources parses every Go file of the repository, once.
func sources(t *testing.T) []source {
	t.Helper()
	parsed.Do(func() { parsed.all = parse(t) })
	return parsed.all
}

func parse(t *testing.T) []source {
	t.Helper()
	var out []source
	for _, p := range files(t) {
		if !strings.HasSuffix(p, ".go") {
			continue
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, filepath.Join(root, p), nil, parser.ParseComments)
		if err != nil {
			t.Errorf("%s: %v", p, err)
			continue
		}
		out = append(out, source{path: p, pkg: filepath.ToSlash(filepath.Dir(p)), file: f, fset: fset,
			test: strings.HasSuffix(p, "_test.go")})
	}
	return out
}

// imports lists the import paths of a file.
func (s source) imports() []string {
	var out []string
	for _, i := range s.file.Imports {
		out = append(out, strings.Trim(i.Path.Value, `"`))
	}
	return out
}

func (s source) line(p token.Pos) int { return s.fset.Position(p).Line }

// under reports whether pkg is dir or lies in it.
func under(pkg, dir string) bool { return pkg == dir || strings.HasPrefix(pkg, dir+"/") }
