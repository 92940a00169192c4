package archive

import (
	"context"
	"hash/crc32"
	"time"

	"sightline/internal/fault"
)

// piece is bytes of a segment's file that an export plays, in the order of the export.
type piece struct{ segment, offset, bytes uint32 }

// cut is an export that is computed: where its bytes lie, and the boxes before them.
type cut struct {
	From, To time.Time // of what is shown
	Seconds  float64   // that it plays
	Spans    []Span    // of all its samples, hidden ones too: who fetches it may see each
	Shown    []Span
	Left     []Left
	Rest     Span // what the codec's change left for another file; zero: nothing
	Width    int  // of the largest picture
	Height   int
	Segments []string // by piece.segment
	pieces   []piece
	head     []byte // ftyp, moov, and the head of mdat
	sum      uint32 // of head
	media    int64  // bytes behind it
}

func (c *cut) size() int64 { return int64(len(c.head)) + c.media }

// flat is a sample on its segment's line.
type flat struct {
	unit
	at     int64 // decode time, in units of the track's rate
	offset int64
	frag   int32
}

// passage is pictures of one segment that play one after the other.
type passage struct {
	lo, hi int   // of the segment's pictures
	from   int64 // decode time of the first
	to     int64 // and where the last one ends
	shift  int64 // what is added to a decode time in the export
}

// chosen is what an export takes of a segment. It waits for the next one, which
// says whether sound goes on.
type chosen struct {
	seg      uint32
	entry    int
	sums     *sums // of one that is taken whole; then there is nothing in video
	video    []flat
	passages []passage
	whole    bool  // the last passage reaches the segment's end
	sounds   []sum // of sums, when all of it is heard; else it is in sound
	shift    int64 // of sounds
	sound    []flat
	track    *exportTrack
	end      time.Time // wall clock where the last passage ends
}

// cutter puts an export together, one segment after the other.
type cutter struct {
	w       ExportWant
	c       cut
	heads   map[string]*exportHead
	video   *exportTrack
	sounds  []*exportTrack
	fourcc  string
	at      int64 // where the next picture is decoded
	lead    int64 // from the first picture's decoding to what is shown first
	most    int64 // latest end of a picture that is shown
	until   int64 // where the wanted end is; -1: not reached
	last    *chosen
	keyless []Span
	changed time.Time
	flats   [2]struct{ video, sound []flat }
	turn    int
	room    int // chunks of a track, about
}

// ahead is how many segments' tables are read at once.
const ahead = 8

// cut computes an export.
func (a *Archive) cut(ctx context.Context, w ExportWant) (*cut, error) {
	return a.cutWith(ctx, w, false)
}

// cutWith is cut; each: it looks at every sample, also of segments that are taken
// whole. Nothing but the time it takes depends on that.
func (a *Archive) cutWith(ctx context.Context, w ExportWant, each bool) (*cut, error) {
	list, err := a.exported(ctx, &w)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	k := &cutter{w: w, heads: map[string]*exportHead{}, until: -1}
	for i := range list {
		k.room += len(list[i].Fragments)
	}
	k.c.pieces = make([]piece, 0, k.room)
	wait := make(chan chan tables, ahead)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(wait)
		for i := range list {
			c := make(chan tables, 1)
			select {
			case wait <- c:
			case <-ctx.Done():
				return
			}
			go func() {
				c <- a.tables(ctx, &list[i], !each && k.plain(&list[i]))
			}()
		}
	}()
	i := 0
	for c := range wait {
		t := <-c
		if err == nil {
			err = t.err
		}
		if err == nil && k.changed.IsZero() {
			err = k.segment(ctx, a, &list[i], t)
		}
		if err != nil {
			stop()
		}
		i++
	}
	<-done
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	return k.finish()
}

// tables are a segment's samples: in sum, or each.
type tables struct {
	sums *sums
	list [][]stretch
	err  error
}

// tables reads a segment's samples; whole: all of it is taken.
func (a *Archive) tables(ctx context.Context, s *Segment, whole bool) (t tables) {
	if whole && !s.Growing && !s.Repaired {
		t.err = a.tail(ctx, s, func(body []byte) { t.sums = parseSums(body, len(s.Fragments), s.Bytes) })
	}
	if t.err == nil && t.sums == nil {
		t.list, t.err = a.samples(ctx, s)
	}
	return t
}

// segment takes what is wanted of one segment.
func (k *cutter) segment(ctx context.Context, a *Archive, s *Segment, t tables) error {
	head := k.heads[s.Init]
	if head == nil {
		b, err := a.Init(ctx, s.Camera, s.Init)
		if err != nil {
			return err
		}
		if head, err = parseExportHead(b); err != nil {
			return away(err)
		}
		k.heads[s.Init] = head
	}
	own := &k.flats[k.turn] // the other one's are of the segment that waits
	n := &chosen{sums: t.sums}
	if n.sums == nil {
		own.video = flatten(own.video[:0], t.list, videoTrack)
		n.video = own.video
	}
	reach := k.choose(s, n)
	if len(n.passages) == 0 {
		return nil
	}
	if k.fourcc == "" {
		k.fourcc, k.video = head.fourcc, &exportTrack{rate: videoRate, chunks: make([]exportChunk, 0, k.room)}
	}
	entry, ok := k.video.entry(head.video)
	if head.fourcc != k.fourcc || !ok {
		k.changed = s.From
		return nil
	}
	n.entry = entry
	k.c.Width, k.c.Height = max(k.c.Width, head.width), max(k.c.Height, head.height)
	n.seg = k.pin(s.ID)
	if head.sound != nil {
		n.track = k.soundTrack(head)
		if n.sums == nil {
			own.sound = flatten(own.sound[:0], t.list, soundTrack)
			n.sound = own.sound
		}
	}
	k.turn = 1 - k.turn
	k.place(s, n, reach)
	return nil
}

func (k *cutter) pin(id string) uint32 {
	n := uint32(len(k.c.Segments))
	k.c.Segments = append(k.c.Segments, id)
	return n
}

// soundTrack is the track of a kind of sound; each kind has its own.
func (k *cutter) soundTrack(h *exportHead) *exportTrack {
	for _, t := range k.sounds {
		if t.rate == h.rate && string(t.entries[0]) == string(h.sound) {
			return t
		}
	}
	if len(k.sounds) >= 8 {
		return nil
	}
	t := &exportTrack{rate: h.rate, sound: true, entries: [][]byte{h.sound}}
	if len(k.sounds) == 0 {
		t.chunks = make([]exportChunk, 0, k.room)
	}
	k.sounds = append(k.sounds, t)
	return t
}

// flatten puts one track's samples of a segment on one line. A sample lasts until
// the next one, also over the border of fragments.
func flatten(out []flat, list [][]stretch, track byte) []flat {
	for i, f := range list {
		for _, s := range f {
			if s.track != track {
				continue
			}
			at, offset := int64(s.base&(1<<62-1)), s.offset
			if m := len(out); m > 0 && track == videoTrack && at > out[m-1].at {
				out[m-1].span = uint32(min(at-out[m-1].at, 1<<31))
			}
			for _, u := range s.units {
				out = append(out, flat{u, at, offset, int32(i)})
				at, offset = at+int64(u.span), offset+int64(u.size)
			}
		}
	}
	return out
}

// wall is the wall clock of a media time of a segment.
func wall(s *Segment, media int64) time.Time {
	return s.From.Add(time.Duration((media-int64(s.Media))*100/9) * time.Microsecond)
}

// media is the inverse of wall.
func media(s *Segment, t time.Time) int64 {
	return int64(s.Media) + t.Sub(s.From).Microseconds()*9/100
}

func (k *cutter) open(t time.Time) bool {
	for _, o := range k.w.Open {
		if !t.Before(o.From) && t.Before(o.To) {
			return true
		}
	}
	return false
}

// through says whether all from one moment to another is open.
func (k *cutter) through(from, to time.Time) bool {
	for _, o := range k.w.Open {
		if !from.Before(o.From) && !to.After(o.To) {
			return true
		}
	}
	return false
}

// plain says whether all of a segment is wanted and open, with room around it: then
// no sample has to be looked at.
func (k *cutter) plain(s *Segment) bool {
	const around = 5 * time.Second
	from, to := s.From.Add(-around), s.To.Add(around)
	return !s.From.Before(k.w.Span.From) && !to.After(k.w.Span.To) && k.through(from, to)
}

// choose finds the pictures of a segment that are taken: from the last key frame
// at or before the wanted beginning to the last one shown before its end, of those
// the open ones that can be decoded. It returns where the wanted end lies in media
// time, if that is in the segment.
func (k *cutter) choose(s *Segment, n *chosen) (reach int64) {
	if n.sums != nil {
		n.passages = []passage{{lo: 0, hi: n.sums.pictures, from: n.sums.from, to: n.sums.to}}
		n.whole = true
		return media(s, k.w.Span.To)
	}
	v := n.video
	if last := len(v) - 1; last >= 0 && v[0].key && k.plain(s) {
		n.passages = []passage{{lo: 0, hi: last + 1, from: v[0].at, to: v[last].at + int64(v[last].span)}}
		n.whole = true
		return media(s, k.w.Span.To)
	}
	lo, hi := 0, 0
	for i := range v {
		at := wall(s, v[i].at+int64(v[i].show))
		if v[i].key && !at.After(k.w.Span.From) {
			lo = i
		}
		if at.Before(k.w.Span.To) {
			hi = i + 1
		}
	}
	running := false
	for i := lo; i < hi; i++ {
		u := &v[i]
		at := wall(s, u.at+int64(u.show))
		ok := k.open(at) && k.through(wall(s, u.at), wall(s, u.at+int64(u.span)))
		switch {
		case ok && (running || u.key):
			if !running {
				n.passages = append(n.passages, passage{lo: i, from: u.at})
				running = true
			}
			p := &n.passages[len(n.passages)-1]
			p.hi, p.to = i+1, u.at+int64(u.span)
		case ok:
			k.keyless = join(k.keyless, Span{at, at.Add(time.Duration(u.span) * 100 / 9 * time.Microsecond)})
		default:
			running = false
		}
	}
	n.whole = running && hi == len(v)
	return media(s, k.w.Span.To)
}

// place gives the chosen pictures their times in the export, and then the segment
// before this one its bytes.
func (k *cutter) place(s *Segment, n *chosen, reach int64) {
	first := &n.passages[0]
	goes := k.last != nil && k.last.whole && first.lo == 0 && s.From.Sub(k.last.end).Abs() <= joined*time.Microsecond
	k.flush(goes)
	if k.video.count() == 0 { // the wanted beginning may lie behind the key frame
		show := int64(0)
		if n.sums != nil {
			show = n.sums.show
		} else {
			show = int64(n.video[first.lo].show)
		}
		k.lead = max(media(s, k.w.Span.From)-first.from, show)
	}
	for i := range n.passages {
		p := &n.passages[i]
		p.shift = k.at - p.from
		k.at += p.to - p.from
		from, to := wall(s, p.from), wall(s, p.to)
		if n.sums != nil {
			k.most = max(k.most, n.sums.late+p.shift)
		} else {
			for _, u := range n.video[p.lo:p.hi] {
				k.most = max(k.most, u.at+int64(u.show)+int64(u.span)+p.shift)
			}
		}
		k.c.Spans = join(k.c.Spans, Span{from, to})
		k.c.Shown = join(k.c.Shown, meet(Span{from, to}, k.w.Span))
		k.until = reach + p.shift
		n.end = to
	}
	if n.sums != nil && n.track != nil && len(n.sums.sound) > 0 {
		if k.allHeard(s, n, goes) {
			n.sounds, n.shift = n.sums.sound, scale(n.passages[0].shift, videoRate, int64(n.track.rate))
		} else {
			n.sound = flats(n.sums.sound, 0)
		}
	}
	n.sound = k.heard(s, n, goes)
	k.last = n
}

// allHeard says whether heard would leave nothing out of a segment that is taken
// whole.
func (k *cutter) allHeard(s *Segment, n *chosen, goes bool) bool {
	rate, first, last := int64(n.track.rate), &n.sums.sound[0], &n.sums.sound[len(n.sums.sound)-1]
	from, to := first.at*videoRate/rate, (last.at+last.body)*videoRate/rate
	return (goes || from >= n.passages[0].from) && from >= int64(s.Media)-videoRate && to <= s.after()
}

// after is the media time a second behind a segment.
func (s *Segment) after() int64 {
	return int64(s.Media) + int64(s.To.Sub(s.From))*9/100_000 + videoRate
}

// heard chooses the sound of a segment: what is open, wanted, and goes with
// pictures. Times become those of the export.
func (k *cutter) heard(s *Segment, n *chosen, goes bool) []flat {
	if n.track == nil {
		return nil
	}
	rate, out, p, plain := int64(n.track.rate), n.sound[:0], 0, k.plain(s)
	for _, u := range n.sound {
		at := u.at * videoRate / rate
		end := (u.at + int64(u.span)) * videoRate / rate
		for p+1 < len(n.passages) && at >= n.passages[p+1].from {
			p++
		}
		x := n.passages[p]
		switch {
		case at < x.from && !(goes && p == 0):
			continue
		case at >= x.to && !(n.whole && p == len(n.passages)-1):
			continue
		}
		if !plain || at < int64(s.Media)-videoRate || at > s.after() {
			if begin := wall(s, at); !begin.Before(k.w.Span.To) || !k.through(begin, wall(s, end)) {
				continue
			}
		}
		u.at += scale(x.shift, videoRate, rate)
		out = append(out, u)
	}
	return out
}

// scale brings a time to another rate, rounded.
func scale(v, from, to int64) int64 {
	if v < 0 {
		return -scale(-v, from, to)
	}
	return v/from*to + (v%from*to+from/2)/from
}

// CodeNoFootage is why there is nothing to export.
const CodeNoFootage = "no_footage"

func (k *cutter) finish() (*cut, error) {
	c := &k.c
	c.Left = k.w.left(c.Shown, k.keyless, k.changed)
	k.flush(false)
	if k.video == nil || k.video.count() == 0 {
		return nil, fault.New(fault.Conflict, CodeNoFootage, "There is no footage of that time that you may take away.")
	}
	if !k.changed.IsZero() {
		c.Rest = Span{k.changed, k.w.Span.To}
	}
	end := k.most
	if k.until >= 0 && k.until < end {
		end = k.until
	}
	if end <= k.lead {
		return nil, fault.New(fault.Conflict, CodeNoFootage, "There is no footage of that time that you may take away.")
	}
	c.Seconds = float64(end-k.lead) / videoRate
	c.From, c.To, _, _ = sumSpans(c.Shown)
	k.video.width, k.video.height = c.Width, c.Height
	c.head = exportMoov(k.video, k.sounds, k.lead, end, c.From, c.media)
	c.sum = crc32.Checksum(c.head, castagnoli)
	return c, nil
}
