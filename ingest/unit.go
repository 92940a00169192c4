package ingest

// unit is one access unit under way: the NAL units of one picture, copied into
// one buffer.
type unit struct {
	buf  []byte
	ends []int // end of each NAL unit in buf

	ts    uint32
	mono  int64 // arrival of its newest packet
	vcl   bool  // has picture data
	key   bool  // has a random access picture
	hurt  bool  // pieces of it are missing
	over  bool  // larger than allowed
	begun bool

	headless bool // packets just before its first one are missing
}

func (u *unit) add(nal []byte) {
	if len(u.buf)+len(nal) > maxUnit || len(u.ends) >= maxUnitNALs {
		u.over = true
		return
	}
	u.buf = append(u.buf, nal...)
	u.ends = append(u.ends, len(u.buf))
}

func (u *unit) nals(yield func(nal []byte)) {
	at := 0
	for _, end := range u.ends {
		yield(u.buf[at:end])
		at = end
	}
}

func (u *unit) reset(ts uint32) {
	if cap(u.buf) > 1<<20 {
		u.buf = nil
	}
	*u = unit{buf: u.buf[:0], ends: u.ends[:0], ts: ts, begun: true}
}
