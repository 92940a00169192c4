package controlroom

import "time"

// PatientStills gives the cutter of a room as long as a busy machine needs.
func (r *Room) PatientStills() { r.cutter.cfg.Limit = time.Minute }
