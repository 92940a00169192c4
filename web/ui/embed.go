// Package ui holds the built browser application inside the program.
//
// The build (npm run build) writes dist/, which git ignores but for .gitkeep;
// a program compiled without it serves placeholder.html, which says how to build.
package ui

import (
	"embed"
	"io/fs"
)

//go:embed all:dist placeholder.html
var files embed.FS

// FS is the root of what the browser may fetch: index.html (accounts),
// guest.html (guests) and assets/. Files under assets/ carry their content's
// hash in their name and never change; the two pages must be revalidated.
// Without a build both pages are the placeholder and there are no assets.
// The result is safe for concurrent use and never writable.
func FS() fs.FS {
	if !Built() {
		return placeholder{}
	}
	built, err := fs.Sub(files, "dist")
	if err != nil { // unreachable: the directory is embedded above
		return placeholder{}
	}
	return built
}

// Built reports whether the browser application was embedded.
func Built() bool {
	_, err := fs.Stat(files, "dist/index.html")
	return err == nil
}

// placeholder serves placeholder.html under the names of both pages.
type placeholder struct{}

func (placeholder) Open(name string) (fs.File, error) {
	switch name {
	case "index.html", "guest.html":
		return files.Open("placeholder.html")
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}
