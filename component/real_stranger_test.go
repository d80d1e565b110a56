package component_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// To a stranger an unlisted group and an unused name are the same, byte for
// byte, whatever he sends; and the members hear nothing of it.
func TestStranger(t *testing.T) {
	house.Each(t, func(t *testing.T, server lab.Server) {
		s := stage(t, server, func(c *component.ServiceConfig) { c.Limits.Rate = -1 }) // mallory asks thousands of times
		for _, u := range []string{"alice", "bob", "mallory"} {
			s.account(u)
		}
		alice, bob := s.login("alice", "phone"), s.login("bob", "desk")
		team := s.group("team", roster.Settings{Title: "Team", Attributes: []roster.Attribute{{Name: "phone", Value: "1"}}}, "alice", "bob")
		s.settle()
		s.subscribe(bob, team, "group", bob.Bare())
		s.check(bob.Send("<presence type='subscribe' to='" + team + "'/>"))
		s.check(bob.Fence(s.ctx))
		s.settle()
		unused := s.address("spam")
		mallory := s.login("mallory", "r")
		for _, c := range []*lab.Client{alice, bob} {
			s.check(c.FenceVia(s.ctx, server.ComponentDomain()))
		}
		before := []int{heardOf(alice), heardOf(bob)}
		answers := 0
		for _, a := range append(readAttacks(t), moreAttacks()...) {
			if a.resource != "r" {
				continue
			}
			one, two := s.told(&mallory, alice, team, a), s.told(&mallory, alice, unused, a)
			answers += len(one)
			if !slices.Equal(one, two) {
				t.Errorf("%s: the group answers\n%.600q\nand the unused name\n%.600q", a.name, one, two)
			}
		}
		if answers < 100 {
			t.Errorf("only %d answers", answers)
		}
		for i, c := range []*lab.Client{alice, bob} {
			s.check(c.FenceVia(s.ctx, server.ComponentDomain()))
			if got := heardOf(c); got != before[i] {
				t.Errorf("%s received: %v", c.JID(), c.Received()[before[i]:])
			}
		}
	})
}

// heardOf counts what c was sent by others than its server's and our own
// answers to its fences.
func heardOf(c *lab.Client) (n int) {
	for _, st := range c.Received() {
		if st.Name != "iq" {
			n++
		}
	}
	return n
}

// told is what c is told after sending the stanza to the address, with every
// name of ours replaced, sorted. A client that the server throws out is told
// nothing and replaced, once all that was on its way to it is gone: the witness
// has an answer from the service that is younger.
func (s *scene) told(c **lab.Client, witness *lab.Client, to string, a attack) (answers []string) {
	s.t.Helper()
	from := len((*c).Received())
	local, _, _ := strings.Cut(to, "@")
	self := (*c).Bare()
	_ = (*c).Send(strings.NewReplacer("TO", to, "MEMBER", "bob"+s.suffix+"@"+s.server.Host(), "SELF", self, "ID", "x1").Replace(a.stanza))
	for range 2 { // what the service asks in return is answered then
		if err := (*c).FenceVia(s.ctx, s.server.ComponentDomain()); err != nil {
			if !ended(*c) {
				s.t.Fatal(err)
			}
			s.settle()
			s.check(witness.FenceVia(s.ctx, s.server.ComponentDomain()))
			*c = s.login("mallory", "r")
			return nil
		}
		s.settle()
	}
	s.check((*c).FenceVia(s.ctx, s.server.ComponentDomain()))
	for _, st := range (*c).Received()[from:] {
		if own, _, _ := strings.Cut(st.From, "/"); st.Housekeeping || own == "" || own == self || own == s.server.Host() {
			continue
		}
		answers = append(answers, strings.ReplaceAll(st.Raw, local, "NAME"))
	}
	slices.Sort(answers)
	return answers
}
