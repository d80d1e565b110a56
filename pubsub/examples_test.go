package pubsub_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/model"
)

// example is one worked example of docs/protocol.md: sentences, and behind
// some of them, indented, what must come of it.
type example struct {
	title string
	lines []exampleLine
}

type exampleLine struct {
	says string
	want []string
}

// TestExamples plays the worked examples of docs/protocol.md. Each is true of
// the model, and of the service: of what it answers, and of what its
// subscribers hold after all that they were sent.
func TestExamples(t *testing.T) {
	page, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := readExamples(t, string(page))
	if len(examples) < 60 {
		t.Errorf("only %d examples", len(examples))
	}
	seen := map[string]bool{}
	for _, e := range examples {
		if seen[e.title] {
			t.Errorf("%q stands there twice", e.title)
		}
		seen[e.title] = true
		t.Run(e.title, func(t *testing.T) { e.play(t) })
	}
}

func readExamples(t *testing.T, page string) (all []*example) {
	for _, block := range regexp.MustCompile("(?s)```example\n(.*?)```").FindAllStringSubmatch(page, -1) {
		var e *example
		for line := range strings.Lines(block[1]) {
			line = strings.TrimRight(line, " \n")
			switch title, isTitle := strings.CutPrefix(line, "# "); {
			case line == "":
			case isTitle:
				e = &example{title: title}
				all = append(all, e)
			case strings.HasPrefix(line, "    "):
				last := &e.lines[len(e.lines)-1]
				last.want = append(last.want, strings.ReplaceAll(strings.TrimSpace(line), "'NS'", "'"+ns+"'"))
			default:
				e.lines = append(e.lines, exampleLine{says: line})
			}
		}
	}
	for _, e := range all {
		if len(e.lines) == 0 || !slices.ContainsFunc(e.lines, func(l exampleLine) bool { return len(l.want) > 0 }) {
			t.Errorf("%q shows nothing", e.title)
		}
	}
	return all
}

// cast is the group in which every example begins.
func cast() *model.Group {
	m := model.New("team")
	for jid, change := range map[string]func(*model.Member){
		"alice@example.org": func(m *model.Member) { m.Nick, m.Roles = "Alice", []string{"lead"} },
		"bob@example.org":   func(m *model.Member) { m.Roles = []string{"ops"} },
		"carol@example.org": func(*model.Member) {},
	} {
		change(m.Join(jid))
	}
	return m
}

// stage is an example under way.
type stage struct {
	*house
	t *testing.T
	e *example
}

func (e *example) play(t *testing.T) {
	s := &stage{house: newHouse(t, cast()), t: t, e: e}
	defer s.close()
	s.do(act{kind: "appears", jid: "alice@example.org", name: "phone", device: &model.Device{Name: "phone", Show: "dnd", Status: "On a call"}})
	s.do(act{kind: "appears", jid: "bob@example.org", name: "desk", device: &model.Device{Name: "desk"}})
	for _, l := range e.lines {
		s.watch()
		s.line(l)
		s.rest()
	}
}

// watch subscribes everybody to what he looks at in this example, as soon as
// he may: what he is told from then on must lead him to what he sees.
func (s *stage) watch() {
	s.t.Helper()
	for _, l := range s.e.lines {
		at := sees.FindStringSubmatch(l.says)
		if at == nil {
			continue
		}
		jid, node := person(at[1]), at[3][strings.IndexAny(at[3], "# ")+1:]
		switch _, known := s.w.subs[tableKey(jid, node)]; {
		case known:
		case node == "contact":
			s.do(act{kind: "adds", jid: jid})
		case s.w.m.Refusal(jid, node) == "":
			s.do(act{kind: "subscribes", jid: jid, node: node, text: "-"})
		}
	}
	s.rest()
}

var (
	sees     = regexp.MustCompile(`^(\w+) sees (?:(\w+) in )?(#\w+|the contact)$`)
	isAt     = regexp.MustCompile(`^(\w+) on (\w+): (offline|online|chat|away|xa|dnd)(?: (-?\d+))?(?:, "([^"]*)")?(?:, (de) "([^"]*)")?(?:, idle (\S+))?(?:, can ([\w/ ]+))?$`)
	connects = regexp.MustCompile(`^(\w+) on (\w+) is (on|interrupted|off)$`)

	does      = regexp.MustCompile(`^(\w+) (allows|tries|wants|joins|leaves|agrees|is offered|is|combines by)(?: (.*))?$`)
	elsewhere = map[string]string{"mallory": "mallory@elsewhere.example"}
)

// person is the address of somebody in the cast.
func person(name string) string {
	if jid := elsewhere[name]; jid != "" {
		return jid
	}
	return name + "@example.org"
}

// policyText is a policy with a line for each sentence.
func policyText(s string) string { return strings.ReplaceAll(s, "; ", "\n") }

func (s *stage) line(l exampleLine) {
	s.t.Helper()
	if at := sees.FindStringSubmatch(l.says); at != nil {
		s.sees(person(at[1]), at[2], at[3], l.want)
		return
	}
	if at := isAt.FindStringSubmatch(l.says); at != nil {
		s.at(person(at[1]), at)
		return
	}
	if at := connects.FindStringSubmatch(l.says); at != nil {
		s.allowed(act{kind: "connects", jid: person(at[1]), name: at[2], text: at[3]})
		return
	}
	if at := does.FindStringSubmatch(l.says); at != nil {
		s.does(person(at[1]), at[2], policyText(at[3]), l.want)
		return
	}
	word, rest, _ := strings.Cut(l.says, " ")
	switch word {
	case "group":
		s.allowed(act{kind: "policy", text: policyText(rest)})
	case "team":
		s.setting(rest)
	case "at":
		at, err := time.Parse(time.RFC3339, rest)
		s.must(err)
		s.allowed(act{kind: "time", at: at})
	default:
		s.t.Fatalf("%q is no sentence of an example", l.says)
	}
}

// allowed lets something happen that is not refused.
func (s *stage) allowed(a act) {
	s.t.Helper()
	if c := s.do(a); c != "" {
		s.t.Fatalf("%s is refused: %s", a, c)
	}
}

// sees compares what somebody sees with the page: the model, the answer to a
// request. What he holds is compared anyway.
func (s *stage) sees(jid, whom, node string, want []string) {
	s.t.Helper()
	if node == "the contact" {
		s.equal("the model's line", s.w.m.Line(jid, s.now()), strings.Join(want, ""))
		return
	}
	node = strings.TrimPrefix(node, "#")
	if whom == "" && len(want) == 1 && strings.HasPrefix(want[0], "<error ") {
		s.refused(jid, node, want[0])
		return
	}
	if len(want) == 1 && want[0] == "nothing" {
		want = nil
	}
	pick := func(all []model.Item) string {
		var texts []string
		for _, it := range all {
			if whom == "" || it.ID == person(whom) {
				texts = append(texts, it.XML)
			}
		}
		return strings.Join(texts, "\n")
	}
	wants := s.w.subs[tableKey(jid, node)].wants
	s.equal("the model", pick(s.w.m.Items(node, jid, &wants, s.now())), strings.Join(want, "\n"))
	var asked []model.Item
	for _, it := range itemOf.FindAllStringSubmatch(s.items(jid, node, ""), -1) {
		asked = append(asked, model.Item{ID: it[1], XML: it[0]})
	}
	s.equal("the answer", pick(asked), strings.Join(want, "\n"))
}

// refused compares the error that somebody gets who asks for a node, and who
// wants to subscribe to it.
func (s *stage) refused(jid, node, want string) {
	s.t.Helper()
	s.equal("the model", s.w.m.Refusal(jid, node), condition(want))
	s.equal("the answer", errorOf(s.items(jid, node, "")), want)
	s.equal("the answer to subscribe", errorOf(s.subscribes(jid, node, "-")), want)
}

func errorOf(answer string) string {
	i, j := strings.Index(answer, "<error "), strings.LastIndex(answer, "</iq>")
	if i < 0 || j < i {
		return answer
	}
	return answer[i:j]
}

func (s *stage) equal(what, got, want string) {
	s.t.Helper()
	if got != want {
		s.t.Errorf("%s:\n%s\nthe page:\n%s", what, got, want)
	}
}

func (s *stage) at(jid string, at []string) {
	s.t.Helper()
	a := act{kind: "appears", jid: jid, name: at[2]}
	if at[3] != "offline" {
		a.device = &model.Device{Name: at[2], Show: strings.TrimPrefix(at[3], "online"), Status: at[5], Idle: at[8], Can: strings.Fields(at[9])}
		if at[6] != "" {
			a.device.Texts = map[string]string{at[6]: at[7]}
		}
		if at[4] != "" {
			_, err := fmt.Sscan(at[4], &a.device.Priority)
			s.must(err)
		}
	}
	s.allowed(a)
}

func (s *stage) does(jid, verb, text string, want []string) {
	s.t.Helper()
	switch verb {
	case "allows":
		s.allowed(act{kind: "allows", jid: jid, text: text})
	case "tries":
		s.equal("the model", s.do(act{kind: "allows", jid: jid, text: text}), condition(want[0]))
		s.equal("the answer", errorOf(s.allows(jid, text)), want[0])
	case "wants":
		for _, c := range s.w.subs {
			if c.owner == jid && c.node != "contact" {
				s.allowed(act{kind: "configures", jid: c.jid, node: c.node, text: text})
			}
		}
	case "is":
		m := *s.w.m.Members[jid]
		m.Roles = strings.Fields(strings.TrimPrefix(text, "nothing"))
		s.allowed(act{kind: "changes", jid: jid, member: &m})
	case "joins":
		s.allowed(act{kind: "joins", jid: jid, member: &model.Member{Roles: strings.Fields(text)}})
	case "leaves", "agrees":
		s.allowed(act{kind: verb, jid: jid})
	case "combines by":
		s.allowed(act{kind: "combines", jid: jid, text: text})
	case "is offered":
		s.offered(jid, strings.Join(want, ""))
	}
}

// setting changes one setting beside the policy.
func (s *stage) setting(rest string) {
	s.t.Helper()
	g := *s.w.m
	g.Attributes = maps.Clone(g.Attributes)
	switch word, value, _ := strings.Cut(rest, " "); word {
	case "name":
		g.Title = value
	case "description":
		g.Description = value
	case "listed":
		g.Listed = true
	case "payload":
		g.Payload = value
	case "attribute":
		name, value, _ := strings.Cut(value, "=")
		g.Attributes[name] = value
	default:
		s.t.Fatalf("%q is no setting", rest)
	}
	s.allowed(act{kind: "settings", group: &g})
}

// offered compares what somebody may say yes to with the page. The id may be
// anything.
func (s *stage) offered(jid, want string) {
	s.t.Helper()
	got := "nothing"
	if p := proposalOf.FindStringSubmatch(s.request(jid, "get", "<authorization xmlns='"+ns+"'/>")); p != nil {
		got = strings.Replace(p[0], p[1], "ID", 1)
	}
	s.equal("the proposal", got, want)
	s.equal("the model's", fmt.Sprint(s.w.m.Proposed(jid)), fmt.Sprint(want != "nothing"))
}
