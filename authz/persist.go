package authz

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"sightline/internal/kv"
)

// memoryFile keeps what this node last saw of the store, in the data folder.
const memoryFile = "store-seen.json"

// rememberEvery is how far the file may lie behind: a lower revision in it only
// notices a smaller loss.
const rememberEvery = 5 * time.Second

type memory struct {
	Epoch    string `json:"epoch"`
	Revision uint64 `json:"revision"`
	Lost     string `json:"lost,omitempty"`
}

// memo is the node's memory over restarts.
type memo struct {
	file  string // "" = none
	last  memory // as written
	wrote int64  // mono of that
	known bool   // the file existed
}

// recall reads the memory; a missing file is a first start.
func (a *Authority) recall() error {
	if a.cfg.DataDir == "" {
		return nil
	}
	a.memo.file = filepath.Join(a.cfg.DataDir, memoryFile)
	m, err := readMemory(a.memo.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("authz: %s cannot be understood (sightline adopt-store writes a new one): %w", a.memo.file, err)
	}
	a.memo.last, a.memo.known = m, true
	if m.Lost != "" {
		return a.startLost(m.Lost)
	}
	return nil
}

func (a *Authority) startLost(why string) error {
	a.node.mu.Lock()
	a.node.lost = why
	a.node.mu.Unlock()
	a.node.log.Error("not ready: " + why + "; check the store, then run: sightline adopt-store")
	return nil
}

func readMemory(file string) (m memory, err error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(b, &m)
}

// recogniseFirst compares the store with what was remembered.
func (a *Authority) recogniseFirst(epoch string, revision uint64) error {
	if !a.memo.known {
		return nil
	}
	return a.recognise(a.memo.last.Epoch, a.memo.last.Revision, epoch, revision)
}

// remember writes the memory when it is due, or now. Called by the loop only.
func (a *Authority) remember(now bool) {
	m := &a.memo
	if m.file == "" {
		return
	}
	n := &a.node
	n.mu.Lock()
	is := memory{Epoch: n.epoch, Revision: max(n.safe, n.floor), Lost: n.lost}
	n.mu.Unlock()
	if is.Epoch == "" { // not heard of in this process: keep what was known
		is.Epoch, is.Revision = m.last.Epoch, m.last.Revision
	}
	mono := n.mono()
	if is == m.last || is.Epoch == "" || !now && mono-m.wrote < int64(rememberEvery) {
		return
	}
	if err := writeMemory(m.file, is); err != nil {
		n.log.Warn("what was seen of the store cannot be remembered", "err", err)
		return
	}
	m.last, m.wrote, m.known = is, mono, true
}

func (a *Authority) persist() { a.remember(true) }

func writeMemory(file string, m memory) error {
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	tmp := file + ".new"
	if err := os.WriteFile(tmp, append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, file)
}

// Adopt makes the store as it is now the one the node of this data folder
// trusts, whatever its epoch and revision. For when no server runs.
func Adopt(ctx context.Context, store kv.Store, dataDir string) error {
	snap, err := store.Read(ctx, kv.Control, nil, nil)
	if err != nil {
		return unavailable(err)
	}
	return writeMemory(filepath.Join(dataDir, memoryFile), memory{Epoch: snap.Epoch, Revision: snap.Revision})
}

// AdoptStore is Adopt on a running node: it trusts the store again and reads
// every fact anew with its next round.
func (a *Authority) AdoptStore(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, a.cfg.Timeout)
	defer cancel()
	snap, err := a.cfg.Store.Read(ctx, kv.Control, nil, nil)
	if err != nil {
		return unavailable(err)
	}
	if a.cfg.DataDir != "" {
		file := filepath.Join(a.cfg.DataDir, memoryFile)
		if err := writeMemory(file, memory{Epoch: snap.Epoch, Revision: snap.Revision}); err != nil {
			return err
		}
	}
	if s, ok := a.cfg.Store.(interface{ Adopt(epoch string) }); ok {
		s.Adopt(snap.Epoch) // it, too, keeps what it knew
	}
	a.cache.reset(snap.Revision)
	n := &a.node
	n.mu.Lock()
	defer n.mu.Unlock()
	n.epoch, n.revision, n.floor, n.safe, n.lost = snap.Epoch, snap.Revision, 0, 0, ""
	for l := range n.leases {
		l.revision = 0
		n.dirty[l] = snap.Revision
	}
	return nil
}
