package testcam

import "bytes"

// splitAnnexB returns the NAL units of a byte stream without start codes.
func splitAnnexB(b []byte) [][]byte {
	var out [][]byte
	start := -1
	for i := 0; i+2 < len(b); {
		j := bytes.IndexByte(b[i+2:], 1)
		if j < 0 {
			break
		}
		i += j // b[i+2] == 1
		if b[i] == 0 && b[i+1] == 0 {
			if start >= 0 {
				out = append(out, bytes.TrimRight(b[start:i], "\x00"))
			}
			start = i + 3
			i += 3
		} else {
			i++
		}
	}
	if start >= 0 && start < len(b) {
		out = append(out, bytes.TrimRight(b[start:], "\x00"))
	}
	return out
}

// parseUnits cuts an elementary stream with access unit delimiters into access
// units, and takes the parameter sets out of them.
func parseUnits(codec string, es []byte, c *Clip) {
	for _, nal := range splitAnnexB(es) {
		if len(nal) == 0 {
			continue
		}
		var delimiter, key bool
		var set *[]byte
		if codec == H265 {
			switch t := nal[0] >> 1 & 63; {
			case t == 35:
				delimiter = true
			case t == 32:
				set = &c.VPS
			case t == 33:
				set = &c.SPS
			case t == 34:
				set = &c.PPS
			case t >= 38:
				continue // filler and messages
			default:
				key = t >= 16 && t <= 21
			}
		} else {
			switch nal[0] & 31 {
			case 9:
				delimiter = true
			case 7:
				set = &c.SPS
			case 8:
				set = &c.PPS
			case 5:
				key = true
			case 6, 12:
				continue
			}
		}
		switch {
		case delimiter:
			c.Units = append(c.Units, Unit{})
		case set != nil:
			*set = bytes.Clone(nal)
		case len(c.Units) > 0:
			u := &c.Units[len(c.Units)-1]
			u.Key = u.Key || key
			u.NALs = append(u.NALs, bytes.Clone(nal))
		}
	}
}

// parsePictures cuts a row of JPEG pictures.
func parsePictures(es []byte, c *Clip) {
	for len(es) > 0 {
		end := bytes.Index(es, []byte{0xff, 0xd9})
		if end < 0 {
			return
		}
		c.Units = append(c.Units, Unit{Key: true, NALs: [][]byte{bytes.Clone(es[:end+2])}})
		es = es[end+2:]
	}
}

// parseVisual cuts an MPEG-4 Part 2 elementary stream into pictures; headers
// stay in front of theirs.
func parseVisual(es []byte, c *Clip) {
	begin, picture := 0, false
	cut := func(end int) {
		if b := es[begin:end]; picture {
			vop := bytes.Index(b, []byte{0, 0, 1, 0xb6})
			key := b[vop+4]>>6 == 0
			if gov := bytes.Index(b[:vop], []byte{0, 0, 1, 0xb3}); gov >= 0 {
				vop = gov // the configuration ends before the group
			}
			if key && c.SPS == nil {
				c.SPS = bytes.Clone(b[:vop])
			}
			c.Units = append(c.Units, Unit{Key: key, NALs: [][]byte{bytes.Clone(b)}})
		}
		begin, picture = end, false
	}
	for i := 0; i+4 < len(es); i++ {
		if es[i] != 0 || es[i+1] != 0 || es[i+2] != 1 {
			continue
		}
		if picture {
			cut(i)
		}
		picture = es[i+3] == 0xb6
	}
	cut(len(es))
}
