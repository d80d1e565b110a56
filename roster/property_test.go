package roster_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// The people of the property tests. All of them may be members; those who
// are not may have been given a subscription when the group was made.
var (
	everybody = []string{"ann@a.example", "bob@a.example", "cid@a.example", "dan@b.example", "eve@b.example", "fay@b.example", "gus@c.example"}
	resources = []string{"", "desk", "phone", "q"}
	functions = []string{"lead", "ops", "dev"}
	allNodes  = []roster.Node{roster.NodeInfo, roster.NodeMembers, roster.NodePresence, roster.NodeGroup}
)

// FuzzGroup is the same as TestGroup for go test -fuzz.
func FuzzGroup(f *testing.F) { f.Fuzz(rapid.MakeFuzz(groupProperty)) }

// TestGroup lets anything happen to a group, in any order, with turns of any
// size in between. Everybody must be told what he may see, all of it, and
// nothing else.
func TestGroup(t *testing.T) { rapid.Check(t, groupProperty) }

func groupProperty(t *rapid.T) {
	s := drawStage(t)
	settle := func() { s.settle(rapid.SampledFrom([]int{1, 300, 1 << 20}).Draw(t, "budget")) }
	for range rapid.IntRange(1, 60).Draw(t, "steps") {
		switch rapid.IntRange(0, 9).Draw(t, "step") {
		default:
			o := drawOp(t, s.w)
			t.Log(o)
			s.do(o)
		case 5, 6:
			s.turn(rapid.SampledFrom([]int{0, 1, 200, 700, 1 << 20}).Draw(t, "budget"))
		case 7:
			drawQuestion(t, s)
		case 8:
			settle()
		case 9:
			s.mail.happens(t, s)
			s.office.happens(t)
			s.office.answer(s, rapid.IntRange(0, len(s.office.answers)).Draw(t, "answers"))
		}
	}
	for _, o := range []op{{kind: "swept"}, {kind: "wants"}} {
		s.do(o)
	}
	settle()
	for _, owner := range everybody {
		for _, n := range allNodes {
			for _, m := range s.memories(owner, owner+"/q", n) {
				s.ask(roster.Question{Node: n, Watcher: owner, To: owner + "/q", Max: -1, Index: -1}, &m)
			}
		}
		settle()
	}
	s.end()
}

// drawStage makes a group of some of the people. Its stanzas may be small,
// and its tombstones few.
func drawStage(t *rapid.T) *stage {
	rec := &roster.GroupRecord{Name: "team", Settings: drawSettings(t)}
	rec.Settings.Policy = "watch anyone\n"
	rec.Settings.Payload = roster.Both
	members := subset(t, everybody, "members")
	for _, j := range members {
		m := drawRecord(t, j)
		m.Ask = rapid.SampledFrom([]roster.Ask{roster.Granted, roster.Granted, roster.Granted, roster.Unasked}).Draw(t, "ask")
		rec.Members = append(rec.Members, m)
	}
	for i, j := range subset(t, everybody, "subscribers") {
		n := rapid.SampledFrom(allNodes).Draw(t, "node")
		rec.Subscriptions = append(rec.Subscriptions, roster.SubscriptionRecord{ID: fmt.Sprint("s", i), Node: n.String(), JID: j, Owner: j})
	}
	rec.Contacts = subset(t, members, "contacts")
	s := playWith(t, rec, office{on: rapid.Bool().Draw(t, "outposts"), waits: rapid.Bool().Draw(t, "waits")})
	s.limits[0] = rapid.SampledFrom([]int{60 << 10, 60 << 10, 150, 400}).Draw(t, "stanza")
	s.limits[1] = rapid.SampledFrom([]int{64, 0, 1}).Draw(t, "tombstones")
	s.r.SetLimits(s.limits[0], s.limits[1], rapid.SampledFrom([]int{16, 0}).Draw(t, "idle"))
	if rapid.Bool().Draw(t, "multicast") {
		s.mail.draw(t, s)
	}
	t.Logf("group %v", rec)
	return s
}

func subset(t *rapid.T, of []string, label string) []string {
	bits := rapid.IntRange(0, 1<<len(of)-1).Draw(t, label)
	var some []string
	for i, x := range of {
		if bits>>i&1 != 0 {
			some = append(some, x)
		}
	}
	return some
}

func drawSettings(t *rapid.T) roster.Settings {
	s := roster.Settings{
		Title:    rapid.SampledFrom([]string{"", "Team"}).Draw(t, "title"),
		Language: rapid.SampledFrom([]string{"", "de"}).Draw(t, "language"),
		Listed:   rapid.Bool().Draw(t, "listed"),
		Payload:  rapid.SampledFrom([]roster.Payload{roster.Both, roster.Both, roster.Both, roster.Separate, roster.Combined}).Draw(t, "payload"),
	}
	s.Aggregate = rapid.SampledFrom([]string{"", "any", "quorum:2", "role:lead"}).Draw(t, "aggregate")
	if rapid.IntRange(0, 3).Draw(t, "periodic") == 0 {
		s.Delivery = roster.MaxDelivery // the test says when
	}
	if rapid.Bool().Draw(t, "attribute") {
		s.Attributes = []roster.Attribute{{Name: "phone", Value: "1"}}
	}
	return s
}

func drawRecord(t *rapid.T, jid string) roster.MemberRecord {
	m := roster.MemberRecord{JID: jid,
		Nick:        rapid.SampledFrom([]string{"", "Nick"}).Draw(t, "nick"),
		Affiliation: rapid.SampledFrom([]roster.Affiliation{roster.Plain, roster.Plain, roster.Admin}).Draw(t, "affiliation"),
		Roles:       subset(t, functions, "roles"),
	}
	slices.Sort(m.Roles)
	if rapid.Bool().Draw(t, "title") {
		m.Attributes = []roster.Attribute{{Name: "title", Value: "Dr"}}
	}
	return m
}

var (
	masks = []policy.Mask{policy.All, policy.Counted, policy.Availability, policy.Availability | policy.Show,
		policy.Availability | policy.Status, policy.Availability | policy.Devices | policy.Connection,
		policy.Availability | policy.Devices | policy.Show | policy.Idle, policy.Show,
		policy.Availability | policy.Mood, policy.Availability | policy.Tune | policy.Addresses}
	whos = []string{"members", "members", "outsiders", "everyone", "role:lead", "role:ops", "domain:a.example", "domain:b.example"}
)

func drawWho(t *rapid.T, whos []string) policy.Who {
	s := rapid.SampledFrom(whos).Draw(t, "who")
	w, err := policy.ParseWho(s)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func drawRules(t *rapid.T, whos []string) []policy.Rule {
	var rules []policy.Rule
	for range rapid.IntRange(0, 3).Draw(t, "rules") {
		r := policy.Rule{Who: drawWho(t, whos), Attributes: rapid.SampledFrom(masks).Draw(t, "attributes")}
		switch rapid.IntRange(0, 7).Draw(t, "time") {
		case 0:
			r.From = noon.Add(time.Duration(rapid.IntRange(1, 3).Draw(t, "from")) * time.Hour)
		case 1:
			r.Until = noon.Add(time.Duration(rapid.IntRange(1, 3).Draw(t, "until")) * time.Hour)
		}
		rules = append(rules, r)
	}
	return rules
}

func drawAuthorization(t *rapid.T) *policy.Authorization {
	if rapid.IntRange(0, 3).Draw(t, "default") == 0 {
		return nil
	}
	names := slices.Clone(whos)
	for _, j := range everybody {
		names = append(names, "jid:"+j)
	}
	return &policy.Authorization{
		Share: rapid.IntRange(0, 5).Draw(t, "share") > 0,
		Hide:  slices.Compact(rapid.SliceOfN(rapid.SampledFrom(everybody), 0, 2).Draw(t, "hide")),
		Rules: drawRules(t, names),
	}
}

func drawPolicy(t *rapid.T) policy.Group {
	p := policy.DefaultGroup()
	if rapid.Bool().Draw(t, "own default") {
		p.Default.Rules = drawRules(t, whos[:6])
	}
	p.Basic = drawWho(t, []string{"members", "everyone", "role:lead", "role:dev"})
	p.Watch = []policy.Who{drawWho(t, []string{"members", "everyone", "everyone", "role:lead", "domain:b.example"})}
	if rapid.IntRange(0, 3).Draw(t, "from") == 0 {
		p.From = []policy.Who{drawWho(t, []string{"role:lead", "jid:ann@a.example"}), drawWho(t, []string{"role:ops", "jid:bob@a.example"})}
	}
	p.Collect = rapid.SampledFrom([]policy.Mask{policy.All, policy.All &^ policy.Status, policy.All &^ policy.Mood, policy.Counted}).Draw(t, "collect")
	p.Normalise()
	if p.Require = rapid.SampledFrom([]policy.Mask{0, 0, policy.Counted | policy.Availability}).Draw(t, "require"); p.Check() != nil {
		p.Require = 0
	}
	return p
}

func drawReceiving(t *rapid.T) policy.Receiving {
	var r policy.Receiving
	switch rapid.IntRange(0, 7).Draw(t, "wants") {
	case 0:
		r.Refuse = true
	case 1, 2:
		r.Members = subset(t, everybody, "only")
	case 3:
		r.Roles = []string{rapid.SampledFrom(functions).Draw(t, "role")}
	case 4:
		r.SameRole = true
	case 5:
		r.Attributes = rapid.SampledFrom(masks[1:]).Draw(t, "attributes")
	}
	stored, err := policy.ParseReceiving(r.String()) // with the floor, for one thing
	if err != nil {
		t.Fatal(err)
	}
	return *stored
}

func drawPresence(t *rapid.T) roster.Presence {
	text := rapid.SampledFrom([]string{"", "", "a", "b"})
	p := roster.Presence{Show: rapid.SampledFrom([]roster.Show{roster.Offline, roster.Online, roster.Online, roster.Away, roster.DND, roster.Chat, roster.XA}).Draw(t, "show")}
	if p.Show != roster.Offline {
		p.Priority = rapid.SampledFrom([]int8{0, 0, 5, -1}).Draw(t, "priority")
		p.Status, p.Idle = []byte(text.Draw(t, "status")), []byte(text.Draw(t, "idle"))
	}
	return p
}

// kinds of operations, the frequent ones more than once.
var opKinds = []string{"say", "publish", "trust", "trust", "report", "report", "item", "item", "item", "hear", "hear", "hear", "hear", "hear", "hear", "add", "add", "update", "update", "remove",
	"settings", "authorize", "authorize", "authorize", "receive", "policy", "subscribe", "subscribe", "subscribe",
	"unsubscribe", "onSubscribe", "onUnsubscribe", "onSubscribed", "onUnsubscribed", "onProbe", "bounced", "alive",
	"lost", "open", "swept", "swept", "wants", "wants", "wants", "onSubscribed", "onSubscribed", "doubt", "tick", "policy", "agree", "deliver", "elsewhere", "digest", "digest",
	"mirror", "mirror", "mirror", "adopt", "adopt", "release"}

func drawOp(t *rapid.T, w *world) op {
	return drawOpOf(t, w, rapid.SampledFrom(opKinds).Draw(t, "op"), rapid.SampledFrom(everybody).Draw(t, "jid"))
}

func drawOpOf(t *rapid.T, w *world, kind, jid string) op {
	o := op{kind: kind, jid: jid}
	switch o.kind {
	case "hear":
		o.resource = rapid.SampledFrom(resources[1:3]).Draw(t, "resource")
		if o.presence = drawPresence(t); o.presence.Show == roster.Offline && rapid.Bool().Draw(t, "bare") {
			o.resource = ""
		}
	case "say", "publish":
		o.willing = drawWilling(t, w.now)
	case "report":
		o.report = drawReport(t, w.now)
	case "trust":
		o.early = rapid.IntRange(0, 4).Draw(t, "distrust") == 0
	case "item":
		o.item = rapid.SampledFrom([]policy.Mask{policy.Mood, policy.Tune, policy.Addresses}).Draw(t, "kind")
		o.text = rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "text")
	case "add", "update":
		o.record = drawRecord(t, o.jid)
		if o.kind == "add" {
			o.record.Ask = rapid.SampledFrom([]roster.Ask{roster.Granted, roster.Unasked}).Draw(t, "ask")
		}
	case "mirror":
		o.basic = drawBasic(t, w)
		if o.source = w.source; o.source == "" || rapid.IntRange(0, 7).Draw(t, "another source") == 0 {
			o.source = rapid.SampledFrom(keepers).Draw(t, "source")
		}
	case "adopt":
		o.source = rapid.SampledFrom(keepers).Draw(t, "source")
	case "settings":
		o.settings = drawSettings(t)
	case "authorize", "elsewhere":
		o.auth = drawAuthorization(t)
	case "policy":
		o.policy = drawPolicy(t)
	case "receive", "unsubscribe", "digest":
		if len(w.subs) > 0 {
			x := rapid.SampledFrom(w.subs).Draw(t, "sub")
			o.jid, o.resource, o.node = x.owner, x.resource(), x.node
		}
		if o.node == roster.NodeContact && o.kind != "receive" {
			o.node = roster.NodeGroup
		}
		switch o.kind {
		case "receive":
			o.wants = drawReceiving(t)
		case "digest": // the test says when
			o.turns = rapid.SampledFrom([]int{0, roster.MaxDelivery, roster.MaxDelivery - 1}).Draw(t, "digest")
		}
	case "subscribe":
		o.resource = rapid.SampledFrom(resources).Draw(t, "resource")
		o.node = rapid.SampledFrom(allNodes).Draw(t, "node")
		if rapid.IntRange(0, 3).Draw(t, "also") == 0 {
			r := drawReceiving(t)
			o.also = &r
		}
	case "doubt":
		o.turns = rapid.IntRange(1, 3).Draw(t, "turns")
	case "bounced", "alive":
		o.resource = rapid.SampledFrom(resources).Draw(t, "resource")
	case "swept":
		o.early = rapid.Bool().Draw(t, "early")
	}
	return o
}

func drawQuestion(t *rapid.T, s *stage) {
	owner := rapid.SampledFrom(everybody).Draw(t, "asker")
	q := roster.Question{Node: rapid.SampledFrom(allNodes).Draw(t, "node"), Watcher: owner, Max: -1, Index: -1,
		To: full(owner, rapid.SampledFrom(resources[1:]).Draw(t, "resource"))}
	switch rapid.IntRange(0, 4).Draw(t, "question") {
	case 0:
		q.IDs = subset(t, append([]string{"info", "summary"}, everybody...), "ids")
	case 1:
		q.Max = rapid.IntRange(0, 3).Draw(t, "max")
	case 2, 3:
		q.Max, q.Paged = rapid.IntRange(1, 3).Draw(t, "max"), true
	}
	var since *memory
	if all := s.memories(owner, q.To, q.Node); len(all) > 0 && len(q.IDs) == 0 && rapid.IntRange(0, 3).Draw(t, "since") > 0 {
		since = &all[rapid.IntRange(0, len(all)-1).Draw(t, "memory")]
	} else if rapid.IntRange(0, 5).Draw(t, "garbage") == 0 {
		since = &memory{token: rapid.StringN(0, 22, 32).Draw(t, "token")}
	}
	t.Logf("ask %+v since %v", q, since)
	s.ask(q, since)
}

// end deletes the group: everybody is told.
func (s *stage) end() {
	s.t.Helper()
	var want []string
	for _, x := range s.w.subs {
		if x.node != roster.NodeContact {
			want = append(want, x.key())
		}
	}
	s.out.sent()
	if s.w.source != "" {
		s.do(op{kind: "release"})
	}
	if err := s.r.DeleteGroup(context.Background(), s.g.Name()); err != nil {
		s.t.Fatal(err)
	}
	_, ended := s.out.sent()
	slices.Sort(ended)
	slices.Sort(want)
	if !slices.Equal(ended, want) {
		s.t.Fatalf("ended %q, want %q", ended, want)
	}
	b, more := s.g.Turn(nil, 1<<20)
	rest := slices.DeleteFunc(read(s.t, b), func(h heard) bool { return h.kind == "raze" })
	if len(rest) > 0 || more {
		s.t.Fatalf("a deleted group says %q", b)
	}
}
