package command

import (
	"testing"
	"time"
)

// Wherever the clock is set, who has used up his ration is heard again when
// it would have grown anyway, and nobody gets more than one at once.
func TestRationsWhenTheClockIsSet(t *testing.T) {
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	r := newRations(func() time.Time { return now }, ration, pause)
	all := func() (n int) {
		for r.take("bob", 1) {
			n++
		}
		return n
	}
	if n := all(); n != ration {
		t.Fatalf("%d at once", n)
	}
	for _, set := range []time.Duration{-time.Hour, 30 * 365 * 24 * time.Hour, -40 * 365 * 24 * time.Hour} {
		now = now.Add(set)
		if n := all(); n > ration {
			t.Errorf("set by %v: %d at once", set, n)
		}
		now = now.Add(ration * pause)
		if n := all(); n != ration {
			t.Errorf("set by %v, and a ration later: %d at once", set, n)
		}
	}
}

// A form that somebody has before him survives a clock that is set back; one
// that is set forwards costs him that form, and the next one is good.
func TestSessionsWhenTheClockIsSet(t *testing.T) {
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	s := newSessions(func() time.Time { return now })
	c := &call{from: "bob@example.org/desk", bare: "bob@example.org", to: "team@x"}
	x := s.begin(c, "n")
	now = now.Add(-24 * time.Hour)
	if got, _ := s.find(c, "n", x.id); got != x {
		t.Error("set back: his form is gone")
	}
	now = now.Add(48 * time.Hour)
	if got, expired := s.find(c, "n", x.id); got != nil || !expired {
		t.Error("set forwards: his form is as before")
	}
	y := s.begin(c, "n")
	if got, _ := s.find(c, "n", y.id); got != y {
		t.Error("set forwards: his next form is not found")
	}
	now = now.Add(-24 * time.Hour) // what began ahead of its time is among those that end
	for range 3 * maxUserSessions {
		s.begin(c, "n")
	}
	if len(s.byID) != maxUserSessions || s.order.Len() != maxUserSessions {
		t.Errorf("%d sessions", len(s.byID))
	}
}
