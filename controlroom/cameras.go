package controlroom

import (
	"log/slog"
	"sync"

	"sightline/authz"
	"sightline/ingest"
	"sightline/internal/kv"
	"sightline/internal/seal"
)

// camera is what this node knows of one camera's two records.
type camera struct {
	record *authz.Camera // nil: there is none
	source *source       // nil: there is none
	set    bool          // the fleet has been told
}

func (c *camera) setRecord(v kv.Value, log *slog.Logger) {
	c.record = nil
	if !v.Exists() {
		return
	}
	rec, err := authz.DecodeCamera(v.Data)
	if err != nil {
		log.Error("a camera's record cannot be read; it is not pulled", "key", v.Key, "err", err)
		return
	}
	c.record = rec
}

func (c *camera) setSource(v kv.Value, log *slog.Logger) {
	c.source = nil
	if !v.Exists() {
		return
	}
	src, err := decodeSource(v.Data)
	if err != nil {
		log.Error("a camera's source cannot be read; it is not pulled", "key", v.Key, "err", err)
		return
	}
	c.source = &src
}

// sources is where cameras are pulled.
type sources interface {
	Set(ingest.Source)
	Remove(id string)
}

// cameras keeps the fleet in line with the store's records.
type cameras struct {
	fleet   sources
	devices Devices // nil: ONVIF is not used
	box     *seal.Box
	log     *slog.Logger
	mu      sync.Mutex
	byID    map[string]*camera
}

func (c *cameras) at(id string) *camera {
	x := c.byID[id]
	if x == nil {
		x = &camera{}
		c.byID[id] = x
	}
	return x
}

func (c *cameras) setCamera(id string, v kv.Value) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at(id).setRecord(v, c.log)
}

func (c *cameras) setSource(id string, v kv.Value) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at(id).setSource(v, c.log)
}

// apply tells the fleet what a camera is now. Orphaned means that its source is
// still stored though the camera is gone.
func (c *cameras) apply(id string) (orphaned bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.byID[id]
	switch {
	case x == nil:
		return false
	case x.record == nil || x.source == nil || x.record.Kind != authz.CameraRTSP || x.source.Owner != x.record.Owner:
		if x.set {
			c.fleet.Remove(id)
			c.removeDevice(id)
			x.set = false
		}
		orphaned = x.record == nil && x.source != nil
		if x.record == nil && x.source == nil {
			delete(c.byID, id)
		}
		return orphaned
	}
	src, err := x.source.ingest(c.box, x.record.Enabled)
	if err != nil {
		c.log.Error("a camera's password cannot be opened with this node's keys", "camera", id, "err", err)
	}
	c.fleet.Set(src)
	c.setDevice(id, x.source, src, err)
	x.set = true
	return false
}

// replace makes the records be exactly these. It returns cameras that seem gone,
// though their sources are stored.
func (c *cameras) replace(next map[string]*camera) (orphaned []string) {
	c.mu.Lock()
	var ids []string
	for id, x := range c.byID {
		if n := next[id]; n != nil {
			n.set = x.set
		} else if x.set {
			c.fleet.Remove(id)
			c.removeDevice(id)
		}
	}
	c.byID = next
	for id := range next {
		ids = append(ids, id)
	}
	c.mu.Unlock()
	for _, id := range ids {
		if c.apply(id) {
			orphaned = append(orphaned, id)
		}
	}
	return orphaned
}

// name of a camera as last heard, "" when it is not known here.
func (c *cameras) name(id string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x := c.byID[id]; x != nil && x.record != nil {
		return x.record.Name
	}
	return ""
}

// enabled says whether a camera is known and on.
func (c *cameras) enabled(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.byID[id]
	return x != nil && x.record != nil && x.record.Enabled
}

// owner of a camera as last heard.
func (c *cameras) owner(id string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x := c.byID[id]; x != nil && x.record != nil {
		return x.record.Owner
	}
	return ""
}
