package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/andybalholm/brotli"
)

func testPages() fstest.MapFS {
	return fstest.MapFS{
		"index.html":          {Data: []byte("<!doctype html><title>accounts</title>" + strings.Repeat(" ", 600))},
		"guest.html":          {Data: []byte("<!doctype html><title>guests</title>")},
		"assets/app-1a2b.js":  {Data: []byte(strings.Repeat("console.log('sightline');\n", 200))},
		"assets/f-1a2b.woff2": {Data: bytes.Repeat([]byte{1}, 1000)},
		"icon.svg":            {Data: []byte("<svg/>")},
		".gitkeep":            {Data: nil},
	}
}

func TestLoadAssets(t *testing.T) {
	a, err := loadAssets(testPages())
	if err != nil {
		t.Fatal(err)
	}
	if a[".gitkeep"] != nil || len(a) != 5 {
		t.Fatalf("files: %v", a)
	}
	js := a["assets/app-1a2b.js"]
	if !js.immutable || a["index.html"].immutable {
		t.Error("only files below assets/ are immutable")
	}
	br, gz := js.compressed()
	if got, err := io.ReadAll(brotli.NewReader(bytes.NewReader(br))); err != nil || !bytes.Equal(got, js.raw) {
		t.Error("brotli form differs", err)
	}
	r, err := gzip.NewReader(bytes.NewReader(gz))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, js.raw) {
		t.Error("gzip form differs", err)
	}
	if br, gz := a["assets/f-1a2b.woff2"].compressed(); br != nil || gz != nil {
		t.Error("fonts are compressed already")
	}
	if _, err := loadAssets(fstest.MapFS{"index.html": {}}); err == nil {
		t.Error("a missing guest page is no error")
	}
}

func TestAcceptsEncoding(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "br": true, "gzip, br": true, "gzip;q=1, br;q=0.5": true, "br;q=0": false, "br; q=0": false, "brr": false, "*": false,
	} {
		if got := acceptsEncoding(header, "br"); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}
