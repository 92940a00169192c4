// Package logs makes the program's one logger: text or JSON lines on one
// writer, where no field can break a line, hide what stands beside it, grow
// without limit or show a secret.
package logs

import (
	"encoding"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxField is the most a field may take, in bytes; a longer one is cut and says so.
const MaxField = 512

// New returns a logger of the given level ("debug", "info", "warn", "error")
// and format ("text", "json").
func New(w io.Writer, level, format string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	opts := &slog.HandlerOptions{Level: l, ReplaceAttr: replace}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// replace is called by slog for every field, the message included.
func replace(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
		return a
	}
	if secretKey(a.Key) {
		return slog.String(clean(a.Key), "***")
	}
	a.Key = clean(a.Key)
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(clean(v.String()))
	case slog.KindAny:
		a.Value = slog.StringValue(clean(text(v.Any())))
	}
	return a
}

// text writes any value without reaching into unexported fields, so that a
// secret.String inside prints its mask.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return "<nil>"
	case error:
		return v.Error()
	case encoding.TextMarshaler:
		if b, err := v.MarshalText(); err == nil {
			return string(b)
		}
	case fmt.Stringer:
		return v.String()
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%T", v)
	}
	return string(b)
}

// secretKey reports whether a field of this name never shows its value.
func secretKey(key string) bool {
	k := strings.ToLower(key)
	for _, s := range []string{"password", "secret", "authorization", "cookie", "token"} {
		if k == s || strings.HasSuffix(k, "_"+s) || strings.HasSuffix(k, "."+s) {
			return true
		}
	}
	return false
}

var (
	userinfo  = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)[^\s/@"']*@`)
	linkToken = regexp.MustCompile(`/(s|invite|reset|verify)#[A-Za-z0-9_-]+`)
	bearer    = regexp.MustCompile(`(?i)\b(bearer|basic|digest) +[A-Za-z0-9+/=_.-]{8,}`)
)

// clean masks what looks like a secret, escapes what could break or disguise a
// line, and caps the length.
func clean(s string) string {
	if strings.Contains(s, "@") {
		s = userinfo.ReplaceAllString(s, "$1***@")
	}
	if strings.Contains(s, "#") {
		s = linkToken.ReplaceAllString(s, "/$1#***")
	}
	if strings.Contains(s, " ") {
		s = bearer.ReplaceAllString(s, "$1 ***")
	}
	if len(s) <= MaxField && !strings.ContainsFunc(s, hidden) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		if b.Len() > MaxField-16 {
			fmt.Fprintf(&b, "…(%d more)", len(s)-i)
			break
		}
		switch {
		case r == utf8.RuneError:
			b.WriteString(`\ufffd`)
		case hidden(r) && r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		case hidden(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// hidden reports C0, C1, line and paragraph separators, bidi and other format characters.
func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
}
