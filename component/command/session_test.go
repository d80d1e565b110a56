package command

import (
	"fmt"
	"testing"
	"time"
)

func TestSessionsEnd(t *testing.T) {
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	s := newSessions(func() time.Time { return now })
	c := &call{from: "bob@example.org/desk", bare: "bob@example.org", to: "team@x"}
	x := s.begin(c, "n")
	if got, _ := s.find(c, "n", x.id); got != x {
		t.Fatal("not found")
	}
	for _, other := range []call{
		{from: "bob@example.org/phone", bare: c.bare, to: c.to},
		{from: c.from, bare: c.bare, to: "team@x/group"},
	} {
		if got, _ := s.find(&other, "n", x.id); got != nil {
			t.Errorf("%+v has it", other)
		}
	}
	now = now.Add(sessionTime)
	if got, expired := s.find(c, "n", x.id); got != nil || !expired {
		t.Error("it never ends")
	}
	if s.order.Len()+len(s.byID)+len(s.users) != 0 {
		t.Errorf("something is left: %d %d %d", s.order.Len(), len(s.byID), len(s.users))
	}
}

// One user loses his own sessions first, and all together are bounded.
func TestSessionsAreBounded(t *testing.T) {
	s := newSessions(time.Now)
	bob := &call{from: "bob@example.org/desk", bare: "bob@example.org"}
	ann := &call{from: "ann@example.org/desk", bare: "ann@example.org"}
	mine, first := s.begin(ann, "n"), s.begin(bob, "n")
	for range maxUserSessions {
		s.begin(bob, "n")
	}
	if s.users[bob.bare] != maxUserSessions {
		t.Errorf("Bob has %d", s.users[bob.bare])
	}
	if got, _ := s.find(bob, "n", first.id); got != nil {
		t.Error("his oldest is left")
	}
	if got, _ := s.find(ann, "n", mine.id); got == nil {
		t.Error("Bob has taken Ann's")
	}
	for i := range 2 * maxSessions {
		s.begin(&call{from: fmt.Sprint(i, "/x"), bare: fmt.Sprint(i)}, "n")
	}
	if s.order.Len() != maxSessions || len(s.byID) != maxSessions || len(s.users) != maxSessions {
		t.Errorf("%d sessions, %d ids, %d users", s.order.Len(), len(s.byID), len(s.users))
	}
}
