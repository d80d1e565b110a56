package pubsub_test

import (
	"fmt"
	"math/bits"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/watch"
)

// told is all that one event or answer could have.
type told struct {
	info    *roster.Settings
	summary *roster.Summary
	members []roster.Item
	gone    []string
	stamp   roster.Stamp
}

// event renders it in a format, or the answer to a question.
func (x *told) render(format string, node roster.Node, answer bool) string {
	var r roster.Renderer = &pubsub.Renderer{Domain: domain}
	if format != "" {
		r = r.In(format)
	}
	q := &roster.Question{Node: node, To: "bob@example.org/desk", ID: "q1"}
	var b []byte
	if answer {
		b = r.AnswerStart(b, "team", q)
	} else {
		b = r.EventItems(r.Address(r.EventStart(b, "team", "ID"), q.To), node)
	}
	if x.info != nil {
		b = r.Info(b, x.info, "team", true)
	}
	if x.summary != nil {
		b = r.Summary(b, *x.summary)
	}
	b = r.Members(b)
	for i := range x.members {
		b = r.Member(b, node, &x.members[i])
	}
	for _, jid := range x.gone {
		if answer {
			b = r.AnswerGone(b, jid)
		} else {
			b = r.Gone(b, jid)
		}
	}
	if answer {
		return string(r.AnswerEnd(b, "team", q, &x.stamp, &roster.Page{Wanted: true, First: "a", Last: "b", Count: 2}))
	}
	return string(r.EventClose(r.EventEnd(b, &x.stamp)))
}

// Elements are read as any reader of XML reads them.
func TestJSONElements(t *testing.T) {
	for _, payload := range []string{
		`<mood xmlns="http://jabber.org/protocol/mood" ><text a = "b&quot;" xml:lang='d&#101;'>x &#34;&#x5c;<happy ></happy > y&apos;&#10;</text></mood>`,
		"<tune xmlns='http://jabber.org/protocol/tune'><!-- no --></tune>",
	} {
		x := told{members: []roster.Item{{JID: "ann@example.org", Show: roster.Online}}, stamp: roster.Stamp{To: "to", Full: true, Part: 1, Parts: 1}}
		x.members[0].Published = published(payload)
		a, b := watch.NewTable(team, watch.NodeGroup), watch.NewTable(team, watch.NodeGroup)
		_, err := a.Take([]byte(x.render("", roster.NodeGroup, false)), firstDay)
		_, errJSON := b.Take([]byte(x.render(roster.FormatJSON, roster.NodeGroup, false)), firstDay)
		if err != nil || errJSON != nil || !a.Equal(b) {
			t.Errorf("XML (%v): %s\nJSON (%v): %s", err, rows(a), errJSON, rows(b))
		}
	}
}

// The work of an event is to write it: nothing is allocated.
func TestJSONAllocates(t *testing.T) {
	r := (&pubsub.Renderer{Domain: domain}).In(roster.FormatJSON)
	it := &roster.Item{JID: "ann@example.org", Nick: "Änn & Co", Roles: []string{"lead"}, Attributes: []roster.Attribute{{Name: "a", Value: "b"}}, Show: roster.DND,
		Status: "On a \"call\"", Idle: "2026-01-01T12:00:00Z", Devices: []roster.Device{{Name: "phone", Show: roster.Away, Connection: "on"}},
		Willing: []roster.Willing{{App: "voice", No: true, Until: firstDay}}, StatusBy: &roster.Source{Bot: "cal@example.org", Until: firstDay}}
	it.Published = published(payloads...)
	stamp := &roster.Stamp{From: "a", To: "b", Part: 1, Parts: 1}
	b := make([]byte, 0, 1<<14)
	if n := testing.AllocsPerRun(100, func() {
		b = r.Members(r.EventItems(b[:0], roster.NodeGroup))
		b = r.Gone(r.Member(b, roster.NodeGroup, it), "bo@example.org")
		b = r.EventEnd(b, stamp)
	}); n > 0 {
		t.Errorf("%v allocations for %s", n, b)
	}
}

// FuzzJSON is the same as TestJSON for go test -fuzz.
func FuzzJSON(f *testing.F) { f.Fuzz(rapid.MakeFuzz(jsonProperty)) }

// TestJSON: whatever stands in an event, JSON says the same as XML: what is read
// from it makes the same XML, byte for byte, and the same table.
func TestJSON(t *testing.T) { rapid.Check(t, jsonProperty) }

func jsonProperty(t *rapid.T) {
	x, node := drawTold(t), rapid.SampledFrom([]roster.Node{roster.NodeMembers, roster.NodePresence, roster.NodeGroup}).Draw(t, "node")
	for _, answer := range []bool{false, true} {
		asXML, asJSON := x.render("", node, answer), x.render(roster.FormatJSON, node, answer)
		if n := strings.Count(asJSON, "<item"); n != 2 {
			t.Fatalf("%d items: %s", n, asJSON)
		}
		got, err := inXML(asJSON)
		if err != nil {
			t.Fatal(err)
		}
		if got != asXML {
			t.Fatalf("JSON says\n%s\nXML\n%s", got, asXML)
		}
	}
	if slices.ContainsFunc(x.members, func(it roster.Item) bool { return it.JID == "" }) {
		return
	}
	a, b := watch.NewTable(team, ns+"#"+node.String()), watch.NewTable(team, ns+"#"+node.String())
	at := time.Unix(1, 0)
	ua, err := a.Take([]byte(x.render("", node, false)), at)
	ub, errJSON := b.Take([]byte(x.render(roster.FormatJSON, node, false)), at)
	if err != nil || errJSON != nil || !a.Equal(b) || a.State() != b.State() || a.Synced() != b.Synced() || len(ua.Members) != len(ub.Members) {
		t.Fatalf("a table of XML has (%v)\n%+v\nof JSON (%v)\n%+v", err, rows(a), errJSON, rows(b))
	}
}

func rows(t *watch.Table) (s string) {
	for _, m := range t.Members() {
		s += fmt.Sprintf("%+v\n", *m)
	}
	return s
}

func drawTold(t *rapid.T) *told {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "", "a", "<x/>", "]]>", "&amp;", `'"\`, "\x00\x0b\x1f", "\xff\xfe", "￾￿", "a\nb\tc\rd", "\u2028\u007f", "👩‍💻", `\u003c`}))
	some := func(label string) string { return text.Draw(t, label) }
	maybe := func(label string) bool { return rapid.Bool().Draw(t, label) }
	shows := rapid.SampledFrom([]roster.Show{roster.Offline, roster.Online, roster.Chat, roster.Away, roster.XA, roster.DND})
	when := func(label string) (at time.Time) {
		if maybe(label) {
			at = firstDay
		}
		return at
	}
	can := func() *roster.Capabilities {
		if !maybe("can") {
			return nil
		}
		c := &roster.Capabilities{Able: roster.Ability(rapid.IntRange(0, 15).Draw(t, "able"))}
		if maybe("identity") {
			c.Identities = []roster.Identity{{Category: "client", Type: "phone"}, {Category: "client", Type: "pc"}}
		}
		return c
	}
	attributes := func() (list []roster.Attribute) {
		for range rapid.IntRange(0, 2).Draw(t, "attributes") {
			list = append(list, roster.Attribute{Name: some("name"), Value: some("value")})
		}
		return list
	}
	x := &told{stamp: roster.Stamp{To: "to", Full: maybe("full"), Part: 1, Parts: 1, Period: rapid.SampledFrom([]int{0, 0, 4000}).Draw(t, "period")}}
	if !x.stamp.Full {
		x.stamp.From = "from"
	}
	if maybe("parts") {
		x.stamp.Part, x.stamp.Parts = 2, 3
	}
	if maybe("stateless") {
		x.stamp = roster.Stamp{}
	}
	if maybe("info") {
		x.info = &roster.Settings{Title: some("title") + "!", Description: some("description"), Language: some("language"), Attributes: attributes()}
	}
	if maybe("summary") {
		x.summary = &roster.Summary{Members: 5, Available: 3, Chat: 1, Away: 2, XA: 3, DND: 4}
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "members") {
		it := roster.Item{JID: fmt.Sprint(i, "@example.org", some("jid")), Nick: some("nick"), Attributes: attributes(), Show: shows.Draw(t, "show"),
			Status: some("status"), Idle: some("idle"), Connection: rapid.SampledFrom([]string{"", "on"}).Draw(t, "connection"), Can: can()}
		if maybe("roles") {
			it.Roles = []string{"lead", "ops"}
		}
		if it.Status != "" && maybe("languages") {
			it.Languages = string(roster.AppendStatus(roster.AppendStatus(nil, "", []byte(it.Status)), "de", []byte("Mahlzeit")))
		}
		if strings.ContainsAny(it.Status, "\x00\x01") {
			it.Languages = "" // which no text of a stanza can have
		}
		for range rapid.IntRange(0, 2).Draw(t, "devices") {
			it.Devices = append(it.Devices, roster.Device{Name: some("device"), Show: shows.Draw(t, "device's show"), Connection: it.Connection, Can: can()})
		}
		it.Published = published(rapid.SliceOfN(rapid.SampledFrom(payloads), 0, 5).Draw(t, "payloads")...)
		for range rapid.IntRange(0, 2).Draw(t, "willing") {
			it.Willing = append(it.Willing, roster.Willing{App: some("app"), No: maybe("no"), Until: when("until"), Source: some("source")})
		}
		if maybe("reported") {
			it.StatusBy = &roster.Source{Bot: some("bot"), Until: when("until")}
		}
		if maybe("activity reported") {
			it.ActivityBy = &roster.Source{Bot: some("bot"), Until: when("until")}
		}
		x.members = append(x.members, it)
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "gone") {
		x.gone = append(x.gone, fmt.Sprint("z", i, "@example.org"))
	}
	return x
}

// payloads are what members publish, as short as it can be.
var payloads = []string{
	"<mood xmlns='http://jabber.org/protocol/mood'><happy/><text>Friday &amp; &lt;\"\\ more</text></mood>",
	"<mood xmlns='http://jabber.org/protocol/mood'><text xml:lang='de'>a\nb</text></mood>",
	"<activity xmlns='http://jabber.org/protocol/activity'><relaxing><fishing/></relaxing></activity>",
	"<metadata xmlns='urn:xmpp:avatar:metadata'><info bytes='1' height='2' id='a&apos;b' type='image/png'/></metadata>",
	"<interests><interest kind='hobby' level='high'>chess &amp; &lt;\"go\"&gt;</interest><interest kind='expertise'>Go</interest></interests>",
	"<language>de en</language>",
	"<timezone>+05:45</timezone>",
}

var ourElement = regexp.MustCompile(`^<(\w+)(?: xmlns=['"]([^'"]*)['"])?`)

// published puts elements where they belong, of two of a kind the last; those of
// no kind one behind the other.
func published(elements ...string) (all [11]string) {
	for i, x := range elements {
		all[slot(ourElement.FindStringSubmatch(x), i)] = x
	}
	return all
}

func slot(name []string, otherwise int) int {
	if name[2] == "" {
		name[2] = ns
	}
	if kind := pubsub.ItemElement(name[2], name[1]); kind != 0 {
		return bits.TrailingZeros32(uint32(kind / policy.Mood))
	}
	return otherwise
}
