package component_test

import (
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// What a service that was killed has left at the PubSub service goes, and
// nothing else: no node that looks otherwise, and none of somebody else.
func TestOutpostsLeft(t *testing.T) {
	for _, name := range []string{"prosody", "ejabberd"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := pubsubServer(t, name, true, "eve@example.org")
			var kept roster.Store
			dead := stage(t, server, byPubSub, func(c *component.ServiceConfig) { kept = c.Store })
			dead.check(server.AddUser(dead.ctx, "eve", password))
			dead.account("anna")
			anna := dead.login("anna", "pc")
			team, other := dead.group("team", roster.Settings{}, "anna"), dead.group("other", roster.Settings{}, "anna")
			dead.settle()
			a, b := dead.watch(anna, team, anna.Bare()), dead.watch(anna, other, anna.Bare())
			dead.kill()
			local, _, _ := strings.Cut(other, "@")
			dead.check(kept.DeleteGroup(dead.ctx, local))

			own, err := lab.Attach(dead.ctx, server, lab.ClientOptions{})
			dead.check(err)
			eve, err := lab.Login(dead.ctx, server, "eve", password, "pc", lab.ClientOptions{})
			dead.check(err)
			defer eve.Close()
			left, foreign := strings.Repeat("left2", 5)+"a", strings.Repeat("else3", 5)+"a"
			for _, node := range []string{left, "keep"} {
				dead.check(own.Send("<iq type='set' id='" + node + "' from='" + server.ComponentDomain() + "' to='" + outpostService + "'>" + createNode(node) + "</iq>"))
				_, err = own.Wait(dead.ctx, func(st lab.Stanza) bool { return st.Type == "result" && st.ID == node })
				dead.check(err)
			}
			st, err := eve.Query(dead.ctx, outpostService, "set", createNode(foreign))
			if dead.check(err); st.Type != "result" {
				t.Fatal(st.Raw)
			}
			dead.check(own.Close())

			s := stage(t, server, byPubSub, func(c *component.ServiceConfig) { c.Store = kept })
			for there := map[string]bool{a.node: true, b.node: true, left: true}; there[b.node] || there[left]; {
				st, err := eve.Query(s.ctx, outpostService, "get", "<query xmlns='http://jabber.org/protocol/disco#items'/>")
				s.check(err)
				for node := range there {
					there[node] = strings.Contains(st.Raw, node)
				}
				for _, node := range []string{"keep", foreign} {
					if !strings.Contains(st.Raw, node) {
						t.Fatalf("%s is gone: %s", node, st.Raw)
					}
				}
			}
			s.settle()
			a.s, a.from = s, len(anna.Received())
			s.check(anna.Send("<presence><status>back</status></presence>"))
			s.check(anna.Fence(s.ctx))
			s.hears(anna, a.node, "back")
		})
	}
}

func createNode(node string) string {
	return "<pubsub xmlns='" + nsPubSub + "'><create node='" + node + "'/></pubsub>"
}

// kill ends the service without any last words.
func (s *scene) kill() {
	s.t.Helper()
	s.wire.hold()
	s.wire.cut()
	end(s)
}
