package ingest

// assembler makes of a track's packets whole pictures or sounds for a
// conversion. Not safe for concurrent use.
type assembler struct {
	t     *track
	order *depacketizer // only its judgement of sequence numbers
	un    unpacker
	size  int  // bytes taken since the last whole one
	count int  // packets likewise: an empty one costs memory too
	skip  bool // a piece of the picture under way is missing

	broken uint64
}

const maxPieces = 1 << 14 // packets of one picture

func newAssembler(t *track) *assembler {
	return &assembler{t: t, order: newDepacketizer(t.Codec)}
}

// push takes one packet and calls emit for each whole picture or sound.
func (a *assembler) push(p packet, emit func(raw)) {
	use, gap := a.order.order(p.Seq)
	if !use {
		return
	}
	if a.un == nil || gap || a.size > maxNAL || a.count > maxPieces {
		if a.un != nil && a.t.Raw.mkv.codec == "V_MPEG4/ISO/ASP" {
			a.skip = true // the rest would look like a beginning
		}
		a.fresh()
	}
	if a.skip {
		a.skip = !p.Marker
		return
	}
	a.size += len(p.Payload)
	a.count++
	list, err := a.un(p)
	if err != nil {
		a.broken++
		a.fresh()
		return
	}
	if len(list) > 0 {
		a.size, a.count = 0, 0
	}
	ts := p.TS
	for _, b := range list {
		if len(b) == 0 || len(b) > maxNAL {
			continue
		}
		emit(raw{data: b, ts: ts, mono: p.Mono})
		if a.t.Raw.mkv.audio { // a sound of AAC is 1,024 samples
			ts += uint32(1024 * a.t.Rate / a.t.Raw.mkv.rate)
		}
	}
}

func (a *assembler) fresh() {
	a.size, a.count = 0, 0
	un, err := a.t.Raw.unpack()
	if err != nil {
		un = func(packet) ([][]byte, error) { return nil, err }
	}
	a.un = un
}
