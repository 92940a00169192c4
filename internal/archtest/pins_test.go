package archtest

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// pins are versions that may not move by accident. Exactly "=", else at least.
var pins = []struct {
	module, version string
	exact           bool
	why             string
}{
	{"github.com/bluenviron/gortsplib/v4", "v4.16.2", true, "v4.16.3 is an empty stub"},
	{"github.com/valyala/fasthttp", "v1.60.0", true, "older ones allow request smuggling, newer ones break fiber v2"},
	{"github.com/gofiber/fiber/v2", "v2.52.15", false, "fixes of request memory and proxy trust"},
	{"github.com/gofiber/contrib/websocket", "v1.3.4", false, "origins are checked"},
	{"github.com/redis/go-redis/v9", "v9.7.3", false, "replies could be mixed up between callers"},
	{"github.com/pion/dtls/v3", "v3.1.4", false, "nonce re-use"},
	{"github.com/pion/interceptor", "v0.1.39", false, "a crafted packet ended the process"},
	{"github.com/pion/webrtc/v4", "v4.2.20", true, "newer ones need modules that do not resolve"},
	{"golang.org/x/image", "v0.45.0", false, "decoders of pictures from strangers"},
}

func TestPins(t *testing.T) {
	have, goVersion, excludes := goMod(t)
	for _, p := range pins {
		v, ok := have[p.module]
		switch {
		case !ok:
			continue // not used, not at risk
		case p.exact && v != p.version:
			t.Errorf("%s is %s, must be exactly %s: %s", p.module, v, p.version, p.why)
		case !p.exact && older(v, p.version):
			t.Errorf("%s is %s, must be at least %s: %s", p.module, v, p.version, p.why)
		}
	}
	if older("v"+goVersion, "v1.25.0") {
		t.Errorf("go %s: crypto/rand may fail before 1.24, and the tests need 1.25", goVersion)
	}
	if !excludes["github.com/bluenviron/gortsplib/v4 v4.16.3"] {
		t.Error("go.mod does not exclude gortsplib v4.16.3, the empty stub")
	}
}

// goMod reads what go.mod requires and excludes. A replace is an error: what is
// built is what the module names.
func goMod(t *testing.T) (have map[string]string, goVersion string, excludes map[string]bool) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	have, excludes = map[string]string{}, map[string]bool{}
	block := ""
	for _, line := range strings.Split(string(raw), "\n") {
		line, _, _ = strings.Cut(line, "//")
		f := strings.Fields(line)
		switch {
		case len(f) == 0:
		case f[0] == ")":
			block = ""
		case len(f) == 2 && f[1] == "(":
			block = f[0]
		case f[0] == "go":
			goVersion = f[1]
		case f[0] == "replace" || block == "replace":
			t.Errorf("go.mod replaces: %s", line)
		case f[0] == "exclude" && len(f) == 3:
			excludes[f[1]+" "+f[2]] = true
		case block == "exclude" && len(f) == 2:
			excludes[f[0]+" "+f[1]] = true
		case f[0] == "require" && len(f) == 3:
			have[f[1]] = f[2]
		case block == "require" && len(f) == 2:
			have[f[0]] = f[1]
		}
	}
	if len(have) == 0 || goVersion == "" {
		t.Fatal("go.mod was not understood")
	}
	return have, goVersion, excludes
}

// older compares release versions; what follows a dash is ignored.
func older(a, b string) bool {
	x, y := numbers(a), numbers(b)
	for i := range x {
		if x[i] != y[i] {
			return x[i] < y[i]
		}
	}
	return false
}

func numbers(v string) (out [3]int) {
	v, _, _ = strings.Cut(strings.TrimPrefix(v, "v"), "-")
	for i, p := range strings.SplitN(v, ".", 3) {
		out[i], _ = strconv.Atoi(p)
	}
	return out
}

func TestOlder(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{{"v1.2.3", "v1.2.3", false}, {"v1.2.3", "v1.10.0", true}, {"v2.0.0", "v1.9.9", false}, {"v0.0.0-2024", "v0.0.1", true}} {
		if older(c.a, c.b) != c.want {
			t.Errorf("older(%s, %s) is not %v", c.a, c.b, c.want)
		}
	}
}
