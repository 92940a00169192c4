package controlroom

import (
	"testing"

	"sightline/authz"
)

func TestR93_SoundOnOneTileUnderItsOwnRight(t *testing.T) {
	tr := fakeRoom(t, "c0", "c1")
	s, p, _ := tr.open(t, olena, cameraTiles("c0", "c1")...)
	sock := tr.connect(t, olena)
	sock.say(t, `{"type":"hello","viewing":"`+s.id+`"}`)
	eventually(t, "live", func() bool { return s.at(1).State == StateLive })
	if p.carries("a") {
		t.Fatal("sound at the start")
	}
	sock.say(t, `{"type":"sound","cell":0}`)
	eventually(t, "refused", func() bool { return s.at(0).Sound == string(authz.ReasonLevelMissing) })
	if p.carries("a") {
		t.Fatal("sound without the right")
	}
	tr.decider.set("c1", authz.ActSound, authz.Decision{Allowed: true, Reason: authz.ReasonOK})
	sock.say(t, `{"type":"sound","cell":1}`)
	eventually(t, "on", func() bool { return s.at(1).Sound == "on" && s.at(0).Sound == "" && p.carries("a") })
	tr.decider.last(t, "c1", authz.ActSound).end(denied403(authz.ReasonLevelMissing))
	eventually(t, "cut", func() bool { return s.at(1).Sound == string(authz.ReasonLevelMissing) && !p.carries("a") })
	if s.at(1).State != StateLive {
		t.Fatal("the picture went with the sound")
	}
	tr.decider.set("c1", authz.ActSound, authz.Decision{Allowed: true, Reason: authz.ReasonOK})
	sock.say(t, `{"type":"sound","cell":null}`)
	sock.say(t, `{"type":"sound","cell":1}`)
	eventually(t, "on again", func() bool { return p.carries("a") })
	tr.decider.last(t, "c1", authz.ActLive).end(denied403(authz.ReasonRevoked))
	eventually(t, "no sound without picture", func() bool { return !p.carries("a") })
}
