package component_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// After the server, or only the link to it, was away, the state is right,
// nobody who is there was shown offline meanwhile, who left is, and
// subscribers and contacts go on without doing anything.
func TestOutage(t *testing.T) {
	for name, outage := range map[string]func(s *scene) (alive bool){
		"link cut": func(s *scene) bool { s.wire.cut(); return true },
		"restart":  func(s *scene) bool { s.check(s.server.Restart(s.ctx)); return false },
		"kill": func(s *scene) bool {
			s.check(s.server.Kill())
			s.check(s.server.Start(s.ctx))
			return false
		},
	} {
		t.Run(name, func(t *testing.T) {
			house.Each(t, func(t *testing.T, server lab.Server) { playOutage(t, server, outage) })
		})
	}
}

func playOutage(t *testing.T, server lab.Server, outage func(s *scene) (alive bool)) {
	s := stage(t, server)
	stay := []string{"alice", "bob"}
	for i := range 20 {
		stay = append(stay, fmt.Sprintf("m%02d", i))
	}
	leave := []string{"carol", "dave"}
	clients := map[string]*lab.Client{}
	for _, u := range append(stay, leave...) {
		s.account(u)
		clients[u] = s.login(u, "r")
	}
	team := s.group("team", roster.Settings{Title: "Team"}, append(stay, leave...)...)
	s.settle()
	bob := clients["bob"]
	s.subscribe(bob, team, "presence", bob.Bare())
	s.check(bob.Send("<presence type='subscribe' to='" + team + "'/>"))
	s.line(bob, team, "24")

	release := s.wire.hold()
	alive := outage(s)
	mark := len(bob.Received())
	if !alive {
		for _, u := range stay {
			clients[u] = s.login(u, "r")
		}
		bob, mark = clients["bob"], 0
	}
	s.check(clients["alice"].Send("<presence><status>meanwhile</status></presence>"))
	s.check(clients["alice"].Fence(s.ctx))
	for _, u := range leave {
		_ = clients[u].Close() // or the server has
	}
	release()
	s.settle()
	s.line(bob, team, "22")
	missing := []*regexp.Regexp{regexp.MustCompile("meanwhile"), shownOffline(s, "carol"), shownOffline(s, "dave")}
	_, err := bob.Wait(s.ctx, func(st lab.Stanza) bool {
		missing = slices.DeleteFunc(missing, func(x *regexp.Regexp) bool { return x.MatchString(st.Raw) })
		return len(missing) == 0
	})
	if err != nil {
		t.Fatalf("bob did not hear %q: %v", missing, err)
	}
	s.check(clients["alice"].Send("<presence><show>dnd</show></presence>"))
	s.hears(bob, "<show>dnd</show>")
	for _, st := range bob.Received()[mark:] {
		for _, u := range stay {
			if st.Name == "message" && shownOffline(s, u).MatchString(st.Raw) {
				t.Errorf("%s was shown offline: %.500s", u, st.Raw)
			}
		}
	}
}

// line waits until c shows group as a contact with n available.
func (s *scene) line(c *lab.Client, group, n string) {
	s.t.Helper()
	_, err := c.Wait(s.ctx, func(st lab.Stanza) bool {
		return st.Name == "presence" && st.Type == "" && st.From == group+"/group" && strings.Contains(st.Raw, "<status>"+n+" of 24 available")
	})
	if err != nil {
		for _, st := range c.Received() {
			if st.Name == "presence" {
				s.t.Log(st.Raw)
			}
		}
		s.t.Fatal(err)
	}
}

// shownOffline finds the item of a user who is shown offline. Servers write
// attributes in an order of their own.
func shownOffline(s *scene, user string) *regexp.Regexp {
	jid := regexp.QuoteMeta(user + s.suffix + "@" + s.server.Host())
	return regexp.MustCompile("<item id=['\"]" + jid + "['\"]><member [^>]*><presence [^>]*type=['\"]unavailable['\"]")
}
