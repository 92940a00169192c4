package controlroom

import (
	"sightline/authz"
	"sightline/internal/kv"
)

// interest is a set of ids somebody cares about. A change of the store concerns
// him when one of them stands in its key or its value; what he is told is then
// decided from the records, so a change too many costs a read and tells nothing.
type interest map[string]bool

func (i interest) with(ids ...string) interest {
	for _, id := range ids {
		if id != "" {
			i[id] = true
		}
	}
	return i
}

// meets reports whether the two sets share an id.
func (i interest) meets(o interest) bool {
	a, b := i, o
	if len(b) < len(a) {
		a, b = b, a
	}
	for id := range a {
		if b[id] {
			return true
		}
	}
	return false
}

// mentioned collects the ids that stand in the changed records.
func mentioned(values []kv.Value) interest {
	out := interest{}
	for _, v := range values {
		collect(out, v.Key)
		collect(out, string(v.Data))
	}
	return out
}

// collect finds the runs of letters and digits that have the form of an id.
func collect(out interest, s string) {
	start := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && (s[i] >= 'a' && s[i] <= 'z' || s[i] >= '0' && s[i] <= '9') {
			continue
		}
		if word := s[start:i]; authz.ValidID(word) {
			out[word] = true
		}
		start = i + 1
	}
}
