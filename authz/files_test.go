package authz

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/redistest"
	"sightline/internal/secret"
)

// files are a store whose files a test may look at and change while it is down.
type files struct {
	dir      string
	open     func() kv.Store
	down, up func() // no writer holds the files in between
}

// onFiles runs a test on the files of the embedded store and of a Redis.
func onFiles(t *testing.T, fn func(t *testing.T, f files)) {
	t.Run("bolt", func(t *testing.T) {
		dir := t.TempDir()
		fn(t, files{dir: dir, open: func() kv.Store { return openBolt(t, dir) }, down: func() {}, up: func() {}})
	})
	t.Run("redis", func(t *testing.T) {
		server := redistest.Start(t)
		fn(t, files{dir: server.Dir(), open: func() kv.Store { return openRedis(t, server.URL(), t.Name()) }, down: server.Stop, up: server.Restart})
	})
}

// TestF12_ABackupPutBackIsNotBelieved: the same epoch at a lower revision is
// missing revokes that were acknowledged.
func TestF12_ABackupPutBackIsNotBelieved(t *testing.T) {
	onFiles(t, func(t *testing.T, f files) {
		data, backup := t.TempDir(), filepath.Join(t.TempDir(), "backup")
		work := func(fn func(s *stand)) {
			store := f.open()
			s := newStand(t, store, func(c *Config) { c.DataDir = data }).run()
			fn(s)
			s.halt()
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			f.down()
		}
		work(func(s *stand) { s.person("Ann") })
		if err := os.CopyFS(backup, os.DirFS(f.dir)); err != nil {
			t.Fatal(err)
		}
		f.up()
		work(func(s *stand) {
			if _, err := s.SetState(s.ctx(), Operator, s.signIn("ann@example.org").Account.ID, AccountSuspended); err != nil {
				t.Fatal(err)
			}
		})
		if err := os.RemoveAll(f.dir); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(f.dir, os.DirFS(backup)); err != nil {
			t.Fatal(err)
		}
		f.up()

		store := f.open()
		s := newStand(t, store, func(c *Config) { c.DataDir = data })
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := make(chan struct{})
		go func() { defer close(done); _ = s.Run(ctx) }()
		s.until("noticed", func() bool { _, _, lost := s.node.expect(); return strings.Contains(lost, "went back") })
		if s.Ready() == nil {
			t.Error("ready on a backup")
		}
		_, err := s.SignIn(s.ctx(), "ann@example.org", secret.New(goodPassword), Client{})
		wantCode(t, err, fault.Unavailable, "authz_unavailable")
		cancel()
		<-done
		if err := Adopt(s.ctx(), store, data); err != nil {
			t.Fatal(err)
		}
		again := newStand(t, store, func(c *Config) { c.DataDir = data }).run()
		again.signIn("ann@example.org") // the operator's word: the suspension is lost
	})
}

// TestT2_NoSecretIsStoredOpen scans every byte the store has written.
func TestT2_NoSecretIsStoredOpen(t *testing.T) {
	onFiles(t, func(t *testing.T, f files) {
		store := f.open()
		s := newStand(t, store, func(c *Config) { c.Mail = true })
		ctx := s.ctx()
		post := s.post()
		ann := s.person("Ann")
		_, pat, err := s.CreateToken(ctx, ann.Subject, "t", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		cam := s.camera(ann.Subject, "Yard")
		link, err := s.CreateLink(ctx, ann.Subject, NewLink{Kind: LinkShare, Name: "Gate", Cameras: []string{cam.ID}, RiskAcknowledged: true, Password: secret.New("let the guest in")})
		if err != nil {
			t.Fatal(err)
		}
		_, visit, _ := s.guest(link)
		if err := s.RequestReset(ctx, "ann@example.org", ""); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Invite(ctx, Operator, "bob@example.org", ""); err != nil {
			t.Fatal(err)
		}
		secrets := map[string]secret.String{"password": secret.New(goodPassword), "login cookie": ann.Cookie, "its secret half": secret.New(ann.Cookie.Reveal()[27:]),
			"token": pat, "token half": secret.New(pat.Reveal()[31:]), "link": link.Secret, "visit": visit, "link password": secret.New("let the guest in"),
			"reset": post.mails(event.MailReset, 1)[0], "invitation": post.mails(event.MailInvitation, 1)[0]}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		f.down()
		found := 0
		err = filepath.WalkDir(f.dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			found += bytes.Count(b, []byte("ann@example.org"))
			for name, sec := range secrets {
				if sec.Empty() || bytes.Contains(b, []byte(sec.Reveal())) {
					t.Errorf("%s: the %s is stored open", filepath.Base(path), name)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if found == 0 {
			t.Fatal("the scan finds not even what is stored")
		}
	})
}
