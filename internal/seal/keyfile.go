package seal

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// EnvKeys names the environment variable that takes the place of the key file:
// "id:base64,id:base64", the first key seals. All nodes on one store need the
// same keys.
const EnvKeys = "SIGHTLINE_SEAL_KEYS"

// KeyFile is the key file's name in the data folder: one "id base64" a line,
// the first key seals, # begins a comment. Its mode must be 0600.
const KeyFile = "seal.key"

// Open loads the keys of a data folder (KeyFile, created with mode 0600 at the
// first start) unless the environment variable EnvKeys is set. A key file that
// others can read is refused.
func Open(dataDir string) (*Box, error) {
	if env := os.Getenv(EnvKeys); env != "" {
		keys, err := parseKeys(strings.Split(env, ","), ":")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", EnvKeys, err)
		}
		return New(keys...)
	}
	path := filepath.Join(dataDir, KeyFile)
	keys, err := readKeys(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = createKeys(path); err != nil {
			return nil, fmt.Errorf("seal: create the key file: %w", err)
		}
		keys, err = readKeys(path)
	}
	if err != nil {
		return nil, err
	}
	return New(keys...)
}

func readKeys(path string) ([]Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if st.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("seal: %s can be read by others (mode %04o); run: chmod 600 %s", path, st.Mode().Perm(), path)
	}
	var lines []string
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if line := strings.TrimSpace(sc.Text()); line != "" && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	keys, err := parseKeys(lines, " ")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}

func parseKeys(lines []string, sep string) ([]Key, error) {
	var keys []Key
	for i, line := range lines {
		id, text, ok := strings.Cut(strings.TrimSpace(line), sep)
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if !ok || err != nil || len(raw) != 32 {
			return nil, fmt.Errorf("seal: key %d is not \"id%sbase64 of 32 bytes\"", i+1, sep)
		}
		k := Key{ID: id}
		copy(k.Secret[:], raw)
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, errors.New("seal: no key in it")
	}
	return keys, nil
}

// createKeys writes the first key, durably and at once: a half-written key file
// would make everything sealed before unreadable. Two processes that start
// together end with one key: the link fails for the second.
func createKeys(path string) error {
	var k [32]byte
	rand.Read(k[:])
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, KeyFile+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	text := "# Keys of what the store keeps sealed. Keep a copy apart from the store's own backup.\nk1 " +
		base64.StdEncoding.EncodeToString(k[:]) + "\n"
	if _, err = tmp.WriteString(text); err == nil {
		err = tmp.Sync()
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
