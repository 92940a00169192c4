package sfu

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"sightline/internal/fault"
)

// Bounds on what a client may offer (threats T25, T26).
const (
	MaxOfferBytes    = 64 << 10
	maxMediaLines    = 17 // 16 tiles and one sound
	maxCandidates    = 20 // of the whole offer; more are left out
	maxOfferLines    = 4096
	maxPayloadTypes  = 128 // of one m-line
	maxAttributeText = 256 // bytes of an ICE credential
)

// offer is what remains of a client's offer after the gate: everything the
// server has no use for is taken out before pion sees it.
type offer struct {
	sdp  string
	mids []Mid    // in m-line order, without codecs
	off  []string // mids that are inactive

	hidden int // candidates that are names
}

// passOffer checks an offer and cuts it down. Errors are fault.Malformed
// "bad_sdp" or fault.TooLarge "too_large" with a sentence for the person who
// writes the client.
func passOffer(text string) (*offer, error) {
	if len(text) > MaxOfferBytes {
		return nil, fault.Newf(fault.TooLarge, fault.CodeTooLarge, "The offer is larger than %d KB.", MaxOfferBytes>>10)
	}
	if strings.Count(text, "\n") > maxOfferLines {
		return nil, badOffer("The offer has too many lines.")
	}
	var d sdp.SessionDescription
	if err := d.UnmarshalString(text); err != nil {
		e := badOffer("The offer is not a session description.")
		e.Err = err
		return nil, e
	}
	switch n := len(d.MediaDescriptions); {
	case n == 0:
		return nil, badOffer("The offer has no media.")
	case n > maxMediaLines:
		return nil, fault.Newf(fault.Malformed, fault.CodeBadSDP, "The offer has %d m-lines; %d are allowed.", n, maxMediaLines)
	}
	o := &offer{}
	bundle := bundled(&d)
	left := maxCandidates
	for _, m := range d.MediaDescriptions {
		if err := o.passMedia(&d, m, bundle, &left); err != nil {
			return nil, err
		}
	}
	if len(o.off) == len(d.MediaDescriptions) {
		return nil, badOffer("Every m-line of the offer is inactive.")
	}
	d.Attributes = keep(d.Attributes, func(k string) bool {
		switch k {
		case "group", "ice-ufrag", "ice-pwd", "ice-options", "ice-lite", "fingerprint", "setup", "extmap-allow-mixed", "msid-semantic":
			return true
		}
		return false
	})
	out, err := d.Marshal()
	if err != nil {
		return nil, badOffer("The offer is not a session description.")
	}
	o.sdp = string(out)
	return o, nil
}

func badOffer(msg string) *fault.Error { return fault.New(fault.Malformed, fault.CodeBadSDP, msg) }

// passMedia checks one m-line and cuts it down in place.
func (o *offer) passMedia(d *sdp.SessionDescription, m *sdp.MediaDescription, bundle []string, left *int) error {
	kind := Video
	switch m.MediaName.Media {
	case "video":
	case "audio":
		kind = Audio
	case "application":
		return badOffer("Data channels are not offered here; leave them out of the offer.")
	default:
		return badOffer("The offer has an m-line that is neither video nor audio.")
	}
	if !slices.Contains(m.MediaName.Protos, "SAVPF") {
		return badOffer("The offer has an m-line that is not UDP/TLS/RTP/SAVPF.")
	}
	if len(m.MediaName.Formats) > maxPayloadTypes {
		return badOffer("The offer has an m-line with too many payload types.")
	}
	mid, ok := m.Attribute("mid")
	if !ok || mid == "" || len(mid) > 32 || strings.ContainsAny(mid, " \t") {
		return badOffer("The offer has an m-line without a mid.")
	}
	for _, x := range o.mids {
		if x.ID == mid {
			return badOffer("The offer has one mid twice.")
		}
	}
	if len(d.MediaDescriptions) > 1 && !slices.Contains(bundle, mid) {
		return badOffer("The offer does not bundle its m-lines.")
	}
	if err := credentials(d, m); err != nil {
		return err
	}
	dir := "sendrecv"
	for _, a := range m.Attributes {
		switch a.Key {
		case "sendrecv", "sendonly", "recvonly", "inactive":
			dir = a.Key
		}
	}
	switch dir {
	case "sendonly":
		return badOffer("The offer has a sendonly m-line; this server sends and does not receive.")
	case "inactive":
		o.off = append(o.off, mid)
	default:
		dir = "recvonly" // a client that would also send is answered as one that does not
	}
	m.Attributes = keep(m.Attributes, func(k string) bool {
		switch k {
		case "mid", "rtcp-mux", "rtcp-rsize", "rtpmap", "fmtp", "rtcp-fb", "extmap", "setup", "fingerprint",
			"ice-ufrag", "ice-pwd", "ice-options", "candidate", "bundle-only", "end-of-candidates", "ptime", "maxptime", "rtcp":
			return true
		}
		return false
	})
	m.Attributes = slices.DeleteFunc(m.Attributes, func(a sdp.Attribute) bool { return a.Key == "candidate" && !o.candidate(a.Value, left) })
	cutFormats(m)
	m.Attributes = append(m.Attributes, sdp.Attribute{Key: dir})
	o.mids = append(o.mids, Mid{ID: mid, Kind: kind})
	return nil
}

// candidate says whether a candidate stays: addresses only (no names to
// resolve), component 1, not more than the bound.
func (o *offer) candidate(v string, left *int) bool {
	f := strings.Fields(v)
	if len(f) < 8 || f[1] != "1" || *left <= 0 {
		return false
	}
	if _, err := netip.ParseAddr(f[4]); err != nil {
		o.hidden++
		return false
	}
	if p, err := strconv.Atoi(f[5]); err != nil || p <= 0 || p > 65535 {
		return false
	}
	*left--
	return true
}

// credentials checks that ICE and DTLS can begin at all.
func credentials(d *sdp.SessionDescription, m *sdp.MediaDescription) error {
	get := func(k string) (string, bool) {
		if v, ok := m.Attribute(k); ok {
			return v, true
		}
		return d.Attribute(k)
	}
	for _, k := range []string{"ice-ufrag", "ice-pwd"} {
		if v, ok := get(k); !ok || len(v) < 4 || len(v) > maxAttributeText {
			return badOffer("The offer has no usable " + k + ".")
		}
	}
	v, ok := get("fingerprint")
	if hash, hex, two := strings.Cut(v, " "); !ok || !two || hash == "" || len(hex) < 47 || len(hex) > 200 {
		return badOffer("The offer has no usable fingerprint.")
	}
	return nil
}

func bundled(d *sdp.SessionDescription) []string {
	for _, a := range d.Attributes {
		if f := strings.Fields(a.Value); a.Key == "group" && len(f) > 1 && f[0] == "BUNDLE" {
			return f[1:]
		}
	}
	return nil
}

func keep(list []sdp.Attribute, ok func(key string) bool) []sdp.Attribute {
	return slices.DeleteFunc(list, func(a sdp.Attribute) bool { return !ok(a.Key) })
}
