package authz

import (
	"testing"
	"time"
)

// TestT19_WhatHasEndedDecidesNothing: from the instant on at which a login or a
// token ends, unused or for good, it allows nothing, whoever holds it.
func TestT19_WhatHasEndedDecidesNothing(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	before, later := now.Add(-time.Nanosecond), now.Add(time.Nanosecond)
	ann := &Account{ID: "ann", State: AccountActive, EmailVerified: true}
	cam := &Camera{ID: "yard", Owner: "ann", Enabled: true, Zone: "UTC"}
	by := func(l *Login) Facts { return Facts{Account: ann, Owner: ann, Camera: cam, Login: l} }
	token := func(ends time.Time) Facts {
		return Facts{Account: ann, Owner: ann, Camera: cam, Token: &Token{ID: "t", Account: "ann", Ends: ends}}
	}
	login := Subject{Kind: AccountSubject, Account: "ann", Login: "l"}
	for name, c := range map[string]struct {
		s    Subject
		f    Facts
		want bool
	}{
		"login":                         {login, by(&Login{ID: "l", Account: "ann", IdleEnds: later, Ends: later}), true},
		"login, unused for too long":    {login, by(&Login{ID: "l", Account: "ann", IdleEnds: now, Ends: later}), false},
		"login, unused for longer":      {login, by(&Login{ID: "l", Account: "ann", IdleEnds: before, Ends: later}), false},
		"login, too old":                {login, by(&Login{ID: "l", Account: "ann", IdleEnds: later, Ends: now}), false},
		"token for ever":                {Subject{Kind: AccountSubject, Account: "ann", Token: "t"}, token(time.Time{}), true},
		"token, not over":               {Subject{Kind: AccountSubject, Account: "ann", Token: "t"}, token(later), true},
		"token, over":                   {Subject{Kind: AccountSubject, Account: "ann", Token: "t"}, token(now), false},
		"neither":                       {Subject{Kind: AccountSubject, Account: "ann"}, by(nil), false},
		"login of somebody else":        {login, by(&Login{ID: "l", Account: "bob", IdleEnds: later, Ends: later}), false},
		"a kiosk's login as a person's": {login, by(&Login{ID: "l", Account: "ann", Kind: LoginKiosk}), false},
	} {
		d := Decide(c.s, ActLive, Object{Camera: "yard"}, c.f, now)
		if d.Allowed != c.want || !c.want && d.Reason != ReasonLoginEnded {
			t.Errorf("%s: %+v", name, d)
		}
	}
}
