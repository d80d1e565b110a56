package component

import (
	"context"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/avatar"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// The people of the worlds. All but mallory and eve are members of team; mallory
// may watch it, eve may not even know of it.
const (
	calendar = "calendar@bots.example.org" // speaks for who lets it

	alice, bob, carol, dora = "alice@example.org", "bob@example.org", "carol@example.org", "dora@example.org"
	mallory, eve            = "mallory@elsewhere.example", "eve@elsewhere.example"
)

// secret is something that some may not find out. Where eve is one of them
// everybody looks for groups that he may not know of as well.
type secret struct {
	what      string
	from      []string         // who may not; "admin" is what the command line shows
	is, isNot func(*leakWorld) // isNot: nil is nothing
}

func nothing(*leakWorld) {}

var secrets = []secret{
	{"how dora is, who shows that she is there", []string{bob, mallory, "admin"},
		func(w *leakWorld) { w.appears(dora, "desk", "<show>dnd</show><status>dentist</status>") }, nil},
	{"where dora is", []string{bob, mallory, "admin"},
		func(w *leakWorld) {
			w.appears(dora, "home", "<priority>1</priority>")
			w.appears(dora, "home", "<show>xa</show><status>out</status>")
		}, nil},
	{"what dora listens to, and where she is", []string{bob, mallory, "admin"},
		func(w *leakWorld) {
			w.publishes(dora, "tune", "<title>Elegy</title>")
			w.publishes(dora, "geoloc", "<text>at the dentist's</text>")
		}, nil},
	{"what dora is willing to do", []string{bob, mallory, "admin"},
		func(w *leakWorld) { w.willing(dora, "<willing app='voice' value='no'/><willing value='yes'/>") }, nil},
	{"what alice is willing to do, who hides", []string{bob, "admin"},
		func(w *leakWorld) {
			w.willing(alice, "<willing app='voice' value='no'/>")
			w.publishes(alice, "willing", "<willing app='chat' value='no' until='2026-01-01T12:30:00Z'/>")
		}, nil},
	{"what dora's calendar says for her", []string{bob, mallory, "admin"},
		func(w *leakWorld) {
			w.trusts(dora, calendar)
			w.says(calendar, "<iq type='set' id='set' TO><report xmlns='urn:xmpp:tmp:group-presence:0' for='"+dora+"' until='2026-01-01T20:00:00Z'><willing value='no'/>"+
				"<status>In a meeting</status><activity xmlns='http://jabber.org/protocol/activity'><working/></activity></report></iq>")
		}, func(w *leakWorld) { w.trusts(dora, calendar) }},
	{"whom dora lets speak for her", []string{bob, mallory, eve},
		func(w *leakWorld) { w.trusts(dora, calendar) }, nil},
	{"what dora speaks and likes, what time it is where she is, and what she looks like", []string{bob, mallory, "admin"},
		func(w *leakWorld) {
			w.from(dora, "<message type='headline' to='team@groups.example.org/group'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='urn:xmpp:vcard4'>"+
				"<item id='current'><vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><lang><language-tag>de</language-tag></lang><hobby><text>chess</text></hobby></vcard></item></items></event></message>")
			w.appears(dora, "desk", "<x xmlns='vcard-temp:x:update'><photo>357a8123a30844a3aa99861b6349264ba67a5694</photo></x>")
			w.s.Roster.Loaded([]byte("team")).HearItem(dora, policy.Timezone, []byte("<timezone>+05:45</timezone>"))
		}, nil},
	{"how dora's devices are connected, and what they can do", []string{bob, mallory, "admin"},
		func(w *leakWorld) {
			w.says(dora, "<iq type='set' id='set' TO><connection xmlns='urn:xmpp:tmp:group-presence:0' jid='"+dora+"/desk' state='interrupted'/></iq>")
			w.s.Roster.Loaded([]byte("team")).HearCapabilities(dora, "desk", roster.NewCapabilities([]roster.Identity{{Category: "client", Type: "pc"}}, roster.Audio))
		}, nil},
	{"in which languages dora says how she is", []string{bob, mallory, "admin"},
		func(w *leakWorld) {
			w.appears(dora, "desk", "<status>out</status><status xml:lang='de'>unterwegs</status>")
		}, nil},
	{"which of dora's devices speaks for her", []string{bob, mallory},
		func(w *leakWorld) {
			w.says(dora, "<iq type='set' id='set' TO><combination xmlns='urn:xmpp:tmp:group-presence:0' by='recent'/></iq>")
		}, nil},
	{"how exactly dora lets others see where she is", []string{bob, mallory},
		func(w *leakWorld) {
			w.says(dora, "<iq type='set' id='set' TO><location xmlns='urn:xmpp:tmp:group-presence:0' precision='country'/></iq>")
		}, nil},
	{"how alice feels, who hides", []string{bob, "admin"},
		func(w *leakWorld) { w.publishes(alice, "mood", "<sad/>") },
		func(w *leakWorld) { w.publishes(alice, "mood", "<calm/>") }},
	{"that alice is there, who hides", []string{bob, "admin"},
		func(w *leakWorld) { w.appears(alice, "phone", "<show>chat</show><status>hello</status>") },
		func(w *leakWorld) { w.leaves(alice, "phone") }},
	{"that carol is there, whom they may not see", []string{bob, mallory, "admin"},
		func(w *leakWorld) { w.appears(carol, "phone", "<show>away</show>") }, nil},
	{"that carol gives the group her presence", []string{bob, mallory},
		func(w *leakWorld) { w.says(carol, "<presence type='unsubscribed' TO/>") }, nil},
	{"whom alice hides from", []string{bob, mallory},
		func(w *leakWorld) { w.authorizes(alice, carol) }, func(w *leakWorld) { w.authorizes(alice, dora) }},
	{"what carol watches", []string{bob, mallory},
		func(w *leakWorld) { w.subscribes(carol, "presence", "dora@example.org") }, nil},
	{"that carol watches", []string{bob, mallory},
		func(w *leakWorld) {
			w.says(carol, "<iq type='set' id='set' TO><pubsub xmlns='http://jabber.org/protocol/pubsub'><subscribe node='urn:xmpp:tmp:group-presence:0#group' jid='"+carol+"'/></pubsub></iq>")
		}, nil},
	{"what carol wants", []string{bob, mallory},
		func(w *leakWorld) { w.subscribes(carol, "group", "dora@example.org") },
		func(w *leakWorld) { w.subscribes(carol, "group", "bob@example.org") }},
	{"that carol has the group as a contact", []string{bob, mallory, "admin"},
		func(w *leakWorld) { w.says(carol, "<presence type='subscribe' TO/>") }, nil},
	{"that carol is an admin", []string{bob, mallory},
		func(w *leakWorld) { w.updates(carol, func(m *roster.MemberRecord) { m.Affiliation = roster.Admin }) }, nil},
	{"what carol does", []string{mallory},
		func(w *leakWorld) {
			w.updates(carol, func(m *roster.MemberRecord) { m.Nick, m.Roles = "Caro", []string{"lead"} })
		}, nil},
	{"who else is a member", []string{mallory},
		func(w *leakWorld) {
			w.must(w.s.Roster.AddMembers(context.Background(), "team", roster.MemberRecord{JID: "zoe@example.org", Affiliation: roster.Plain, Ask: roster.Granted}))
		}, nil},
	{"who is invited", []string{bob, mallory},
		func(w *leakWorld) {
			w.must(w.s.Roster.Loaded([]byte("team")).Invite(context.Background(), "", "zoe@example.org"))
		}, nil},
	{"who is kept out", []string{bob, mallory, eve},
		func(w *leakWorld) {
			w.must(w.s.Roster.Loaded([]byte("team")).Ban(context.Background(), "", "zoe@example.org"))
		}, nil},
	{"that there is a group", []string{bob, mallory, eve},
		func(w *leakWorld) {
			w.must(w.s.Roster.CreateGroup(context.Background(), &roster.GroupRecord{Name: "quiet", Members: []roster.MemberRecord{{JID: dora, Affiliation: roster.Plain}}}))
		}, nil},
	{"what its phone and its picture are", []string{mallory, eve},
		func(w *leakWorld) {
			w.must(w.s.Roster.UpdateGroup(context.Background(), "team", func(s *roster.Settings) error {
				s.Attributes = []roster.Attribute{{Name: "phone", Value: "123"}}
				s.Avatar = string(avatar.Default("other@example.org", "Other"))
				return nil
			}))
		}, nil},
	{"what the group is like", []string{eve},
		func(w *leakWorld) {
			w.must(w.s.Roster.UpdateGroup(context.Background(), "team", func(s *roster.Settings) error {
				s.Title, s.Payload = "Bank robbers", roster.Combined
				return nil
			}))
		}, nil},
}

// authorizes lets everybody see alice but bob and some others; outsiders see
// nothing of her.
func (w *leakWorld) authorizes(jid string, hide ...string) {
	w.rules(jid, "jid:"+strings.Join(append([]string{bob}, hide...), " jid:"), "<rule who='members' attributes='all'/>")
}

func (w *leakWorld) rules(jid, hide, rules string) {
	if hide != "" {
		hide = " hide='" + hide + "'"
	}
	w.says(jid, "<iq type='set' id='set' TO><authorization xmlns='urn:xmpp:tmp:group-presence:0'"+hide+">"+rules+"</authorization></iq>")
}

func (w *leakWorld) appears(jid, device, inner string) {
	w.from(jid+"/"+device, "<presence to='team@groups.example.org'>"+inner+"</presence>")
}

// publishes is an event of jid's server.
func (w *leakWorld) publishes(jid, what, inner string) {
	node := "http://jabber.org/protocol/" + what
	if what == "willing" {
		node = "urn:xmpp:tmp:group-presence:0#willing"
	}
	w.from(jid, "<message type='headline' to='team@groups.example.org/group'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='"+node+"'>"+
		"<item id='current'><"+what+" xmlns='"+strings.TrimSuffix(node, "#willing")+"'>"+inner+"</"+what+"></item></items></event></message>")
}

func (w *leakWorld) willing(jid, inner string) {
	w.says(jid, "<iq type='set' id='set' TO><willing xmlns='urn:xmpp:tmp:group-presence:0'>"+inner+"</willing></iq>")
}

func (w *leakWorld) trusts(jid, bot string) {
	w.says(jid, "<iq type='set' id='set' TO><trust xmlns='urn:xmpp:tmp:group-presence:0'><bot jid='"+bot+"'/></trust></iq>")
}

// asks looks at what jid's server is asked for: what he lets somebody see, and
// nothing else. Bob lets the members see what the group proposes, the others let
// alice see all, but for who refuses, of whom only
// his policy is wanted; a stranger is asked for nothing.
func (w *leakWorld) asks(jid, caps string) {
	w.put(jid, "asks", "", caps)
	want := policy.Mask(0)
	switch jid {
	case bob:
		want = policy.Enrolled | policy.All&^(policy.Location|policy.Addresses)
	case alice, carol, dora:
		if want = policy.Enrolled; slices.Contains(w.s.Roster.Loaded([]byte("team")).Granted(), jid) {
			want |= policy.All
		}
	}
	if caps != "" && caps != string(pubsub.AppendCaps(nil, want)) {
		w.t.Errorf("face asks leaks to %s: %s", jid, caps)
	}
}

func (w *leakWorld) leaves(jid, device string) {
	w.from(jid+"/"+device, "<presence type='unavailable' to='team@groups.example.org'/>")
}

func (w *leakWorld) subscribes(jid, node, only string) {
	w.says(jid, "<iq type='set' id='set' TO><pubsub xmlns='http://jabber.org/protocol/pubsub'><subscribe node='urn:xmpp:tmp:group-presence:0#"+node+"' jid='"+jid+"'/><options>"+
		"<x xmlns='jabber:x:data' type='submit'><field var='{urn:xmpp:tmp:group-presence:0}members'><value>"+only+"</value></field></x></options></pubsub></iq>")
}

func (w *leakWorld) updates(jid string, change func(*roster.MemberRecord)) {
	w.must(w.s.Roster.UpdateMember(context.Background(), "team", jid, func(m *roster.MemberRecord) error {
		change(m)
		return nil
	}))
}

// chats are what can be said to a group, or to the service.
var chats = []string{"help", "who", "explain carol@example.org", "explain mallory@elsewhere.example", "watchers", "authorize", "receive", "agree",
	"configure", "groups", "mine", "help who", "help share", "nick", "invite", "approve", "member", "remove zoe@example.org", "create", "nonsense",
	"search team", "search quiet", "tell all: x", "tell x", "tell willing: x", "tell role lead: x", "willing", "trust"}

// requests are what can be asked: the face of the answer, the type, the
// payload. NODE is each node in turn.
var requests = [][3]string{
	{"error", "set", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><subscribe node='urn:xmpp:tmp:group-presence:0#NODE' jid='ME'/></pubsub>"},
	{"items", "get", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:tmp:group-presence:0#NODE'/></pubsub>"},
	{"items", "get", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:tmp:group-presence:0#NODE'/><set xmlns='http://jabber.org/protocol/rsm'><max>1</max></set></pubsub>"},
	{"items", "get", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:tmp:group-presence:0#NODE'><item id='carol@example.org'/><item id='zoe@example.org'/></items></pubsub>"},
	{"since", "get", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:tmp:group-presence:0#group'/><since xmlns='urn:xmpp:tmp:group-presence:0' state='TOKEN'/></pubsub>"},
	{"subscriptions", "get", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><subscriptions/></pubsub>"},
	{"affiliations", "get", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><affiliations/></pubsub>"},
	{"options", "get", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><options node='urn:xmpp:tmp:group-presence:0#NODE' jid='ME'/></pubsub>"},
	{"options", "get", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><options node='urn:xmpp:tmp:group-presence:0#NODE' jid='carol@example.org'/></pubsub>"},
	{"options", "get", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><default/></pubsub>"},
	{"authorization", "get", "<authorization xmlns='urn:xmpp:tmp:group-presence:0'/>"},
	{"error", "set", "<authorization xmlns='urn:xmpp:tmp:group-presence:0'><rule who='members' attributes='shoe'/></authorization>"},
	{"error", "set", "<authorization xmlns='urn:xmpp:tmp:group-presence:0' agree='x'/>"},
	{"willing", "get", "<willing xmlns='urn:xmpp:tmp:group-presence:0'/>"},
	{"willing", "get", "<trust xmlns='urn:xmpp:tmp:group-presence:0'/>"},
	{"error", "set", "<willing xmlns='urn:xmpp:tmp:group-presence:0' app='x'/>"},
	{"error", "set", "<trust xmlns='urn:xmpp:tmp:group-presence:0'/>"},
	{"error", "set", "<report xmlns='urn:xmpp:tmp:group-presence:0' for='carol@example.org' until='2026-01-01T20:00:00Z'><status>x</status></report>"},
	{"error", "set", "<report xmlns='urn:xmpp:tmp:group-presence:0' for='zoe@example.org'/>"},
	{"disco", "get", "<query xmlns='http://jabber.org/protocol/disco#info'/>"},
	{"disco", "get", "<query xmlns='http://jabber.org/protocol/disco#info' node='urn:xmpp:tmp:group-presence:0#NODE'/>"},
	{"disco", "get", "<query xmlns='http://jabber.org/protocol/disco#items'/>"},
	{"disco", "get", "<query xmlns='http://jabber.org/protocol/disco#items' node='urn:xmpp:tmp:group-presence:0#NODE'/>"},
	{"error", "set", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:xmpp:tmp:group-presence:0#NODE'/></pubsub>"},
	{"error", "set", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><create node='x'/></pubsub>"},
	{"error", "set", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><unsubscribe node='urn:xmpp:tmp:group-presence:0#presence' jid='carol@example.org'/></pubsub>"},
	{"error", "get", "<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'><subscriptions node='urn:xmpp:tmp:group-presence:0#NODE'/></pubsub>"},
	{"error", "get", "<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'><affiliations node='urn:xmpp:tmp:group-presence:0#NODE'/></pubsub>"},
	{"error", "get", "<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'><configure node='urn:xmpp:tmp:group-presence:0#NODE'/></pubsub>"},
	{"error", "set", "<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'><delete node='urn:xmpp:tmp:group-presence:0#NODE'/></pubsub>"},
	{"error", "get", "<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'><default/></pubsub>"},
	{"command", "set", "<command xmlns='http://jabber.org/protocol/commands' node='http://jabber.org/protocol/pubsub#get-pending'/>"},
	{"command", "get", "<query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'/>"},
	{"command", "set", "<command xmlns='http://jabber.org/protocol/commands' node='urn:xmpp:tmp:group-presence:0#WORD'/>"},
	{"command", "set", "<command xmlns='http://jabber.org/protocol/commands' node='urn:xmpp:tmp:group-presence:0#explain'>" +
		"<x xmlns='jabber:x:data' type='submit'><field var='jid'><value>carol@example.org</value></field></x></command>"},
	{"tell", "set", "<command xmlns='http://jabber.org/protocol/commands' node='urn:xmpp:tmp:group-presence:0#tell'>" +
		"<x xmlns='jabber:x:data' type='submit'><field var='text'><value>x</value></field></x></command>"},
	{"command", "get", "<query xmlns='jabber:iq:register'/>"},
	{"error", "set", "<query xmlns='jabber:iq:register'><nick/><remove/></query>"},
	{"error", "get", "<query xmlns='jabber:iq:version'/>"},
	{"error", "get", "<ping xmlns='urn:xmpp:ping'/>"},
	{"profile", "get", "<vCard xmlns='vcard-temp'/>"},
	{"error", "set", "<vCard xmlns='vcard-temp'/>"},
	{"profile", "get", "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/>"},
	{"profile", "get", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:vcard4'/></pubsub>"},
	{"profile", "get", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:avatar:metadata'/></pubsub>"},
	{"profile", "get", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:avatar:data'/></pubsub>"},
	{"profile", "get", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='http://jabber.org/protocol/nick'/></pubsub>"},
	{"disco", "get", "<query xmlns='http://jabber.org/protocol/disco#info' node='urn:xmpp:vcard4'/>"},
	{"error", "set", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><subscribe node='urn:xmpp:vcard4' jid='ME'/></pubsub>"},
	{"last", "get", "<query xmlns='jabber:iq:last'/>"},
	{"error", "get", "<time xmlns='urn:xmpp:time'/>"},
}
