package archive

import "sightline/internal/fault"

// sweep removes what is over. What is over before its day is counts on.
func (e *Exports) sweep() {
	now := e.cfg.Clock.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, x := range e.byID {
		over, counts := x.Deleted || !now.Before(x.Expires), now.Sub(x.Created) < day24
		switch {
		case !over:
		case !counts:
			e.drop(id)
		case !x.Deleted:
			if err := e.bury(x); err != nil {
				e.cfg.Log.Warn("the record of an export could not be written", "export", id, "err", err)
			}
		}
	}
}

// stop ends a job and the bytes that run; mu is held.
func (e *Exports) stop(id string) {
	if end := e.jobs[id]; end != nil {
		end()
	}
	e.cutStreams(id)
}

func (e *Exports) cutStreams(id string) {
	for f := range e.streams[id] {
		f.end(fault.New(fault.Conflict, CodeExportEnded, "This export was removed."))
	}
}

// drop forgets an export altogether; mu is held.
func (e *Exports) drop(id string) {
	e.stop(id)
	delete(e.byID, id)
	delete(e.found, id)
	e.unlink(id)
}

// bury ends an export and leaves of it what counts for the day; mu is held.
func (e *Exports) bury(x *Export) error {
	e.stop(x.ID)
	if x.State == ExportWaiting || x.State == ExportRunning {
		x.State = exportCancelled
	}
	x.Deleted = true
	x.CameraName, x.Name, x.Mark, x.Left, x.Rest, x.Spans = "", "", "", nil, nil, nil
	delete(e.found, x.ID)
	for _, s := range []string{markedSuffix, layoutSuffix} {
		_ = e.root.Remove(x.ID + s)
	}
	return e.keep(x)
}

// Delete removes an export; what runs of it ends. It counts for the day as before,
// also when it was not ready yet.
func (e *Exports) Delete(account, id string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	x, err := e.mine(account, id)
	if err != nil {
		return err
	}
	if err := e.bury(x); err != nil {
		return away(err)
	}
	return nil
}

// DropCamera removes everybody's exports of a camera that is gone, files and
// records. The archive calls it when it removes the footage.
func (e *Exports) DropCamera(camera string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cutting == camera {
		e.cutting = "" // it is not kept when it is done
	}
	e.dropThose(func(x *Export) bool { return x.Camera == camera })
}

// DropAccount removes the exports of an account that is gone, files and records.
func (e *Exports) DropAccount(account string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.dropThose(func(x *Export) bool { return x.Account == account })
}

// dropThose is for what is gone; mu is held.
func (e *Exports) dropThose(gone func(*Export) bool) {
	n := 0
	for id, x := range e.byID {
		if gone(x) {
			e.drop(id)
			n++
		}
	}
	if n > 0 {
		e.cfg.Log.Info("exports of a camera or an account that is gone were removed", "exports", n)
	}
}

// owners lists the cameras and accounts that there are exports of.
func (e *Exports) owners() (cameras, accounts map[string]bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	cameras, accounts = map[string]bool{}, map[string]bool{}
	for _, x := range e.byID {
		cameras[x.Camera], accounts[x.Account] = true, true
	}
	return cameras, accounts
}
