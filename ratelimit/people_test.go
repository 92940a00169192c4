package ratelimit

import (
	"fmt"
	"testing"
	"time"
)

// 30 lookups a minute; 100 new beginnings a day, one that was tried is free.
func TestR7_LookingForPeople(t *testing.T) {
	h := &hand{}
	h.advance(time.Hour)
	l := New(Config{Now: h.now})
	for i := range 30 {
		if ok, _ := l.People.Look("ann", "anna"); !ok {
			t.Fatalf("lookup %d is refused", i+1)
		}
	}
	ok, retry := l.People.Look("ann", "anna")
	if ok || retry <= 0 || retry > time.Minute+5*time.Second {
		t.Fatalf("the 31st: %v, wait %v", ok, retry)
	}
	if ok, _ := l.People.Look("bob", "anna"); !ok {
		t.Error("somebody else is refused")
	}
	h.advance(2 * time.Minute)
	for i := range 99 { // with "anna" a hundred
		if ok, _ := l.People.Look("ann", fmt.Sprint("p", i)); !ok {
			t.Fatalf("beginning %d is refused", i+2)
		}
		h.advance(3 * time.Second)
	}
	if ok, retry := l.People.Look("ann", "other"); ok || retry < 23*time.Hour || retry > 24*time.Hour {
		t.Fatalf("the 101st beginning: %v, wait %v", ok, retry)
	}
	if ok, _ := l.People.Look("ann", "anna"); !ok {
		t.Error("a beginning that was tried is refused")
	}
	if ok, _ := l.People.Look("ann", ""); !ok {
		t.Error("a whole address is refused")
	}
	h.advance(24 * time.Hour)
	if ok, _ := l.People.Look("ann", "other"); !ok {
		t.Error("the next day is refused")
	}
}
