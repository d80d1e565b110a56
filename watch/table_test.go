package watch_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/watch"
)

const group = "team@groups.example.org"

// reader is a test's end of a table.
type reader struct {
	*testing.T
	*watch.Table
	now time.Time
}

func newReader(t *testing.T) *reader {
	return &reader{t, watch.NewTable(group, watch.NodeGroup), time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
}

// row is an item of a member who is available, with a status or none.
func row(user, status string) string {
	text := ""
	if status != "" {
		text = "<status>" + status + "</status>"
	}
	return "<item id='" + user + "@example.org'><member xmlns='urn:xmpp:tmp:group-presence:0' jid='" + user + "@example.org' nick='" + user +
		"'><presence xmlns='jabber:client'>" + text + "</presence></member></item>"
}

func retract(user string) string { return "<retract id='" + user + "@example.org'/>" }

func message(items, state string) string {
	return "<message type='headline' from='" + group + "' to='anna@example.org'><event xmlns='http://jabber.org/protocol/pubsub#event'>" +
		"<items node='" + watch.NodeGroup + "'>" + items + "</items></event><state xmlns='urn:xmpp:tmp:group-presence:0' " + state + "/></message>"
}

// event hands over an event and returns what it did, a second later than the
// one before.
func (r *reader) event(items, state string) watch.Update {
	r.Helper()
	r.now = r.now.Add(time.Second)
	c, err := r.Take([]byte(message(items, state)), r.now)
	if err != nil || !c.Ours {
		r.Fatalf("event %s: %+v, %v", state, c, err)
	}
	return c
}

// answer hands over an answer; end is what stands behind the items.
func (r *reader) answer(items, end string) watch.Update {
	r.Helper()
	r.now = r.now.Add(time.Second)
	c, err := r.Answer([]byte("<iq type='result' id='1'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='"+watch.NodeGroup+"'>"+
		items+"</items>"+end+"</pubsub></iq>"), r.now)
	if err != nil {
		r.Fatal(err)
	}
	return c
}

func state(attributes string) string {
	return "<state xmlns='urn:xmpp:tmp:group-presence:0' " + attributes + "/>"
}

// shows compares the rows, as "anna 'status', bo".
func (r *reader) shows(want string) {
	r.Helper()
	var rows []string
	for _, m := range r.Members() {
		s := m.Name()
		if m.Status != "" {
			s += " " + m.Status
		}
		rows = append(rows, s)
	}
	if got := strings.Join(rows, ", "); got != want {
		r.Errorf("shows %q, want %q", got, want)
	}
}

// asks compares the next request.
func (r *reader) asks(want string) {
	r.Helper()
	got := r.Request()
	if want != "" {
		want = "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='" + watch.NodeGroup + "'/>" + want + "</pubsub>"
	}
	if got != want {
		r.Errorf("asks %s, want %s", got, want)
	}
}

func since(token string) string {
	return "<since xmlns='urn:xmpp:tmp:group-presence:0' state='" + token + "'/>"
}

func (r *reader) asksAll() {
	r.Helper()
	if got := r.Request(); got != "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='"+watch.NodeGroup+"'/></pubsub>" {
		r.Errorf("asks %s, want everything", got)
	}
}

func TestChain(t *testing.T) {
	r := newReader(t)
	if r.Synced() {
		t.Error("an empty table is whole")
	}
	r.event(row("anna", "")+row("bo", "")+row("cy", ""), "to='1' full='true'")
	r.shows("anna, bo, cy")
	first := r.now
	c := r.event(row("bo", "lunch")+retract("cy"), "from='1' to='2'")
	r.shows("anna, bo lunch")
	if len(c.Members) != 2 || c.Members[0].Before.Status != "" || c.Members[0].After.Status != "lunch" || c.Members[1].After != nil || c.Gap {
		t.Errorf("the change is %+v", c)
	}
	if anna, bo := r.Member("anna@example.org"), r.Member("bo@example.org"); !anna.Changed.Equal(first) || !bo.Changed.Equal(r.now) {
		t.Errorf("changed at %v and %v", anna.Changed, bo.Changed)
	}
	if c := r.event(row("bo", "lunch"), "from='2' to='3'"); !c.Empty() || c.Known {
		t.Errorf("the same again is %+v", c)
	}
	r.event(row("bo", ""), "to='4' full='true'")
	r.shows("bo")
	if r.State() != "4" || !r.Synced() {
		t.Errorf("holds %s", r.State())
	}
	r.asks("")
}

func TestItem(t *testing.T) {
	r := newReader(t)
	c := r.event(`<item id='info'><info xmlns='urn:xmpp:tmp:group-presence:0'><name>R&amp;D</name><description>us</description><attribute name='phone'>123</attribute></info></item>
<item id='summary'><summary xmlns='urn:xmpp:tmp:group-presence:0' members='5' available='4' chat='0' away='1' xa='2' dnd='1'/></item>
<item id='anna@example.org'><member xmlns='urn:xmpp:tmp:group-presence:0' jid='anna@example.org' nick='Anna' roles='lead ops'><attribute name='title'>Shift &lt;lead></attribute>
<presence xmlns='jabber:client'><show>dnd</show><status>On a call</status></presence><device name='phone' show='away' connection='on'/><device name='desk'/>
<idle xmlns='urn:xmpp:idle:1' since='2026-01-01T11:51:00Z'/><mood xmlns='http://jabber.org/protocol/mood'><happy/></mood>
<interests><interest kind='hobby' level='high'>chess</interest><interest kind='expertise'>R&amp;D</interest></interests><language>de en-GB</language><timezone>-03:30</timezone>
<willing value='yes'/><willing app='voice' value='no' until='2026-01-01T13:00:00Z' source='cal@example.org'/><reported of='status activity' until='2026-01-01T13:00:00Z' source='cal@example.org'/></member></item>
<item id='bo@example.org'><member xmlns='urn:xmpp:tmp:group-presence:0' jid='bo@example.org'><presence xmlns='jabber:client' type='unavailable'/></member></item>`, "to='1' full='true'")
	anna, bo, info := r.Member("anna@example.org"), r.Member("bo@example.org"), r.Info()
	if anna.Nick != "Anna" || strings.Join(anna.Roles, "+") != "lead+ops" || anna.Attribute("title") != "Shift <lead>" || anna.Attribute("none") != "" ||
		anna.Show != watch.DND || anna.Status != "On a call" || !anna.Idle.Equal(time.Date(2026, 1, 1, 11, 51, 0, 0, time.UTC)) ||
		len(anna.Devices) != 2 || anna.Devices[0] != (watch.Device{Name: "phone", Show: watch.Away, Connection: "on"}) || anna.Devices[1].Show != watch.Available {
		t.Errorf("anna is %+v", anna)
	}
	one := time.Date(2026, 1, 1, 13, 0, 0, 0, time.UTC)
	if !slices.Equal(anna.Willing, []watch.Willing{{Value: true}, {App: "voice", Until: one, Source: "cal@example.org"}}) || len(anna.Payloads) != 1 ||
		anna.Source("status") != "cal@example.org" || anna.Source("mood") != "" || bo.Source("status") != "" {
		t.Errorf("anna says %+v, %+v", anna.Willing, anna.Reported)
	}
	if !slices.Equal(anna.Languages, []string{"de", "en-GB"}) || !slices.Equal(anna.Interests, []watch.Interest{{Kind: "hobby", Level: "high", Text: "chess"}, {Kind: "expertise", Text: "R&D"}}) || bo.Zone() != nil {
		t.Errorf("anna is %+v, bo %+v", anna, bo)
	}
	if z := anna.Zone(); z == nil || one.In(z).Format("-07:00") != "-03:30" {
		t.Errorf("anna is in %v", z)
	}
	if bo.Name() != "bo" || bo.Show != watch.Offline || !bo.Known || bo.Roles != nil {
		t.Errorf("bo is %+v", bo)
	}
	if info.Name != "R&D" || info.Description != "us" || info.Attribute("phone") != "123" {
		t.Errorf("the group is %+v", info)
	}
	if r.Summary() != (watch.Summary{Members: 5, Available: 4, Away: 1, XA: 2, DND: 1}) {
		t.Errorf("counts %+v", r.Summary())
	}
	if !c.Info || !c.Summary || len(c.Members) != 2 {
		t.Errorf("the change is %+v", c)
	}
}

func TestParts(t *testing.T) {
	r := newReader(t)
	r.event(row("anna", "old"), "to='1' full='true'")
	if c := r.event(row("bo", ""), "to='2' full='true' part='1/2'"); !c.Partial {
		t.Errorf("the first part did %+v", c)
	}
	r.shows("anna old")
	if r.Synced() || r.State() != "1" {
		t.Errorf("in the middle of a state the table is whole at %q", r.State())
	}
	r.event(row("cy", ""), "to='2' full='true' part='2/2'")
	r.shows("bo, cy")
	r.event(retract("bo"), "from='2' to='3' part='1/2'")
	r.event(row("dee", ""), "from='2' to='3' part='2/2'")
	r.shows("cy, dee")
	r.asks("")
}

// Parts that are not all there are worth nothing, and missed.
func TestPartLost(t *testing.T) {
	for name, parts := range map[string][]string{
		"first":  {"2/3", "3/3"},
		"middle": {"1/3", "3/3"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReader(t)
			r.event(row("anna", ""), "to='1' full='true'")
			for _, p := range parts {
				r.event(row("bo", ""), "from='1' to='2' part='"+p+"'")
			}
			r.shows("anna")
			r.asks(since("1"))
		})
	}
	r := newReader(t)
	r.event(row("anna", ""), "to='1' full='true'")
	r.event(row("bo", ""), "from='1' to='2' part='1/2'")
	r.event(row("cy", ""), "from='2' to='3'")
	r.shows("anna, cy")
	r.asks(since("1"))
}

func TestGap(t *testing.T) {
	r := newReader(t)
	r.event(row("anna", "")+row("bo", ""), "to='1' full='true'")
	if c := r.event(row("anna", "new"), "from='2' to='3'"); !c.Gap {
		t.Error("a gap went unnoticed")
	}
	r.shows("anna new, bo") // true nevertheless
	r.asks(since("1"))
	r.asks("") // one at a time
	r.event(row("anna", "newer"), "from='3' to='4'")
	r.answer(row("anna", "newer")+"<item id='bo@example.org'><gone xmlns='urn:xmpp:tmp:group-presence:0'/></item>", state("from='1' to='4'"))
	r.shows("anna newer")
	if c := r.event(row("anna", "newer"), "from='3' to='4'"); !c.Known || c.Gap {
		t.Errorf("what an answer told already is %+v", c)
	}
	r.event(row("cy", ""), "from='4' to='5'")
	r.asks("")
	r.shows("anna newer, cy")
}

func TestNewSession(t *testing.T) {
	r := newReader(t)
	r.Reconnected()
	r.asks("") // it never had anything
	r.event(row("anna", "")+row("bo", ""), "to='1' full='true'")
	r.Resync()
	r.asks(since("1"))
	r.Reconnected() // no answer will come
	r.asks(since("1"))
	r.answer(row("cy", ""), state("to='9' full='true'"))
	r.shows("cy")
	if !r.Synced() {
		t.Error("not whole")
	}
}

func TestDeltaBeforeAnything(t *testing.T) {
	r := newReader(t)
	r.event(row("anna", ""), "from='1' to='2'")
	r.asksAll()
	r.answer(row("anna", "")+row("bo", ""), state("to='2'"))
	r.shows("anna, bo")
}

func page(index, count int, last string) string {
	return fmt.Sprintf("<set xmlns='http://jabber.org/protocol/rsm'><first index='%d'>x</first><last>%s</last><count>%d</count></set>", index, last, count)
}

func TestPages(t *testing.T) {
	r := newReader(t)
	r.event(row("zoe", ""), "to='1' full='true'")
	r = &reader{t, watch.NewTable(group, watch.NodeGroup), r.now}
	r.Resync()
	r.asksAll()
	r.answer(row("anna", "")+row("bo", ""), page(0, 3, "bo@example.org/1")+state("to='1'"))
	r.shows("")
	after := "<set xmlns='http://jabber.org/protocol/rsm'><after>bo@example.org/1</after></set>"
	r.asks(after)
	r.event(row("anna", "young"), "from='1' to='2'") // younger than the first page
	r.answer(row("cy", ""), page(2, 3, "cy@example.org/1")+state("to='1'"))
	r.shows("anna young, bo, cy")
	if r.State() != "2" {
		t.Errorf("holds %q", r.State())
	}
	r.event(retract("bo"), "from='2' to='3'")
	r.asks("")
}

// A full state replaces what some pages have begun.
func TestFullBetweenPages(t *testing.T) {
	r := newReader(t)
	r.Resync()
	r.asksAll()
	r.answer(row("anna", ""), page(0, 2, "anna@example.org/1")+state("to='1'"))
	r.Request()
	r.event(row("bo", ""), "to='2' full='true'")
	r.answer(row("cy", ""), page(1, 2, "cy@example.org/1")+state("to='1'"))
	r.shows("bo")
	r.asks("")
}

func TestRefusal(t *testing.T) {
	r := newReader(t)
	r.event(row("anna", ""), "to='1' full='true'")
	r.Resync()
	r.Request()
	_, err := r.Answer([]byte("<iq type='error'><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"), r.now)
	if !errors.Is(err, watch.ErrRefused) || !strings.Contains(err.Error(), "item-not-found") {
		t.Error(err)
	}
	r.asks("") // not again and again
	r.shows("anna")
	r.Resync()
	r.Request()
	if _, err := r.Answer([]byte("<iq type='result'/>"), r.now); err == nil {
		t.Error("an empty answer is one")
	}
}

func TestOthers(t *testing.T) {
	r := newReader(t)
	r.event(row("anna", ""), "to='1' full='true'")
	event := message(row("eve", ""), "to='2' full='true'")
	for _, raw := range []string{
		strings.Replace(event, "from='"+group, "from='eve@example.org", 1),
		strings.Replace(event, "from='"+group, "from='"+group+"/group", 1),
		strings.Replace(event, watch.NodeGroup, watch.NodePresence, 1),
		"<message from='" + group + "'><body>hello</body></message>",
	} {
		if c, err := r.Take([]byte(raw), r.now); c.Ours || err != nil {
			t.Errorf("%s: %+v, %v", raw, c, err)
		}
	}
	for _, raw := range []string{"<message", "", message("", "to='2' part='3/2'"), message("", "to='2' part='x'")} {
		if _, err := r.Take([]byte(raw), r.now); err == nil {
			t.Errorf("%q makes sense", raw)
		}
	}
	r.shows("anna")
	_, err := r.Take([]byte("<message from='"+group+"'><event xmlns='http://jabber.org/protocol/pubsub#event'><subscription node='"+watch.NodeGroup+
		"' subscription='none'/></event></message>"), r.now)
	if err != nil || !r.Ended() {
		t.Errorf("the end of the subscription: %v, %v", r.Ended(), err)
	}
}

func TestEqual(t *testing.T) {
	a, b := newReader(t), newReader(t)
	a.event(row("anna", "")+row("bo", "x"), "to='1' full='true'")
	b.event(row("bo", ""), "to='7' full='true'")
	if a.Equal(b.Table) {
		t.Error("different tables are equal")
	}
	b.event(row("anna", "")+row("bo", "x"), "from='7' to='8'")
	if !a.Equal(b.Table) {
		t.Errorf("%s and %s differ", a, b)
	}
}
