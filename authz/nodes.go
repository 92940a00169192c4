package authz

import (
	"context"
	"time"

	"sightline/internal/kv"
)

// nodesSpace is where nodes tell each other how far they have applied changes.
// It is not the control space: nothing here bumps its revision.
const nodesSpace kv.Space = "nodes"

const (
	nodeBeat = 5 * time.Second
	nodeGone = 12 * time.Second
	cutWait  = time.Second
	cutLook  = 20 * time.Millisecond
)

type nodeRecord struct {
	head
	Revision uint64    `json:"revision"`
	At       time.Time `json:"at"`
}

func keyNode(name string) string { return "node/" + name }

// alone reports whether no other node can be on this store.
func (a *Authority) alone() bool { return a.cfg.Store.Kind() == "bolt" || a.cfg.Node == "" }

// announce tells the others how far this node is, whenever that moved and at
// least every 5 s. It runs beside the loop.
func (a *Authority) announce(ctx context.Context) {
	if a.alone() {
		return
	}
	tick := time.NewTicker(nodeBeat)
	defer tick.Stop()
	for {
		a.node.mu.Lock()
		r := nodeRecord{head: v1, Revision: a.node.revision, At: a.node.storeNow(a.node.mono())}
		a.node.mu.Unlock()
		wctx, cancel := context.WithTimeout(ctx, a.cfg.Timeout)
		_, err := a.cfg.Store.Commit(wctx, kv.Txn{ID: kv.NewID(a.cfg.Clock.Now()), Space: nodesSpace,
			Writes: []kv.Write{{Key: keyNode(a.cfg.Node), Data: encode(r)}}})
		cancel()
		a.report("this node's place among others", err)
		select {
		case <-ctx.Done():
			a.leave()
			return
		case <-tick.C:
			continue
		case <-a.moved:
		}
		select { // a burst of changes is one announcement
		case <-ctx.Done():
		case <-time.After(cutLook):
		}
	}
}

// leave takes this node off the list, so that nobody waits for it.
func (a *Authority) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), a.cfg.Timeout)
	defer cancel()
	_, err := a.cfg.Store.Commit(ctx, kv.Txn{ID: kv.NewID(a.cfg.Clock.Now()), Space: nodesSpace,
		Writes: []kv.Write{{Key: keyNode(a.cfg.Node), Delete: true}}})
	a.report("this node's leaving", err)
}

// Nodes lists the names of nodes heard of in the last 12 s, this one included.
func (a *Authority) Nodes(ctx context.Context) ([]string, error) {
	others, err := a.nodes(ctx)
	if err != nil {
		return nil, err
	}
	out := []string{a.cfg.Node}
	for name := range others {
		out = append(out, name)
	}
	return out, nil
}

// nodes reads the other live nodes' revisions.
func (a *Authority) nodes(ctx context.Context) (map[string]uint64, error) {
	if a.alone() {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, a.cfg.Timeout)
	defer cancel()
	snap, err := a.cfg.Store.Read(ctx, nodesSpace, nil, []kv.Scan{{Prefix: "node/"}})
	if err != nil {
		return nil, unavailable(err)
	}
	out := make(map[string]uint64)
	for _, val := range snap.Scans[0] {
		name := val.Key[len("node/"):]
		r, err := decode[nodeRecord](val.Data)
		if err == nil && name != a.cfg.Node && snap.Now.Sub(r.At) < nodeGone {
			out[name] = r.Revision
		}
	}
	return out, nil
}

// WaitCut waits until every live node has applied the revision of a change, at
// most 1 s, and returns the names of those that have not said so. This node has
// cut before the change returned.
func (a *Authority) WaitCut(ctx context.Context, revision uint64) (behind []string) {
	ctx, cancel := context.WithTimeout(ctx, cutWait)
	defer cancel()
	behind = []string{"unknown"} // until the list was read once
	for {
		if others, err := a.nodes(ctx); err == nil {
			behind = behind[:0]
			for name, at := range others {
				if at < revision {
					behind = append(behind, name)
				}
			}
			if len(behind) == 0 {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return behind
		case <-time.After(cutLook):
		}
	}
}
