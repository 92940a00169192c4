package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sightline/internal/redistest"
)

func demoJSON(t *testing.T, data string) demoInfo {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(data, demoFile))
	if err != nil {
		t.Fatal(err)
	}
	var d demoInfo
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// The demo says everything about itself once all is live, on both stores, and
// finds it again after a restart.
func TestDemo(t *testing.T) {
	for name, store := range map[string]func(t *testing.T) []string{
		"bolt":  func(*testing.T) []string { return nil },
		"redis": func(t *testing.T) []string { return []string{"--store", redistest.Start(t).URL()} },
	} {
		t.Run(name, func(t *testing.T) {
			data := within(t, "data")
			args := append([]string{"demo", "--data", data}, store(t)...)
			p := start(t, args...)
			d := demoJSON(t, data)
			if len(d.Accounts) != 2 || len(d.Cameras) != 6 || d.ServerPID != os.Getpid() ||
				d.BaseURL != p.addresses.Base || d.OpsURL != p.addresses.Ops || !strings.HasPrefix(d.GuestLink, d.BaseURL+"/s#") {
				t.Fatalf("demo.json: %+v", d)
			}
			intervals := map[float64]int{}
			for _, c := range d.Cameras {
				intervals[c.KeyInterval]++
				if c.ID == "" || !strings.HasPrefix(c.Main, "rtsp://127.0.0.1:") || !strings.HasPrefix(c.Sub, "rtsp://127.0.0.1:") {
					t.Errorf("camera %+v", c)
				}
			}
			if intervals[2] != 5 || intervals[10] != 1 {
				t.Errorf("key-frame intervals %v", intervals)
			}
			for _, a := range d.Accounts {
				if code, body := post(t, d.BaseURL+"/api/v1/login", `{"email":"`+a.Email+`","password":"`+a.Password+`"}`); code != 200 {
					t.Errorf("sign-in of %s: %d %s", a.Email, code, body)
				}
			}
			if n := strings.Count(authorized(t, d.BaseURL+"/api/v1/cameras", d.Accounts[0].Token), `"mine":true`); n != 7 {
				t.Errorf("the owner has %d cameras", n)
			}
			if n := strings.Count(authorized(t, d.BaseURL+"/api/v1/cameras", d.Accounts[1].Token), `"mine":false`); n != grantedCams {
				t.Errorf("the neighbour sees %d cameras", n)
			}
			if n := strings.Count(authorized(t, d.BaseURL+"/api/v1/images?camera="+d.Trail, d.Accounts[0].Token), `"camera_name":"`+trailName); n != trailImages {
				t.Errorf("the gallery of the trail camera has %d images", n)
			}
			if body := authorized(t, d.BaseURL+"/api/v1/views", d.Accounts[0].Token); !strings.Contains(body, `"rows":2,"columns":3`) {
				t.Errorf("views: %s", body)
			}
			for _, want := range []string{d.GuestLink, d.Accounts[0].Password, d.Accounts[1].Email, d.OpsURL} {
				if !strings.Contains(p.out.String(), want) {
					t.Errorf("%s is not printed:\n%s", want, p.out)
				}
			}
			if took := p.stop(); took > stopBar || p.code != 0 {
				t.Errorf("stopped after %s with code %d:\n%s", took, p.code, p.err)
			}
			if _, err := os.Stat(filepath.Join(data, demoFile)); err == nil {
				t.Error("demo.json is left behind")
			}

			p = start(t, args...)
			again := demoJSON(t, data)
			if again.Accounts[0] != d.Accounts[0] || again.Cameras[0].ID != d.Cameras[0].ID || again.Trail != d.Trail {
				t.Errorf("another demo after the restart: %+v", again)
			}
			_, was, _ := strings.Cut(d.GuestLink, "#")
			if !strings.HasSuffix(again.GuestLink, "#"+was) {
				t.Error("the guest link changed")
			}
			p.stop()
		})
	}
}

func authorized(t *testing.T, url, token string) string {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := client(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var b strings.Builder
	if _, err := io.Copy(&b, res.Body); err != nil || res.StatusCode != 200 {
		t.Errorf("%s: %d %v %s", url, res.StatusCode, err, &b)
	}
	return b.String()
}

// The cameras end when their parent does, even when it has no time to say so.
func TestCamerasEndWithTheirParent(t *testing.T) {
	c, err := startCameras(t.Context(), "", false, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.list) != 6 {
		t.Errorf("%d cameras", len(c.list))
	}
	pid := c.cmd.Process.Pid
	_ = c.stdin.Close() // what the kernel does when the parent dies
	select {
	case <-c.done:
	case <-time.After(time.Minute):
		t.Error("the cameras outlive their parent")
		_ = c.cmd.Process.Kill()
		<-c.done
	}
	if err := syscall.Kill(pid, 0); err == nil {
		t.Error("the process is still there")
	}
}
