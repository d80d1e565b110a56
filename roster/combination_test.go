package roster_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// utterance is a presence stanza in the order of a story.
type utterance struct {
	device string
	roster.Presence
}

// lastWord is the last word of a device, and where it stands among all.
type lastWord struct {
	utterance
	at int
}

// questions are those of the table in docs/protocol.md: how b stands to a,
// greater than 0 if b is the better.
var questions = map[string]func(a, b *lastWord) int{
	"takes messages":   func(a, b *lastWord) int { return toInt(b.Priority >= 0) - toInt(a.Priority >= 0) },
	"most available":   func(a, b *lastWord) int { return cmp.Compare(b.Show, a.Show) },
	"highest priority": func(a, b *lastWord) int { return cmp.Compare(b.Priority, a.Priority) },
	"most recent":      func(a, b *lastWord) int { return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(b.at, a.at)) },
	"name":             func(a, b *lastWord) int { return strings.Compare(a.device, b.device) },
}

// pageTable reads the rules from the page.
func pageTable(t rapid.TB) map[roster.Combination][]string {
	t.Helper()
	page, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	rules := map[roster.Combination][]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(available|priority|recent)`[^|]*\\|(.*)\\|$").FindAllStringSubmatch(string(page), -1) {
		by, err := roster.ParseCombination(row[1])
		if err != nil {
			t.Fatal(err)
		}
		for cell := range strings.SplitSeq(row[2], "|") {
			if cell = strings.TrimSpace(cell); cell != "" {
				rules[by] = append(rules[by], cell)
			}
		}
	}
	return rules
}

// speaker is the last word of the device that speaks after a story, by the page.
func speaker(t rapid.TB, rule []string, story []utterance) *lastWord {
	t.Helper()
	last := map[string]*lastWord{}
	for i, s := range story {
		if delete(last, s.device); s.Show != roster.Offline {
			last[s.device] = &lastWord{s, i + 1}
			if s.Delayed {
				last[s.device].at = 0 // it came in no order
			}
		}
	}
	var all []*lastWord
	for _, d := range last {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b *lastWord) int {
		for _, q := range rule {
			if questions[q] == nil {
				t.Fatalf("%q is no question", q)
			}
			if c := questions[q](a, b); c != 0 {
				return c
			}
		}
		t.Fatalf("nothing tells %s from %s", a.device, b.device)
		return 0
	})
	if len(all) == 0 {
		return &lastWord{}
	}
	return all[0]
}

// combined is what a story comes to in a group: the show and the status.
func combined(t rapid.TB, by roster.Combination, story []utterance) (roster.Show, string) {
	t.Helper()
	r := roster.New(roster.Options{Store: store.Memory(), Outbox: deaf{}, Renderer: dialect{}})
	rec := team("ann")
	rec.Members[0].Combination = by
	if err := r.CreateGroup(context.Background(), rec); err != nil {
		t.Fatal(err)
	}
	g := r.Loaded([]byte("team"))
	for _, s := range story {
		p := s.Presence
		g.Hear([]byte(at("ann")), []byte(s.device), &p)
	}
	return ownState(t, g, at("ann"))
}

// ownState is the show and the status that somebody shows himself.
func ownState(t rapid.TB, g *roster.Group, jid string) (show roster.Show, status string) {
	t.Helper()
	q := &roster.Question{Node: roster.NodePresence, Watcher: jid, To: jid, Max: -1, Index: -1}
	q.Picture = func(b []byte, p *roster.Picture, err error) []byte {
		if err != nil {
			t.Error(err)
			return b
		}
		for it := range p.Members {
			if it.JID == jid {
				show, status = it.Show, it.Status
			}
		}
		return b
	}
	if err := g.Ask(q); err != nil {
		t.Fatal(err)
	}
	g.Turn(nil, 1<<20)
	return show, status
}

// A page with another table is another program.
func TestCombinationIsThatOfThePage(t *testing.T) {
	rules := pageTable(t)
	if len(rules) != 3 {
		t.Fatalf("%d rules stand on the page", len(rules))
	}
	for by, rule := range rules {
		if rule[len(rule)-1] != "name" {
			t.Errorf("%s can leave it open", by)
		}
	}
	rapid.Check(t, func(t *rapid.T) { combinationProperty(t, rules) })
}

// FuzzCombination is the same for go test -fuzz.
func FuzzCombination(f *testing.F) {
	rules := pageTable(f)
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) { combinationProperty(t, rules) }))
}

func combinationProperty(t *rapid.T, rules map[roster.Combination][]string) {
	by := rapid.SampledFrom([]roster.Combination{roster.MostAvailable, roster.HighestPriority, roster.MostRecent}).Draw(t, "rule")
	story := drawStory(t)
	want := speaker(t, rules[by], story)
	show, status := combined(t, by, story)
	if show != want.Show || status != string(want.Status) {
		t.Fatalf("%s: %v %q speaks, want %v %q of %s", by, show, status, want.Show, want.Status, want.device)
	}
	// What a server tells again after a restart comes in any order.
	rand.New(rand.NewPCG(1, uint64(len(story)))).Shuffle(len(story), func(i, j int) { story[i], story[j] = story[j], story[i] })
	last := map[string]utterance{}
	var again []utterance
	for _, s := range story {
		if _, twice := last[s.device]; !twice && s.Show != roster.Offline {
			s.Delayed, last[s.device] = true, s
			again = append(again, s)
		}
	}
	show, status = combined(t, by, again)
	if want := speaker(t, rules[by], again); show != want.Show || status != string(want.Status) {
		t.Fatalf("%s: told again %v %q speaks, want %v %q", by, show, status, want.Show, want.Status)
	}
	slices.Reverse(again)
	if show2, status2 := combined(t, by, again); show2 != show || status2 != status {
		t.Fatalf("%s: told again it is %v %q, the other way round %v %q", by, show, status, show2, status2)
	}
}

func drawStory(t *rapid.T) (story []utterance) {
	shows := []roster.Show{roster.Offline, roster.XA, roster.Away, roster.DND, roster.Online, roster.Chat}
	for i := range rapid.IntRange(1, 6).Draw(t, "words") {
		s := utterance{device: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "device")}
		s.Show = rapid.SampledFrom(shows).Draw(t, "show")
		s.Priority = int8(rapid.SampledFrom([]int{-1, 0, 0, 5}).Draw(t, "priority"))
		s.At = int64(1_700_000_000 + rapid.IntRange(0, 1).Draw(t, "second") + i/3)
		s.Status = fmt.Append(nil, s.device, i)
		story = append(story, s)
	}
	return story
}

// Who is told of again, as after a lost link, is not more recent for it.
func TestToldAgainIsNotMoreRecent(t *testing.T) {
	words := []utterance{
		{"phone", roster.Presence{Show: roster.Away, Status: []byte("phone"), At: 1_700_000_000}},
		{"desk", roster.Presence{Show: roster.Away, Status: []byte("desk"), At: 1_700_000_100}},
		{"phone", roster.Presence{Show: roster.Away, Status: []byte("phone"), At: 1_700_000_000, Delayed: true}},
	}
	for _, by := range []roster.Combination{roster.MostAvailable, roster.MostRecent} {
		if _, status := combined(t, by, words); status != "desk" {
			t.Errorf("%s: %s speaks", by, status)
		}
	}
}

// The rule is the member's own: it is stored, put in force at once, and gone
// with him.
func TestCombine(t *testing.T) {
	ctx, st := t.Context(), store.Memory()
	r, _, g := playOn(t, st, team("ann", "bob"))
	g.Hear([]byte(at("ann")), []byte("desk"), &roster.Presence{Show: roster.Chat, Status: []byte("desk")})
	g.Hear([]byte(at("ann")), []byte("phone"), &roster.Presence{Show: roster.XA, Priority: 9, Status: []byte("phone")})
	for _, c := range []struct {
		by   roster.Combination
		want string
	}{{roster.HighestPriority, "phone"}, {roster.MostAvailable, "desk"}, {roster.MostRecent, "phone"}} {
		if err := g.Combine(ctx, at("ann"), c.by); err != nil {
			t.Fatal(err)
		}
		if _, status := ownState(t, g, at("ann")); status != c.want {
			t.Errorf("%s: %s speaks", c.by, status)
		}
		rec, err := st.GetGroup(ctx, "team")
		if err != nil || rec.Member(at("ann")).Combination != c.by || rec.Member(at("bob")).Combination != roster.MostAvailable {
			t.Errorf("%s: stored %+v, %v", c.by, rec.Members, err)
		}
	}
	if err := r.UpdateMember(ctx, "team", at("ann"), func(m *roster.MemberRecord) error { m.Nick, m.Combination = "A", 0; return nil }); err != nil {
		t.Fatal(err)
	}
	if by, err := g.Combination(at("ann")); by != roster.MostRecent || err != nil {
		t.Errorf("after an admin's change: %s, %v", by, err)
	}
	if err := g.Combine(ctx, "eve@b.example", roster.MostRecent); !errors.Is(err, roster.ErrNoGroup) {
		t.Errorf("a stranger: %v", err)
	}
	for _, err := range []error{r.RemoveMember(ctx, "team", at("ann")), r.AddMembers(ctx, "team", roster.MemberRecord{JID: at("ann"), Affiliation: roster.Plain})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if by, err := g.Combination(at("ann")); by != roster.MostAvailable || err != nil {
		t.Errorf("who comes back: %s, %v", by, err)
	}
}
