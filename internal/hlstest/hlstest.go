// Package hlstest reads playlists of HLS as strictly as RFC 8216 lets it, for
// tests: a tag it does not know, or one in a wrong place, is an error.
package hlstest

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Piece is one media segment of a playlist.
type Piece struct {
	URI           string
	Map           string // URI of its EXT-X-MAP
	Duration      time.Duration
	Length        int64 // of its EXT-X-BYTERANGE
	Offset        int64
	At            time.Time // EXT-X-PROGRAM-DATE-TIME, or counted on from the last
	Dated         bool      // it has one of its own
	Discontinuity bool
}

// Playlist is a media playlist.
type Playlist struct {
	Version int
	Target  int
	Type    string // VOD, EVENT or ""
	Ended   bool
	Start   time.Duration // EXT-X-START; negative: none
	Pieces  []Piece
}

// Duration is the sum of its pieces.
func (p *Playlist) Duration() (d time.Duration) {
	for _, q := range p.Pieces {
		d += q.Duration
	}
	return d
}

var (
	attribute = regexp.MustCompile(`^([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s]+)(,|$)`)
	decimal   = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)
	signed    = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
	rangeText = regexp.MustCompile(`^([0-9]+)@([0-9]+)$`)
)

// attributes reads an attribute list (4.2).
func attributes(text string) (map[string]string, error) {
	out := map[string]string{}
	for rest := text; rest != ""; {
		m := attribute.FindStringSubmatch(rest)
		if m == nil {
			return nil, fmt.Errorf("no attribute list: %q", text)
		}
		if _, twice := out[m[1]]; twice {
			return nil, fmt.Errorf("%s stands twice in %q", m[1], text)
		}
		out[m[1]] = m[2]
		rest = rest[len(m[0]):]
		if rest == "" && m[3] == "," {
			return nil, fmt.Errorf("a comma at the end of %q", text)
		}
	}
	return out, nil
}

func quoted(s string) (string, error) {
	if len(s) < 3 || s[0] != '"' || s[len(s)-1] != '"' {
		return "", fmt.Errorf("%s is no quoted string with something in it", s)
	}
	return s[1 : len(s)-1], nil
}

// lines checks what holds for every playlist (4.1) and returns its lines.
func lines(text []byte) ([]string, error) {
	if !utf8.Valid(text) || bytes.HasPrefix(text, []byte("\xef\xbb\xbf")) {
		return nil, errors.New("not UTF-8, or with a byte order mark (4.1)")
	}
	for i, c := range text {
		if c < 0x20 && c != '\n' || c == 0x7f {
			return nil, fmt.Errorf("a control character at %d (4.1)", i)
		}
	}
	if !bytes.HasSuffix(text, []byte("\n")) {
		return nil, errors.New("the last line has no end")
	}
	out := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if out[0] != "#EXTM3U" {
		return nil, fmt.Errorf("it begins with %q (4.3.1.1)", out[0])
	}
	return out[1:], nil
}

// reader is what Parse knows while it goes through the lines.
type reader struct {
	p       Playlist
	once    map[string]bool
	piece   Piece
	timed   bool // EXTINF stands before the next address
	ranged  bool
	initial string
}

// Parse reads a media playlist and checks it.
func Parse(text []byte) (*Playlist, error) {
	all, err := lines(text)
	if err != nil {
		return nil, err
	}
	r := &reader{once: map[string]bool{}}
	r.p.Start = -1
	for n, line := range all {
		if err := r.line(line); err != nil {
			return nil, fmt.Errorf("line %d %q: %w", n+2, line, err)
		}
	}
	return &r.p, r.whole()
}

func (r *reader) line(line string) error {
	switch {
	case line == "":
		return nil
	case strings.HasPrefix(line, "#EXT"):
		tag, value, _ := strings.Cut(line[1:], ":")
		return r.tag(tag, value)
	case line[0] == '#':
		return nil
	}
	if !r.timed {
		return errors.New("an address without EXTINF (4.3.2.1)")
	}
	if strings.TrimSpace(line) != line {
		return errors.New("white space around an address")
	}
	if !r.ranged {
		return errors.New("no EXT-X-BYTERANGE: all of ours have one")
	}
	if r.initial == "" {
		return errors.New("fragmented MP4 without EXT-X-MAP (3.3)")
	}
	q := r.piece
	q.URI, q.Map = line, r.initial
	if n := len(r.p.Pieces); n > 0 {
		before := r.p.Pieces[n-1]
		if before.Map != q.Map && !q.Discontinuity {
			return errors.New("another EXT-X-MAP without EXT-X-DISCONTINUITY (4.3.2.3)")
		}
		end := before.At.Add(before.Duration)
		if !q.Dated {
			if q.Discontinuity {
				return errors.New("no date behind a discontinuity: nobody knows when it is")
			}
			q.At = end
		} else if off := q.At.Sub(end).Abs(); !q.Discontinuity && off > 100*time.Millisecond {
			return fmt.Errorf("its date is %v off the line, without a discontinuity", off)
		}
	} else if !q.Dated {
		return errors.New("the first piece has no date")
	}
	r.p.Pieces = append(r.p.Pieces, q)
	r.piece, r.timed, r.ranged = Piece{}, false, false
	return nil
}

// header tags stand once and before the first piece.
func (r *reader) header(tag string) error {
	if r.once[tag] {
		return fmt.Errorf("%s stands twice", tag)
	}
	r.once[tag] = true
	if len(r.p.Pieces) > 0 {
		return fmt.Errorf("%s stands behind a piece", tag)
	}
	return nil
}

func (r *reader) tag(tag, value string) error {
	switch tag {
	case "EXT-X-VERSION", "EXT-X-TARGETDURATION", "EXT-X-MEDIA-SEQUENCE", "EXT-X-PLAYLIST-TYPE", "EXT-X-INDEPENDENT-SEGMENTS", "EXT-X-START":
		if err := r.header(tag); err != nil {
			return err
		}
		return r.head(tag, value)
	case "EXT-X-ENDLIST":
		if r.p.Ended || value != "" {
			return errors.New("EXT-X-ENDLIST stands twice, or with something")
		}
		r.p.Ended = true
		return nil
	}
	if r.p.Ended {
		return errors.New("something is behind EXT-X-ENDLIST")
	}
	return r.media(tag, value)
}

func (r *reader) head(tag, value string) (err error) {
	switch tag {
	case "EXT-X-VERSION":
		r.p.Version, err = strconv.Atoi(value)
	case "EXT-X-TARGETDURATION":
		r.p.Target, err = strconv.Atoi(value)
		if r.p.Target < 1 {
			err = errors.New("no target")
		}
	case "EXT-X-MEDIA-SEQUENCE":
		if value != "0" {
			err = errors.New("nothing is ever taken from the front of ours")
		}
	case "EXT-X-PLAYLIST-TYPE":
		if r.p.Type = value; value != "VOD" && value != "EVENT" {
			err = errors.New("unknown type")
		}
	case "EXT-X-INDEPENDENT-SEGMENTS":
		if value != "" {
			err = errors.New("it has no value")
		}
	case "EXT-X-START":
		err = r.start(value)
	}
	return err
}

func (r *reader) start(value string) error {
	a, err := attributes(value)
	if err != nil {
		return err
	}
	if !signed.MatchString(a["TIME-OFFSET"]) || a["PRECISE"] != "" && a["PRECISE"] != "YES" && a["PRECISE"] != "NO" {
		return errors.New("not as 4.3.5.2 says")
	}
	f, err := strconv.ParseFloat(a["TIME-OFFSET"], 64)
	r.p.Start = time.Duration(f * float64(time.Second))
	return err
}

func (r *reader) media(tag, value string) error {
	switch tag {
	case "EXTINF":
		text, _, ok := strings.Cut(value, ",")
		if !ok || r.timed || !decimal.MatchString(text) {
			return errors.New("not as 4.3.2.1 says")
		}
		f, err := strconv.ParseFloat(text, 64)
		r.timed, r.piece.Duration = true, time.Duration(math.Round(f*1e9))
		if err == nil && int(math.Round(f)) > r.p.Target {
			return errors.New("longer than EXT-X-TARGETDURATION (4.3.3.1)")
		}
		if f <= 0 {
			return errors.New("a piece of no length")
		}
		return err
	case "EXT-X-BYTERANGE":
		m := rangeText.FindStringSubmatch(value)
		if m == nil || r.ranged {
			return errors.New("not n@o")
		}
		r.ranged = true
		r.piece.Length, _ = strconv.ParseInt(m[1], 10, 64)
		r.piece.Offset, _ = strconv.ParseInt(m[2], 10, 64)
		if r.piece.Length == 0 {
			return errors.New("no bytes")
		}
		return nil
	case "EXT-X-DISCONTINUITY":
		if r.piece.Discontinuity || len(r.p.Pieces) == 0 {
			return errors.New("a discontinuity between nothing")
		}
		r.piece.Discontinuity = true
		return nil
	case "EXT-X-MAP":
		a, err := attributes(value)
		if err != nil {
			return err
		}
		r.initial, err = quoted(a["URI"])
		return err
	case "EXT-X-PROGRAM-DATE-TIME":
		t, err := time.Parse("2006-01-02T15:04:05.000Z07:00", value)
		if err != nil || r.piece.Dated {
			return fmt.Errorf("no date: %w", err)
		}
		r.piece.At, r.piece.Dated = t, true
		return nil
	}
	return errors.New("a tag that is not known here")
}

// whole checks what can only be said at the end.
func (r *reader) whole() error {
	p := &r.p
	switch {
	case r.timed || r.ranged || r.piece.Discontinuity || r.piece.Dated:
		return errors.New("tags of a piece at the end, and no piece")
	case !r.once["EXT-X-TARGETDURATION"]:
		return errors.New("no EXT-X-TARGETDURATION (4.3.3.1)")
	case p.Version < 6:
		return errors.New("EXT-X-MAP needs version 6 (7)")
	case p.Type == "VOD" && !p.Ended:
		return errors.New("VOD without EXT-X-ENDLIST: a player waits for more")
	case !r.once["EXT-X-INDEPENDENT-SEGMENTS"]:
		return errors.New("no EXT-X-INDEPENDENT-SEGMENTS, though each begins with a key frame")
	case p.Start >= 0 && p.Start >= p.Duration():
		return errors.New("EXT-X-START is behind the end (4.3.5.2)")
	}
	for i := 1; i < len(p.Pieces); i++ {
		a, b := p.Pieces[i-1], p.Pieces[i]
		if a.URI == b.URI && b.Offset < a.Offset+a.Length {
			return fmt.Errorf("piece %d lies over the one before", i)
		}
	}
	return nil
}

// Extends checks that a playlist that was asked for again only had pieces appended,
// and its target is what it was (6.2.1, 4.3.3.5).
func (p *Playlist) Extends(before *Playlist) error {
	switch {
	case before.Ended:
		return errors.New("the one before had ended")
	case p.Target != before.Target, p.Type != before.Type, p.Version != before.Version, p.Start != before.Start:
		return fmt.Errorf("its head is another: target %d, type %s, start %v; it was %d, %s, %v", p.Target, p.Type, p.Start, before.Target, before.Type, before.Start)
	case len(p.Pieces) < len(before.Pieces):
		return fmt.Errorf("%d pieces, there were %d", len(p.Pieces), len(before.Pieces))
	}
	for i, q := range before.Pieces {
		if p.Pieces[i] != q {
			return fmt.Errorf("piece %d is %+v, it was %+v", i, p.Pieces[i], q)
		}
	}
	return nil
}

// Variant is one EXT-X-STREAM-INF of a multivariant playlist.
type Variant struct {
	URI        string
	Codecs     []string
	Resolution string
	Bandwidth  int
}

// ParseMultivariant reads a multivariant playlist (4.3.4) and checks it.
func ParseMultivariant(text []byte) ([]Variant, error) {
	all, err := lines(text)
	if err != nil {
		return nil, err
	}
	var out []Variant
	var next *Variant
	for n, line := range all {
		tag, value, _ := strings.Cut(line, ":")
		switch {
		case line == "" || tag == "#EXT-X-VERSION" || line == "#EXT-X-INDEPENDENT-SEGMENTS":
		case tag == "#EXT-X-STREAM-INF":
			if next != nil {
				return nil, fmt.Errorf("line %d: a variant without an address", n+2)
			}
			if next, err = variant(value); err != nil {
				return nil, fmt.Errorf("line %d: %w", n+2, err)
			}
		case line[0] != '#' && next != nil:
			next.URI = line
			out, next = append(out, *next), nil
		default:
			return nil, fmt.Errorf("line %d: %q does not belong here", n+2, line)
		}
	}
	if next != nil || len(out) == 0 {
		return nil, errors.New("a variant without an address, or none")
	}
	return out, nil
}

func variant(value string) (*Variant, error) {
	a, err := attributes(value)
	if err != nil {
		return nil, err
	}
	v := &Variant{Resolution: a["RESOLUTION"]}
	if v.Bandwidth, err = strconv.Atoi(a["BANDWIDTH"]); err != nil || v.Bandwidth <= 0 {
		return nil, errors.New("no BANDWIDTH (4.3.4.2)")
	}
	if average, err := strconv.Atoi(a["AVERAGE-BANDWIDTH"]); a["AVERAGE-BANDWIDTH"] != "" && (err != nil || average > v.Bandwidth) {
		return nil, errors.New("an AVERAGE-BANDWIDTH above BANDWIDTH")
	}
	names, err := quoted(a["CODECS"])
	if err != nil {
		return nil, err
	}
	v.Codecs = strings.Split(names, ",")
	return v, nil
}
