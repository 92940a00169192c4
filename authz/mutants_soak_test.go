//go:build soak

package authz

import (
	"context"
	_ "embed"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

//go:embed testdata/mutants.txt
var mutants string

// TestMutants puts every fault of testdata/mutants.txt into the package, one at a
// time, and expects that a test fails: what no test holds could be lost unseen.
func TestMutants(t *testing.T) {
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for i, line := range strings.Split(mutants, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		n++
		part := strings.Split(strings.ReplaceAll(line, "⏎", "\n"), " ⇒ ")
		if len(part) != 3 {
			t.Fatalf("line %d has %d parts", i+1, len(part))
		}
		file := filepath.Join(wd, part[0])
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(src), part[1]) {
			t.Errorf("line %d: %s has no %q", i+1, part[0], part[1])
			continue
		}
		if survives(t, file, strings.Replace(string(src), part[1], part[2], 1)) {
			t.Errorf("line %d: no test fails: %s", i+1, line)
		}
	}
	t.Logf("%d faults", n)
}

// survives runs the tests with another text of one file: those of single
// decisions first, then the rest.
func survives(t *testing.T, file, text string) bool {
	t.Helper()
	dir := t.TempDir()
	mutant, overlay := filepath.Join(dir, "mutant.go"), filepath.Join(dir, "overlay.json")
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{file: mutant}})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{mutant: []byte(text), overlay: list} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, which := range []string{"TestR12_Policy|TestT19_What|TestFootage|TestR20_Random", "TestModel|TestR101|TestR102|TestR19|TestR22|TestANew|TestMail|TestR4_Racing|TestR75|Subscribe|Owner", "."} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		out, err := exec.CommandContext(ctx, "go", "test", "-count=1", "-failfast", "-overlay", overlay, "-run", which, ".").CombinedOutput()
		cancel()
		switch {
		case strings.Contains(string(out), "[build failed]"), strings.Contains(string(out), "[setup failed]"):
			t.Fatalf("a mutant of %s does not compile: %s", file, out)
		case err != nil:
			return false
		}
	}
	return true
}
