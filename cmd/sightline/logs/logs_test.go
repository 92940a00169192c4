package logs

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"sightline/internal/secret"
)

func TestSecretsAreMasked(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		log := New(&out, "debug", format)
		s := secret.New("hunter2hunter2")
		log.Info("camera rtsp://admin:hunter2hunter2@10.0.0.9/main failed",
			"password", "hunter2hunter2", "smtp_password", "hunter2hunter2", "cookie", "hunter2hunter2",
			"value", s, "struct", struct {
				Name string
				Pass secret.String
				in   secret.String
			}{"x", s, s},
			"err", errors.New("dial rtsp://u:hunter2hunter2@h: refused"),
			"link", "https://a.example/s#hunter2hunter2", "header", "Bearer hunter2hunter2",
			"smtp", slog.GroupValue(slog.String("token", "hunter2hunter2")))
		if strings.Contains(out.String(), "hunter2") {
			t.Errorf("%s shows a secret: %s", format, &out)
		}
		for _, want := range []string{"rtsp://***@10.0.0.9/main", "/s#***"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: no %q in %s", format, want, &out)
			}
		}
	}
}

func TestFieldsAreBounded(t *testing.T) {
	var out bytes.Buffer
	New(&out, "info", "json").Info(strings.Repeat("a", 10_000), "v", strings.Repeat("é", 5_000))
	var m map[string]any
	if err := json.Unmarshal(out.Bytes(), &m); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"msg", "v"} {
		if s := m[k].(string); len(s) > MaxField+16 || !strings.Contains(s, "more)") {
			t.Errorf("%s is %d bytes", k, len(s))
		}
	}
}

func TestLevel(t *testing.T) {
	var out bytes.Buffer
	log := New(&out, "warn", "text")
	log.Info("no")
	log.Warn("yes")
	if strings.Contains(out.String(), "no") || !strings.Contains(out.String(), "yes") {
		t.Errorf("wrote %s", &out)
	}
}

// Threat T38: whatever a stranger sends, a log line stays one line of JSON
// without characters that reorder or hide text.
func FuzzLine(f *testing.F) {
	for _, s := range []string{"plain", "a\nb", "\x1b[31m", "\u202egnp.exe", "\u2028", "\xff\xfe", `"}{"a":1`, strings.Repeat("\u0000", 600)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, format := range []string{"json", "text"} {
			var out bytes.Buffer
			New(&out, "debug", format).Info(s, "field", s, "err", errors.New(s))
			line := out.String()
			if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") {
				t.Fatalf("not one line: %q", line)
			}
			if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), hidden) {
				t.Fatalf("hidden characters in %q", line)
			}
			if format == "json" {
				var m map[string]any
				if err := json.Unmarshal(out.Bytes(), &m); err != nil {
					t.Fatalf("%v: %q", err, line)
				}
			}
		}
	})
}
