package roster_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// FuzzTwins is the same as TestTwins for go test -fuzz.
func FuzzTwins(f *testing.F) {
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) { twinsProperty(t) }))
}

// TestTwins: one watcher, two groups whose stories differ only in what he may
// not see. He must not be able to tell in which one he is: what he is sent is
// the same, byte for byte and at the same moments, but for the names of the
// tokens, which say nothing. By whatever way it leaves: from the group's own
// nodes, by the server's PubSub service, and by its multicast service.
func TestTwins(t *testing.T) {
	differ := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		w := twinsProperty(t)
		differ[w.a.way()] += w.differ
	})
	for _, way := range []string{"own", "pubsub", "multicast", "both"} {
		if differ[way] == 0 {
			t.Errorf("the stories never differed by the way %q", way)
		}
	}
}

// twins are the two groups, and the watcher who is in both.
type twins struct {
	t       *rapid.T
	a, b    *stage
	watcher string
	alone   bool // nobody else is told anything: turns may be small
	rules   bool // the rules of others may differ too
	differ  int  // how often b's story was another one
}

func twinsProperty(t *rapid.T) *twins {
	w := &twins{t: t, watcher: rapid.SampledFrom(everybody).Draw(t, "watcher"), alone: rapid.Bool().Draw(t, "alone"),
		rules: rapid.Bool().Draw(t, "rules")}
	w.a = drawStage(t)
	w.b = playWith(t, w.a.first, w.a.office)
	w.b.mail.use(w.b, w.a.mail.now)
	// Two things he may notice: who has no subscription is known by his audience
	// and gets another token for the same when it is forgotten; and who waits to
	// be told gets the full state when too many have left meanwhile.
	w.a.r.SetLimits(w.a.limits[0], 64, 1000)
	w.b.r.SetLimits(w.a.limits[0], 64, 1000)
	if w.alone {
		w.hush()
	}
	if len(w.a.w.subs) == 0 || !w.alone {
		o := op{kind: "subscribe", jid: w.watcher, node: rapid.SampledFrom(allNodes).Draw(t, "node")}
		w.step(o, o)
	}
	for range rapid.IntRange(0, 5).Draw(t, "rules") {
		o := op{kind: "authorize", jid: rapid.SampledFrom(everybody).Draw(t, "jid"), auth: drawAuthorization(t)}
		w.step(o, o)
	}
	for range rapid.IntRange(1, 60).Draw(t, "steps") {
		switch rapid.IntRange(0, 9).Draw(t, "step") {
		default:
			o := w.drawOp(w.a.w)
			w.step(o, w.mutate(o))
		case 5, 6:
			w.extra()
		case 7, 8:
			w.turn()
		case 9:
			w.question()
		}
	}
	for range 2 {
		for w.a.ready() || w.b.ready() {
			w.turn()
		}
		w.a.g.Deliver()
		w.b.g.Deliver()
	}
	return w
}

// hush ends all subscriptions but one of the watcher's.
func (w *twins) hush() {
	kept := false
	for _, x := range slices.Clone(w.a.w.subs) {
		if x.owner == w.watcher && !kept {
			kept = true
			continue
		}
		o := op{kind: "unsubscribe", jid: x.owner, resource: x.resource(), node: x.node}
		if x.node == roster.NodeContact {
			o.kind = "onUnsubscribe"
		}
		w.a.do(o)
		w.b.do(o)
	}
}

// drawOp draws something that happens in a, and in some form in b. A watcher
// who is alone has one subscription at most, so that nothing else takes his
// turns.
func (w *twins) drawOp(in *world) op {
	o := drawOp(w.t, in)
	subscribes := o.kind == "subscribe" || o.kind == "onSubscribe" || o.kind == "onProbe"
	if w.alone && subscribes && (o.jid != w.watcher || len(in.subs) > 0) {
		return op{kind: "alive", jid: o.jid, resource: o.resource}
	}
	if o.kind == "doubt" {
		o.turns = 1 << 20 // the number of turns says how much others are told
	}
	return o
}

// mutate is what happens in b instead of o.
func (w *twins) mutate(o op) op {
	if o.jid == w.watcher {
		return o
	}
	switch o.kind {
	case "hear":
		if o.resource != "" { // a bare JID only leaves
			o.presence = drawPresence(w.t)
		}
	case "update", "add":
		ask := o.record.Ask
		o.record = drawRecord(w.t, o.jid)
		o.record.Ask = ask
	case "mirror": // the same list, of which other things are said
		b := *o.basic
		b.Members = slices.Clone(b.Members)
		for i, m := range b.Members {
			if m.JID != w.watcher && rapid.Bool().Draw(w.t, "otherwise") {
				r := drawRecord(w.t, m.JID)
				b.Members[i].Nick, b.Members[i].Roles, b.Members[i].Attributes = r.Nick, r.Roles, r.Attributes
			}
		}
		o.basic = &b
	case "authorize", "elsewhere":
		if w.rules {
			o.auth = drawAuthorization(w.t)
		}
	case "settings":
		was := o.settings
		o.settings = drawSettings(w.t)
		o.settings.Payload, o.settings.Delivery, o.settings.Aggregate = was.Payload, was.Delivery, was.Aggregate
	case "policy":
		if w.rules {
			o.policy = drawPolicy(w.t)
		}
	}
	return o
}

// sight is everything that the watcher could find out about a world.
func (w *twins) sight(in *world) []string {
	var all []string
	for _, n := range append(slices.Clone(allNodes), roster.NodeContact) {
		all = append(all, fmt.Sprint(n, in.sees(w.watcher, n, &policy.Receiving{})))
	}
	for _, x := range in.subs {
		if x.owner == w.watcher {
			all = append(all, fmt.Sprint(*x, in.view(x)))
		}
	}
	// A list may change what he is himself, of which he is told by the full state.
	return append(all, in.standings()[w.watcher], fmt.Sprint(in.mayWatch(w.watcher), in.settings.Payload, in.settings.Listed, in.settings.Delivery, in.ready, in.sweeping, in.interest(w.watcher)))
}

// rulings are all rules that are in force.
func (w *world) rulings() []string {
	all := []string{fmt.Sprint(w.policy)}
	for jid, p := range w.people {
		if p.auth != nil || p.elsewhere != nil {
			all = append(all, fmt.Sprint(jid, p.auth, p.elsewhere))
		}
	}
	slices.Sort(all)
	return all
}

// step lets a happen in one world and b in the other, or a in both if b could
// be told from it; nothing if even that leads to different sights.
func (w *twins) step(a, b op) {
	for _, b := range []op{b, a} {
		wa, wb := w.a.w.clone(), w.b.w.clone()
		ea, eb := a.in(wa), b.in(wb)
		if !slices.Equal(w.sight(wa), w.sight(wb)) || a.jid == w.watcher && !sameRefusal(ea, eb) ||
			!w.rules && !slices.Equal(wa.rulings(), wb.rulings()) {
			continue
		}
		if a.String() != b.String() {
			w.differ++
		}
		w.t.Logf("%s\n\tand %s", a, b)
		w.a.do(a)
		w.b.do(b)
		return
	}
}

// extra is something that happens in b only.
func (w *twins) extra() {
	o := w.drawOp(w.b.w)
	now := w.b.w.clone()
	if _ = o.in(now); o.jid == w.watcher || !slices.Equal(w.sight(now), w.sight(w.b.w)) ||
		slices.Contains([]string{"lost", "open", "swept", "doubt", "tick", "deliver"}, o.kind) ||
		!w.rules && (slices.Contains([]string{"authorize", "policy", "elsewhere", "adopt", "release"}, o.kind) || // the latter say whether lists count, and with them rules
			!slices.Equal(now.rulings(), w.b.w.rulings())) {
		return
	}
	w.differ++
	w.t.Logf("only %s", o)
	w.b.do(o)
}

func (s *stage) ready() bool {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	return len(s.out.ready) > 0
}

// turn gives both a turn and compares what the watcher was sent by then.
func (w *twins) turn() {
	budget := 1 << 20
	if w.alone {
		budget = rapid.SampledFrom([]int{1, 200, 700, 1 << 20}).Draw(w.t, "budget")
	}
	w.a.turn(budget)
	w.b.turn(budget)
	w.a.mail.land(w.a, len(w.a.mail.aloft))
	w.b.mail.land(w.b, len(w.b.mail.aloft))
	w.a.office.answer(w.a, len(w.a.office.answers))
	w.b.office.answer(w.b, len(w.b.office.answers))
	a, b := w.a.streams(w.watcher, w.rules), w.b.streams(w.watcher, w.rules)
	for _, at := range slices.Sorted(maps.Keys(a)) {
		if strings.Join(a[at], "") != strings.Join(b[at], "") {
			w.t.Fatalf("%s is sent\n%s\nbut in the other world\n%s", at, strings.Join(a[at], ""), strings.Join(b[at], ""))
		}
	}
	if len(a) != len(b) {
		w.t.Fatalf("%d addresses are spoken to, %d in the other world", len(a), len(b))
	}
}

// streams is what somebody was sent, for each node and address: the tokens
// renamed in the order in which he saw them. When the rules differ the tokens of
// answers and of full states are left out: a change of rules that name a watcher or a role of his
// makes his tokens old, even where he sees no difference, and without a
// subscription, or when he subscribes anew, he gets another one then. The contract allows that.
func (s *stage) streams(watcher string, rules bool) map[string][]string {
	streams, names := map[string][]string{}, map[string]aliases{}
	for _, h := range s.heard {
		if owner, _, _ := strings.Cut(h.to, "/"); owner != watcher {
			continue
		}
		at := h.kind + " " + h.node + " " + h.to
		if names[at].of == nil {
			names[at] = aliases{of: map[string]string{}, real: map[string]string{}}
		}
		if (h.kind == "answer" || h.stamp.Full) && rules {
			h.stamp.To = ""
			h.page.Last, _, _ = strings.Cut(h.page.Last, "/")
		}
		a := names[at]
		a.rename(&h)
		if h.kind != "event" {
			h.id = ""
		}
		streams[at] = append(streams[at], fmt.Sprintf("%+v\n", h))
	}
	return streams
}

// question lets the watcher ask the same in both worlds.
func (w *twins) question() {
	q := roster.Question{Node: rapid.SampledFrom(allNodes).Draw(w.t, "node"), Watcher: w.watcher, Max: -1, Index: -1,
		To: full(w.watcher, rapid.SampledFrom(resources[1:]).Draw(w.t, "resource"))}
	a, b := w.a.memories(w.watcher, q.To, q.Node), w.b.memories(w.watcher, q.To, q.Node)
	if len(a) != len(b) {
		w.t.Fatalf("%d tokens are known, %d in the other world", len(a), len(b))
	}
	var since, same *memory
	if len(a) > 0 && !w.rules && rapid.Bool().Draw(w.t, "since") {
		i := rapid.IntRange(0, len(a)-1).Draw(w.t, "memory")
		since, same = &a[i], &b[i]
	}
	w.t.Logf("ask %v since %v or %v", q, since, same)
	w.a.ask(q, since)
	w.b.ask(q, same)
}
