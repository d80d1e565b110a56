package component_test

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
	"github.com/rollcall-xmpp/rollcall/roster"
)

const outpostService = "pubsub.example.org"

func byPubSub(c *component.ServiceConfig) { c.PubSub = outpostService }

// pubsubServer starts a server whose own PubSub service lets us make nodes.
func pubsubServer(t *testing.T, name string) lab.Server {
	o := lab.Options{Modules: lab.Minimal}
	if name == "prosody" {
		o.Extra.Global = `Component "` + outpostService + `" "pubsub"
	admins = { "groups.example.org" }
`
	} else {
		o.Extra = lab.Extra{
			ACL: "  rollcall:\n    server: \"groups.example.org\"", Rules: "  outposts:\n    allow: rollcall",
			Modules: "  mod_pubsub:\n    host: \"" + outpostService + "\"\n    access_createnode: outposts\n    plugins: [\"flat\"]",
		}
	}
	return labtest.Start(t, name, o)
}

// reader is a client that reads what the service publishes for it.
type reader struct {
	*lab.Client
	s    *scene
	node string
	from int // what it has got before
}

// watch subscribes c to a group, and reads where that is published.
func (s *scene) watch(c *lab.Client, team, jid string) *reader {
	s.t.Helper()
	st, err := c.Query(s.ctx, team, "set", "<pubsub xmlns='"+nsPubSub+"'><subscribe node='"+ns+"#group' jid='"+jid+"'/></pubsub>")
	s.check(err)
	var answer struct {
		At struct {
			Service string `xml:"service,attr"`
			Node    string `xml:"node,attr"`
		} `xml:"pubsub>subscription>published"`
	}
	s.check(xml.Unmarshal([]byte(st.Raw), &answer))
	if answer.At.Service != outpostService || answer.At.Node == "" {
		s.t.Fatalf("no node in %s", st.Raw)
	}
	return &reader{Client: c, s: s, node: answer.At.Node}
}

// got is what has come from the PubSub service since the last call.
func (r *reader) got() (all []string) {
	r.s.t.Helper()
	r.s.settle()
	r.s.check(r.Fence(r.s.ctx))
	list := r.Received()
	for _, st := range list[r.from:] {
		switch {
		case st.From == outpostService && strings.Contains(st.Raw, r.node):
			all = append(all, st.Raw)
		case st.From == outpostService:
			r.s.t.Errorf("of another node: %s", st.Raw)
		case strings.Contains(st.Raw, "<items"):
			r.s.t.Errorf("from the group: %s", st.Raw)
		}
	}
	r.from = len(list)
	return all
}

// What a subscriber really gets from the server's own PubSub service.
func TestOutposts(t *testing.T) {
	for _, name := range []string{"prosody", "ejabberd"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stage(t, pubsubServer(t, name), byPubSub)
			for _, u := range []string{"anna", "bob", "carl"} {
				s.account(u)
			}
			anna, bob := s.login("anna", "pc"), s.login("bob", "pc")
			team := s.group("team", roster.Settings{Title: "Team"}, "anna", "bob", "carl")
			s.settle()
			a, b := s.watch(anna, team, anna.Bare()), s.watch(bob, team, bob.JID())
			for _, r := range []*reader{a, b} {
				for _, raw := range r.got() {
					t.Logf("%s: %s", r.JID(), raw)
				}
			}
			s.check(bob.Send("<presence><show>dnd</show><status>once</status></presence>"))
			s.check(bob.Fence(s.ctx))
			for _, r := range []*reader{a, b} {
				for _, raw := range r.got() {
					t.Logf("%s: %s", r.JID(), raw)
				}
			}
			s.check(s.Roster.RemoveMember(s.ctx, strings.Split(team, "@")[0], bob.Bare()))
			for _, r := range []*reader{a, b} {
				for _, raw := range r.got() {
					t.Logf("%s: %s", r.JID(), raw)
				}
			}
			s.check(anna.Send("<presence><show>xa</show></presence>"))
			s.check(anna.Fence(s.ctx))
			for _, r := range []*reader{a, b} {
				for _, raw := range r.got() {
					t.Logf("%s: %s", r.JID(), raw)
				}
			}
			t.Logf("%+v", s.Roster.Outposts())
		})
	}
}
