package config

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"sort"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
)

// FileEnv names the configuration file when no --config is given.
const FileEnv = EnvPrefix + "CONFIG"

// SealKeysEnv takes the place of the key file in the data folder; only the
// environment can carry it.
const SealKeysEnv = EnvPrefix + "SEAL_KEYS"

// notKeys are environment variables of the program that are no configuration
// keys. BIN names the built program for tests that run it, CACHE the folder of
// the demo's clips.
var notKeys = []string{FileEnv, SealKeysEnv, EnvPrefix + "BIN", EnvPrefix + "CACHE"}

// Sources are the values given by file and environment, by key, and where each came from.
type Sources struct {
	values map[string]string
	origin map[string]string
}

// Load reads the file (path "" = none) and the environment, strictly: an
// unknown key, a value of the wrong kind or a key given twice is an error that
// names the place and the nearest right key.
func Load(path string, environ []string) (*Sources, error) {
	s := &Sources{values: map[string]string{}, origin: map[string]string{}}
	if path != "" {
		if err := s.readFile(path); err != nil {
			return nil, err
		}
	}
	return s, s.readEnv(environ)
}

func (s *Sources) readFile(path string) error {
	k := koanf.New("\x00") // no nesting here: dotted and nested spellings are both flattened below
	if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("the configuration file %s does not exist", path)
		case errors.Is(err, fs.ErrPermission):
			return fmt.Errorf("the configuration file %s may not be read by this user", path)
		}
		return fmt.Errorf("the configuration file %s is not valid YAML: %s", path, strings.ReplaceAll(err.Error(), "\n", " "))
	}
	flat := map[string]any{}
	if err := flatten("", k.Raw(), flat); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	names := paths()
	for _, key := range sortedKeys(flat) {
		if !slices.Contains(names, key) {
			return unknown(fmt.Sprintf("%s: unknown key %q", path, key), nearest(key, names))
		}
		text, err := scalar(flat[key])
		if err != nil {
			return fmt.Errorf("%s: %s: %w", path, key, err)
		}
		if err := s.put(key, text, "file "+path); err != nil {
			return err
		}
	}
	return nil
}

func (s *Sources) readEnv(environ []string) error {
	byEnv := map[string]string{}
	var names []string
	for _, k := range Keys() {
		byEnv[k.Env] = k.Path
		names = append(names, k.Env)
	}
	given := slices.Clone(environ)
	sort.Strings(given)
	for _, kv := range given {
		name, text, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, EnvPrefix) || slices.Contains(notKeys, name) {
			continue
		}
		key, ok := byEnv[name]
		if !ok {
			return unknown(fmt.Sprintf("environment: unknown variable %s", name), nearest(name, names))
		}
		if err := s.put(key, text, "environment "+name); err != nil {
			return err
		}
	}
	return nil
}

// put keeps a value after trying to read it.
func (s *Sources) put(path, text, origin string) error {
	for _, k := range Keys() {
		if k.Path != path {
			continue
		}
		if _, err := k.decode(text); err != nil {
			return fmt.Errorf("%s: %s: %w", origin, path, err)
		}
	}
	s.values[path], s.origin[path] = text, origin
	return nil
}

// Validate is kong's check of a resolver; Load has checked already.
func (s *Sources) Validate(*kong.Application) error { return nil }

// Resolve gives kong the value of a flag that was not on the command line.
func (s *Sources) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	k, ok := keyByFlag(flag.Name)
	if !ok || flag.Tag.Get("key") == "" {
		return nil, nil
	}
	text, ok := s.values[k.Path]
	if !ok || (text == "" && k.Type.Kind() == reflect.Slice) {
		return nil, nil // kong would read "" as a list of one empty element
	}
	return text, nil
}

// Origin says where the value of a key came from: "file …", "environment …" or "".
func (s *Sources) Origin(path string) string { return s.origin[path] }

// Config returns the configuration of file and environment over the defaults.
func (s *Sources) Config() Config {
	c := Default()
	for _, k := range Keys() {
		text, ok := s.values[k.Path]
		if !ok {
			continue
		}
		if v, err := k.decode(text); err == nil { // put has tried it
			c.field(k).Set(v)
		}
	}
	return c
}

// Default returns the configuration with nothing set.
func Default() Config {
	var c Config
	for _, k := range Keys() {
		if k.Default == "" {
			continue
		}
		v, err := k.decode(k.Default)
		if err != nil {
			panic("config: default of " + k.Path + ": " + err.Error()) // a test reads them all
		}
		c.field(k).Set(v)
	}
	return c
}

func (c *Config) field(k Key) reflect.Value { return reflect.ValueOf(c).Elem().FieldByIndex(k.index) }

func unknown(what, near string) error {
	if near == "" {
		return fmt.Errorf("%s; docs/ref/configuration.md lists all", what)
	}
	return fmt.Errorf("%s; did you mean %s?", what, near)
}

func paths() []string {
	var out []string
	for _, k := range Keys() {
		out = append(out, k.Path)
	}
	return out
}

// flatten writes nested maps as dotted keys.
func flatten(prefix string, in map[string]any, out map[string]any) error {
	for k, v := range in {
		key := prefix + k
		if m, ok := v.(map[string]any); ok {
			if err := flatten(key+".", m, out); err != nil {
				return err
			}
			continue
		}
		if _, twice := out[key]; twice {
			return fmt.Errorf("key %q is given twice", key)
		}
		out[key] = v
	}
	return nil
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
