package picture

// strip copies a checked file without what is about it: every APPn but JFIF and
// Adobe's colour transform, comments, and whatever stands behind EOI (where
// phones put second pictures and films). The picture's own bytes are unchanged.
func strip(data []byte) ([]byte, error) {
	out := make([]byte, 0, len(data))
	_, err := walk(data, func(s segment) bool {
		if !told(s) {
			out = append(out, data[s.from:s.to]...)
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// told reports whether a segment tells something about the picture. JFIF with a
// thumbnail inside is told too: the small picture may show what was cut away.
func told(s segment) bool {
	switch {
	case s.mark == markCOM:
		return true
	case s.mark == markAPP0:
		return len(s.data) != 14 || string(s.data[:5]) != "JFIF\x00"
	case s.mark == markAPPE:
		return len(s.data) != 12 || string(s.data[:5]) != "Adobe"
	}
	return s.mark >= markAPP0 && s.mark <= markAPPF
}
