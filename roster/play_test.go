package roster_test

import (
	"context"
	"slices"
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// What the plays have in common: a group of people called by their first
// names, and a word for each thing they do. The stage compares the content
// of every stanza with the model; a play only says who is told, and when.

func TestEverydayLife(t *testing.T) {
	s := play(t, team("ann", "bob", "cid"))
	s.subscribes("bob", roster.NodeGroup)
	s.subscribes("cid", roster.NodePresence)
	s.says("bob group full: info summary ann bob cid", "cid presence full: ann bob cid")
	s.comes("ann", "desk", roster.Online, "")
	s.says("bob group: summary ann", "cid presence: ann")
	s.comes("ann", "desk", roster.Online, "at lunch")
	s.says("bob group: ann", "cid presence: ann")
	s.comes("ann", "desk", roster.Online, "at lunch")
	s.says()
	s.do(op{kind: "remove", jid: at("ann")})
	s.says("bob group: summary -ann", "cid presence: -ann")
}

func TestManyChangesAreToldOnce(t *testing.T) {
	s := play(t, team("ann", "bob"))
	s.subscribes("bob", roster.NodePresence)
	s.says("bob presence full: ann bob")
	for _, text := range []string{"1", "2", "3"} {
		s.comes("ann", "desk", roster.Away, text)
		s.comes("bob", "desk", roster.Chat, text)
	}
	s.says("bob presence: ann bob")
}

func TestHiddenFlapping(t *testing.T) {
	s := play(t, team("ann", "bob", "cid"))
	s.subscribes("bob", roster.NodeGroup)
	s.subscribes("cid", roster.NodePresence)
	s.comes("ann", "desk", roster.Online, "")
	s.says("bob group full: info summary ann bob cid", "cid presence full: ann bob cid")
	s.hides("ann", "bob")
	s.says("bob group: summary ann")
	s.comes("ann", "desk", roster.Away, "not for bob")
	s.leaves("ann", "desk")
	s.says("cid presence: ann")
	s.hides("ann") // offline: it looks the same
	s.says()
	s.hides("ann", "bob")
	s.comes("ann", "desk", roster.DND, "")
	s.says("cid presence: ann")
	s.leaves("ann", "desk")
	s.hides("ann")
	s.says("cid presence: ann")
	s.comes("ann", "desk", roster.Online, "")
	s.says("bob group: summary ann", "cid presence: ann")
}

func TestCountedButNotNamed(t *testing.T) {
	rec := team("ann", "bob")
	rec.Subscriptions = []roster.SubscriptionRecord{{ID: "1", Node: "group", JID: "eve@b.example", Owner: "eve@b.example"},
		{ID: "2", Node: "presence", JID: "eve@b.example", Owner: "eve@b.example"}}
	p := policy.DefaultGroup()
	p.Watch = []policy.Who{{Class: policy.Everyone}}
	p.Default.Rules = []policy.Rule{{Who: policy.Who{Class: policy.Everyone}, Attributes: policy.Counted}}
	rec.Settings.Policy = p.String()
	s := play(t, rec)
	s.says("eve@b.example group full: info summary", "eve@b.example presence full:")
	s.comes("ann", "desk", roster.DND, "never told")
	s.says("eve@b.example group: summary")
	s.comes("ann", "desk", roster.Away, "never told either")
	s.says()
	s.do(op{kind: "remove", jid: at("ann")})
	s.says("eve@b.example group: summary")
}

func TestCatchUpAfterHold(t *testing.T) {
	s := play(t, team("ann", "bob", "cid"))
	s.subscribes("bob", roster.NodePresence)
	s.comes("bob", "desk", roster.Online, "")
	s.says("bob presence full: ann bob cid")
	s.leaves("bob", "desk")
	s.says()
	s.comes("ann", "desk", roster.Online, "1")
	s.comes("ann", "desk", roster.Online, "2")
	s.do(op{kind: "remove", jid: at("cid")})
	s.hides("ann") // nothing to see
	s.says()
	s.comes("bob", "desk", roster.Away, "")
	s.says("bob presence: ann bob -cid")
}

func TestRoleChangeWhileHeldSendsOnlyWhatIsNew(t *testing.T) {
	rec := team("ann", "bob", "cid")
	s := play(t, rec)
	lead := policy.Who{Class: policy.Role, Name: "lead"}
	s.authorizes("ann", &policy.Authorization{Share: true, Rules: []policy.Rule{{Who: lead, Attributes: policy.All}}})
	s.subscribes("bob", roster.NodePresence)
	s.says("bob presence full: ann bob cid")
	s.do(op{kind: "update", jid: at("bob"), record: roster.MemberRecord{JID: at("bob"), Affiliation: roster.Plain, Roles: []string{"lead"}}})
	s.says() // ann is offline: he sees what he saw
	s.comes("ann", "desk", roster.Online, "")
	s.says("bob presence: ann")
	s.do(op{kind: "update", jid: at("bob"), record: roster.MemberRecord{JID: at("bob"), Affiliation: roster.Plain}})
	s.says("bob presence full: ann bob cid")
	s.do(op{kind: "update", jid: at("bob"), record: roster.MemberRecord{JID: at("bob"), Affiliation: roster.Admin}})
	s.says()
}

func TestTooManyHaveLeft(t *testing.T) {
	s := play(t, team("ann", "bob", "cid", "dan"))
	s.r.SetLimits(60<<10, 1, 16)
	s.subscribes("bob", roster.NodePresence)
	s.subscribes("ann", roster.NodePresence)
	s.comes("bob", "desk", roster.Online, "")
	s.says("ann presence full: ann bob cid dan", "bob presence full: ann bob cid dan")
	s.leaves("bob", "desk")
	s.says("ann presence: bob")
	for _, n := range []string{"cid", "dan"} {
		s.do(op{kind: "remove", jid: at(n)})
		s.says("ann presence: -" + n)
	}
	s.comes("bob", "desk", roster.Online, "")
	s.says("ann presence: bob", "bob presence full: ann bob") // he missed a tombstone
}

func TestBigStateComesInParts(t *testing.T) {
	s := play(t, team("ann", "bob", "cid"))
	s.r.SetLimits(100, 64, 16)
	s.subscribes("bob", roster.NodePresence)
	s.turn(1)
	s.comes("ann", "desk", roster.Online, "") // was told already
	s.comes("cid", "desk", roster.Online, "") // was not
	s.says("bob presence full 1/3: ann", "bob presence full 2/3: bob", "bob presence full 3/3: cid",
		"bob presence 1/2: ann", "bob presence 2/2: cid")
}

func TestContactLine(t *testing.T) {
	s := play(t, team("ann", "bob"))
	s.do(op{kind: "onSubscribe", jid: at("bob")})
	s.says(`bob contact: 0 {2 0 0 0 0 0} []`)
	s.comes("ann", "desk", roster.Away, "")
	s.says(`bob contact: 2 {2 1 0 1 0 0} ["ann"]`)
	s.comes("ann", "desk", roster.Away, "no part of the line")
	s.says()
	s.hides("ann", "bob")
	s.says(`bob contact: 0 {2 0 0 0 0 0} []`)
	s.do(op{kind: "onProbe", jid: at("bob")})
	s.says(`bob/probe contact: 0 {2 0 0 0 0 0} []`)
	if presence, _ := s.out.sent(); !slices.Equal(presence, []string{"subscribed " + at("bob")}) {
		t.Errorf("sent %q", presence)
	}
	s.do(op{kind: "onUnsubscribe", jid: at("bob")})
	s.comes("ann", "desk", roster.Chat, "")
	s.says()
	if presence, _ := s.out.sent(); !slices.Equal(presence, []string{"unavailable " + at("bob")}) {
		t.Errorf("sent %q", presence)
	}
}

// What a member may see of himself is what those see who stand where he does.
func TestOneself(t *testing.T) {
	s := play(t, team("ann", "bob"))
	s.subscribes("ann", roster.NodePresence)
	s.authorizes("ann", &policy.Authorization{})
	s.says("ann presence full: ann bob")
	s.comes("ann", "desk", roster.Online, "")
	s.says()
}

func TestRefusingWatchesHearNothing(t *testing.T) {
	s := play(t, team("ann", "bob"))
	s.subscribes("bob", roster.NodeGroup)
	s.says("bob group full: info summary ann bob")
	s.do(op{kind: "receive", jid: at("bob"), node: roster.NodeGroup, wants: policy.Receiving{Refuse: true}})
	s.comes("ann", "desk", roster.Online, "")
	s.do(op{kind: "settings", settings: roster.Settings{Title: "Another"}})
	s.says()
	s.do(op{kind: "receive", jid: at("bob"), node: roster.NodeGroup})
	s.says("bob group full: info summary ann bob")
}

func TestOnlySomeMembers(t *testing.T) {
	s := play(t, team("ann", "bob"))
	s.subscribes("bob", roster.NodePresence)
	s.do(op{kind: "receive", jid: at("bob"), node: roster.NodePresence, wants: policy.Receiving{Members: []string{at("cid")}}})
	s.says("bob presence full:")
	s.comes("ann", "desk", roster.Online, "")
	s.says()
	s.do(op{kind: "add", jid: at("cid"), record: roster.MemberRecord{JID: at("cid"), Affiliation: roster.Plain, Ask: roster.Granted}})
	s.says("bob presence: cid")
	s.comes("cid", "desk", roster.Online, "")
	s.says("bob presence: cid")
	s.do(op{kind: "remove", jid: at("cid")})
	s.says("bob presence: -cid")
}

func TestPayloadEndsSubscriptions(t *testing.T) {
	s := play(t, team("ann", "bob"))
	s.subscribes("ann", roster.NodeGroup)
	s.subscribes("bob", roster.NodePresence)
	s.says("ann group full: info summary ann bob", "bob presence full: ann bob")
	s.do(op{kind: "settings", settings: roster.Settings{Payload: roster.PresenceOnly}})
	s.says()
	if _, ended := s.out.sent(); !slices.Equal(ended, []string{"group " + at("ann")}) {
		t.Errorf("ended %q", ended)
	}
	if _, err := s.g.Subscribe(context.Background(), at("ann"), at("ann"), roster.NodeInfo, nil); err != roster.ErrNoNode {
		t.Errorf("subscribe: %v", err)
	}
}

func rule(t *testing.T, who string, attributes policy.Mask) policy.Rule {
	t.Helper()
	w, err := policy.ParseWho(who)
	if err != nil {
		t.Fatal(err)
	}
	return policy.Rule{Who: w, Attributes: attributes}
}

// Watchers of one audience of whom each is told something else about the same
// member, and some the same.
func TestEachIsNamedByARule(t *testing.T) {
	s := play(t, team("ann", "bob", "cid", "dan", "eve", "fay"))
	s.authorizes("ann", &policy.Authorization{Share: true, Hide: []string{at("eve")}, Rules: []policy.Rule{
		rule(t, "members", policy.Availability|policy.Idle),
		rule(t, "jid:"+at("bob"), policy.Show),
		rule(t, "jid:"+at("cid"), policy.Show),
		rule(t, "jid:"+at("dan"), policy.Show|policy.Status),
	}})
	watchers := []string{"bob", "cid", "dan", "eve", "fay"}
	for _, n := range watchers {
		s.subscribes(n, roster.NodeGroup)
	}
	s.settle(1 << 20)
	s.heard = nil
	s.comes("ann", "desk", roster.Away, "for dan only")
	s.says("bob group: summary ann", "cid group: summary ann", "dan group: summary ann", "fay group: summary ann")
	s.comes("ann", "desk", roster.Away, "for dan again")
	s.says("dan group: ann")
	s.comes("ann", "desk", roster.XA, "for dan again")
	s.says("bob group: summary ann", "cid group: summary ann", "dan group: summary ann")
	s.comes("bob", "desk", roster.DND, "for all")
	s.says("bob group: summary bob", "cid group: summary bob", "dan group: summary bob", "eve group: summary bob", "fay group: summary bob")
	s.comes("bob", "desk", roster.Chat, "for all") // eve has other counts
	s.says("bob group: summary bob", "cid group: summary bob", "dan group: summary bob", "eve group: summary bob", "fay group: summary bob")
	s.leaves("ann", "desk")
	s.says("bob group: summary ann", "cid group: summary ann", "dan group: summary ann", "fay group: summary ann")
}

// Who comes back before everybody has heard that he left begins anew: what he
// let others see is forgotten.
func TestComingBackIsNoReturn(t *testing.T) {
	rec := team("ann", "bob")
	rec.Settings.Policy = "watch anyone\n"
	rec.Subscriptions = []roster.SubscriptionRecord{{ID: "1", Node: "presence", JID: "eve@b.example", Owner: "eve@b.example"}}
	s := play(t, rec)
	s.authorizes("ann", &policy.Authorization{Share: true, Rules: []policy.Rule{rule(t, "everyone", policy.Availability)}})
	s.subscribes("bob", roster.NodePresence)
	s.says("bob presence full: ann bob", "eve@b.example presence full: ann")
	s.do(op{kind: "remove", jid: at("ann")})
	s.do(op{kind: "add", jid: at("ann"), record: rec.Members[0]})
	s.says("bob presence: ann", "eve@b.example presence: -ann")
}

// When the link breaks nobody knows what of the last turns has arrived.
func TestBrokenLink(t *testing.T) {
	s := play(t, team("ann", "bob", "cid", "dan"))
	s.subscribes("dan", roster.NodePresence)
	s.comes("dan", "desk", roster.Online, "")
	s.says("dan presence full: ann bob cid dan")
	s.leaves("dan", "desk")
	s.subscribes("bob", roster.NodePresence)
	s.says("bob presence full: ann bob cid dan")
	s.subscribes("cid", roster.NodePresence)
	s.says("cid presence full: ann bob cid dan")
	s.do(op{kind: "doubt", turns: 1})
	s.settle(1 << 20)
	if !slices.ContainsFunc(s.heard, func(h heard) bool { return short(h) == "cid presence full: ann bob cid dan" }) {
		t.Errorf("cid may have missed the last turn, but hears %d stanzas", len(s.heard))
	}
	s.heard = nil
	s.do(op{kind: "doubt", turns: 9})
	s.says("bob presence full: ann bob cid dan", "cid presence full: ann bob cid dan")
	s.comes("dan", "desk", roster.Online, "") // held then, and told all of it now
	s.says("bob presence: dan", "cid presence: dan", "dan presence full: ann bob cid dan")
}

// What changed and was changed back while nobody might see it is not told to
// who may see it now.
func TestNewRightsTellNothingOld(t *testing.T) {
	s := play(t, team("ann", "bob"))
	s.authorizes("ann", &policy.Authorization{Share: true, Rules: []policy.Rule{
		rule(t, "members", policy.Availability), rule(t, "role:lead", policy.Status)}})
	s.subscribes("bob", roster.NodePresence)
	s.comes("ann", "desk", roster.Online, "")
	s.says("bob presence full: ann bob")
	s.comes("ann", "desk", roster.Online, "a secret")
	s.comes("ann", "desk", roster.Online, "")
	s.do(op{kind: "update", jid: at("bob"), record: roster.MemberRecord{JID: at("bob"), Affiliation: roster.Plain, Roles: []string{"lead"}}})
	s.says()
	s.comes("ann", "desk", roster.Online, "for leads")
	s.says("bob presence: ann")
}
