package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"sort"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

// asset is one built file, kept in memory with its compressed forms.
type asset struct {
	name, kind, tag string
	raw             []byte
	immutable       bool // its name carries its hash

	once sync.Once
	gz   []byte // nil where compressing gains nothing
	br   []byte
}

// assets are all files of the built pages, by their name below the root.
type assets map[string]*asset

// loadAssets reads the whole tree; the program serves no other file.
func loadAssets(root fs.FS) (assets, error) {
	list := assets{}
	add := func(name string) error {
		b, err := fs.ReadFile(root, name)
		if err != nil {
			return fmt.Errorf("web: page %s: %w", name, err)
		}
		sum := sha256.Sum256(b)
		list[name] = &asset{
			name: name, raw: b, kind: mediaType(name),
			tag:       `"` + hex.EncodeToString(sum[:12]) + `"`,
			immutable: strings.HasPrefix(name, "assets/"),
		}
		return nil
	}
	for _, name := range []string{"index.html", "guest.html"} {
		if err := add(name); err != nil {
			return nil, err
		}
	}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			if name == "." && errors.Is(err, fs.ErrNotExist) {
				return fs.SkipAll // the placeholder has the two pages only
			}
			return err
		}
		if d.IsDir() || strings.HasPrefix(d.Name(), ".") || list[name] != nil {
			return nil
		}
		return add(name)
	})
	if err != nil {
		return nil, fmt.Errorf("web: pages: %w", err)
	}
	return list, nil
}

// mediaType is exact and the same on every machine (nosniff is on).
func mediaType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".json", ".map":
		return "application/json"
	case ".svg":
		return "image/svg+xml"
	case ".webmanifest":
		return "application/manifest+json"
	case ".woff2":
		return "font/woff2"
	case ".png":
		return "image/png"
	case ".ico":
		return "image/x-icon"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

// compressed makes the two forms at the first request that wants one.
func (a *asset) compressed() (br, gz []byte) {
	a.once.Do(func() {
		if len(a.raw) < 512 || strings.HasPrefix(a.kind, "font/") || a.kind == "image/png" {
			return
		}
		var b bytes.Buffer
		w := brotli.NewWriterLevel(&b, 9)
		if _, err := w.Write(a.raw); err == nil && w.Close() == nil && b.Len() < len(a.raw) {
			a.br = bytes.Clone(b.Bytes())
		}
		b.Reset()
		g, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			return
		}
		if _, err := g.Write(a.raw); err == nil && g.Close() == nil && b.Len() < len(a.raw) {
			a.gz = bytes.Clone(b.Bytes())
		}
	})
	return a.br, a.gz
}

// sendAsset answers with a file: validated by tag, compressed when the browser takes it.
func (r *request) sendAsset(a *asset, status int) error {
	h := &r.c.Response().Header
	if a.immutable {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	body, encoding := a.raw, ""
	br, gz := a.compressed()
	if br != nil || gz != nil {
		h.Set("Vary", "Accept-Encoding")
		switch accepted := string(r.c.Request().Header.Peek("Accept-Encoding")); {
		case br != nil && acceptsEncoding(accepted, "br"):
			body, encoding = br, "br"
		case gz != nil && acceptsEncoding(accepted, "gzip"):
			body, encoding = gz, "gzip"
		}
	}
	tag := a.tag
	if encoding != "" {
		tag = strings.TrimSuffix(tag, `"`) + "-" + encoding + `"`
		h.Set("Content-Encoding", encoding)
	}
	h.Set("ETag", tag)
	h.SetContentType(a.kind)
	if status == http.StatusOK && matchesTag(string(r.c.Request().Header.Peek("If-None-Match")), tag) {
		h.Del("Content-Encoding")
		r.c.Status(http.StatusNotModified)
		return nil
	}
	r.c.Status(status).Response().SetBodyRaw(body)
	return nil
}

func acceptsEncoding(header, name string) bool {
	for part := range strings.SplitSeq(header, ",") {
		k, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.TrimSpace(k) == name {
			q = strings.ReplaceAll(q, " ", "")
			return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
		}
	}
	return false
}

func matchesTag(header, tag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		if t := strings.TrimPrefix(strings.TrimSpace(part), "W/"); t == tag || t == "*" {
			return true
		}
	}
	return false
}

// pages are the addresses that answer with the accounts' page; which screen it
// shows is decided in the browser.
var pages = []string{
	"/", "/cameras", "/cameras/new", "/cameras/shared", "/cameras/:id", "/gallery", "/archive", "/archive/:camera", "/notices", "/settings/temporary", "/settings/people", "/settings/groups",
	"/settings/groups/:id", "/settings/audit", "/settings/sharing", "/settings/account", "/settings/instance",
	"/request", "/signin", "/setup", "/invite", "/reset", "/verify", "/kiosk",
}

// pageRoutes are all static routes: shells, files, robots.txt.
func (s *Server) pageRoutes() []route {
	var table []route
	add := func(path string, a *asset, summary string) {
		for _, m := range []string{"GET", "HEAD"} {
			table = append(table, route{method: m, path: path, who: static, hidden: true, summary: summary,
				handle: func(r *request) error { return r.sendAsset(a, http.StatusOK) }})
		}
	}
	for _, p := range pages {
		add(p, s.assets["index.html"], "The accounts' page.")
	}
	for _, p := range []string{"/s", "/g/:link/"} {
		add(p, s.assets["guest.html"], "The guests' page; without effect.")
	}
	var names []string
	for name := range s.assets {
		if name != "index.html" && name != "guest.html" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		add("/"+name, s.assets[name], "A part of the pages.")
	}
	if s.assets["robots.txt"] == nil {
		robots := &asset{name: "robots.txt", raw: []byte("User-agent: *\nDisallow: /\n"), kind: mediaType("robots.txt"), tag: `"robots"`}
		add("/robots.txt", robots, "No page here is for a search engine.")
	}
	return table
}
