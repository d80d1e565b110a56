package roster_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// answer puts a question of a member's device for a node and returns the answer.
func (s *stage) answer(name string, n roster.Node, change ...func(*roster.Question)) heard {
	s.t.Helper()
	q := &roster.Question{Node: n, Watcher: at(name), To: at(name) + "/q", ID: "x", Max: -1, Index: -1}
	for _, f := range change {
		f(q)
	}
	if err := s.g.Ask(q); err != nil {
		s.t.Fatal(err)
	}
	s.expects(q)
	s.settle(1 << 20)
	i := slices.IndexFunc(s.heard, func(h heard) bool { return h.id == "x" && h.kind != "event" })
	if i < 0 {
		s.t.Fatal("no answer")
	}
	h := s.heard[i]
	s.heard = slices.Delete(s.heard, i, i+1)
	return h
}

// expects lets the stage expect the answer, and judge nothing but what is in it.
func (s *stage) expects(q *roster.Question) {
	a := &ask{q: *q, unjudged: true}
	s.asks[q.ID] = a
}

func since(s *stage, token string) func(*roster.Question) {
	real := s.aliases.token(token)
	return func(q *roster.Question) { q.Since = &real }
}

func page(limit int, after string) func(*roster.Question) {
	return func(q *roster.Question) { q.Paged, q.Max, q.After = true, limit, after }
}

func before(limit int, item string) func(*roster.Question) {
	return func(q *roster.Question) { q.Paged, q.Max, q.Before = true, limit, &item }
}

func TestSince(t *testing.T) {
	s := play(t, team("ann", "bob", "cid"))
	s.comes("ann", "desk", roster.Online, "")
	all := s.answer("bob", roster.NodePresence)
	if got := short(all); got != "answer bob/q presence: ann bob cid" {
		t.Fatal(got)
	}
	token := all.stamp.To
	same := s.answer("bob", roster.NodePresence, since(s, token))
	if len(same.items) > 0 || same.stamp.From != token || same.stamp.To != token || same.stamp.Full {
		t.Fatalf("nothing changed: %+v", same)
	}
	s.comes("ann", "desk", roster.Away, "")
	s.do(op{kind: "remove", jid: at("cid")})
	next := s.answer("bob", roster.NodePresence, since(s, token))
	if got := short(next); got != "answer bob/q presence: ann -cid" || next.stamp.From != token || next.stamp.To == token {
		t.Fatalf("%s %+v", got, next.stamp)
	}
	if info := s.answer("bob", roster.NodeInfo, since(s, token)); !info.stamp.Full {
		t.Error("the token of another node is taken")
	}
	if garbage := s.answer("bob", roster.NodePresence, since(s, "AAAAAAAAAAAAAAAAAAAAAA")); !garbage.stamp.Full || garbage.stamp.From != "" {
		t.Errorf("garbage: %+v", garbage.stamp)
	}
}

func TestSinceIsTooOld(t *testing.T) {
	lead := roster.MemberRecord{JID: at("bob"), Affiliation: roster.Plain, Roles: []string{"lead"}}
	for name, happens := range map[string]func(*stage){
		"his roles changed": func(s *stage) { s.do(op{kind: "update", jid: at("bob"), record: lead}) },
		"his affiliation changed": func(s *stage) {
			lead := lead
			lead.Roles, lead.Affiliation = nil, roster.Admin
			s.do(op{kind: "update", jid: at("bob"), record: lead})
		},
		"a rule names him": func(s *stage) { s.hides("ann", "bob") },
		"a rule names him no more": func(s *stage) {
			s.hides("ann", "bob")
			s.hides("ann")
		},
		"he wanted less": func(s *stage) {
			s.subscribes("bob", roster.NodePresence)
			s.do(op{kind: "receive", jid: at("bob"), node: roster.NodePresence, wants: policy.Receiving{SameRole: true}})
			s.do(op{kind: "unsubscribe", jid: at("bob"), node: roster.NodePresence})
		},
		"a tombstone is gone": func(s *stage) {
			s.r.SetLimits(1<<16, 0, 16)
			s.do(op{kind: "remove", jid: at("cid")})
		},
		"he was away": func(s *stage) {
			s.do(op{kind: "remove", jid: at("bob")})
			s.do(op{kind: "add", jid: at("bob"), record: lead})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := play(t, team("ann", "bob", "cid"))
			token := s.answer("bob", roster.NodePresence).stamp.To
			happens(s)
			h := s.answer("bob", roster.NodePresence, since(s, token))
			if !h.stamp.Full || h.stamp.From != "" {
				t.Fatalf("%s %+v", short(h), h.stamp)
			}
			next := s.answer("bob", roster.NodePresence, since(s, h.stamp.To))
			if next.stamp.Full || len(next.items) > 0 {
				t.Errorf("its own token is too old as well: %s %+v", short(next), next.stamp)
			}
		})
	}
}

func TestEpoch(t *testing.T) {
	s := play(t, team("ann", "bob"))
	token := s.aliases.token(s.answer("bob", roster.NodeGroup).stamp.To)
	other := play(t, team("ann", "bob"))
	if h := other.answer("bob", roster.NodeGroup, since(other, token)); !h.stamp.Full {
		t.Errorf("the token of another epoch is taken: %+v", h.stamp)
	}
}

func TestPagesKeepTheFirstToken(t *testing.T) {
	s := play(t, team("ann", "bob", "cid", "dan"))
	first := s.answer("bob", roster.NodePresence, page(2, ""))
	if got := short(first); got != "answer bob/q presence: ann bob" || first.page.Count != 4 || first.page.Index != 0 {
		t.Fatalf("%s %+v", got, first.page)
	}
	s.comes("ann", "desk", roster.Online, "")
	last, token, _ := strings.Cut(first.page.Last, "/")
	if last != at("bob") || token != first.stamp.To {
		t.Fatalf("the page ends with %q", first.page.Last)
	}
	second := s.answer("bob", roster.NodePresence, page(2, last+"/"+s.aliases.token(token)))
	if got := short(second); got != "answer bob/q presence: cid dan" || second.stamp.To != token || second.page.Index != 2 {
		t.Fatalf("%s %+v %+v", got, second.stamp, second.page)
	}
	if h := s.answer("bob", roster.NodePresence, since(s, token)); short(h) != "answer bob/q presence: ann" {
		t.Errorf("what changed between the pages: %s", short(h))
	}
	if h := s.answer("bob", roster.NodePresence, page(2, last+"/'><forged/>")); h.stamp.To != "" {
		t.Errorf("a token that is none of ours is said again: %+v", h.stamp)
	}
	if h := s.answer("bob", roster.NodePresence, page(2, at("bobby"))); short(h) != "answer bob/q presence: cid dan" {
		t.Errorf("after somebody who is no member: %s", short(h))
	}
}

func TestOtherPages(t *testing.T) {
	s := play(t, team("ann", "bob", "cid", "dan"))
	for _, c := range []struct {
		name  string
		ask   func(*roster.Question)
		want  string
		index int
		state bool
	}{
		{"the last page", before(3, ""), "answer bob/q presence: bob cid dan", 1, false},
		{"before cid", before(1, at("cid")), "answer bob/q presence: bob", 1, false},
		{"before bob", before(5, at("bob")), "answer bob/q presence: ann", 0, false},
		{"all of it, from behind", before(5, ""), "answer bob/q presence: ann bob cid dan", 0, true},
		{"by index", func(q *roster.Question) { q.Paged, q.Max, q.Index = true, 1, 2 }, "answer bob/q presence: cid", 2, false},
		{"beyond the end", func(q *roster.Question) { q.Paged, q.Max, q.Index = true, 1, 9 }, "answer bob/q presence:", 4, false},
		{"only the count", page(0, ""), "answer bob/q presence:", 0, false},
		{"so many", func(q *roster.Question) { q.Max = 1 }, "answer bob/q presence: ann", 0, false},
		{"these", func(q *roster.Question) { q.IDs = []string{at("dan"), at("eve"), at("ann")} }, "answer bob/q presence: ann dan", 0, false},
	} {
		h := s.answer("bob", roster.NodePresence, c.ask)
		if short(h) != c.want || h.page.Index != c.index || (h.stamp.To != "") != c.state {
			t.Errorf("%s: %s at %d, stamp %+v", c.name, short(h), h.page.Index, h.stamp)
		}
	}
}

// An answer that does not fit in one stanza is cut, and said to be a page.
func TestAnswerTooLarge(t *testing.T) {
	s := play(t, team("ann", "bob", "cid"))
	s.r.SetLimits(200, 64, 16)
	h := s.answer("bob", roster.NodePresence)
	if short(h) != "answer bob/q presence: ann bob" || !h.page.Wanted || h.page.Count != 3 {
		t.Fatalf("%s %+v", short(h), h.page)
	}
	h = s.answer("bob", roster.NodePresence, before(3, ""))
	if short(h) != "answer bob/q presence: bob cid" {
		t.Errorf("backward: %s", short(h))
	}
}

// A stranger cannot tell an unlisted group from a name that is not used, by
// whatever he tries.
func TestUnlisted(t *testing.T) {
	s := play(t, team("ann"))
	ctx, eve := context.Background(), "eve@b.example"
	_, unused := s.r.Group(ctx, "unused")
	_, described := s.g.Describe(eve)
	_, subscribed := s.g.Subscribe(ctx, eve, eve, roster.NodeGroup, nil)
	_, hidden := s.g.Subscribe(ctx, eve, eve, roster.NodeContact, nil)
	for name, err := range map[string]error{"describe": described, "subscribe": subscribed, "subscribe elsewhere": hidden} {
		if !sameRefusal(err, unused) || err == nil {
			t.Errorf("%s: %v, for an unused name %v", name, err, unused)
		}
	}
	if err := s.g.OnSubscribe(ctx, eve); err != nil {
		t.Fatal(err)
	}
	s.g.OnProbe(eve, eve+"/desk")
	if err := s.g.OnUnsubscribe(ctx, eve); err != nil {
		t.Fatal(err)
	}
	if presence, _ := s.out.sent(); !slices.Equal(presence, []string{"unsubscribed " + eve, "unsubscribed " + eve}) {
		t.Errorf("sent %q", presence)
	}
	q := &roster.Question{Node: roster.NodeGroup, Watcher: eve, To: eve + "/q", ID: "x", Max: -1, Index: -1}
	if err := s.g.Ask(q); err != nil {
		t.Fatal(err)
	}
	s.expects(q)
	s.says("refuse eve@b.example/q group: no such group")

	s.do(op{kind: "settings", settings: roster.Settings{Listed: true}})
	if d, err := s.g.Describe(eve); err != nil || d.Member || d.Members != 0 || d.Attributes != nil {
		t.Errorf("a listed group: %+v, %v", d, err)
	}
	if _, err := s.g.Subscribe(ctx, eve, eve, roster.NodeGroup, nil); err != roster.ErrForbidden {
		t.Errorf("subscribe to a listed group: %v", err)
	}
}

func TestDeletedGroupAnswers(t *testing.T) {
	s := play(t, team("ann", "bob"))
	q := &roster.Question{Node: roster.NodeGroup, Watcher: at("bob"), To: at("bob") + "/q", ID: "x", Max: -1, Index: -1}
	if err := s.g.Ask(q); err != nil {
		t.Fatal(err)
	}
	if err := s.r.DeleteGroup(context.Background(), "team"); err != nil {
		t.Fatal(err)
	}
	b, more := s.out.next().Turn(nil, 1)
	if all := read(t, b); more || len(all) != 1 || short(all[0]) != "refuse bob/q group: no such group" {
		t.Errorf("%q", b)
	}
	if err := s.g.Ask(q); err != roster.ErrNoGroup {
		t.Errorf("ask: %v", err)
	}
}
