package web

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/ref/openapi.json and the golden headers")

const openAPIFile = "../docs/ref/openapi.json"

// tableOnly is a server that has a table and nothing else.
func tableOnly(t *testing.T) *Server {
	t.Helper()
	files, err := loadAssets(testPages())
	if err != nil {
		t.Fatal(err)
	}
	return &Server{assets: files}
}

// The committed document is the one the routes make.
func TestOpenAPI(t *testing.T) {
	doc, err := openAPI(tableOnly(t).apiRoutes())
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(openAPIFile, doc, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(openAPIFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(doc, want) {
		t.Fatal("docs/ref/openapi.json is not what the routes say; run: go test ./web -run TestOpenAPI -update")
	}
	var parsed struct {
		Paths      map[string]map[string]struct{ Summary string }
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal(doc, &parsed); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, rt := range tableOnly(t).apiRoutes() {
		if rt.hidden {
			continue
		}
		n++
		if parsed.Paths[openPath(rt.path)][strings.ToLower(rt.method)].Summary != rt.summary {
			t.Errorf("%s %s is not in the document", rt.method, rt.path)
		}
	}
	for path, ops := range parsed.Paths {
		n -= len(ops)
		_ = path
	}
	if n != 0 {
		t.Errorf("the document has %d operations too few or too many", n)
	}
	for ref := range strings.SplitSeq(string(doc), `"#/components/schemas/`) {
		if name, _, ok := strings.Cut(ref, `"`); ok && !strings.Contains(name, "{") && parsed.Components.Schemas[name] == nil {
			t.Errorf("schema %q is named and not there", name)
		}
	}
}

// The words of the documents are those of the program.
func TestDocsNameEveryArea(t *testing.T) {
	api, err := os.ReadFile("../docs/ref/api.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"openapi.json", "X-Sightline: 1", "__Host-sightline", "__Secure-sightline-guest", "link_gone", "Retry-After", "?wait=cut"} {
		if !bytes.Contains(api, []byte(s)) {
			t.Errorf("docs/ref/api.md does not say %q", s)
		}
	}
	socket, err := os.ReadFile("../docs/ref/socket.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"4000", "4001", "4002", "4500", "4501", "4502", "4503"} {
		if !bytes.Contains(socket, []byte("| "+s+" |")) {
			t.Errorf("docs/ref/socket.md does not explain %s", s)
		}
	}
}
