package onvif

import (
	"maps"
	"slices"
	"strings"
)

// Kinds of what cameras report; the same words as the control room's events.
const (
	Motion  = "motion"
	Person  = "person"
	Vehicle = "vehicle"
	Sound   = "sound"
	Tamper  = "tamper"
	Input   = "input"
)

// Kind is what a message means, "" for what is of no interest. active is nil for
// a moment, else whether it begins or ends.
func (m Message) Kind() (kind string, active *bool) {
	kind = kindOf(strings.ToLower(m.Topic), m.Data)
	if kind == "" || m.Op == "Deleted" {
		return "", nil
	}
	active = state(m.Data)
	if m.Op == "Initialized" && (active == nil || !*active) {
		return "", nil // how things stand when one begins to listen is no news
	}
	return kind, active
}

// kindOf reads a topic in small letters. Makers have their own names below the
// standard's roots; their words are nearly the same.
func kindOf(t string, data map[string]string) string {
	root, _, _ := strings.Cut(t, "/")
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(t, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("tamper", "globalscenechange", "imagetoodark", "imagetooblurry", "imagetoobright", "signalloss", "videoloss"):
		return Tamper
	case root == "device":
		if has("digitalinput", "trigger/", "io/port", "visitor") {
			return Input
		}
		return ""
	case root == "audioanalytics", has("detectedsound", "audiodetect", "sounddetect"):
		return Sound
	case root != "ruleengine" && root != "videosource" && root != "videoanalytics" && root != "cameraapplicationplatform" && root != "useralarm":
		return ""
	case has("visitor"):
		return Input
	case has("people", "person", "human", "pedestrian", "face"):
		return Person
	case has("vehicle", "licenseplate", "plate"):
		return Vehicle
	}
	return byData(data, has("motion", "fielddetector", "linedetector", "crossed", "objectsinside", "objectanalytics", "tpsmartevent", "intrusion", "loitering", "detector", "detect"))
}

// byData reads rules that say what they saw in their data only.
func byData(data map[string]string, motion bool) string {
	if !motion {
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(data)) {
		low, value := strings.ToLower(name), data[name]
		switch {
		case strings.Contains(low, "people"), strings.Contains(low, "human"), strings.Contains(low, "person"):
			return Person
		case strings.Contains(low, "vehicle"):
			return Vehicle
		case low == "classtypes", low == "objecttype", low == "type":
			v := strings.ToLower(value)
			switch {
			case strings.Contains(v, "human"), strings.Contains(v, "person"), strings.Contains(v, "face"):
				return Person
			case strings.Contains(v, "vehicle"), strings.Contains(v, "car"):
				return Vehicle
			}
		}
	}
	return Motion
}

// stateNames are the names under which cameras say that something goes on or has ended.
var stateNames = []string{"IsMotion", "State", "IsInside", "LogicalState", "IsPeople", "IsVehicle", "IsTamper", "IsSoundDetected", "IsSound", "active", "state", "Value"}

// state finds whether it begins or ends; nil where the camera tells moments only.
func state(data map[string]string) *bool {
	for _, name := range stateNames {
		if v, ok := data[name]; ok {
			if b := truth(v); b != nil {
				return b
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(data)) {
		if strings.HasPrefix(name, "Is") {
			if b := truth(data[name]); b != nil {
				return b
			}
		}
	}
	return nil
}

func truth(v string) *bool {
	yes := true
	no := false
	switch strings.ToLower(strings.TrimSpace(v)) {
	case "true", "1", "active", "on":
		return &yes
	case "false", "0", "inactive", "off":
		return &no
	}
	return nil
}
