package config

import (
	"bytes"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

// load runs the whole path: file, environment, flags, defaults, checks.
func load(t *testing.T, path string, environ []string, args ...string) (Config, *Sources, error) {
	t.Helper()
	s, err := Load(path, environ)
	if err != nil {
		return Config{}, nil, err
	}
	var cli struct {
		Config `embed:""`
	}
	p, err := kong.New(&cli, kong.Resolvers(s), kong.Exit(func(int) {}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Parse(args); err != nil {
		return Config{}, s, err
	}
	return cli.Config, s, cli.Config.Validate()
}

func TestGoodFile(t *testing.T) {
	c, s, err := load(t, "testdata/all.good.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != ":8443" || c.Media.Port != 9189 || !c.Media.Loopback || c.Ops.Listen != "" ||
		c.Authz.OwnerHold != 30*time.Minute || c.Limits.ShareLinks != 5 || len(c.Host) != 2 ||
		c.TrustedProxies[1] != netip.MustParsePrefix("fd00::/8") || c.SMTP.Password.Reveal() != "s3cret-mail" {
		t.Errorf("read %+v", c)
	}
	if got := c.Store.Reveal(); got != "redis://app:s3cret-store@localhost:6379/2" {
		t.Errorf("store = %s", got)
	}
	var out bytes.Buffer
	if err := c.Print(&out, s, nil); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "s3cret") {
		t.Errorf("a secret is printed:\n%s", &out)
	}
	for _, want := range []string{
		`store: "redis://app:***@localhost:6379/2"`, `smtp.password: "***"`, "media.port: 9189",
		"# file testdata/all.good.yaml", "limits.idle: 1h0m0s", "# default",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	// What is printed is a file again (but for its secrets).
	path := filepath.Join(t.TempDir(), "printed.yaml")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	again, _, err := load(t, path, nil)
	if err != nil {
		t.Fatalf("the printed configuration is not read again: %v\n%s", err, &out)
	}
	again.SMTP.Password, again.Store = c.SMTP.Password, c.Store
	if !reflect.DeepEqual(again, c) {
		t.Errorf("printed and read again:\n%+v\nwant\n%+v", again, c)
	}
}

func TestBadFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.bad.yaml")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d bad files, %v", len(files), err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(string(raw), "\n")
			want := strings.TrimPrefix(first, "# want: ")
			_, _, err = load(t, path, nil)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Fatalf("error %v\nwant %s", err, want)
			}
			if strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "\n") {
				t.Errorf("not one clean sentence: %v", err)
			}
		})
	}
	if _, err := Load("testdata/none.yaml", nil); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("missing file: %v", err)
	}
}

func TestPrecedence(t *testing.T) {
	env := []string{"SIGHTLINE_MEDIA_PORT=7001", "SIGHTLINE_LOG_LEVEL=warn", "SIGHTLINE_CONFIG=x", "HOME=/"}
	c, s, err := load(t, "testdata/all.good.yaml", env, "--log-level=error", "--camera-networks=10.0.0.0/8,172.16.0.0/12")
	if err != nil {
		t.Fatal(err)
	}
	if c.Media.Port != 7001 || c.Log.Level != "error" || c.Log.Format != "json" || len(c.CameraNetworks) != 2 {
		t.Errorf("read %+v", c)
	}
	if s.Origin("media.port") != "environment SIGHTLINE_MEDIA_PORT" {
		t.Errorf("origin %q", s.Origin("media.port"))
	}
}

func TestUnknownEnvironment(t *testing.T) {
	_, err := Load("", []string{"SIGHTLINE_LISTNE=:1"})
	if err == nil || !strings.Contains(err.Error(), "did you mean SIGHTLINE_LISTEN?") {
		t.Errorf("error %v", err)
	}
	_, err = Load("", []string{"SIGHTLINE_MEDIA_PORT=x"})
	if err == nil || !strings.Contains(err.Error(), "environment SIGHTLINE_MEDIA_PORT: media.port") {
		t.Errorf("error %v", err)
	}
}

// Defaults without kong are the defaults with it, and pass the checks.
func TestDefault(t *testing.T) {
	parsed, _, err := load(t, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	d := Default()

	if !reflect.DeepEqual(parsed, d) {
		t.Errorf("kong reads %+v\nDefault() is %+v", parsed, d)
	}
}

// The flag kong makes of a field is the one the key says.
func TestFlagNames(t *testing.T) {
	var cli struct {
		Config `embed:""`
	}
	p, err := kong.New(&cli)
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]string{}
	for _, f := range p.Model.Flags {
		have[f.Name] = f.Tag.Get("key")
	}
	for _, k := range Keys() {
		if have[k.Flag] != k.Path {
			t.Errorf("key %s: flag --%s is for key %q", k.Path, k.Flag, have[k.Flag])
		}
		if k.Help == "" || !strings.HasSuffix(k.Help, ".") {
			t.Errorf("key %s: help is not a sentence", k.Path)
		}
	}
}

func TestStoreURL(t *testing.T) {
	for in, want := range map[string]string{
		"bolt":                   "bolt",
		"redis://localhost:6379": "redis://localhost:6379",
		"redis://:pw@h:1/0":      "redis://:***@h:1/0",
		"rediss://u:p%40w@h:1":   "rediss://u:***@h:1",
		"redis://u:pw@h:1,h:2/0?sentinel=m&sentinel_password=pw": "redis://u:***@h:1,h:2/0?sentinel=m&sentinel_password=***",
	} {
		var s StoreURL
		if err := s.UnmarshalText([]byte(in)); err != nil {
			t.Errorf("%s: %v", in, err)
		}
		if s.String() != want || s.Reveal() != in {
			t.Errorf("%s prints %s, reveals %s", in, s, s.Reveal())
		}
	}
}

var update = flag.Bool("update", false, "write the golden documents")

func TestDocs(t *testing.T) {
	path := filepath.Join("..", "..", "..", "docs", "ref", "configuration.md")
	var want bytes.Buffer
	if err := Markdown(&want); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(have, want.Bytes()) {
		t.Errorf("docs/ref/configuration.md is not what the code says (%v): make docs", err)
	}
}
