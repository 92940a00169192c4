package archive

import (
	"time"

	"sightline/internal/fault"
)

const (
	exportLeast = 10 * time.Second // of footage: what is shorter counts as that for the day
	exportsDay  = 500              // made by one person in 24 h, those that were removed or cancelled too
	exportsMost = 100              // of one person, kept at once
)

// ExportLimits are what a person may still export now.
type ExportLimits struct {
	Longest   time.Duration
	Marked    time.Duration // longest with a watermark; 0: no watermarks here
	Hours     time.Duration // of a day; negative: no limit
	HoursLeft time.Duration
	Bytes     int64
	BytesLeft int64
}

// Limits tells them.
func (e *Exports) Limits(account string) ExportLimits {
	e.mu.Lock()
	defer e.mu.Unlock()
	u := e.used(account)
	l := ExportLimits{Longest: e.cfg.Longest, Hours: e.cfg.DayTime, Bytes: e.cfg.DayBytes,
		HoursLeft: max(e.cfg.DayTime-u.hours, 0), BytesLeft: max(e.cfg.DayBytes-u.bytes, 0)}
	if e.cfg.Tool != nil {
		l.Marked = e.cfg.Marked
	}
	return l
}

// usedUp is what a person exported in the last day.
type usedUp struct {
	count int
	hours time.Duration
	bytes int64
	over  time.Time // when the first of it is over; zero: there is none
}

// used counts it; mu is held. What failed gave nobody footage, but was made.
func (e *Exports) used(account string) (u usedUp) {
	now := e.cfg.Clock.Now()
	for _, x := range e.byID {
		if x.Account != account || now.Sub(x.Created) >= day24 {
			continue
		}
		u.count++
		if end := x.Created.Add(day24); u.over.IsZero() || end.Before(u.over) {
			u.over = end
		}
		if x.State != ExportFailed {
			u.hours += max(time.Duration(x.Seconds*float64(time.Second)), exportLeast)
			u.bytes += x.Bytes
		}
	}
	return u
}

// admit says whether so much may be exported now; mu is held.
func (e *Exports) admit(account string, length time.Duration, size int64) error {
	u := e.used(account)
	wait := max(u.over.Sub(e.cfg.Clock.Now()), time.Minute)
	switch {
	case u.count >= exportsDay:
		return fault.New(fault.RateLimited, CodeExportCount, "You made as many exports as one may in a day.").After(wait)
	case e.cfg.DayTime > 0 && u.hours+max(length, exportLeast) > e.cfg.DayTime:
		return fault.New(fault.RateLimited, CodeExportHours, "That is more hours of footage than you may export in a day.").After(wait)
	case e.cfg.DayBytes > 0 && u.bytes+size > e.cfg.DayBytes:
		return fault.New(fault.RateLimited, CodeExportBytes, "That is more bytes than you may export in a day.").After(wait)
	}
	return nil
}

// crowded refuses more exports of a person than are kept, and more than may run; mu is held.
func (e *Exports) crowded(x *Export) error {
	kept, marking := 0, 0
	for _, o := range e.byID {
		if o.Account != x.Account || o.Deleted {
			continue
		}
		kept++
		if o.State == ExportWaiting || o.State == ExportRunning {
			marking++
		}
	}
	switch {
	case kept >= exportsMost:
		return fault.New(fault.RateLimited, CodeExportKept, "You keep as many exports as one may at once. Remove one, or wait until one is over.").After(time.Minute)
	case x.Watermark && marking >= e.cfg.AtOnce:
		return exportBusy()
	}
	return nil
}

func exportBusy() error {
	return fault.New(fault.RateLimited, CodeExportBusy, "As many of your exports run as may at once. Wait for one to end, or remove one.").After(10 * time.Second)
}

// alone lets a person have one export computed at a time. done is called when it is.
func (e *Exports) alone(account string) (done func(), err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.making[account] {
		return nil, exportBusy()
	}
	e.making[account] = true
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.making, account)
	}, nil
}
