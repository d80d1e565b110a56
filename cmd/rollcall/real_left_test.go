package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// readers is who of another service reads a group of this one, by node, and for
// how many of its groups presence is given.
func (s *stage) readers(group, domain string) string {
	rec, err := s.roster().ShowGroup(s.t.Context(), group)
	if err != nil {
		return err.Error()
	}
	var nodes []string
	for _, sub := range rec.Subscriptions {
		if strings.HasSuffix(sub.JID, "@"+domain) {
			nodes = append(nodes, sub.Node)
		}
	}
	slices.Sort(nodes)
	given := 0
	for _, g := range s.roster().Peers() {
		if strings.HasSuffix(roster.PeerOf(g.Name()), "@"+domain) {
			given++
		}
	}
	return fmt.Sprint(nodes, given)
}

// ties is how much others still tell this service.
func (s *stage) ties() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("%+v", s.svc.Stats().Ties)
}

// Who is taken out of the configuration while we do not run is told that it need
// not tell us any more, as soon as it is there to hear it: a source, a peer that
// tells of its users, and one that we told, whose list we read.
func playLeft(t *testing.T, s lab.Server) {
	ctx := t.Context()
	const give, wants = "[[peers]]\naddress = \"groups.example.org\"\ngive = true\n",
		"[[sources]]\nname = \"hr\"\nkind = \"peer\"\naddress = \"" + peerDomain + "\"\n[[peers]]\naddress = \"" + peerDomain + "\"\ntake = [\"example.org\"]\nby = \"group\"\n"
	hr, us := newPeer(t, s), newStage(t, s)
	must(t, hr.roster().CreateGroup(ctx, &roster.GroupRecord{Name: "left", Settings: roster.Settings{Policy: trusting}, Members: []roster.MemberRecord{person("alice", ""), person("bob", "")}}))
	begin := func() {
		t.Helper()
		must(t, hr.reconfigure(ctx, give))
		must(t, us.reconfigure(ctx, wants))
		us.listed(t, "left", `hr "left": alice=/member[] bob=/member[]`)
		must(t, us.roster().UpdateGroup(ctx, "left", func(s *roster.Settings) error {
			s.Policy = "watch members\nwatch domain:" + peerDomain + "\nbasic anyone\n"
			return nil
		}))
		becomes(t, "what the peer tells us", "[info members] 1", func() string { return hr.readers("left", "groups.example.org") })
		becomes(t, "what we tell the peer", "[info members] 0", func() string { return us.readers("left", peerDomain) })
	}
	begin()
	must(t, us.Kill(ctx))
	must(t, hr.Kill(ctx))
	must(t, us.configure(""))
	must(t, us.Start(ctx))
	becomes(t, "what we have to say", "{Held:2 Leaving:2}", us.ties)
	must(t, hr.Start(ctx))
	becomes(t, "what the peer tells us", "[] 0", func() string { return hr.readers("left", "groups.example.org") })
	becomes(t, "what we tell the peer", "[] 0", func() string { return us.readers("left", peerDomain) }) // it wants to know for nobody any more
	becomes(t, "what we have to say", "{Held:0 Leaving:0}", us.ties)
	becomes(t, "what the peer has to say", "{Held:0 Leaving:0}", hr.ties)

	begin()
	must(t, hr.Kill(ctx))
	must(t, hr.configure(""))
	must(t, hr.Start(ctx))
	becomes(t, "what we tell the peer", "[] 0", func() string { return us.readers("left", peerDomain) })
	becomes(t, "what the peer tells us", "[info members] 0", func() string { return hr.readers("left", "groups.example.org") })
}
