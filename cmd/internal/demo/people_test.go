package demo

import (
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/watch"
)

const testGroup = "team@groups.example.org"

func bareOf(user string) string { return user + "@example.org" }

// two is an account of two people, and what a subscriber of each node
// receives of them.
func two() *people {
	p := &people{phone: "123"}
	p.add(&person{user: "bo", nick: "Bo", roles: []string{"ops"}, title: "Helpdesk"})
	p.add(&person{user: "anna", nick: "Anna", roles: []string{"lead"}, title: "Shift lead"})
	anna := p.of("anna")
	anna.show, anna.status, anna.idle, anna.devices["laptop"] = watch.Away, "Tea", true, watch.Away
	return p
}

const (
	basicOf    = ` nick='Anna' roles='lead'><attribute name='title'>Shift lead</attribute>`
	presenceOf = `<presence xmlns='jabber:client'><show>away</show><status>Tea</status></presence><device name='laptop' show='away' connection='on'/><idle xmlns='urn:xmpp:idle:1' since='2026-01-01T11:51:00Z'/>`
	annaItem   = `<item id='anna@example.org'><member xmlns='urn:xmpp:tmp:group-presence:0' jid='anna@example.org'`
	boItem     = `<item id='bo@example.org'><member xmlns='urn:xmpp:tmp:group-presence:0' jid='bo@example.org'`
	off        = `<presence xmlns='jabber:client' type='unavailable'/>`
	boBasic    = ` nick='Bo' roles='ops'><attribute name='title'>Helpdesk</attribute>`
	end        = `</member></item>`
)

var received = map[string]string{
	watch.NodeGroup: `<item id='info'><info xmlns='urn:xmpp:tmp:group-presence:0'><name>Team</name><attribute name='phone'>123</attribute></info></item>` +
		`<item id='summary'><summary xmlns='urn:xmpp:tmp:group-presence:0' members='2' available='1' chat='0' away='1' xa='0' dnd='0'/></item>` +
		annaItem + basicOf + presenceOf + end + boItem + boBasic + off + end,
	watch.NodePresence: annaItem + ">" + presenceOf + end + boItem + ">" + off + end,
	watch.NodeMembers:  annaItem + basicOf + end + boItem + boBasic + end,
}

// hears gives a seat the whole state, and the contact.
func hears(node, items, contact string) *seat {
	s := newSeat("anna", "laptop", testGroup, node)
	s.take([]byte("<message from='" + testGroup + "'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='" + node + "'>" + items +
		"</items></event><state xmlns='urn:xmpp:tmp:group-presence:0' to='1' full='true'/></message>"))
	s.take([]byte("<presence from='" + testGroup + "/group'>" + contact + "</presence>"))
	return s
}

const rightContact = "<show>away</show><status>1 of 2 available: Anna</status>"

func TestDiffersNot(t *testing.T) {
	p := two()
	for node, items := range received {
		if d := p.differs(hears(node, items, rightContact), bareOf); d != "" {
			t.Errorf("%s: %s", node, d)
		}
	}
	s := hears(watch.NodeGroup, received[watch.NodeGroup], rightContact)
	if p.differsIn(s, bareOf, []string{"anna", "bo", "fay"}) {
		t.Error("the rows differ")
	}
}

// Whatever is wrong at a subscriber is found: a verdict that cannot be "no" is
// worth nothing.
func TestDiffers(t *testing.T) {
	for name, test := range map[string]struct{ node, old, new string }{
		"show":            {watch.NodeGroup, "<show>away</show>", "<show>xa</show>"},
		"no show":         {watch.NodePresence, "<show>away</show>", ""},
		"status":          {watch.NodePresence, "Tea", "Coffee"},
		"status left":     {watch.NodeGroup, "<status>Tea</status>", ""},
		"idle":            {watch.NodeGroup, "<idle xmlns='urn:xmpp:idle:1' since='2026-01-01T11:51:00Z'/>", ""},
		"device":          {watch.NodePresence, "name='laptop'", "name='phone'"},
		"device's show":   {watch.NodePresence, "show='away' ", ""},
		"devices":         {watch.NodeGroup, "<device name='laptop' show='away' connection='on'/>", ""},
		"available":       {watch.NodeGroup, off, "<presence xmlns='jabber:client'/>"},
		"nick":            {watch.NodeMembers, "nick='Bo'", "nick='Bob'"},
		"roles":           {watch.NodeMembers, "roles='ops'", "roles='ops dev'"},
		"title":           {watch.NodeGroup, "Shift lead", "Boss"},
		"missing":         {watch.NodeMembers, boItem + boBasic + end, ""},
		"stranger":        {watch.NodePresence, boItem, strings.Replace(boItem, "bo@", "eve@", 1)},
		"one more":        {watch.NodeMembers, boItem, strings.ReplaceAll(boItem, "bo@", "zoe@") + ">" + end + boItem},
		"basic too much":  {watch.NodePresence, boItem + ">", boItem + " nick='Bo'>"},
		"presence leaked": {watch.NodeMembers, boBasic, boBasic + off},
		"counts":          {watch.NodeGroup, "away='1'", "away='0'"},
		"phone":           {watch.NodeGroup, ">123<", ">456<"},
	} {
		items := strings.Replace(received[test.node], test.old, test.new, 1)
		if items == received[test.node] {
			t.Fatalf("%s: nothing is changed", name)
		}
		if two().differs(hears(test.node, items, rightContact), bareOf) == "" {
			t.Errorf("%s: not found", name)
		}
	}
	for _, wrong := range []string{"", "<show>away</show><status>1 of 2 available: Bo</status>", "<status>1 of 2 available: Anna</status>"} {
		if two().differs(hears(watch.NodeMembers, received[watch.NodeMembers], wrong), bareOf) == "" {
			t.Errorf("contact %q: not found", wrong)
		}
	}
	s := hears(watch.NodeGroup, received[watch.NodeGroup], rightContact)
	s.take([]byte("<message from='" + testGroup + "'><event xmlns='http://jabber.org/protocol/pubsub#event'><items"))
	if two().differs(s, bareOf) == "" {
		t.Error("nonsense: not found")
	}
}

func TestDiffersIn(t *testing.T) {
	s := hears(watch.NodeGroup, strings.Replace(received[watch.NodeGroup], ">Tea<", ">Coffee<", 1), "")
	p := two()
	if p.differsIn(s, bareOf, []string{"bo"}) || !p.differsIn(s, bareOf, []string{"anna"}) {
		t.Error("the wrong rows count")
	}
	p.remove("bo")
	if !p.differsIn(s, bareOf, []string{"bo"}) {
		t.Error("a member too many is not seen")
	}
}

// What idle events and gaps are counted as.
func TestTally(t *testing.T) {
	s := hears(watch.NodePresence, received[watch.NodePresence], rightContact)
	event := func(items, state string) {
		s.take([]byte("<message from='" + testGroup + "'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='" + watch.NodePresence + "'>" +
			items + "</items></event><state xmlns='urn:xmpp:tmp:group-presence:0' " + state + "/></message>"))
	}
	event(boItem+"><presence xmlns='jabber:client'/>"+end, "from='1' to='2'")
	event(boItem+"><presence xmlns='jabber:client'/>"+end, "from='2' to='3'") // changes nothing
	event(boItem+"><presence xmlns='jabber:client'/>"+end, "from='2' to='3'") // is known
	if s.tally != (tally{events: 4, idle: 1}) {
		t.Errorf("%+v", s.tally)
	}
	event(boItem+">"+off+end, "from='4' to='5'")
	if s.tally != (tally{events: 5, idle: 1, gaps: 1}) {
		t.Errorf("%+v", s.tally)
	}
	if diffs, info := s.news(); len(diffs) != 4 || info != nil {
		t.Errorf("news: %v, %v", diffs, info)
	}
}

// The day is told of people who exist, and leaves them as life expects.
func TestDay(t *testing.T) {
	p := &people{}
	for _, m := range cast() {
		p.add(&m.person)
	}
	play := func(steps []step) {
		t.Helper()
		for i, s := range steps {
			before := p
			p = before.clone()
			for _, o := range s.then {
				o.change(p)
			}
			for _, a := range s.acts {
				a.plan(p)
			}
			if i > 0 && s.at != "" && s.at < steps[i-1].at {
				t.Errorf("%s comes behind %s", s.at, steps[i-1].at)
			}
			for _, m := range p.members {
				if (m.show == watch.Offline) != (len(m.devices) == 0) {
					t.Errorf("%s %s: %s is %s with %v", s.at, s.text, m.user, m.show, m.devices)
				}
			}
		}
	}
	play(prologue())
	play(day())
	evening := p.line()
	looks := make(map[string]string)
	for _, m := range p.members {
		looks[m.user] = m.look(watch.NodeGroup, false)
	}
	play(life())
	for _, m := range p.members {
		if looks[m.user] != m.look(watch.NodeGroup, false) {
			t.Errorf("life leaves %s, found %s", m.look(watch.NodeGroup, false), looks[m.user])
		}
	}
	if evening != "5 of 6 available: Anna, Bo, Cy, Dee, Eli" {
		t.Error(evening)
	}
}
