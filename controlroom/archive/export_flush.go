package archive

// none is the fragment behind the last.
const none = int32(1<<31 - 1)

// flush gives the segment that waits its place in the file. goes: what comes next
// plays on where it ends, so its sound may reach over its pictures.
func (k *cutter) flush(goes bool) {
	n := k.last
	if n == nil {
		return
	}
	k.last = nil
	if !goes && n.track != nil {
		n.cutSound(scale(k.at, videoRate, int64(n.track.rate)))
	}
	video, sound := n.pictures(), n.heard()
	for {
		frag := min(video.frag(), sound.frag())
		if frag == none {
			break
		}
		for video.frag() == frag {
			video.put(k, n)
		}
		for sound.frag() == frag {
			sound.put(k, n)
		}
	}
	if n.sums != nil {
		n.sums.free()
	}
}

// cutSound drops what sounds behind the end of the pictures.
func (n *chosen) cutSound(end int64) {
	if m := len(n.sounds); m > 0 {
		last := &n.sounds[m-1]
		if span, _ := last.last(); last.at+last.body+n.shift+span/2 <= end {
			return
		}
		n.sound, n.sounds = flats(n.sounds, n.shift), nil
	}
	for m := len(n.sound); m > 0 && n.sound[m-1].at+int64(n.sound[m-1].span)/2 > end; m = len(n.sound) {
		n.sound = n.sound[:m-1]
	}
}

// cursor goes over one track of a segment.
type cursor interface {
	frag() int32              // that comes next, or none
	put(k *cutter, n *chosen) // a chunk of it
}

func (n *chosen) pictures() cursor {
	if n.sums != nil {
		return &wholes{list: n.sums.video, shift: n.passages[0].shift, entry: n.entry}
	}
	return &pictures{n: n, i: n.passages[0].lo}
}

func (n *chosen) heard() cursor {
	if n.sounds != nil {
		return &wholes{track: n.track, list: n.sounds, shift: n.shift}
	}
	return &packets{n.sound}
}

// wholes are stretches that are taken whole.
type wholes struct {
	track *exportTrack // nil: the pictures'
	list  []sum
	shift int64
	entry int
}

func (c *wholes) frag() int32 {
	if len(c.list) == 0 {
		return none
	}
	return c.list[0].frag
}

func (c *wholes) put(k *cutter, n *chosen) {
	t := c.track
	if t == nil {
		t = k.video
	}
	k.whole(t, n.seg, &c.list[0], c.shift, c.entry)
	c.list = c.list[1:]
}

// pictures are those of a segment's passages.
type pictures struct {
	n    *chosen
	p, i int // passage, and picture
}

func (c *pictures) frag() int32 {
	if c.p == len(c.n.passages) {
		return none
	}
	return c.n.video[c.i].frag
}

func (c *pictures) put(k *cutter, n *chosen) {
	frag, from, hi := c.frag(), c.i, n.passages[c.p].hi
	for c.i < hi && n.video[c.i].frag == frag {
		c.i++
	}
	k.chunk(k.video, n.seg, n.video[from:c.i], n.passages[c.p].shift, n.entry)
	if c.i == hi {
		if c.p++; c.p < len(n.passages) {
			c.i = n.passages[c.p].lo
		}
	}
}

// packets are sound that was chosen packet by packet.
type packets struct{ list []flat }

func (c *packets) frag() int32 {
	if len(c.list) == 0 {
		return none
	}
	return c.list[0].frag
}

func (c *packets) put(k *cutter, n *chosen) {
	l, i := c.list, 1
	for i < len(l) && l[i].frag == l[0].frag && l[i].offset == l[i-1].offset+int64(l[i-1].size) {
		i++
	}
	k.chunk(n.track, n.seg, l[:i], 0, 0)
	c.list = l[i:]
}

// overlap says whether sound would begin while what is there already plays: where
// two clocks meet.
func (t *exportTrack) overlap(at int64) bool {
	return t.sound && t.n > 0 && at < t.lastAt+int64(t.lastSpan)/2
}

// whole adds a stretch.
func (k *cutter) whole(t *exportTrack, seg uint32, s *sum, shift int64, entry int) {
	if t.overlap(s.at + shift) {
		k.chunk(t, seg, s.flats(nil, shift), 0, 0)
		return
	}
	t.sum(s, s.at+shift)
	t.chunk(k.c.media, s.n, entry)
	k.put(seg, s.offset, s.bytes)
}

// chunk adds samples that lie behind each other in a segment's file.
func (k *cutter) chunk(t *exportTrack, seg uint32, list []flat, shift int64, entry int) {
	for len(list) > 0 && t.overlap(list[0].at) {
		list = list[1:]
	}
	if len(list) == 0 {
		return
	}
	bytes := int64(0)
	for _, u := range list {
		t.add(u.unit, u.at+shift)
		bytes += int64(u.size)
	}
	t.chunk(k.c.media, len(list), entry)
	k.put(seg, list[0].offset, bytes)
}

// put adds bytes of a segment's file to those of the export.
func (k *cutter) put(seg uint32, at, bytes int64) {
	k.c.media += bytes
	offset := uint32(at)
	if m := len(k.c.pieces); m > 0 {
		l := &k.c.pieces[m-1]
		if l.segment == seg && l.offset+l.bytes == offset && int64(l.bytes)+bytes < 1<<31 {
			l.bytes += uint32(bytes)
			return
		}
	}
	k.c.pieces = append(k.c.pieces, piece{seg, offset, uint32(bytes)})
}
