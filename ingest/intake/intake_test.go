package intake

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"image"
	"image/jpeg"
	"log/slog"
	"net"
	"net/http/httptest"
	"net/smtp"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sightline/internal/fault"
	"sightline/internal/picture"
	"sightline/internal/secret"
	"sightline/ratelimit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	camera  = "0123456789abcdefghjkmnpqrs"
	address = "secretaddress"
	key     = "a-128-bit-key"
)

// book is a gallery and a directory of one camera.
type book struct {
	mu     sync.Mutex
	got    []Arrival
	refuse error
}

func (b *book) Accept(_ context.Context, a Arrival) (Receipt, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse != nil {
		return Receipt{}, b.refuse
	}
	if _, err := picture.Check(a.Data); err != nil {
		return Receipt{}, err
	}
	a.Data = bytes.Clone(a.Data)
	b.got = append(b.got, a)
	return Receipt{Image: fmt.Sprint(len(b.got)), New: true}, nil
}

func (b *book) arrivals() []Arrival {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Arrival(nil), b.got...)
}

var errWrong = fault.New(fault.Unauthenticated, "wrong_code", "no")

func (b *book) ByKey(context.Context, string, secret.String) error { return errWrong }
func (b *book) ByAddress(_ context.Context, local string) (string, error) {
	if local != address {
		return "", errWrong
	}
	return camera, nil
}
func (b *book) ByLogin(_ context.Context, user string, pass secret.String) (string, error) {
	if user != camera || pass.Reveal() != key {
		return "", errWrong
	}
	return camera, nil
}

// doors opens both listeners.
func doors(t *testing.T, b *book, change ...func(*Config)) (mail, ftp string) {
	t.Helper()
	web := httptest.NewUnstartedServer(nil)
	web.StartTLS() // for its certificate
	cert := web.TLS.Certificates[0]
	web.Close()
	cfg := Config{To: b, Directory: b, Guesses: ratelimit.NewWindows(nil, 5, time.Minute, time.Minute), Log: slog.New(slog.DiscardHandler),
		TLS: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}}
	for _, fn := range change {
		fn(&cfg)
	}
	i, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var at [2]string
	for n, s := range []interface {
		Serve(net.Listener) error
		Close() error
	}{i.Mail(), i.FTP()} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		at[n] = l.Addr().String()
		done := make(chan error, 1)
		go func() { done <- s.Serve(l) }()
		t.Cleanup(func() {
			s.Close()
			if err := <-done; err != nil {
				t.Errorf("serving: %v", err)
			}
		})
	}
	return at[0], at[1]
}

func pic(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 64, 48)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// mailTo sends without TLS: the certificate of these doors is nobody's.
func mailTo(at, from string, to []string, body []byte) error {
	c, err := smtp.Dial(at)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Mail(from); err != nil {
		return err
	}
	for _, t := range to {
		if err := c.Rcpt(t); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(body); err != nil {
		return err
	}
	return w.Close()
}

// curl is a real client of both protocols.
func curl(t *testing.T, args ...string) (out string, err error) {
	t.Helper()
	cmd := exec.Command("curl", append([]string{"-sS", "-v", "--max-time", "120"}, args...)...)
	b, err := cmd.CombinedOutput()
	if _, missing := err.(*exec.Error); missing {
		t.Fatalf("curl is needed: %v", err)
	}
	return string(b), err
}

func file(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// written is a mail with parts: each "type;name" → bytes.
func written(parts ...[]byte) []byte {
	var b bytes.Buffer
	b.WriteString("From: cam@trail.example\r\nTo: x\r\nSubject: Motion\r\nDate: Sun, 29 Mar 2026 05:04:03 +0300\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=cut\r\n\r\n")
	b.WriteString("--cut\r\nContent-Type: text/plain; charset=gb2312\r\n\r\nMotion detected\r\n")
	for _, p := range parts {
		b.WriteString("--cut\r\nContent-Type: application/octet-stream; name=\"../../IMG 1.JPG\"\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n")
		e := base64.StdEncoding.EncodeToString(p)
		for len(e) > 76 {
			b.WriteString(e[:76] + "\r\n")
			e = e[76:]
		}
		b.WriteString(e + "\r\n")
	}
	b.WriteString("--cut--\r\n")
	return b.Bytes()
}

func TestMail(t *testing.T) {
	b := &book{}
	at, _ := doors(t, b)
	one, two := pic(t), append(pic(t), 0)
	for _, tls := range [][]string{nil, {"--ssl-reqd", "-k"}} {
		b.mu.Lock()
		b.got = nil
		b.mu.Unlock()
		out, err := curl(t, append(tls, "smtp://"+at, "--mail-from", "cam@trail.example", "--mail-rcpt", address+"@cams.example",
			"--upload-file", file(t, "mail", written(one, []byte("a log file"), two)))...)
		if err != nil {
			t.Fatal(err, out)
		}
		got := b.arrivals()
		if len(got) != 2 || !bytes.Equal(got[0].Data, one) || !bytes.Equal(got[1].Data, two) || got[0].Camera != camera || got[0].Via != ViaMail ||
			!got[0].Taken.Equal(time.Date(2026, 3, 29, 2, 4, 3, 0, time.UTC)) {
			t.Errorf("%d arrivals of %v", len(got), got)
		}
	}
}

// What is refused is refused in SMTP's own words, and nothing of it is stored.
func TestMailRefusals(t *testing.T) {
	whole := pic(t)
	nested := "Content-Type: multipart/mixed; boundary=b0\r\n\r\n"
	for i := range 20 {
		nested += fmt.Sprintf("--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n", i, i+1)
	}
	for name, c := range map[string]struct {
		to, mail string
		refuse   error
		code     int
	}{
		"no camera of ours": {to: "other@cams.example", mail: string(written(whole)), code: 550},
		"relay":             {to: "victim@elsewhere.example", mail: string(written(whole)), code: 550},
		"no picture":        {mail: string(written([]byte("just text"))), code: 554},
		"a truncated one":   {mail: string(written(whole[:len(whole)/2])), code: 554},
		"a deep one":        {mail: nested, code: 554},
		"eleven pictures":   {mail: string(written(whole, whole, whole, whole, whole, whole, whole, whole, whole, whole, whole)), code: 552},
		"quota":             {mail: string(written(whole)), refuse: fault.New(fault.Conflict, "quota_full", "The gallery is full."), code: 552},
		"disk":              {mail: string(written(whole)), refuse: fault.New(fault.Unavailable, fault.CodeDiskFull, "The disk is full."), code: 452},
		"rate":              {mail: string(written(whole)), refuse: fault.New(fault.RateLimited, "rate_limited", "Too many."), code: 450},
		"store away":        {mail: string(written(whole)), refuse: fault.New(fault.Unavailable, "authz_unavailable", ""), code: 451},
		"camera off":        {mail: string(written(whole)), refuse: fault.New(fault.Forbidden, "camera_off", "The camera is off."), code: 550},
	} {
		t.Run(name, func(t *testing.T) {
			b := &book{refuse: c.refuse}
			at, _ := doors(t, b)
			if c.to == "" {
				c.to = address + "@cams.example"
			}
			err := mailTo(at, "cam@trail.example", []string{c.to}, []byte(c.mail))
			said, ok := err.(*textproto.Error)
			if !ok || said.Code != c.code {
				t.Errorf("%v, want %d", err, c.code)
			}
			if got := b.arrivals(); name != "eleven pictures" && len(got) != 0 {
				t.Errorf("%d are stored", len(got))
			}
		})
	}
}

func TestGuessingAddressesIsStopped(t *testing.T) {
	b := &book{}
	at, ftp := doors(t, b)
	for range 6 {
		if err := mailTo(at, "a@b.example", []string{"guess@cams.example"}, written(pic(t))); err == nil {
			t.Fatal("a guess was taken")
		}
	}
	if err := mailTo(at, "a@b.example", []string{address + "@cams.example"}, written(pic(t))); err == nil {
		t.Error("the right one after six wrong ones of this address is taken")
	}
	if out, err := curl(t, "-T", file(t, "a.jpg", pic(t)), "ftp://"+ftp+"/a.jpg", "--user", camera+":"+key); err == nil {
		t.Errorf("over FTP: %s", out)
	}
}

func TestFTP(t *testing.T) {
	b := &book{}
	_, at := doors(t, b)
	login := camera + ":" + key
	data := pic(t)
	for name, args := range map[string][]string{
		"plain":            {"ftp://" + at + "/IMG_0001.JPG"},
		"FTPS":             {"--ssl-reqd", "-k", "ftp://" + at + "/IMG_0001.JPG"},
		"PASV, not EPSV":   {"--disable-epsv", "ftp://" + at + "/IMG_0001.JPG"},
		"into directories": {"--ftp-create-dirs", "ftp://" + at + "/2026/03/29/../29/IMG_0001.JPG"},
		"then renamed":     {"-Q", "-RNFR upload.tmp", "-Q", "-RNTO IMG_0001.JPG", "ftp://" + at + "/upload.tmp"},
	} {
		t.Run(name, func(t *testing.T) {
			b.mu.Lock()
			b.got = nil
			b.mu.Unlock()
			out, err := curl(t, append([]string{"-T", file(t, "x", data), "--user", login}, args...)...)
			if err != nil {
				t.Fatal(err, out)
			}
			if got := b.arrivals(); len(got) != 1 || !bytes.Equal(got[0].Data, data) || got[0].Camera != camera || got[0].Via != ViaFTP {
				t.Errorf("%d arrivals", len(got))
			}
		})
	}
}

func TestFTPRefusals(t *testing.T) {
	whole := pic(t)
	for name, c := range map[string]struct {
		args   []string
		data   []byte
		refuse error
		code   string
		says   string
	}{
		"no picture":   {data: []byte("hello"), code: "550", says: "not a JPEG"},
		"a half one":   {data: whole[:len(whole)/2], code: "550", says: "ends too early"},
		"quota":        {data: whole, refuse: fault.New(fault.Conflict, "quota_full", "The gallery is full."), code: "552", says: "gallery is full"},
		"disk":         {data: whole, refuse: fault.New(fault.Unavailable, fault.CodeDiskFull, "The disk is full."), code: "552", says: "disk is full"},
		"resume":       {args: []string{"-C", "10"}, data: whole, code: "550"},
		"append":       {args: []string{"-a"}, data: whole, code: "550"},
		"eleven MB":    {data: append(bytes.Clone(whole), make([]byte, 11<<20)...), code: "552", says: "at most 10 MB"},
		"PORT":         {args: []string{"-P", "127.0.0.1"}, data: whole, code: "421", says: "disabled"}, // the library's answer; T31 asks for 502
		"wrong key":    {args: []string{"--user", camera + ":wrong"}, data: whole, code: "530"},
		"no such user": {args: []string{"--user", "admin:" + key}, data: whole, code: "530"},
	} {
		t.Run(name, func(t *testing.T) {
			b := &book{refuse: c.refuse}
			_, at := doors(t, b)
			out, err := curl(t, append([]string{"--user", camera + ":" + key, "-T", file(t, "x", c.data), "ftp://" + at + "/a.jpg"}, c.args...)...)
			if err == nil || !strings.Contains(out, "\n< "+c.code) || !strings.Contains(out, c.says) {
				t.Errorf("want %s %q: %v\n%s", c.code, c.says, err, out)
			}
			if len(b.arrivals()) != 0 {
				t.Error("something was stored")
			}
		})
	}
}

// The folder is empty and gives nothing away.
func TestFTPIsWriteOnly(t *testing.T) {
	b := &book{}
	_, at := doors(t, b)
	login := []string{"--user", camera + ":" + key}
	if out, err := curl(t, append(login, "-T", file(t, "x", pic(t)), "ftp://"+at+"/a.jpg")...); err != nil {
		t.Fatal(err, out)
	}
	for _, path := range []string{"/a.jpg", "/etc/passwd.txt", "/../../../../etc/hosts.conf"} {
		if out, err := curl(t, append(login, "--path-as-is", "-o", filepath.Join(t.TempDir(), "got"), "ftp://"+at+path)...); err == nil {
			t.Errorf("%s can be read: %s", path, out)
		}
	}
	listed := filepath.Join(t.TempDir(), "list")
	if out, err := curl(t, append(login, "-l", "-o", listed, "ftp://"+at+"/")...); err != nil {
		t.Errorf("an empty folder is listed: %v %s", err, out)
	}
	if got, err := os.ReadFile(listed); err == nil && len(bytes.TrimSpace(got)) > 0 {
		t.Errorf("the folder shows %q", got)
	}
	if out, err := curl(t, append(login, "-Q", "DELE a.jpg", "-o", filepath.Join(t.TempDir(), "list"), "ftp://"+at+"/")...); err == nil {
		t.Errorf("a file can be deleted: %s", out)
	}
}

// T29: a hundred bombs at once leave memory flat and are answered quickly.
func TestT29_MemoryStaysFlat(t *testing.T) {
	b := &book{}
	at, _ := doors(t, b, func(c *Config) { c.Connections, c.OfOne = 200, 200 })
	bomb := written(append([]byte{0xff, 0xd8, 0xff, 0xe0}, bytes.Repeat([]byte{0}, 9<<20)...))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			if err := mailTo(at, "a@b.example", []string{address + "@x.example"}, bomb); err == nil {
				t.Error("a bomb was taken")
			}
		})
	}
	wg.Wait()
	grown := int64(0) // what answered is not at once what is done
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		runtime.GC()
		runtime.ReadMemStats(&after)
		if grown = int64(after.HeapAlloc) - int64(before.HeapAlloc); grown <= 20<<20 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the heap grew by %d MB", grown>>20)
		}
	}
	if len(b.arrivals()) != 0 {
		t.Error("a bomb was stored")
	}
}

func TestDoorCountsConnections(t *testing.T) {
	b := &book{}
	at, _ := doors(t, b, func(c *Config) { c.Connections, c.OfOne = 3, 2 })
	greeted := func() bool {
		c, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		c.SetReadDeadline(time.Now().Add(time.Minute))
		n, _ := c.Read(make([]byte, 64))
		return n > 0
	}
	for range 2 {
		if !greeted() {
			t.Fatal("the first two are let in")
		}
	}
	if greeted() {
		t.Error("a third of one address is let in")
	}
}

func FuzzMail(f *testing.F) {
	f.Add(written(pic(f)))
	f.Add(written(pic(f), []byte("x")))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\n\xff\xd8\xff\xe0"))
	f.Fuzz(func(t *testing.T, data []byte) {
		n := 0
		pictures(bytes.NewReader(data), func(p []byte, _ time.Time) error {
			if n++; n > mailParts || len(p) > picture.MaxBytes+4 {
				t.Fatalf("%d pictures, %d bytes", n, len(p))
			}
			return nil
		})
	})
}
