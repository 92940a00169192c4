package ratelimit

import (
	"fmt"
	"testing"
	"time"
)

// TestR85_EveryLocalLimitCanBeSet and is kept to: of 100 tries as many pass as
// the rule says.
func TestR85_EveryLocalLimitCanBeSet(t *testing.T) {
	h := &hand{}
	h.advance(time.Hour)
	l := New(Config{Now: h.now, Rules: Rules{Offers: 1, OffersAtOnce: 2, OffersNode: 5, Guesses: 4, GuessBlock: time.Hour,
		WrongPasswords: 3, WrongPasswordsAccount: 6, WrongPasswordsAddress: 7, CameraTests: 8, Mails: 9, Lookups: 11, NewPrefixes: 4, WrongShareCodes: 12}})
	wrong := func(account, ip string) bool {
		done, _, ok := l.Logins.Begin(account, addr(ip), "")
		if ok {
			done(false)
		}
		return ok
	}
	one := func(ok bool, _ time.Duration) bool { return ok }
	for _, c := range []struct {
		what string
		want int
		try  func(i int) bool
	}{
		{"offers of one at once", 2, func(int) bool { return one(l.Offers.Allow("a")) }},
		{"offers left to others", 3, func(i int) bool { return one(l.Offers.Allow(fmt.Sprint("b", i))) }},
		{"guesses", 4, func(int) bool { return one(l.Guesses.Add("p")) }},
		{"set-up codes", 4, func(int) bool { return one(l.SetupCodes.Add("p")) }},
		{"tests of a camera", 8, func(int) bool { return one(l.CameraTests.Allow("a")) }},
		{"mails", 9, func(int) bool { return one(l.Mails.Add("a@example.org")) }},
		{"lookups of one", 11, func(int) bool { return one(l.People.Look("a", "")) }},
		{"beginnings of one", 4, func(i int) bool { return one(l.People.Look("b", fmt.Sprint("b", i))) }},
		{"share codes of one", 12, func(int) bool { return one(l.ShareCodes.Add("a")) }},
		{"passwords of one from one", 3, func(int) bool { return wrong("ann", "192.0.2.1") }},
		{"passwords of one from anywhere", 6, func(i int) bool { return wrong("bob", fmt.Sprint("198.51.100.", i)) }},
		{"passwords from one", 7, func(i int) bool { return wrong(fmt.Sprint("carl", i), "203.0.113.1") }},
	} {
		passed := 0
		for i := range 100 {
			if c.try(i) {
				passed++
			}
		}
		if passed != c.want {
			t.Errorf("%s: %d of 100 passed, want %d", c.what, passed, c.want)
		}
	}
	h.advance(time.Hour - time.Second)
	if _, retry := l.Guesses.Check("p"); retry != time.Second {
		t.Errorf("a guesser waits %v more, want 1 s of the hour", retry)
	}
	h.advance(time.Second)
	if ok, _ := l.Guesses.Check("p"); !ok {
		t.Error("the block does not end")
	}
}

// The numbers of ruling 3, R77 to R80 and R82.
func TestRulesOfLinks(t *testing.T) {
	if r := (SlotRules{}).WithDefaults(); r != (SlotRules{Slots: 10, Keep: 24 * time.Hour, Present: 15 * time.Second}) {
		t.Errorf("%+v", r)
	}
	if r := (UpdateRules{}).WithDefaults(); r != (UpdateRules{Budget: 40, Window: 24 * time.Hour, Repeat: 5 * time.Second}) {
		t.Errorf("%+v", r)
	}
	if r := (HoursRules{}).WithDefaults(); r != (HoursRules{Budget: 10 * time.Hour, Window: 24 * time.Hour, Bucket: time.Minute}) {
		t.Errorf("%+v", r)
	}
}

func TestRulesAreBounded(t *testing.T) {
	for _, r := range []Rules{{}, {Offers: -1, Guesses: -1, GuessBlock: -time.Second}} {
		if r.withDefaults() != (Rules{Offers: 5, OffersAtOnce: 20, OffersNode: 50, Guesses: 20, GuessBlock: 15 * time.Minute,
			WrongPasswords: 10, WrongPasswordsAccount: 100, WrongPasswordsAddress: 300,
			Requests: 100, RequestsAtOnce: 1000, RequestsAddress: 300, RequestsAddressAtOnce: 3000, CameraTests: 10, Mails: 5, Lookups: 30, NewPrefixes: 100, WrongShareCodes: 10}) {
			t.Errorf("%+v", r.withDefaults())
		}
	}
	if n := (Rules{Mails: 1 << 40}).withDefaults().Mails; n != MaxCount {
		t.Errorf("%d mails", n)
	}
}
