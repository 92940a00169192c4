package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"sightline/cmd/sightline/control"
)

// stopBar is how long a stop may take.
const stopBar = 10 * time.Second

func TestServeStartsAnswersAndStops(t *testing.T) {
	p := serve(t, within(t, "data"))
	p.becomesReady(true)
	for path, want := range map[string]string{"/healthz": "", "/metrics": "go_goroutines"} {
		if code, body := get(t, p.addresses.Ops+path); code != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %.200s", path, code, body)
		}
	}
	if code, body := get(t, p.addresses.Base+"/api/v1/status"); code != 200 || !strings.Contains(body, `"setup_required":true`) {
		t.Errorf("status: %d %s", code, body)
	}
	for _, path := range []string{"/metrics", "/debug/pprof/", "/healthz"} { // threat T37
		if code, _ := get(t, p.addresses.Base+path); code != 404 {
			t.Errorf("the public port answers %s with %d", path, code)
		}
	}
	if took := p.stop(); took > stopBar || p.code != 0 {
		t.Errorf("stopped after %s with code %d:\n%s", took, p.code, p.err)
	}
}

// A restart on the same folder keeps what was there, and the socket and the
// lock of the first run are no obstacle.
func TestRestartOnTheSameData(t *testing.T) {
	data := within(t, "data")
	p := serve(t, data)
	code, out, errs := run(t, nil, "account", "add", "ann@example.org", "--data", data, "--password-stdin")
	if code != 0 || !strings.Contains(out, "Added ann@example.org") || !strings.Contains(out, "instance administrator") {
		t.Fatalf("add over the socket: %d %s%s", code, out, errs)
	}
	p.stop()
	p = serve(t, data)
	if strings.Contains(p.out.String(), "/setup") {
		t.Errorf("the second start asks for set-up again:\n%s", p.out)
	}
	code, body := post(t, p.addresses.Base+"/api/v1/login", `{"email":"ann@example.org","password":"a password that is long"}`)
	if code != 200 {
		t.Errorf("sign-in after the restart: %d %s", code, body)
	}
}

// The first start prints a code that makes the first account, once.
func TestSetUpByCode(t *testing.T) {
	p := serve(t, within(t, "data"))
	m := regexp.MustCompile(`works once:\s+(\S+)`).FindStringSubmatch(p.out.String())
	if m == nil {
		t.Fatalf("no code is printed:\n%s", p.out)
	}
	if strings.Contains(p.err.String(), m[1]) {
		t.Error("the code is in the log")
	}
	in := func(code string) string {
		return fmt.Sprintf(`{"code":%q,"email":"ann@example.org","name":"Ann","password":"a password that is long","language":"en","zone":"Europe/Kyiv","networks":["192.168.1.0/24"],"loopback_cameras":false}`, code)
	}
	if code, body := post(t, p.addresses.Base+"/api/v1/setup", in("AAAA-BBBB")); code != 422 || !strings.Contains(body, "wrong_code") {
		t.Errorf("a wrong code: %d %s", code, body)
	}
	if code, body := post(t, p.addresses.Base+"/api/v1/setup", in(m[1])); code != 201 {
		t.Fatalf("the right code: %d %s", code, body)
	}
	if code, _ := post(t, p.addresses.Base+"/api/v1/setup", in(m[1])); code == 201 {
		t.Error("the code works twice")
	}
	if _, body := get(t, p.addresses.Base+"/api/v1/status"); !strings.Contains(body, `"setup_required":false`) {
		t.Errorf("status: %s", body)
	}
}

func TestAccountsWithoutServer(t *testing.T) {
	data := within(t, "data")
	code, out, errs := run(t, nil, "account", "add", "ann@example.org", "--data", data)
	password := regexp.MustCompile(`Password: (\S+)`).FindStringSubmatch(out)
	if code != 0 || password == nil {
		t.Fatalf("add: %d %s%s", code, out, errs)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"add", "ann@example.org"}, 1, ""},
		{[]string{"add", "bob@example.org", "--plan", "huge"}, 1, "there is no plan"},
		{[]string{"add", "bob@example.org", "--plan", "mini"}, 0, "Added bob@example.org (mini)."},
		{[]string{"plan", "bob@example.org", "standard"}, 0, "is now on plan standard"},
		{[]string{"suspend", "bob@example.org"}, 0, "is suspended"},
		{[]string{"list"}, 0, "suspended"},
		{[]string{"resume", "bob@example.org"}, 0, "is active"},
		{[]string{"reset", "bob@example.org"}, 0, "/reset#"},
		{[]string{"reset", "nobody@example.org"}, 1, ""},
		{[]string{"close", "bob@example.org"}, 2, "--yes"},
		{[]string{"close", "bob@example.org", "--yes"}, 0, "is closed"},
	} {
		args := append(append([]string{"account"}, c.args...), "--data", data)
		code, out, errs := run(t, nil, args...)
		if code != c.code || !strings.Contains(out+errs, c.want) || (code != 0 && strings.Count(errs, "\n") != 1) {
			t.Errorf("%v: %d %s%s", c.args, code, out, errs)
		}
	}
	// The same accounts on a server that starts now.
	p := serve(t, data)
	if code, body := post(t, p.addresses.Base+"/api/v1/login", fmt.Sprintf(`{"email":"ann@example.org","password":%q}`, password[1])); code != 200 {
		t.Errorf("sign-in: %d %s", code, body)
	}
	info, err := os.Stat(filepath.Join(data, control.SocketName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("control socket: %v %v", info, err)
	}
	if _, out, _ := run(t, nil, "account", "list", "--data", data); !strings.Contains(out, "ann@example.org") || strings.Contains(out, "bob@") {
		t.Errorf("list over the socket:\n%s", out)
	}
}

// A command whose every key stands on the command line has a configuration too.
func TestAccountsWithEveryKeyGiven(t *testing.T) {
	data := within(t, "data")
	place := []string{"--data", data, "--store", "bolt"}
	if code, out, errs := run(t, nil, append([]string{"account", "add", "ann@example.org"}, place...)...); code != 0 || !strings.Contains(out, "Added ann@example.org") {
		t.Fatalf("add: %d %s%s", code, out, errs)
	}
	if code, out, errs := run(t, nil, append([]string{"adopt-store"}, place...)...); code != 0 {
		t.Fatalf("adopt-store: %d %s%s", code, out, errs)
	}
	bad := within(t, "bad.yaml")
	if err := os.WriteFile(bad, []byte("lisen: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, more := range [][]string{place, nil} { // read by the command, and by the parser
		code, _, errs := run(t, nil, append([]string{"account", "list", "--config", bad}, more...)...)
		if want := "sightline: " + bad + `: unknown key "lisen"; did you mean listen?`; code != 2 || !strings.HasPrefix(errs, want) {
			t.Errorf("%d %q, want %q", code, errs, want)
		}
	}
	if code, _, errs := run(t, nil, append([]string{"account", "add", "bob@example.org", "--language", "xx"}, place...)...); code != 1 || !strings.Contains(errs, "no such language") {
		t.Errorf("a language without a catalogue: %d %s", code, errs)
	}
}

// A lost key file is said at the start, not found out as wrong camera passwords.
func TestStoreSealedWithOtherKeys(t *testing.T) {
	data := within(t, "data")
	serve(t, data).stop()
	keyFile := filepath.Join(data, "seal.key")
	key, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(keyFile); err != nil {
		t.Fatal(err)
	}
	start := []string{"serve", "--data", data, "--listen", "127.0.0.1:0", "--ops-listen", "", "--media-port", "0"}
	if code, _, errs := run(t, nil, start...); code != 1 || !strings.Contains(errs, "sealed with other keys") {
		t.Fatalf("without its key file: %d %s", code, errs)
	}
	if err := os.WriteFile(keyFile, key, 0o600); err != nil {
		t.Fatal(err)
	}
	serve(t, data).stop()

	// A second key that seals from now on; the first still opens.
	rotated := append([]byte("k2 "+strings.Repeat("A", 43)+"=\n"), key...)
	if err := os.WriteFile(keyFile, rotated, 0o600); err != nil {
		t.Fatal(err)
	}
	serve(t, data).stop()
	if err := os.WriteFile(keyFile, key, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := run(t, nil, start...); code != 1 || !strings.Contains(errs, "sealed with other keys") {
		t.Errorf("without the key that seals: %d %s", code, errs)
	}
	if code, out, errs := run(t, nil, "adopt-store", "--data", data); code != 0 || !strings.Contains(out, "passwords again") {
		t.Errorf("adopt-store: %d %s%s", code, out, errs)
	}
	serve(t, data).stop()
}

func TestLongDataFolderHasASocket(t *testing.T) {
	data := filepath.Join(t.TempDir(), strings.Repeat("long-", 20), strings.Repeat("path-", 20))
	serve(t, data)
	if code, out, errs := run(t, nil, "account", "list", "--data", data); code != 0 {
		t.Errorf("%d %s%s", code, out, errs)
	}
}

// Every way a start can fail is one clear sentence and an exit code.
func TestBadStarts(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	_, port, _ := net.SplitHostPort(busy.Addr().String())
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("media: {prot: 1}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := within(t, "newer")
	serve(t, newer).stop()
	makeNewer(t, newer)
	inUse := within(t, "used")
	serve(t, inUse)

	free := []string{"--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--media-port", "0"}
	for name, c := range map[string]struct {
		args []string
		env  []string
		code int
		want string
	}{
		"port in use":         {args: []string{"--listen", busy.Addr().String(), "--ops-listen", "", "--media-port", "0"}, code: 1, want: "listen " + busy.Addr().String() + " cannot be opened: address already in use"},
		"ops port in use":     {args: []string{"--listen", "127.0.0.1:0", "--ops-listen", busy.Addr().String(), "--media-port", "0"}, code: 1, want: "ops.listen " + busy.Addr().String() + " cannot be opened: address already in use"},
		"media port in use":   {args: []string{"--listen", "127.0.0.1:0", "--ops-listen", "", "--media-port", port, "--media-loopback"}, code: 1, want: port},
		"no folder":           {args: append([]string{"--data", filepath.Join(file, "data")}, free...), code: 1, want: "the data folder"},
		"unwritable":          {args: append([]string{"--data", "/proc/self"}, free...), code: 1, want: "cannot be written by this user"},
		"folder in use":       {args: append([]string{"--data", inUse}, free...), code: 1, want: "another sightline already runs on the data folder"},
		"newer store":         {args: append([]string{"--data", newer}, free...), code: 1, want: "newer version"},
		"unknown key":         {args: append([]string{"--config", bad}, free...), code: 2, want: "did you mean media.port?"},
		"unknown variable":    {args: free, env: []string{"SIGHTLINE_LISTNE=x"}, code: 2, want: "did you mean SIGHTLINE_LISTEN?"},
		"unknown flag":        {args: []string{"--listne", "x"}, code: 2, want: "--listne"},
		"no redis":            {args: append([]string{"--store", "redis://:s3cret@127.0.0.1:" + closed(t)}, free...), code: 1, want: ""},
		"half a certificate":  {args: append([]string{"--tls-cert", file}, free...), code: 2, want: "both are needed"},
		"not a certificate":   {args: append([]string{"--tls-cert", file, "--tls-key", file}, free...), code: 1, want: ""},
		"wrong configuration": {args: append([]string{"--public-url", "cameras"}, free...), code: 2, want: "public_url"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"serve"}, c.args...)
			if !strings.Contains(strings.Join(args, " "), "--data") {
				args = append(args, "--data", within(t, "data"))
			}
			code, out, errs := run(t, c.env, args...)
			if code != c.code || !strings.Contains(errs, c.want) || out != "" {
				t.Errorf("code %d\nstdout %s\nstderr %s\nwant %d %s", code, out, errs, c.code, c.want)
			}
			last := strings.Split(strings.TrimSpace(errs), "\n")
			if s := last[len(last)-1]; !strings.HasPrefix(s, "sightline: ") || strings.Contains(s, "s3cret") {
				t.Errorf("the last line is not a sentence of ours: %s", s)
			}
		})
	}
}

// closed is a port nobody listens on.
func closed(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// makeNewer marks a store as one a later version wrote: every format number in
// it is raised.
func makeNewer(t *testing.T, data string) {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(data, "authority.db"), 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	found := false
	err = db.Update(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			for _, k := range [][]byte{[]byte("format"), []byte("version")} {
				if v := b.Get(k); v != nil {
					found = true
					raised := append([]byte(nil), v...)
					raised[len(raised)-1]++
					if err := b.Put(k, raised); err != nil {
						return err
					}
				}
			}
			return nil
		})
	})
	if err != nil || !found {
		t.Fatalf("no format number in the store: %v", err)
	}
}

func TestVersionHelpAndCheckConfig(t *testing.T) {
	if code, out, _ := run(t, nil, "version"); code != 0 || !strings.HasPrefix(out, "sightline ") {
		t.Errorf("version: %d %s", code, out)
	}
	if code, out, _ := run(t, nil, "--help"); code != 0 || !strings.Contains(out, "serve") || strings.Contains(out, "demo-cameras") {
		t.Errorf("help: %d %s", code, out)
	}
	code, out, errs := run(t, []string{"SIGHTLINE_SMTP_PASSWORD=s3cret", "SIGHTLINE_SMTP_USER=u"}, "check-config", "--media-port", "9000")
	if code != 0 || !strings.Contains(out, `smtp.password: "***"`) || strings.Contains(out, "s3cret") ||
		!strings.Contains(out, "# flag --media-port") || !strings.Contains(out, "# environment SIGHTLINE_SMTP_PASSWORD") {
		t.Errorf("check-config: %d\n%s%s", code, out, errs)
	}
	if code, _, errs := run(t, nil, "check-config", "--authz-lease", "1h"); code != 2 || !strings.Contains(errs, "authz.lease") {
		t.Errorf("check-config of a wrong value: %d %s", code, errs)
	}
}

// Lines of the log are JSON when asked, whatever stands in them.
func TestJSONLog(t *testing.T) {
	p := serve(t, within(t, "data"), "--log-format", "json")
	p.stop()
	lines := strings.Split(strings.TrimSpace(p.err.String()), "\n")
	for _, line := range lines {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
	if !strings.Contains(lines[len(lines)-1], `"stopped"`) {
		t.Errorf("the last line is %s", lines[len(lines)-1])
	}
}
