package usage

import (
	"encoding/json"
	"strings"
	"time"

	"sightline/controlroom"
	"sightline/internal/kv"
)

// logSpace holds one row a visit, under link and visit. It is not the control
// space: what is used never bumps the control revision.
const (
	logSpace   = kv.Space("visits")
	logPrefix  = "v/"
	rowVersion = 1
)

func logKey(k visitKey) string { return logPrefix + k.link + "/" + k.visit }

// logRow is the stored form of a visit. Totals are kept by who tells them, so that
// each is the highest ever told: written twice is written once.
type logRow struct {
	V       int                 `json:"v"`
	IP      string              `json:"ip,omitempty"`
	Browser string              `json:"browser,omitempty"`
	Owner   bool                `json:"owner,omitempty"`
	First   int64               `json:"first"` // Unix ms of store time
	Last    int64               `json:"last"`
	Updates map[string]int      `json:"updates,omitempty"` // by openVisit.run
	Viewed  map[string]toldTime `json:"viewed,omitempty"`  // by viewing session
	Before  int64               `json:"before,omitempty"`  // ms of sessions that are no more in Viewed
	State   string              `json:"state,omitempty"`   // controlroom.VisitDoing, at Last
}

// toldTime is a session's viewing time, and when it was told of last.
type toldTime struct {
	MS int64 `json:"ms"`
	At int64 `json:"at"`
}

const (
	foldFrom  = 16            // sessions of a row before old ones are put together
	foldAfter = 2 * time.Hour // a running session is told of every logIdle
	aliveFor  = 12 * time.Second
)

// merge takes what a node knows of the visit into the row.
func (r *logRow) merge(v *openVisit, now int64) {
	if r.V == 0 {
		*r = logRow{V: rowVersion, First: now}
	}
	if v.ip != "" {
		r.IP = v.ip
	}
	if v.browser != "" {
		r.Browser = v.browser
	}
	r.Owner = r.Owner || v.owner
	r.Last, r.State = max(r.Last, now), v.state
	if v.updates > 0 {
		if r.Updates == nil {
			r.Updates = map[string]int{}
		}
		r.Updates[v.run] = max(r.Updates[v.run], v.updates)
	}
	if r.Viewed == nil {
		r.Viewed = map[string]toldTime{}
	}
	for id, s := range v.sessions {
		was := r.Viewed[id]
		r.Viewed[id] = toldTime{max(was.MS, s.viewed.Milliseconds()), now}
	}
	r.fold(now)
}

// fold puts the time of sessions together that nobody tells of any more.
func (r *logRow) fold(now int64) {
	if len(r.Viewed) < foldFrom {
		return
	}
	for id, t := range r.Viewed {
		if now-t.At > foldAfter.Milliseconds() {
			r.Before += t.MS
			delete(r.Viewed, id)
		}
	}
}

func decodeRow(v kv.Value) (r logRow, ok bool) {
	return r, v.Exists() && json.Unmarshal(v.Data, &r) == nil && r.V == rowVersion
}

// Row is what the log says of one visit.
type Row struct {
	Link, Visit    string
	IP             string // "" once it was dropped
	Browser        string
	Owner          bool
	First, Last    time.Time // store time
	GalleryUpdates int
	Viewed         time.Duration
	Doing          controlroom.VisitDoing // now, on any node
}

func (r logRow) row(key string, now time.Time) Row {
	link, visit, _ := strings.Cut(strings.TrimPrefix(key, logPrefix), "/")
	out := Row{Link: link, Visit: visit, IP: r.IP, Browser: r.Browser, Owner: r.Owner, First: time.UnixMilli(r.First), Last: time.UnixMilli(r.Last)}
	ms := r.Before
	for _, t := range r.Viewed {
		ms += t.MS
	}
	out.Viewed = time.Duration(ms) * time.Millisecond
	for _, n := range r.Updates {
		out.GalleryUpdates += n
	}
	if now.Sub(out.Last) <= aliveFor { // a node that died says nothing more
		out.Doing = controlroom.VisitDoing(r.State)
	}
	return out
}
