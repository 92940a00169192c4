package authz

import (
	"encoding/json"
	"strings"

	"sightline/internal/fault"
)

// Levels is a set of the four levels of a grant and the two rights beside
// them. Its JSON form is a list of names in a fixed order.
type Levels uint8

const (
	LevelOnline   Levels = 1 << iota // live picture
	LevelArchive                     // recorded video
	LevelNotices                     // notices
	LevelDownload                    // take recorded video away; needs LevelArchive (R11)
	RightSound                       // hear it (R16: a right, off by default)
	RightPTZ                         // steer it (R16)

	fourLevels = LevelOnline | LevelArchive | LevelNotices | LevelDownload
)

var levelNames = []struct {
	bit  Levels
	name string
}{
	{LevelOnline, "online"}, {LevelArchive, "archive"}, {LevelNotices, "notices"},
	{LevelDownload, "download"}, {RightSound, "sound"}, {RightPTZ, "ptz"},
}

// Has reports whether every level of o is in l.
func (l Levels) Has(o Levels) bool { return l&o == o }

// Legal reports whether l is one of the 11 legal sets: not empty, and no
// Download without Archive. Rights do not count.
func (l Levels) Legal() bool {
	return l&fourLevels != 0 && (!l.Has(LevelDownload) || l.Has(LevelArchive))
}

// Names returns the set as names, e.g. ["online","archive"].
func (l Levels) Names() []string {
	out := []string{}
	for _, n := range levelNames {
		if l.Has(n.bit) {
			out = append(out, n.name)
		}
	}
	return out
}

func (l Levels) String() string { return strings.Join(l.Names(), "+") }

// ParseLevels makes a set of names; an unknown name or an illegal set is
// fault.Invalid on field "levels".
func ParseLevels(names []string) (Levels, error) {
	var l Levels
next:
	for _, s := range names {
		for _, n := range levelNames {
			if n.name == s {
				l |= n.bit
				continue next
			}
		}
		return 0, fault.Field("levels", fault.CodeBadValue, "There is no such level.")
	}
	if !l.Legal() {
		return 0, fault.Field("levels", fault.CodeBadValue, "Choose at least one level; download needs archive.")
	}
	return l, nil
}

// MarshalJSON writes the list of names.
func (l Levels) MarshalJSON() ([]byte, error) { return json.Marshal(l.Names()) }

// UnmarshalJSON reads a list of names. The set need not be legal: Decide denies
// what an illegal one asks for.
func (l *Levels) UnmarshalJSON(b []byte) error {
	var names []string
	if err := json.Unmarshal(b, &names); err != nil {
		return err
	}
	*l = 0
	for _, s := range names {
		found := false
		for _, n := range levelNames {
			if n.name == s {
				*l |= n.bit
				found = true
			}
		}
		if !found {
			return errRecord
		}
	}
	return nil
}

// LevelNames returns the names of the four levels in the set.
func (l Levels) LevelNames() []string { return (l & fourLevels).Names() }

// RightNames returns the names of the rights beside the levels, e.g. ["sound"].
func (l Levels) RightNames() []string { return (l &^ fourLevels).Names() }

// ParseGrant makes a set of the names of levels and those of rights; a name of
// the wrong list is fault.Invalid on field "levels" or "rights".
func ParseGrant(levels, rights []string) (Levels, error) {
	l, err := ParseLevels(levels)
	if err != nil {
		return 0, err
	}
	if l&^fourLevels != 0 {
		return 0, fault.Field("levels", fault.CodeBadValue, "Sound and steering are rights, not levels.")
	}
	for _, s := range rights {
		switch s {
		case "sound":
			l |= RightSound
		case "ptz":
			l |= RightPTZ
		default:
			return 0, fault.Field("rights", fault.CodeBadValue, "There is no such right.")
		}
	}
	return l, nil
}
