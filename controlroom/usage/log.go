package usage

import (
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"sightline/authz"
	"sightline/controlroom"
	"sightline/internal/clock"
	"sightline/internal/kv"
)

// Log keeps what every visit of a link used (R76): where it came from, when, its
// gallery updates and its viewing time. What it hears is in memory first and in
// the store within seconds, as totals that only grow: telling them again does no
// harm, and a crash loses at most logEvery of a session. Safe for concurrent use;
// any number of nodes may share a store.
type Log struct {
	cfg  LogConfig
	wake chan struct{} // capacity 1: something new to write

	mu   sync.Mutex
	open map[visitKey]*openVisit
}

var _ controlroom.VisitLog = (*Log)(nil)

// LogConfig of a Log. Store is required.
type LogConfig struct {
	Store       kv.Store
	KeepAddress time.Duration     // an address is dropped so long after the visit was last seen; 0 = 30 days
	Keep        time.Duration     // a row goes so long after it; 0 = a year
	Touched     func(link string) // told of links that are used; nil: nobody. It must not block
	Log         *slog.Logger
	Clock       clock.Clock   // nil: the machine's; for transaction ids
	Mono        func() int64  // nil: clock.Mono
	Timeout     time.Duration // of what is asked of the store at once; 0 = 2 s
}

// Visitor is a guest's browser on a link, as a request of it shows it.
type Visitor struct {
	Link, Visit string
	IP          netip.Addr
	Browser     string
	Owner       bool // the link's owner himself: logged, not counted (R86)
}

type visitKey struct{ link, visit string }

// openVisit is what this node knows of a visit and has perhaps not written yet.
type openVisit struct {
	run      string // names this memory of the visit: totals under it only grow
	ip       string
	browser  string
	owner    bool
	updates  int
	sessions map[string]*openSession
	state    string
	urgent   bool  // to be written with the next look
	dirty    bool  // there is something to write
	wrote    int64 // mono of the last write; 0 = never
	used     int64 // mono
}

type openSession struct {
	viewed time.Duration
	state  controlroom.VisitDoing
	ended  bool
}

const (
	logLook  = 500 * time.Millisecond
	logEvery = 4 * time.Second  // growing totals of running sessions
	logIdle  = 10 * time.Minute // a session without pictures is noted to be there
	logDrop  = 10 * time.Minute // a visit without sessions leaves memory
)

// NewLog makes a Log; nothing is written before Run.
func NewLog(cfg LogConfig) (*Log, error) {
	if cfg.Store == nil {
		return nil, errors.New("usage: the log of visits needs a store")
	}
	if cfg.KeepAddress <= 0 {
		cfg.KeepAddress = 30 * 24 * time.Hour
	}
	if cfg.Keep <= 0 {
		cfg.Keep = 365 * 24 * time.Hour
	}
	if cfg.Touched == nil {
		cfg.Touched = func(string) {}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if cfg.Mono == nil {
		cfg.Mono = clock.Mono
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = logTimeout
	}
	return &Log{cfg: cfg, wake: make(chan struct{}, 1), open: map[visitKey]*openVisit{}}, nil
}

// visit is the memory of a visit, made when there is none. mu is held.
func (l *Log) visit(k visitKey) *openVisit {
	v := l.open[k]
	if v == nil {
		v = &openVisit{run: authz.NewID(), sessions: map[string]*openSession{}, urgent: true, dirty: true}
		l.open[k] = v
	}
	v.used = l.cfg.Mono()
	return v
}

// Seen notes that a visit was opened or gone on with.
func (l *Log) Seen(w Visitor) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := l.visit(visitKey{w.Link, w.Visit})
	if ip := plain(w.IP); ip != v.ip || w.Browser != v.browser {
		v.ip, v.browser, v.urgent, v.dirty = ip, w.Browser, true, true
	}
	v.owner = w.Owner
	l.poke(v)
}

// Updated implements controlroom.VisitLog.
func (l *Log) Updated(link, visit string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := l.visit(visitKey{link, visit})
	v.updates++
	l.cfg.Touched(link)
	v.urgent, v.dirty = true, true
	l.poke(v)
}

// Watched implements controlroom.VisitLog.
func (l *Log) Watched(list []controlroom.VisitUse) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, u := range list {
		v := l.visit(visitKey{u.Link, u.Visit})
		if v.ip == "" {
			v.ip = plain(u.IP)
		}
		l.cfg.Touched(u.Link)
		s := v.sessions[u.Session]
		if s == nil {
			s = &openSession{}
			v.sessions[u.Session] = s
		}
		if u.Viewed > s.viewed {
			s.viewed, v.dirty = u.Viewed, true
		}
		s.state = u.State
		if u.Ended && !s.ended {
			s.ended, s.state, v.urgent, v.dirty = true, controlroom.VisitIdle, true, true
		}
		if is := v.doing(); is != v.state {
			v.state, v.urgent, v.dirty = is, true, true
		}
		l.poke(v)
	}
}

// doing is what the guest sees now: live pictures on any of his screens first.
func (v *openVisit) doing() string {
	out := controlroom.VisitIdle
	for _, s := range v.sessions {
		if s.state == controlroom.VisitWatches || out == controlroom.VisitIdle {
			out = s.state
		}
	}
	return string(out)
}

// poke has what is urgent written without waiting for the next look.
func (l *Log) poke(v *openVisit) {
	if !v.urgent {
		return
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func plain(ip netip.Addr) string {
	if !ip.IsValid() {
		return ""
	}
	return ip.Unmap().WithZone("").String()
}
