package web

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"sightline/internal/secret"
)

// openAPI makes the OpenAPI 3.1 document of the table. Maps are written in the
// order of their keys, so the same table gives the same bytes.
func openAPI(table []route) ([]byte, error) {
	g := &schemas{named: map[string]any{}, of: map[string]reflect.Type{}}
	g.named["Problem"] = g.object(reflect.TypeFor[problem]())
	paths := map[string]map[string]any{}
	for i := range table {
		rt := &table[i]
		if rt.hidden {
			continue
		}
		path := openPath(rt.path)
		if paths[path] == nil {
			paths[path] = map[string]any{}
		}
		op, err := g.operation(rt)
		if err != nil {
			return nil, err
		}
		paths[path][strings.ToLower(rt.method)] = op
	}
	b, err := json.MarshalIndent(map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{
			"title": "Sightline", "version": "1",
			"description": "Unsafe methods that ride on a cookie need the header X-Sightline: 1 and the same origin. " +
				"Errors are application/problem+json with a code of a closed list. Times are RFC 3339 in UTC.",
		},
		"paths": paths,
		"components": map[string]any{
			"schemas": g.named,
			"securitySchemes": map[string]any{
				"login": map[string]any{"type": "apiKey", "in": "cookie", "name": "__Host-sightline"},
				"guest": map[string]any{"type": "apiKey", "in": "cookie", "name": "__Secure-sightline-guest"},
				"token": map[string]any{"type": "http", "scheme": "bearer"},
			},
		},
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("web: OpenAPI document: %w", err)
	}
	return append(b, '\n'), nil
}

// openPath writes /a/:id as /a/{id}.
func openPath(p string) string {
	parts := strings.Split(p, "/")
	for i, s := range parts {
		if strings.HasPrefix(s, ":") {
			parts[i] = "{" + s[1:] + "}"
		}
	}
	return strings.Join(parts, "/")
}

func pathParams(p string) []string {
	var names []string
	for s := range strings.SplitSeq(p, "/") {
		if strings.HasPrefix(s, ":") {
			names = append(names, s[1:])
		}
	}
	return names
}

func (g *schemas) operation(rt *route) (map[string]any, error) {
	op := map[string]any{"summary": rt.summary, "x-who": rt.who.String()}
	var params []any
	for _, name := range pathParams(rt.path) {
		params = append(params, map[string]any{"name": name, "in": "path", "required": true, "schema": map[string]any{"type": "string"}})
	}
	if params != nil {
		op["parameters"] = params
	}
	switch rt.who {
	case account, instance, player:
		op["security"] = []any{map[string]any{"login": []string{}}, map[string]any{"token": []string{}}}
	case signed:
		op["security"] = []any{map[string]any{"login": []string{}}}
	case guest:
		op["security"] = []any{map[string]any{"guest": []string{}}}
	}
	if rt.body != noBody {
		var schema any = map[string]any{"type": "string"}
		if rt.in != nil {
			schema = g.schema(reflect.TypeOf(rt.in))
		} else if rt.body == jsonBody {
			return nil, fmt.Errorf("web: route %s %s takes JSON and does not say which", rt.method, rt.path)
		}
		kinds := map[string]any{string(rt.body): map[string]any{"schema": schema}}
		if rt.body == reportBody {
			kinds[string(jsonBody)] = kinds[string(rt.body)]
		}
		op["requestBody"] = map[string]any{"required": rt.body != reportBody, "content": kinds}
	}
	answer := map[string]any{"description": "Done."}
	switch {
	case rt.answer != "":
		answer["content"] = map[string]any{rt.answer: map[string]any{"schema": map[string]any{"type": "string", "format": "binary"}}}
	case rt.out != nil:
		answer["content"] = map[string]any{"application/json": map[string]any{"schema": g.schema(reflect.TypeOf(rt.out))}}
	case rt.body == sdpBody:
		answer["content"] = map[string]any{string(sdpBody): map[string]any{"schema": map[string]any{"type": "string"}}}
	}
	code := rt.status
	if code == 0 {
		code = 200
	}
	op["responses"] = map[string]any{
		strconv.Itoa(code): answer,
		"default": map[string]any{"description": "What went wrong.", "content": map[string]any{
			"application/problem+json": map[string]any{"schema": map[string]any{"$ref": "#/components/schemas/Problem"}}}},
	}
	return op, nil
}

// schemas collects the named structs of bodies and answers.
type schemas struct {
	named map[string]any
	of    map[string]reflect.Type // against two types of one name
}

func (g *schemas) schema(t reflect.Type) any {
	switch {
	case t == reflect.TypeFor[time.Time](), t == reflect.TypeFor[clearableTime]():
		return map[string]any{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[secret.String]():
		return map[string]any{"type": "string", "writeOnly": true}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.schema(t.Elem())
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return map[string]any{"type": "integer"}
	case reflect.Float32, reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Slice, reflect.Array:
		return map[string]any{"type": "array", "items": g.schema(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": g.schema(t.Elem())}
	case reflect.Struct:
		name := schemaName(t)
		if known, ok := g.of[name]; ok && known != t {
			name = strings.ToUpper(t.PkgPath()[strings.LastIndexByte(t.PkgPath(), '/')+1:][:1]) + name
		}
		if _, ok := g.of[name]; !ok {
			g.of[name] = t
			g.named[name] = g.object(t)
		}
		return map[string]any{"$ref": "#/components/schemas/" + name}
	}
	return map[string]any{}
}

// schemaName is the Go name, exported and without the ending of our wire types.
func schemaName(t reflect.Type) string {
	name := t.Name()
	return strings.ToUpper(name[:1]) + name[1:]
}

func (g *schemas) object(t reflect.Type) map[string]any {
	props := map[string]any{}
	required := []string{}
	g.fields(t, props, &required)
	slices.Sort(required)
	out := map[string]any{"type": "object", "properties": props}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

func (g *schemas) fields(t reflect.Type, props map[string]any, required *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && tag == "" {
			g.fields(f.Type, props, required)
			continue
		}
		if !f.IsExported() || tag == "-" {
			continue
		}
		if tag == "" {
			tag = f.Name
		}
		props[tag] = g.schema(f.Type)
		if !strings.Contains(options, "omit") && f.Type.Kind() != reflect.Pointer {
			*required = append(*required, tag)
		}
	}
}
