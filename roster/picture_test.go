package roster_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// picture asks for the group in a dialect of the test's own.
func (s *stage) picture(name string) string {
	s.t.Helper()
	var said strings.Builder
	q := &roster.Question{Node: roster.NodeContact, Watcher: at(name), To: at(name) + "/q", Max: -1, Index: -1}
	q.Picture = func(b []byte, p *roster.Picture, err error) []byte {
		if err != nil {
			fmt.Fprint(&said, err)
			return b
		}
		fmt.Fprintf(&said, "%s %d/%d", p.Title, p.Line.Summary.Available, p.Line.Summary.Members)
		for it := range p.Members {
			fmt.Fprintf(&said, " %s:%d:%s", it.Nick, it.Show, it.Status)
		}
		return b
	}
	if err := s.g.Ask(q); err != nil {
		s.t.Fatal(err)
	}
	s.settle(1 << 20)
	return said.String()
}

// A picture shows each watcher what his contact would, and nobody else
// anything.
func TestPicture(t *testing.T) {
	rec := team("ann", "bob", "cid")
	for i := range rec.Members {
		rec.Members[i].Nick, _, _ = strings.Cut(rec.Members[i].JID, "@")
	}
	s := play(t, rec)
	s.comes("ann", "desk", roster.DND, "On a call")
	const all = "team 1/3 ann:3:On a call bob:0: cid:0:"
	if got := s.picture("bob"); got != all {
		t.Errorf("%q", got)
	}
	hides, err := policy.ParseAuthorization("hide " + at("bob") + "\nmembers: availability\n")
	if err != nil {
		t.Fatal(err)
	}
	s.do(op{kind: "authorize", jid: at("ann"), auth: hides})
	for name, want := range map[string]string{
		"bob": "team 0/3 ann:0: bob:0: cid:0:",
		"cid": "team 1/3 ann:4: bob:0: cid:0:",
		"eve": roster.ErrNoGroup.Error(),
	} {
		if got := s.picture(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
