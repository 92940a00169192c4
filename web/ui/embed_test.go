package ui

import (
	"io/fs"
	"strings"
	"testing"
)

func TestBothPagesAreAlwaysThere(t *testing.T) {
	for _, fsys := range []fs.FS{FS(), placeholder{}} {
		for _, name := range []string{"index.html", "guest.html"} {
			b, err := fs.ReadFile(fsys, name)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			page := string(b)
			if !strings.HasPrefix(strings.ToLower(page), "<!doctype html>") {
				t.Errorf("%s does not begin like a page", name)
			}
			// The content security policy refuses inline script and style.
			for _, banned := range []string{"<style", " style=", " onclick=", "<script>"} {
				if strings.Contains(page, banned) {
					t.Errorf("%s contains %q, which the policy refuses", name, banned)
				}
			}
		}
	}
}

func TestPlaceholderSaysHowToBuild(t *testing.T) {
	b, err := fs.ReadFile(placeholder{}, "index.html")
	if err != nil || !strings.Contains(string(b), "make ui") {
		t.Fatalf("placeholder: %v %q", err, b)
	}
	if _, err := (placeholder{}).Open("assets/x.js"); err == nil {
		t.Fatal("the placeholder has no assets")
	}
}
