package web

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"

	"sightline/internal/fault"
)

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// checkNames refuses what encoding/json lets pass in a body that it has read
// into v: a field twice in one object, of which the last would count, and a
// field written in other letters than the documented ones ("Name" for "name").
func checkNames(body []byte, v any) error {
	return walkNames(json.NewDecoder(bytes.NewReader(body)), reflect.TypeOf(v))
}

// walkNames reads one value that was read into a t; nil is a type of its own
// making, whose fields are not known here.
func walkNames(d *json.Decoder, t reflect.Type) error {
	for t != nil && t.Kind() == reflect.Pointer && !t.Implements(unmarshaler) {
		t = t.Elem()
	}
	if t != nil && (t.Implements(unmarshaler) || reflect.PointerTo(t).Implements(unmarshaler)) {
		t = nil
	}
	begin, err := d.Token()
	if err != nil {
		return badJSON(err)
	}
	seen := map[string]bool{}
	for begin == json.Delim('[') || begin == json.Delim('{') {
		if !d.More() {
			_, err = d.Token() // the closing bracket
			break
		}
		inner := elemOf(t)
		if begin == json.Delim('{') {
			key, err := d.Token()
			if err != nil {
				return badJSON(err)
			}
			name, _ := key.(string)
			if seen[name] {
				return badName(name, "A field is there twice.")
			}
			seen[name] = true
			if t != nil && t.Kind() == reflect.Struct {
				known := false
				if inner, known = fieldOf(t, name); !known {
					return badName(name, "A field is not known here. Upper and lower case count.")
				}
			}
		}
		if err := walkNames(d, inner); err != nil {
			return err
		}
	}
	if err != nil {
		return badJSON(err)
	}
	return nil
}

// elemOf is the type of what a list or a map holds.
func elemOf(t reflect.Type) reflect.Type {
	if t == nil {
		return nil
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		return t.Elem()
	}
	return nil
}

// fieldOf is the type of a struct's field that is written exactly so in JSON.
func fieldOf(t reflect.Type, name string) (reflect.Type, bool) {
	for f := range t.Fields() {
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case tag == "" && f.Anonymous:
			in := f.Type
			if in.Kind() == reflect.Pointer {
				in = in.Elem()
			}
			if in.Kind() == reflect.Struct {
				if found, ok := fieldOf(in, name); ok {
					return found, true
				}
			}
		case tag == name && tag != "-", tag == "" && f.Name == name:
			return f.Type, true
		}
	}
	return nil, false
}

func badName(name, msg string) error {
	f := fault.New(fault.Malformed, fault.CodeBadJSON, msg)
	f.Field = name[:min(len(name), 64)]
	return f
}
