package component_test

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

const outpostService = "pubsub.example.org"

func byPubSub(c *component.ServiceConfig) { c.PubSub = outpostService }

// pubsubServer starts a server with a PubSub service of its own, which lets us
// make nodes if it is allowed; others of its users may, too.
func pubsubServer(t *testing.T, name string, allowed bool, others ...string) lab.Server {
	t.Helper()
	admins, rule := "", "local"
	if allowed {
		admins, rule = `"groups.example.org"`, "rollcall"
	}
	acl := "  rollcall:\n    server: \"groups.example.org\""
	for _, jid := range others {
		admins += fmt.Sprintf(", %q", jid)
		acl += fmt.Sprintf("\n    user: %q", jid)
	}
	o := lab.Options{Modules: lab.Minimal}
	if name == "prosody" {
		o.Extra.Global = "Component \"" + outpostService + "\" \"pubsub\"\n\tadmins = { " + admins + " }\n"
	} else {
		o.Extra = lab.Extra{
			ACL: acl, Rules: "  nodes:\n    allow: " + rule,
			Modules: "  mod_pubsub:\n    host: \"" + outpostService + "\"\n    access_createnode: nodes\n    plugins: [\"flat\"]",
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

// outpostEvent is all that an event of the service may have.
type outpostEvent struct {
	Items struct {
		Node  string        `xml:"node,attr"`
		Items []outpostItem `xml:"item"`
		Other []struct{}    `xml:"retract"`
	} `xml:"event>items"`
	Delete *struct {
		Node string `xml:"node,attr"`
	} `xml:"event>delete"`
}

type outpostItem struct {
	ID     string    `xml:"id,attr"`
	Gone   *struct{} `xml:"gone"`
	Member *struct {
		JID      string `xml:"jid,attr"`
		Presence struct {
			Type   string `xml:"type,attr"`
			Show   string `xml:"show"`
			Status string `xml:"status"`
		} `xml:"presence"`
	} `xml:"member"`
	Summary *struct {
		Members   string `xml:"members,attr"`
		Available string `xml:"available,attr"`
	} `xml:"summary"`
}

func (i *outpostItem) words() string {
	name, _, _ := strings.Cut(i.ID, ".")
	switch {
	case i.Gone != nil:
		return "gone " + name
	case i.Member != nil && i.Member.JID == i.ID:
		p := i.Member.Presence
		return strings.Join(strings.Fields(name+" "+p.Type+" "+p.Show+" "+p.Status), " ")
	case i.Summary != nil:
		return i.Summary.Available + " of " + i.Summary.Members
	}
	return i.ID
}

// got compares what has come from the PubSub service since the last call.
func (r *reader) got(want ...string) {
	r.s.t.Helper()
	r.s.settle()
	r.s.check(r.FenceVia(r.s.ctx, outpostService))
	r.s.check(r.Fence(r.s.ctx))
	r.compare(want...)
}

func (r *reader) compare(want ...string) {
	r.s.t.Helper()
	var got []string
	list := r.Received()
	for _, st := range list[r.from:] {
		var e outpostEvent
		if r.s.check(xml.Unmarshal([]byte(st.Raw), &e)); st.Name != "message" || !strings.Contains(st.Raw, "pubsub#event") {
			continue
		}
		switch {
		case st.From != outpostService && e.Items.Node != "":
			got = append(got, "from the group: "+st.Raw)
		case st.From != outpostService:
		case e.Delete != nil && e.Delete.Node == r.node:
			got = append(got, "deleted")
		case e.Items.Node == r.node && len(e.Items.Items) == 1 && len(e.Items.Other) == 0 && strings.Contains(st.Raw, "headline"):
			got = append(got, e.Items.Items[0].words())
		case !strings.Contains(st.Raw, "<subscription ") || !strings.Contains(st.Raw, r.node): // ejabberd says so
			got = append(got, st.Raw)
		}
	}
	if r.from = len(list); !slices.Equal(got, want) {
		r.s.t.Errorf("%s got\n\t%s\nwant\n\t%s", r.JID(), strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// What each subscriber really gets from the server's own PubSub service: what
// he may see, all of it, and nothing else.
func TestOutposts(t *testing.T) {
	for _, name := range []string{"prosody", "ejabberd"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stage(t, pubsubServer(t, name, true), byPubSub)
			for _, u := range []string{"anna", "bob", "carl", "eve"} {
				s.account(u)
			}
			anna, bob, eve := s.login("anna", "pc"), s.login("bob", "pc"), s.login("eve", "pc")
			team := s.group("team", roster.Settings{Title: "Team"}, "anna", "bob", "carl")
			local, _, _ := strings.Cut(team, "@")
			for _, c := range []*lab.Client{anna, bob} { // ejabberd tells of an approval late
				s.check(c.FenceVia(s.ctx, team))
				s.settle()
			}
			a, b := s.watch(anna, team, anna.Bare()), s.watch(bob, team, bob.JID())
			a.got("info", "2 of 3", "anna", "bob", "carl unavailable")
			b.got("info", "2 of 3", "anna", "bob", "carl unavailable")

			s.check(bob.Send("<presence><show>dnd</show><status>once</status></presence>"))
			s.check(bob.Fence(s.ctx))
			a.got("2 of 3", "bob dnd once")
			b.got("2 of 3", "bob dnd once")

			hides := policy.Default()
			hides.Hide = []string{anna.Bare()}
			s.check(s.Roster.Loaded([]byte(local)).Authorize(s.ctx, bob.Bare(), &hides))
			a.got("1 of 3", "bob unavailable")
			b.got()
			s.check(bob.Send("<presence><status>secret</status></presence>"))
			s.check(bob.Fence(s.ctx))
			a.got()
			b.got("2 of 3", "bob secret")

			s.pries(eve, a)

			s.check(s.Roster.RemoveMember(s.ctx, local, bob.Bare()))
			s.check(anna.Send("<presence><show>xa</show></presence>"))
			s.check(anna.Fence(s.ctx))
			s.settle()
			s.check(a.FenceVia(s.ctx, outpostService))
			a.from = len(a.Received()) // in one piece or two
			b.got()

			n := s.wire.count()
			s.wire.cut()
			for s.wire.count() == n {
				s.check(anna.Fence(s.ctx))
			}
			a.got("deleted", "info", "1 of 2", "anna xa", "carl unavailable")
			b.got()

			s.stop()
			_, err := anna.Wait(s.ctx, func(st lab.Stanza) bool {
				return st.From == outpostService && strings.Contains(st.Raw, "<delete")
			})
			s.check(err)
			if stats := s.Roster.Outposts(); stats.Refused > 0 || stats.Lost > 0 {
				t.Errorf("%+v", stats)
			}
		})
	}
}

// pries is a stranger who knows the node: everybody may list them.
func (s *scene) pries(eve *lab.Client, r *reader) {
	s.t.Helper()
	for _, ask := range []string{
		"<pubsub xmlns='" + nsPubSub + "'><subscribe node='" + r.node + "' jid='" + eve.Bare() + "'/></pubsub>",
		"<pubsub xmlns='" + nsPubSub + "'><create node='" + r.node + "'/></pubsub>",
		"<pubsub xmlns='" + nsPubSub + "#owner'><delete node='" + r.node + "'/></pubsub>",
		"<pubsub xmlns='" + nsPubSub + "#owner'><subscriptions node='" + r.node + "'><subscription jid='" + eve.Bare() + "' subscription='subscribed'/></subscriptions></pubsub>",
		"<pubsub xmlns='" + nsPubSub + "'><publish node='" + r.node + "'><item id='" + r.Bare() + "'><gone xmlns='" + ns + "'/></item></publish></pubsub>",
	} {
		if st, err := eve.Query(s.ctx, outpostService, "set", ask); err != nil || st.Type != "error" {
			s.t.Errorf("%s: %s, %v", ask, st.Raw, err)
		}
	}
	st, err := eve.Query(s.ctx, outpostService, "get", "<pubsub xmlns='"+nsPubSub+"'><items node='"+r.node+"'/></pubsub>")
	if err != nil || st.Type != "error" {
		s.t.Errorf("a stranger reads %s, %v", st.Raw, err)
	}
}

// A service that lets us make no nodes, as it is without more ado: everybody is
// told from the group.
func TestOutpostsForbidden(t *testing.T) {
	for _, name := range []string{"prosody", "ejabberd"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stage(t, pubsubServer(t, name, false), byPubSub)
			s.account("anna")
			anna := s.login("anna", "pc")
			team := s.group("team", roster.Settings{}, "anna")
			s.settle()
			s.subscribe(anna, team, "group", anna.Bare())
			if st := s.hears(anna, "<items", "full='true'"); st.From != team {
				t.Errorf("from %s: %s", st.From, st.Raw)
			}
		})
	}
}

// Another configuration and a restart move everybody: nobody misses anything,
// and nothing is left where it was.
func TestOutpostsMove(t *testing.T) {
	for _, name := range []string{"prosody", "ejabberd"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := pubsubServer(t, name, true)
			var kept roster.Store
			own := stage(t, server, func(c *component.ServiceConfig) { kept = c.Store })
			own.account("anna")
			anna := own.login("anna", "pc")
			team := own.group("team", roster.Settings{Title: "Team"}, "anna")
			own.settle()
			own.subscribe(anna, team, "group", anna.Bare())
			own.hears(anna, "<items", "full='true'")
			end(own)

			moved := stage(t, server, byPubSub, func(c *component.ServiceConfig) { c.Store = kept })
			st := moved.hears(anna, "<published ")
			var news struct {
				At struct {
					Node string `xml:"node,attr"`
				} `xml:"event>subscription>published"`
			}
			moved.check(xml.Unmarshal([]byte(st.Raw), &news))
			moved.settle()
			a := &reader{Client: anna, s: moved, node: news.At.Node}
			a.from = slices.IndexFunc(anna.Received(), func(x lab.Stanza) bool { return x.Raw == st.Raw })
			a.got("info", "1 of 1", "anna")
			end(moved)
			moved.hears(anna, "<delete")

			back := stage(t, server, func(c *component.ServiceConfig) { c.Store = kept })
			back.settle()
			if st := back.hears(anna, "<items", "full='true'"); st.From != team {
				t.Errorf("from %s: %s", st.From, st.Raw)
			}
		})
	}
}

// end is an orderly one of the service, which its store outlives.
func end(s *scene) {
	s.t.Helper()
	s.stop()
	<-s.ended
}

// Documents (PIDF) are items like any other; JSON, which tells all that changed
// at once, comes from the group, and who is moved is told so.
func TestOutpostsFormats(t *testing.T) {
	t.Parallel()
	s := stage(t, pubsubServer(t, "prosody", true), byPubSub)
	s.account("anna")
	anna := s.login("anna", "pc")
	team := s.group("team", roster.Settings{}, "anna")
	s.check(anna.FenceVia(s.ctx, team))
	s.settle()
	wants := func(format string) {
		t.Helper()
		st, err := anna.Query(s.ctx, team, "set", "<pubsub xmlns='"+nsPubSub+"'><options node='"+ns+"#presence' jid='"+anna.Bare()+"'><x xmlns='jabber:x:data' type='submit'>"+
			"<field var='FORM_TYPE'><value>"+nsPubSub+"#subscribe_options</value></field><field var='{"+ns+"}format'><value>"+format+"</value></field></x></options></pubsub>")
		if s.check(err); st.Type != "result" {
			t.Fatal(st.Raw)
		}
	}
	from := func(jid string, words ...string) {
		t.Helper()
		if st := s.hears(anna, append(words, "<item ", anna.Bare())...); st.From != jid {
			t.Errorf("from %s: %s", st.From, st.Raw)
		}
	}
	s.subscribe(anna, team, "presence", anna.Bare())
	from(outpostService, "<member ", "<presence")
	wants("json")
	from(team, "<json ", "full")
	wants("pidf")
	s.hears(anna, "<published ")
	from(outpostService, "urn:ietf:params:xml:ns:pidf", "<basic>open</basic>")
	s.check(anna.Send("<presence><show>dnd</show></presence>"))
	from(outpostService, "urn:ietf:params:xml:ns:pidf", "dnd")
	wants("")
	from(outpostService, "<member ", "<show>dnd</show>")
}
