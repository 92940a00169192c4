package config

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// decode reads text into a value of the key's type. The error is one clause
// that says what is wrong with the text, without repeating a secret.
func (k Key) decode(text string) (reflect.Value, error) {
	if len(k.Enum) > 0 && !slices.Contains(k.Enum, text) {
		return reflect.Value{}, fmt.Errorf("%q is not one of %s", text, strings.Join(k.Enum, ", "))
	}
	v := reflect.New(k.Type).Elem()
	return v, decodeInto(v, text)
}

func decodeInto(v reflect.Value, text string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(text)); err != nil {
			return fmt.Errorf("%s", plain(v.Type(), text, err))
		}
		return nil
	}
	if v.Type() == reflect.TypeFor[time.Duration]() {
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("%q is not a duration such as 30s or 1h", text)
		}
		v.SetInt(int64(d))
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", text)
		}
		v.SetInt(n)
	case reflect.Slice:
		for _, part := range strings.Split(text, ",") {
			if part = strings.TrimSpace(part); part == "" {
				continue
			}
			e := reflect.New(v.Type().Elem()).Elem()
			if err := decodeInto(e, part); err != nil {
				return err
			}
			v.Set(reflect.Append(v, e))
		}
	default:
		return fmt.Errorf("the program cannot read a %s", v.Type())
	}
	return nil
}

// plain words an error of a type's own UnmarshalText.
func plain(t reflect.Type, text string, err error) string {
	switch t.String() {
	case "netip.Prefix":
		return fmt.Sprintf("%q is not a network such as 192.168.1.0/24", text)
	case "netip.Addr":
		return fmt.Sprintf("%q is not an IP address", text)
	}
	return err.Error()
}

// scalar turns what a YAML file holds into the text decode reads.
func scalar(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case bool, int, int64, uint64, float64:
		return fmt.Sprint(v), nil
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			s, err := scalar(e)
			if err != nil {
				return "", err
			}
			if strings.Contains(s, ",") {
				return "", fmt.Errorf("%q holds a comma", s)
			}
			parts[i] = s
		}
		return strings.Join(parts, ","), nil
	}
	return "", fmt.Errorf("a %T is not a single value", v)
}
