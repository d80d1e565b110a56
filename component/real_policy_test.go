package component_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// All policies at once, on real servers, with every byte that each client is
// sent. Each secret is a word that stands in one place only: in a status, or
// in a device's name. Who may not see it never gets it, over changes of every
// policy, a broken link and a return from being offline.
func TestSecretsStayWhereTheyBelong(t *testing.T) {
	for _, name := range []string{"prosody", "ejabberd"} {
		t.Run(name, func(t *testing.T) { secretsStay(t, house.Server(t, name)) })
	}
}

// secretScene is a group of alice (lead), bob, carol (lead) and dan, and the
// outsider mallory, who may watch.
type secretScene struct {
	*scene
	team  string
	all   map[string]*lab.Client
	knows map[string]map[string]bool // secret → who may see it
	n     int
}

func secretsStay(t *testing.T, server lab.Server) {
	s := &secretScene{scene: stage(t, server), all: map[string]*lab.Client{}, knows: map[string]map[string]bool{}}
	for _, u := range []string{"alice", "bob", "carol", "dan", "mallory"} {
		s.account(u)
		s.all[u] = s.login(u, "pc")
	}
	s.team = s.group("team", roster.Settings{Title: "Team"}, "alice", "bob", "carol", "dan")
	for _, u := range []string{"alice", "carol"} {
		s.check(s.Roster.UpdateMember(s.ctx, "team"+s.suffix, s.all[u].Bare(), func(m *roster.MemberRecord) error {
			m.Roles = []string{"lead"}
			return nil
		}))
	}
	s.policy("watch members", "watch jid:"+s.all["mallory"].Bare())
	s.calm()
	for _, u := range []string{"alice", "bob", "carol", "dan", "mallory"} {
		s.subscribe(s.all[u], s.team, "group", s.all[u].Bare())
		s.check(s.all[u].Send("<presence type='subscribe' to='" + s.team + "'/>"))
	}
	s.calm()

	s.says("alice", "members by default", "alice bob carol dan")
	s.authorizes("alice", "", "<rule who='members' attributes='availability'/><rule who='role:lead' attributes='availability status devices'/>")
	s.says("alice", "leads", "alice carol")
	s.device("alice", "device for leads", "alice carol")
	s.authorizes("alice", "hide='jid:"+s.all["carol"].Bare()+"'", "<rule who='members' attributes='availability status devices'/>")
	s.says("alice", "hidden from carol", "alice bob dan")
	s.receives("dan", "availability")
	s.says("alice", "dan wants no status", "alice bob")
	s.device("alice", "no devices for dan", "alice bob")
	s.authorizes("alice", "", "<rule who='everyone' attributes='availability status'/>")
	s.says("alice", "everyone", "alice bob carol mallory")
	s.device("alice", "device for nobody", "")

	s.policy("watch members", "watch jid:"+s.all["mallory"].Bare(), "collect availability show")
	s.says("alice", "not collected", "")
	s.policy("watch role:lead", "basic role:lead")
	s.says("alice", "only leads watch", "alice carol")
	s.policy("watch members", "default members: availability", "default role:lead: availability status")
	s.says("bob", "the default to leads", "alice carol")
	s.policy("watch members", "default members: availability status")
	s.says("bob", "not agreed to so still leads", "alice carol")

	// At her server, and while the link is down.
	s.publishes("alice", "<rule who='role:lead' attributes='availability status'/>")
	s.says("alice", "leads by her server", "alice carol")
	release := s.wire.hold()
	s.wire.cut()
	s.publishes("alice", "<rule who='members' attributes='availability'/>")
	s.secret("alice", "<status>%s</status>", "said while the link was down", "")
	release()
	s.calm()
	s.publishes("alice", "<rule who='members' attributes='availability'/>")
	s.check(s.all["alice"].Send("<presence type='unavailable'/>"))
	s.calm()
	s.says("alice", "back from being offline", "")

	s.judge()
}

// calm waits until everybody has heard everything.
func (s *secretScene) calm() {
	s.t.Helper()
	for _, c := range s.all {
		s.check(c.Fence(s.ctx))
	}
	s.check(s.all["alice"].FenceVia(s.ctx, s.server.ComponentDomain()))
	s.settle()
	for _, c := range s.all {
		s.check(c.FenceVia(s.ctx, s.server.ComponentDomain()))
	}
}

func (s *secretScene) policy(lines ...string) {
	s.t.Helper()
	s.check(s.Roster.SetPolicy(s.ctx, "team"+s.suffix, "", strings.Join(lines, "\n")))
	s.calm()
}

func (s *secretScene) query(who, to, payload string) {
	s.t.Helper()
	got, err := s.all[who].Query(s.ctx, to, "set", payload)
	s.check(err)
	if got.Type != "result" {
		s.t.Fatalf("%s is refused %s: %s", who, payload, got.Raw)
	}
}

func (s *secretScene) authorizes(who, attrs, rules string) {
	s.t.Helper()
	s.query(who, s.team, "<authorization xmlns='"+ns+"' "+attrs+">"+rules+"</authorization>")
	s.calm()
}

func (s *secretScene) receives(who, attributes string) {
	s.t.Helper()
	s.query(who, s.team, fmt.Sprintf("<pubsub xmlns='%s'><options node='%s#group' jid=%s><x xmlns='jabber:x:data' type='submit'>"+
		"<field var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub#subscribe_options</value></field>"+
		"<field var='{%s}attributes'><value>%s</value></field></x></options></pubsub>", nsPubSub, ns, lab.Attr(s.all[who].Bare()), ns, attributes))
	s.calm()
}

// publishes keeps a policy at who's server. What follows may be said before
// the group has heard of it only if it is offline to it.
func (s *secretScene) publishes(who, rules string) {
	s.t.Helper()
	s.query(who, "", fmt.Sprintf("<pubsub xmlns='%s'><publish node='%s#authorization'><item id='current'><authorization xmlns='%s'>%s</authorization></item></publish>"+
		"<publish-options><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/pubsub#publish-options</value></field>"+
		"<field var='pubsub#access_model'><value>presence</value></field></x></publish-options></pubsub>", nsPubSub, ns, ns, rules))
	s.check(s.all[who].Fence(s.ctx))
}

// secret has who send a presence with a new word in it, that only these may get.
func (s *secretScene) secret(who, form, what, knows string) string {
	s.t.Helper()
	s.n++
	word := fmt.Sprintf("SECRET%02d-%s", s.n, strings.ReplaceAll(what, " ", "-"))
	s.knows[word] = map[string]bool{}
	for _, k := range strings.Fields(knows) {
		s.knows[word][k] = true
	}
	if form != "" {
		s.check(s.all[who].Send("<presence>" + fmt.Sprintf(form, lab.Text(word)) + "</presence>"))
	}
	return word
}

func (s *secretScene) says(who, what, knows string) {
	s.t.Helper()
	s.secret(who, "<status>%s</status>", what, knows)
	s.calm()
	s.check(s.all[who].Send("<presence/>")) // a looser policy shows what stands
	s.calm()
}

// device has who come and go with another device, whose name is the secret.
func (s *secretScene) device(who, what, knows string) {
	s.t.Helper()
	c := s.login(who, s.secret(who, "", what, knows))
	s.calm()
	s.check(c.Close())
	s.calm()
}

var secretWord = regexp.MustCompile(`SECRET\d\d-[a-z-]+`)

// judge looks at every byte that everybody was sent by the group. Who may see
// a secret must have: else the test would prove nothing.
func (s *secretScene) judge() {
	s.t.Helper()
	for who, c := range s.all {
		got := map[string]bool{}
		for _, st := range c.Received() {
			if bare, _, _ := strings.Cut(st.From, "/"); bare != s.team || st.Type == "error" {
				continue // his own account, and what comes back, speak of himself
			}
			for _, word := range secretWord.FindAllString(st.Raw, -1) {
				if !s.knows[word][who] && !got[word] {
					s.t.Errorf("%s received %s:\n%.600s", who, word, st.Raw)
				}
				got[word] = true
			}
		}
		for word, knows := range s.knows {
			if knows[who] && !got[word] {
				s.t.Errorf("%s did not receive %s", who, word)
			}
		}
	}
}
