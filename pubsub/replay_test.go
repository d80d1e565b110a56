package pubsub_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/internal/model"
)

var (
	everybody = []string{"ann@a.example", "bob@a.example", "cid@a.example", "dan@b.example", "eve@b.example", "fay@c.example"}
	functions = []string{"lead", "ops", "dev"}
	nodes     = []string{"info", "members", "presence", "group"}
)

// FuzzReplay is the same as TestReplay for go test -fuzz.
func FuzzReplay(f *testing.F) {
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) { replayProperty(t) }))
}

// TestReplay lets anything happen to a group, in any order. What everybody is
// sent must be what he may see at that moment, by the model; and who has
// applied all of it must hold exactly that when the group is silent. By whatever
// way it is sent.
func TestReplay(t *testing.T) {
	gone := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		h := replayProperty(t)
		gone[h.servers.way] += h.servers.told
	})
	byAllWays(t, gone)
}

func replayProperty(t *rapid.T) *house {
	h := drawHouse(t)
	defer h.close()
	for range rapid.IntRange(1, 50).Draw(t, "steps") {
		switch rapid.IntRange(0, 11).Draw(t, "step") {
		default:
			a := drawAct(t, h.w)
			t.Log(a)
			h.do(a)
		case 7, 8:
			h.turn(rapid.SampledFrom([]int{0, 1, 500, 1 << 20}).Draw(t, "budget"))
		case 9:
			h.question(t)
		case 10, 11:
			h.rest()
		}
	}
	h.rest()
	for key := range h.w.subs {
		h.checkSince(key, 0)
	}
	return h
}

// drawHouse makes a group of some of the people, some of whom are there and
// watch.
func drawHouse(t *rapid.T) *house {
	m := model.New("team")
	for _, jid := range subset(t, everybody, "members") {
		m.Members[jid] = drawMember(t)
		m.Members[jid].Agreed = m.Policy.Default
	}
	m.Listed = rapid.Bool().Draw(t, "listed")
	h := newHouseBy(t, m, pick(t, "way", ways...))
	for _, jid := range everybody {
		if rapid.Bool().Draw(t, "there") {
			h.do(act{kind: "appears", jid: jid, name: "desk", device: &model.Device{Name: "desk", Show: drawShow(t)}})
		}
	}
	if h.servers.way != "own" { // what is alike for many takes another way there
		node := pick(t, "node", nodes...)
		for _, jid := range everybody[:3] {
			if h.w.m.Members[jid] != nil {
				h.do(act{kind: "subscribes", jid: jid, node: node, text: "-"})
			}
		}
	}
	return h
}

func subset(t *rapid.T, of []string, label string) (some []string) {
	bits := rapid.IntRange(0, 1<<len(of)-1).Draw(t, label)
	for i, x := range of {
		if bits>>i&1 != 0 {
			some = append(some, x)
		}
	}
	return some
}

func pick(t *rapid.T, label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }

func drawShow(t *rapid.T) string { return pick(t, "show", "", "", "chat", "away", "xa", "dnd") }

func drawMember(t *rapid.T) *model.Member {
	m := &model.Member{Nick: pick(t, "nick", "", "Nick & Nora's"), Roles: subset(t, functions, "roles"), Attributes: map[string]string{}}
	if rapid.Bool().Draw(t, "title") {
		m.Attributes["title"] = "<Dr>"
	}
	return m
}

// rarely is true one time in n.
func rarely(t *rapid.T, n int, label string) bool { return rapid.IntRange(0, n-1).Draw(t, label) == 0 }

var (
	grants = []string{"all", "all", "counted", "availability", "availability show", "availability status", "show", "status idle",
		"availability devices connection", "availability devices show idle", "all except status", "all except availability",
		"availability mood", "availability tune location", "all except mood"}
	classes = []string{"members", "members", "outsiders", "everyone", "role:lead", "role:ops"}
)

// drawRules draws lines with a rule each.
func drawRules(t *rapid.T, who []string) (lines []string) {
	for range rapid.IntRange(0, 3).Draw(t, "rules") {
		line := pick(t, "who", who...) + ": " + pick(t, "grants", grants...)
		for _, bound := range []string{"from", "until"} {
			if rarely(t, 6, bound) {
				hours := rapid.IntRange(0, 2).Draw(t, "hours") + 3*strings.Count(line, " from ")
				line += " " + bound + " " + firstDay.Add(time.Duration(1+hours)*time.Hour).Format(time.RFC3339)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func drawAuthorization(t *rapid.T) string {
	who := slices.Clone(classes)
	for _, jid := range everybody {
		who = append(who, "jid:"+jid)
	}
	lines := drawRules(t, append(who, "domain:a.example", "domain:b.example"))
	if rarely(t, 6, "secret") {
		lines = append(lines, "share no")
	}
	if rarely(t, 3, "hides") {
		lines = append(lines, "hide "+pick(t, "from", everybody...))
	}
	if len(lines) == 0 {
		return "nothing"
	}
	return strings.Join(lines, "\n")
}

func drawPolicy(t *rapid.T) string {
	var lines []string
	for range rapid.IntRange(0, 2).Draw(t, "watch") {
		lines = append(lines, "watch "+pick(t, "who", "members", "members", "anyone", "role:lead", "jid:eve@b.example", "domain:a.example"))
	}
	lines = append(lines, "basic "+pick(t, "basic", "members", "members", "anyone", "role:lead", "role:dev"))
	if rarely(t, 3, "collect") {
		lines = append(lines, "collect "+pick(t, "what", "all except status", "all except tune mood", "availability", "counted", "show devices", "all"))
	}
	if rarely(t, 3, "collect-from") {
		lines = append(lines, "collect-from "+pick(t, "whom", "members", "role:ops", "jid:ann@a.example"))
	}
	if rarely(t, 4, "require") {
		lines = append(lines, "require "+pick(t, "what", "availability", "counted", "availability show"))
	}
	if rapid.Bool().Draw(t, "default") {
		rules := drawRules(t, classes)
		if len(rules) == 0 {
			lines = append(lines, "default nothing")
		}
		for _, r := range rules {
			lines = append(lines, "default "+r)
		}
	}
	return strings.Join(lines, "\n")
}

func drawReceiving(t *rapid.T) string {
	text := drawWanted(t)
	if rarely(t, 3, "json") {
		text = strings.TrimPrefix(text+"\n"+asJSON, "nothing\n")
	}
	return text
}

func drawWanted(t *rapid.T) string {
	switch rapid.IntRange(0, 8).Draw(t, "wants") {
	case 0:
		return "refuse"
	case 1, 2:
		if some := subset(t, everybody, "only"); len(some) > 0 {
			return "members " + strings.Join(some, " ")
		}
	case 3:
		return "roles " + pick(t, "role", functions...)
	case 4:
		return "same-role"
	case 5, 6:
		return "attributes " + pick(t, "what", grants[2:len(grants)-1]...)
	case 7:
		return "roles lead ops\nattributes availability"
	}
	return "nothing"
}

// kinds of acts, the frequent ones more than once.
var kinds = []string{"appears", "appears", "appears", "appears", "appears", "publishes", "publishes", "joins", "leaves", "changes", "changes", "allows", "allows", "allows", "policy", "policy",
	"settings", "connects", "connects", "combines", "subscribes", "subscribes", "subscribes", "configures", "configures", "unsubscribes", "adds", "drops", "denies", "approves", "agrees", "time", "time", "lost"}

func drawAct(t *rapid.T, w *truth) act {
	a := act{kind: pick(t, "act", kinds...), jid: pick(t, "jid", everybody...)}
	switch a.kind {
	case "appears", "lost":
		a.name = pick(t, "device", "desk", "ph'ne")
		if a.kind == "appears" && !rarely(t, 4, "gone") {
			a.device = &model.Device{Name: a.name, Show: drawShow(t), Priority: rapid.SampledFrom([]int{0, 0, 5, -1}).Draw(t, "priority"),
				Status: pick(t, "status", "", "a", "<b>"), Idle: pick(t, "idle", "", "", "2026-01-01T11:00:00Z"),
				Can: rapid.SampledFrom([][]string{nil, nil, {"client/phone", "audio"}, {"client/pc", "audio", "omemo"}, {"files"}}).Draw(t, "can")}
			if rarely(t, 4, "languages") {
				a.device.Texts = map[string]string{"de": pick(t, "text", "b", "<c>")}
			}
		}
	case "connects":
		a.name, a.text = pick(t, "device", "desk", "ph'ne"), pick(t, "connection", "on", "interrupted", "off")
	case "combines":
		a.text = pick(t, "rule", "available", "priority", "recent")
	case "publishes":
		a.name = pick(t, "word", "mood", "tune", "location")
		a.text = pick(t, "what", "", "<x xmlns='urn:x'>a</x>", "<x xmlns='urn:x'/>")
	case "joins", "changes":
		a.member = drawMember(t)
	case "allows":
		a.text = drawAuthorization(t)
	case "policy":
		a.text = drawPolicy(t)
	case "settings":
		a.group = &model.Group{Title: pick(t, "title", "", "Team"), Description: pick(t, "description", "", "We & you"), Language: pick(t, "language", "", "de"),
			Payload: pick(t, "payload", "both", "both", "both", "separate", "combined", "presence"), Listed: rapid.Bool().Draw(t, "listed"), Attributes: map[string]string{}}
		if rapid.Bool().Draw(t, "attribute") {
			a.group.Attributes["phone"] = "1'2"
		}
	case "subscribes", "configures", "unsubscribes":
		drawSubscription(t, w, &a)
	case "time":
		a.at = w.time.Add(time.Duration(rapid.IntRange(1, 3).Draw(t, "half hours")) * 30 * time.Minute)
	}
	return a
}

func drawSubscription(t *rapid.T, w *truth, a *act) {
	a.node = pick(t, "node", nodes...)
	if rapid.Bool().Draw(t, "full") {
		a.jid += "/" + pick(t, "resource", "desk", "ph'ne")
	}
	known := slices.Sorted(maps.Keys(w.subs))
	if len(known) > 0 && (a.kind != "subscribes" || rarely(t, 4, "again")) && !rarely(t, 6, "unknown") {
		if s := w.subs[pick(t, "sub", known...)]; s.node != "contact" {
			a.jid, a.node = s.jid, s.node
		}
	}
	switch {
	case a.kind == "configures":
		a.text = drawReceiving(t)
	case a.kind == "subscribes":
		if a.text = "-"; rarely(t, 3, "options") {
			a.text = drawReceiving(t)
		}
	}
}

// question lets somebody ask for items, all at once or page by page, or for
// what changed since something that he was told.
func (h *house) question(t *rapid.T) {
	if keys := slices.Sorted(maps.Keys(h.w.subs)); len(keys) > 0 && rapid.Bool().Draw(t, "since") {
		h.checkSince(pick(t, "sub", keys...), rapid.IntRange(0, 5).Draw(t, "back"))
		return
	}
	jid, node := pick(t, "asker", everybody...), pick(t, "node", nodes...)
	from := jid + "/" + pick(t, "resource", "desk", "ph'ne")
	s, sure := h.w.asker(from, node)
	if !sure {
		return
	}
	limit := rapid.IntRange(0, 3).Draw(t, "page")
	t.Logf("%s asks for %s, %d at a time", from, node, limit)
	held := map[string]string{}
	for after := ""; ; {
		set := ""
		if limit > 0 {
			set = fmt.Sprintf("<set xmlns='http://jabber.org/protocol/rsm'><max>%d</max>%s</set>", limit, after)
		}
		answer := h.items(from, node, set)
		if want := h.w.m.Refusal(jid, node); condition(answer) != want {
			t.Fatalf("refused as %q, want %q", condition(answer), want)
		} else if want != "" {
			return
		}
		h.within(s, answer)
		apply(held, answer)
		last := lastOf.FindStringSubmatch(answer)
		if limit == 0 || last == nil {
			break
		}
		after = "<after>" + last[1] + "</after>"
	}
	h.same("the answer to "+from, held, h.w.view(s))
}

// checkSince asks, as the subscriber, for what changed since what he held some
// events ago.
func (h *house) checkSince(key string, back int) {
	h.t.Helper()
	s, past := h.w.subs[key], h.tables[key].past
	if s.node == "contact" || len(past) == 0 || s.wants.Refuse {
		return
	}
	was := past[max(0, len(past)-1-back)]
	answer := h.items(s.jid, s.node, "<since xmlns='"+ns+"' state='"+was.token+"'/>")
	state := stateOf.FindStringSubmatch(answer)
	if state == nil {
		h.t.Fatalf("an answer without a state: %s", answer)
	}
	held := map[string]string{}
	if state[3] == "" {
		held = maps.Clone(was.items)
		if state[1] != was.token {
			h.t.Fatalf("asked since %s, but the answer is from %s", was.token, state[1])
		}
	}
	if s, sure := h.w.asker(s.jid+strings.Repeat("/home", 1-min(1, strings.Count(s.jid, "/"))), s.node); sure {
		n := len(h.within(s, answer))
		apply(held, answer)
		h.same("since", held, h.w.view(s))
		if state[3] == "" && (state[1] == state[2]) != (n == 0) {
			h.t.Fatalf("%d items from %s to %s", n, state[1], state[2])
		}
	}
}

// same compares what somebody holds with what he may see.
func (h *house) same(what string, held, view map[string]string) {
	h.t.Helper()
	if !maps.Equal(held, view) {
		h.t.Fatalf("%s leads to\n\t%q\nbut he may see\n\t%q", what, held, view)
	}
}
