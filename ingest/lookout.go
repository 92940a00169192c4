package ingest

// lookout tells a watchdog that looks every so often whether its own machine
// stood still since it last looked: what came meanwhile still waits to be read
// then, and silence says nothing of the other side. Once: the look after that
// one counts. Used by one goroutine.
type lookout struct {
	every int64 // ns
	last  int64 // clock.Mono of the last look
	told  bool
}

func (l *lookout) blind(now int64) bool {
	late := now-l.last > 2*l.every
	l.last = now
	l.told = late && !l.told
	return l.told
}
