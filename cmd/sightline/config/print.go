package config

import (
	"encoding"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Print writes the effective configuration as a file that Load reads again but
// for its secrets, which show as ***, each line with where its value came from.
// onFlag tells which flags were on the command line.
func (c *Config) Print(w io.Writer, s *Sources, onFlag func(flag string) bool) error {
	for _, k := range Keys() {
		v := c.field(k)
		origin := s.Origin(k.Path)
		switch {
		case onFlag != nil && onFlag(k.Flag):
			origin = "flag --" + k.Flag
		case origin == "":
			origin = "default"
		}
		if _, err := fmt.Fprintf(w, "%-44s # %s\n", k.Path+": "+yamlText(v), origin); err != nil {
			return err
		}
	}
	return nil
}

// Text is the value of a key as people write it: durations as short as they can be.
func (c *Config) Text(k Key) string {
	v := c.field(k)
	if d, ok := v.Interface().(time.Duration); ok {
		return ShortDuration(d)
	}
	return strings.Trim(yamlText(v), `"`)
}

// ShortDuration is a duration without the parts that are zero: 24h, 15m, 1m30s.
func ShortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// yamlText writes one value as a YAML flow scalar or list.
func yamlText(v reflect.Value) string {
	switch {
	case v.Kind() == reflect.Slice:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = yamlText(v.Index(i))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case v.Type() == reflect.TypeFor[time.Duration]():
		return v.Interface().(time.Duration).String()
	}
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		b, err := m.MarshalText()
		if err != nil {
			return `"?"`
		}
		if e, ok := v.Interface().(interface{ Empty() bool }); ok && e.Empty() {
			return `""`
		}
		return strconv.Quote(string(b))
	}
	if v.Kind() == reflect.String {
		return strconv.Quote(v.String())
	}
	return fmt.Sprint(v.Interface())
}
