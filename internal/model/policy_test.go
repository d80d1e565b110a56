package model_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/internal/model"
	"github.com/rollcall-xmpp/rollcall/policy"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// question is one decision, as text: what the model and policy are asked.
type question struct {
	group, own, agreed, wants string // policies; own "" = none, agreed "" = the default
	watcher                   string
	member                    bool // the watcher is one
	roles, mine               []string
	at                        time.Time
}

const (
	ann = "ann@a.example" // who is looked at
	bob = "bob@a.example" // who looks
)

// model answers by the model: the words, sorted.
func (q *question) model(t fataler) []string {
	g := model.New("team")
	p, err := model.ReadPolicy(q.group)
	if err != nil {
		t.Fatal(err)
	}
	g.Policy = p
	m := g.Join(ann)
	m.Roles = q.roles
	if q.agreed != "" {
		m.Agreed = authorization(t, q.agreed).Rules
	}
	if q.own != "" {
		g.Said[ann] = authorization(t, q.own)
	}
	if q.member && q.watcher != ann {
		g.Join(q.watcher).Roles = q.mine
	}
	r := &model.Receiving{}
	lines(t, q.wants, r.AddLine)
	var all []string
	for w, is := range g.Sees(q.watcher, ann, r, q.at) {
		if is {
			all = append(all, w)
		}
	}
	slices.Sort(all)
	return all
}

func authorization(t fataler, text string) *model.Authorization {
	a := &model.Authorization{}
	lines(t, text, a.AddLine)
	return a
}

func lines(t fataler, text string, read func(string) error) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if err := read(line); err != nil {
			t.Fatal(err)
		}
	}
}

type fataler interface{ Fatal(...any) }

// policy answers by the real thing; ok is false if it refuses one of the
// texts.
func (q *question) policy() (all []string, ok bool) {
	g, err := policy.ParseGroup(q.group)
	if err != nil {
		return nil, false
	}
	s := policy.Subject{JID: ann, Roles: q.roles}
	for text, into := range map[string]**policy.Authorization{q.own: &s.Authorization, q.agreed: &s.Agreed} {
		if text == "" {
			continue
		}
		if *into, err = policy.ParseAuthorization(text); err != nil {
			return nil, false
		}
	}
	r, err := policy.ParseReceiving(q.wants)
	if err != nil {
		return nil, false
	}
	w := policy.Watcher{JID: q.watcher, Member: q.member, Roles: q.mine}
	m := g.Decide(q.at, &s, &w, r)
	all = strings.Fields(m.String())
	for word, bit := range map[string]policy.Mask{"named": policy.Named, "basic": policy.Basic, "enrolled": policy.Enrolled} {
		if m.Has(bit) {
			all = append(all, word)
		}
	}
	slices.Sort(all)
	return all, true
}

// check compares the two.
func (q *question) check(t fataler) []string {
	got, ok := q.policy()
	if !ok {
		return nil
	}
	if want := q.model(t); !slices.Equal(got, want) {
		t.Fatal("policy lets see ", got, ", the model ", want, ": ", *q)
	}
	return got
}

// FuzzDecide is TestDecide for go test -fuzz.
func FuzzDecide(f *testing.F) { f.Fuzz(rapid.MakeFuzz(decideProperty)) }

// TestDecide: policy decides as the model does; a rule more never hides; a
// wish never shows; the order of rules, and whom else they speak of, have no
// meaning.
func TestDecide(t *testing.T) { rapid.Check(t, decideProperty) }

func decideProperty(t *rapid.T) {
	q := draw(t)
	sees, ok := q.policy()
	if !ok {
		t.Fatalf("policy refuses %+v", *q)
	}
	q.check(t)

	more := *q // monotony: a grant added never hides
	if rule := drawRule(t, whos); q.own != "" {
		more.own += rule + "\n"
		subset(t, sees, more.check(t), "a rule more hides", rule)
	}

	all := *q // a receiving policy never shows more
	all.wants = ""
	subset(t, sees, all.check(t), "a wish shows", q.wants)

	shuffled := *q // the order has no meaning
	order := strings.SplitAfter(strings.TrimSuffix(q.own, "\n"), "\n")
	slices.Reverse(order)
	if shuffled.own = strings.Join(order, "\n"); q.own != "" {
		shuffled.own = strings.ReplaceAll(shuffled.own+"\n", "\n\n", "\n")
		same(t, sees, shuffled.check(t), "the order of rules matters")
	}

	other := *q // non-interference: what speaks of others is nothing to him
	if q.own != "" {
		other.own += "hide zed@z.example\njid:zed@z.example: all\ndomain:z.example: all\nrole:nobody: all\n"
		same(t, sees, other.check(t), "what others may see shows")
	}

	hidden := *q // hiding leaves what does not depend on being there
	if q.own != "" {
		hidden.own += "hide " + q.watcher + "\n"
		was := slices.DeleteFunc(slices.Clone(sees), func(w string) bool { return !slices.Contains([]string{"named", "basic", "enrolled"}, w) })
		same(t, was, hidden.check(t), "hiding is not like being offline")
	}
}

func subset(t *rapid.T, some, all []string, what, why string) {
	for _, w := range some {
		if !slices.Contains(all, w) {
			t.Fatalf("%s: %q: %q, then %q", what, why, some, all)
		}
	}
}

func same(t *rapid.T, a, b []string, what string) {
	if !slices.Equal(a, b) {
		t.Fatalf("%s: %q, then %q", what, a, b)
	}
}

var (
	whos    = []string{"members", "outsiders", "everyone", "role:lead", "role:ops", "jid:" + bob, "domain:a.example", "domain:b.example", "jid:eve@b.example"}
	classes = whos[:5]
	roles   = []string{"lead", "ops", "dev"}
)

func pick(t *rapid.T, label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }

func some(t *rapid.T, of []string, label string) (all []string) {
	bits := rapid.IntRange(0, 1<<len(of)-1).Draw(t, label)
	for i, x := range of {
		if bits>>i&1 == 1 {
			all = append(all, x)
		}
	}
	return all
}

// drawWords draws a list such as "show status except mood".
func drawWords(t *rapid.T) string {
	if rapid.IntRange(0, 3).Draw(t, "list") == 0 {
		return pick(t, "list", "all", "all except status", "availability", "counted", "all except availability counted mood")
	}
	words := some(t, model.Words, "words")
	if len(words) == 0 {
		return "counted"
	}
	return strings.Join(words, " ")
}

func drawRule(t *rapid.T, whos []string) string {
	rule := pick(t, "who", whos...) + ": " + drawWords(t)
	from := noon.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "from")) * time.Hour)
	if rapid.IntRange(0, 3).Draw(t, "begins") == 0 {
		rule += " from " + from.Format(time.RFC3339)
	}
	if rapid.IntRange(0, 3).Draw(t, "ends") == 0 {
		rule += " until " + from.Add(time.Duration(rapid.IntRange(1, 3).Draw(t, "for"))*time.Hour).Format(time.RFC3339)
	}
	return rule
}

func drawAuthorization(t *rapid.T, whos []string) string {
	text := "# rules\n"
	for range rapid.IntRange(0, 4).Draw(t, "rules") {
		text += drawRule(t, whos) + "\n"
	}
	return text
}

func draw(t *rapid.T) *question {
	q := &question{watcher: pick(t, "watcher", bob, bob, "eve@b.example", ann), at: noon.Add(time.Duration(rapid.IntRange(-60, 60).Draw(t, "minutes")) * time.Minute)}
	q.roles, q.mine = some(t, roles, "roles"), some(t, roles, "mine")
	if q.member = q.watcher == ann || rapid.Bool().Draw(t, "member"); !q.member {
		q.mine = nil
	}
	if q.watcher == ann {
		q.mine = q.roles
	}
	if rapid.Bool().Draw(t, "own") {
		q.own = drawAuthorization(t, whos)
		if rapid.IntRange(0, 5).Draw(t, "secret") == 0 {
			q.own += "share no\n"
		}
		if rapid.IntRange(0, 3).Draw(t, "hides") == 0 {
			q.own += "hide " + pick(t, "from", bob, ann, "eve@b.example") + "\n"
		}
	}
	if rapid.Bool().Draw(t, "agreed") {
		q.agreed = drawAuthorization(t, classes)
	}
	q.group = drawGroup(t)
	switch rapid.IntRange(0, 6).Draw(t, "wants") {
	case 0:
		q.wants = "refuse"
	case 1:
		q.wants = "members " + pick(t, "whom", ann, bob, bob+" "+ann)
	case 2:
		q.wants = "roles " + pick(t, "role", roles...)
	case 3:
		q.wants = "same-role"
	case 4, 5:
		q.wants = "attributes " + pick(t, "what", "show", "counted", "availability", "all except status", "mood tune, location")
	}
	return q
}

func drawGroup(t *rapid.T) string {
	text := "basic " + pick(t, "basic", "members", "anyone", "role:lead", "role:dev") + "\n"
	if rapid.Bool().Draw(t, "collect") {
		text += "collect " + pick(t, "collect", "all", "counted", "availability", "show status", "all except location") + "\n"
	}
	if rapid.Bool().Draw(t, "collect-from") {
		text += "collect-from " + pick(t, "from", "members", "role:lead", "jid:"+ann, "jid:"+bob) + "\n"
	}
	if rapid.Bool().Draw(t, "default") {
		rules := rapid.IntRange(0, 3).Draw(t, "rules")
		for range rules {
			text += "default " + drawRule(t, classes) + "\n"
		}
		if rules == 0 {
			text += "default nothing\n"
		}
	}
	return text
}
