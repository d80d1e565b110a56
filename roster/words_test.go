package roster_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

func at(name string) string { return name + "@a.example" }

// team is a group of members who share their presence.
func team(names ...string) *roster.GroupRecord {
	rec := &roster.GroupRecord{Name: "team"}
	for _, n := range names {
		rec.Members = append(rec.Members, roster.MemberRecord{JID: at(n), Affiliation: roster.Plain, Ask: roster.Granted})
	}
	return rec
}

// comes lets a member's device say how it is; leaves lets it go.
func (s *stage) comes(name, resource string, show roster.Show, status string) {
	s.t.Helper()
	s.do(op{kind: "hear", jid: at(name), resource: resource, presence: roster.Presence{Show: show, Status: []byte(status)}})
}

func (s *stage) leaves(name, resource string) {
	s.t.Helper()
	s.do(op{kind: "hear", jid: at(name), resource: resource})
}

func (s *stage) subscribes(name string, n roster.Node) {
	s.t.Helper()
	s.do(op{kind: "subscribe", jid: at(name), node: n})
}

func (s *stage) authorizes(name string, a *policy.Authorization) {
	s.t.Helper()
	s.do(op{kind: "authorize", jid: at(name), auth: a})
}

// hides lets a member be offline for some, and as ever for the others.
func (s *stage) hides(name string, from ...string) {
	s.t.Helper()
	a := policy.Default()
	for _, f := range from {
		a.Hide = append(a.Hide, at(f))
	}
	s.authorizes(name, &a)
}

// says gives the group its turns and compares what is said since the last
// time: "bob presence: ann" is an event for bob with ann's item, a minus
// stands before who is taken away, "full" before the full state.
func (s *stage) says(want ...string) {
	s.t.Helper()
	s.settle(1 << 20)
	var got []string
	for _, h := range s.heard {
		got = append(got, short(h))
	}
	s.heard = nil
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		s.t.Fatalf("said\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func short(h heard) string {
	b := strings.ReplaceAll(h.to, "@a.example", "") + " " + h.node
	switch h.kind {
	case "contact":
		return b + ": " + h.text
	case "answer", "refuse":
		b = h.kind + " " + b
	}
	if h.stamp.Full {
		b += " full"
	}
	if h.stamp.Parts > 1 {
		b += fmt.Sprintf(" %d/%d", h.stamp.Part, h.stamp.Parts)
	}
	b += ":"
	for _, it := range h.items {
		id := " " + strings.TrimSuffix(it.id, "@a.example")
		if it.gone {
			id = " -" + id[1:]
		}
		b += id
	}
	if h.kind == "refuse" {
		b += " " + strings.Trim(h.text, `"`)
	}
	return b
}
