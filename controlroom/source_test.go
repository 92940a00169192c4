package controlroom

import (
	"fmt"
	"strings"
	"testing"

	"sightline/internal/fault"
	"sightline/internal/seal"
	"sightline/internal/secret"
)

func box(t testing.TB) *seal.Box {
	t.Helper()
	b, err := seal.New(seal.Key{ID: "k1", Secret: [32]byte{7}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func text(s string) *string { return &s }

func hidden(s string) *secret.String { p := secret.New(s); return &p }

func stored(t testing.TB, b *seal.Box) source {
	s := source{Camera: "cam", Owner: "olena"}
	err := s.apply(b, CameraInput{Main: text("rtsp://192.0.2.1:554/main"), Sub: text("rtsp://192.0.2.1/sub"),
		User: text("admin"), Password: hidden("hunter2")})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func password(t testing.TB, b *seal.Box, s source) string {
	t.Helper()
	p, err := s.password(b)
	if err != nil {
		t.Fatal(err)
	}
	return p.Reveal()
}

func TestT13_PasswordDoesNotFollowToAnotherPlace(t *testing.T) {
	b := box(t)
	for _, tc := range []struct {
		name string
		in   CameraInput
		want string
	}{
		{"nothing", CameraInput{}, "hunter2"},
		{"another path", CameraInput{Main: text("rtsp://192.0.2.1/other?x=1")}, "hunter2"},
		{"the default port written out", CameraInput{Sub: text("rtsp://192.0.2.1:554/sub")}, "hunter2"},
		{"no sub", CameraInput{Sub: text("")}, "hunter2"},
		{"another user", CameraInput{User: text("viewer")}, "hunter2"},
		{"another host", CameraInput{Main: text("rtsp://198.51.100.9/main")}, ""},
		{"another host of sub", CameraInput{Sub: text("rtsp://198.51.100.9/main")}, ""},
		{"another port", CameraInput{Main: text("rtsp://192.0.2.1:8554/main")}, ""},
		{"another scheme", CameraInput{Main: text("rtsps://192.0.2.1:554/main")}, ""},
		{"another host with a password", CameraInput{Main: text("rtsp://198.51.100.9/main"), Password: hidden("new")}, "new"},
		{"an empty one clears", CameraInput{Password: hidden("")}, ""},
		{"in the URL", CameraInput{Main: text("rtsp://root:p%40ss@198.51.100.9/main")}, "p@ss"},
	} {
		s := stored(t, b)
		if err := s.apply(b, tc.in); err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if got := password(t, b, s); got != tc.want {
			t.Errorf("%s: the stored password is now %q", tc.name, got)
		}
		if strings.Contains(s.Main+s.Sub, "@") {
			t.Errorf("%s: userinfo is kept in the URL", tc.name)
		}
	}
}

func TestT14_PasswordIsShownNowhere(t *testing.T) {
	b := box(t)
	s := stored(t, b)
	record := string(s.write().Data)
	in, err := s.ingest(b, true)
	if err != nil {
		t.Fatal(err)
	}
	for name, shown := range map[string]string{
		"record": record, "view": string(encode(s.view())), "printed": fmt.Sprintf("%v %+v %#v", s, s, in),
		"log": fmt.Sprint(in),
	} {
		if strings.Contains(shown, "hunter2") {
			t.Errorf("%s shows it: %s", name, shown)
		}
	}
	if !s.view().HasPassword || in.Password.Reveal() != "hunter2" {
		t.Error("the password is lost")
	}
	// A record moved to another camera or owner does not open.
	moved := s
	moved.Camera = "other"
	if _, err := moved.password(b); err == nil {
		t.Error("a sealed password opens for another camera")
	}
	// What a client was shown sent back is no password.
	err = s.apply(b, CameraInput{Password: hidden("***")})
	if !fault.Is(err, fault.Invalid) || err.(*fault.Error).Field != "password" {
		t.Errorf("the mask was taken: %v", err)
	}
	if password(t, b, s) != "hunter2" {
		t.Error("the mask replaced it")
	}
}

func TestT15_SourcesAreStrict(t *testing.T) {
	b := box(t)
	for _, raw := range []string{
		"", "exec:reboot", "file:///etc/passwd", "http://192.0.2.1/", "rtsp:///main", "rtsp://192.0.2.1/\nx", "ffmpeg:rtsp://x",
		"rtsp://192.0.2.1/#frag", "rtsp://" + strings.Repeat("a", 3000), "-i rtsp://x", "rtsp://192.0.2.1:99999/",
	} {
		s := source{Camera: "c", Owner: "o"}
		err := s.apply(b, CameraInput{Main: &raw})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", raw, err)
			continue
		}
		if f := err.(*fault.Error); f.Field != "main" {
			t.Errorf("%q: field %q", raw, f.Field)
		}
	}
	for name, in := range map[string]CameraInput{
		"transport":   {Transport: text("pigeon")},
		"fingerprint": {Fingerprint: text("zz")},
		"user":        {User: text("a\r\nb")},
		"password":    {Password: hidden(strings.Repeat("x", 257))},
		"sub":         {Sub: text("gopher://x")},
	} {
		s := stored(t, b)
		err := s.apply(b, in)
		if !fault.Is(err, fault.Invalid) || err.(*fault.Error).Field != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzSource(f *testing.F) {
	f.Add("rtsp://user:pass@192.0.2.1/main")
	f.Add("rtsp://[::1%25eth0]:554/%2e%2e")
	b := box(f)
	f.Fuzz(func(t *testing.T, raw string) {
		s := stored(t, b)
		before := s
		if s.apply(b, CameraInput{Main: &raw}) != nil {
			return
		}
		if !strings.HasPrefix(s.Main, "rtsp://") && !strings.HasPrefix(s.Main, "rtsps://") {
			t.Fatalf("took %q as %q", raw, s.Main)
		}
		if s.Password == before.Password && s.Password != "" && !sameOrigins(before, s) {
			t.Fatalf("%q keeps the password", raw)
		}
	})
}
