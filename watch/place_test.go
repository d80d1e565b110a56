package watch_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"mellium.im/xmpp"
	"mellium.im/xmpp/mux"
	"mellium.im/xmpp/stanza"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/watch"
)

const posts = "pubsub.example.org"

// office is the server's PubSub service of a house: it does as it is told, in
// order, and shows a node to its one subscriber.
type office struct {
	mu      sync.Mutex
	nodes   map[string]string // its subscriber, by node
	refuses bool              // it makes no nodes
}

// take does what the house asks of it, and answers.
func (o *office) take(h *house, st *frame.Stanza) {
	name, why, says := between(st.Inner, " node='"), "", ""
	o.mu.Lock()
	to, there := o.nodes[name]
	switch {
	case bytes.Contains(st.Inner, []byte("<create ")):
		if o.refuses {
			why = "forbidden"
		} else {
			o.nodes[name] = ""
		}
	case !there:
		why = "item-not-found"
	case bytes.Contains(st.Inner, []byte("<delete ")):
		delete(o.nodes, name)
		says = "<delete node='" + name + "'/>"
	case bytes.Contains(st.Inner, []byte("<subscription ")):
		if o.nodes[name] = between(st.Inner, " jid='"); bytes.Contains(st.Inner, []byte("'none'")) {
			o.nodes[name] = ""
		}
	case bytes.Contains(st.Inner, []byte("<publish ")):
		_, item, _ := strings.Cut(string(st.Inner), "<item ")
		item, _, _ = strings.Cut(item, "</publish>")
		says = "<items node='" + name + "'><item " + item + "</items>"
	}
	o.mu.Unlock()
	h.r.OutpostAnswered(string(st.ID), why)
	if says != "" && to != "" {
		h.says(posts, to, says)
	}
}

func between(b []byte, before string) string {
	_, rest, _ := strings.Cut(string(b), before)
	s, _, _ := strings.Cut(rest, "'")
	return s
}

// says is an event from anybody.
func (h *house) says(from, to, event string) {
	h.deliver([]byte("<message type='headline' from='" + from + "' to='" + to + "'><event xmlns='http://jabber.org/protocol/pubsub#event'>" + event + "</event></message>"))
}

// post is the node of the only subscription that stands there.
func (o *office) post(h *house) (node string) {
	h.t.Helper()
	h.settled()
	o.mu.Lock()
	defer o.mu.Unlock()
	for node = range o.nodes {
	}
	if len(o.nodes) != 1 {
		h.t.Fatalf("nodes: %v", o.nodes)
	}
	return node
}

func newPostHouse(t *testing.T, members ...roster.MemberRecord) (*house, *office) {
	o := &office{nodes: map[string]string{}}
	return furnish(t, o, members...), o
}

// Where events come from makes no difference to who reads them.
func TestPublished(t *testing.T) {
	h, o := newPostHouse(t, member("anna", "lead"), member("bo"))
	h.is("bo", roster.DND, "")
	w := watch.New(team, watch.Options{})
	b := newBot(t, w.Watch(h.ctx, h.session("anna@example.org/bot")))
	if got := b.until("synced"); got != "info Team 1/2 +anna:offline +bo:dnd synced" {
		t.Errorf("got %s", got)
	}
	node := o.post(h)
	h.is("bo", roster.Online, "back")
	b.until("bo:dnd>availableback")
	if err := h.r.AddMembers(h.ctx, "team", member("cy")); err != nil {
		t.Fatal(err)
	}
	b.until("+cy:offline")
	if err := h.r.RemoveMember(h.ctx, "team", "cy@example.org"); err != nil {
		t.Fatal(err)
	}
	b.until("-cy")
	b.stop()
	if left := h.g.Subscriptions("anna@example.org"); len(left) > 0 {
		t.Errorf("left behind: %+v", left)
	}
	h.settled()
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, there := o.nodes[node]; there || len(o.nodes) > 0 {
		t.Errorf("nodes left: %v", o.nodes)
	}
}

// Nobody but who was named is believed, and he only of his node.
func TestUnnamed(t *testing.T) {
	h, o := newPostHouse(t, member("anna"), member("bo"))
	w := watch.New(team, watch.Options{Node: watch.NodePresence})
	b := newBot(t, w.Watch(h.ctx, h.session("anna@example.org/bot")))
	b.until("synced")
	node, to := o.post(h), "anna@example.org/bot"
	lie := "<item id='eve@example.org'><member xmlns='urn:xmpp:tmp:group-presence:0' jid='eve@example.org'><presence xmlns='jabber:client'/></member></item>"
	h.questions()
	for _, x := range [][2]string{
		{posts, "<items node='other'>" + lie + "</items>"}, {posts, "<items node='" + watch.NodePresence + "'>" + lie + "</items>"},
		{"pubsub.example.net", "<items node='" + node + "'>" + lie + "</items>"}, {"eve@example.org/x", "<items node='" + node + "'>" + lie + "</items>"},
		{posts + "/x", "<items node='" + node + "'>" + lie + "</items>"}, {"eve@" + posts, "<delete node='" + node + "'/>"}, {posts, "<delete node='other'/>"},
		{posts, "<items node='other'><item id='summary'><summary xmlns='urn:xmpp:tmp:group-presence:0' members='lots'/></item></items>"},
		{posts, "<subscription node='" + watch.NodePresence + "' subscription='none'/>"},
		{posts, "<subscription node='" + watch.NodePresence + "' subscription='subscribed'><published xmlns='urn:xmpp:tmp:group-presence:0' service='pubsub.example.net' node='x'/></subscription>"},
		{"pubsub.example.net", "<items node='x'>" + lie + "</items>"},
	} {
		h.says(x[0], to, x[1])
	}
	h.is("bo", roster.XA, "")
	b.expect("bo:offline>xa")
	if got := h.questions(); got != "" {
		t.Errorf("asked %s", got)
	}
}

// A node that is no more may be somebody else's when it is there again: nothing
// is taken from it until the group was asked.
func TestTakenOver(t *testing.T) {
	h, o := newPostHouse(t, member("anna"), member("bo"))
	w := watch.New(team, watch.Options{Node: watch.NodePresence})
	b := newBot(t, w.Watch(h.ctx, h.session("anna@example.org/bot")))
	b.until("synced")
	node, to := o.post(h), "anna@example.org/bot"
	h.questions()
	lie := strings.Replace(row("bo", "lies"), " nick='bo'", "", 1)
	h.hold(func() { // the group says nothing
		h.says(posts, to, "<delete node='"+node+"'/>")
		h.says(posts, to, "<items node='"+node+"'>"+lie+"</items>")
	})
	b.expect("synced")
	if m := w.Members(); len(m) != 2 || m[1].Show != watch.Offline {
		t.Errorf("shows %+v", m[1])
	}
	if got := h.questions(); got != "subscriptions items since" {
		t.Errorf("asked %s", got)
	}
	h.is("bo", roster.XA, "")
	b.expect("bo:offline>xa")
}

// A service that lets nobody make nodes, and nodes that vanish, cost a reader
// nothing; nor does another way to be told, in the midst of it all.
func TestServiceGone(t *testing.T) {
	h, o := newPostHouse(t, member("anna"), member("bo"))
	w := watch.New(team, watch.Options{Node: watch.NodePresence})
	b := newBot(t, w.Watch(h.ctx, h.session("anna@example.org/bot")))
	b.until("synced")
	o.mu.Lock()
	o.refuses = true
	clear(o.nodes)
	o.mu.Unlock()
	h.is("bo", roster.XA, "") // finds no node, and none can be made
	if got := b.until("bo:offline>xa"); strings.Contains(got, "anna") {
		t.Errorf("got %s", got)
	}
	h.is("bo", roster.DND, "")
	b.until("bo:xa>dnd")
	o.mu.Lock()
	o.refuses = false
	o.mu.Unlock()
	h.reattach(func() { h.is("bo", roster.Chat, "") })
	b.until("bo:dnd>chat")
	h.is("bo", roster.Offline, "")
	b.until("bo:chat>offline")
	o.post(h)
	h.is("bo", roster.Away, "")
	b.until("bo:offline>away")
}

// After a new login the group says again where it is published.
func TestPublishedFollow(t *testing.T) {
	t.Parallel()
	h, o := newPostHouse(t, member("anna"), member("bo"))
	w, changes := h.follow("anna@example.org/bot", watch.Options{Node: watch.NodePresence})
	b := newBot(t, changes)
	b.until("synced")
	o.post(h)
	h.lose(func([]byte) bool { return true })
	h.cut("anna@example.org/bot")
	b.expect("lost")
	h.is("bo", roster.Online, "")
	h.settled()
	h.lose(nil)
	b.expect("bo:offline>available synced")
	if got := h.questions(); got != "subscribe items subscriptions items since" {
		t.Errorf("asked %s", got)
	}
	h.is("bo", roster.DND, "")
	b.expect("bo:available>dnd")
	if !w.Synced() {
		t.Error("not whole")
	}
}

// What was lost shows in no event of a node: it is found by and by.
func TestPublishedCheck(t *testing.T) {
	h, _ := newPostHouse(t, member("anna"), member("bo"), member("cy"))
	b := newBot(t, watch.Watch(h.ctx, h.session("anna@example.org/bot"), team, watch.Options{Node: watch.NodePresence, Check: 20 * time.Millisecond}))
	b.until("synced")
	h.lose(func(raw []byte) bool { return bytes.Contains(raw, []byte("id='bo@")) })
	h.is("bo", roster.XA, "")
	h.is("cy", roster.Away, "")
	b.until("bo:offline>xa")
}

// Two watchers of one session have nodes of one service.
func TestPublishedTwo(t *testing.T) {
	h, _ := newPostHouse(t, member("anna"), member("bo"))
	s := h.session("anna@example.org/bot")
	handler := &watch.Handler{}
	served := make(chan error, 1)
	go func() { served <- s.Serve(mux.New(stanza.NSClient, watch.Handle(handler))) }()
	a := newBot(t, handler.Watch(h.ctx, s, watch.New(team, watch.Options{})))
	p := newBot(t, handler.Watch(h.ctx, s, watch.New(team, watch.Options{Node: watch.NodePresence})))
	a.until("synced")
	p.until("synced")
	h.is("bo", roster.Chat, "")
	a.until("bo:offline>chat")
	p.expect("bo:offline>chat")
	p.stop()
	h.is("bo", roster.DND, "")
	a.until("bo:chat>dnd")
	a.stop()
	closeSession(t, s)
	<-served
}

func closeSession(t *testing.T, s *xmpp.Session) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	_ = s.Conn().Close()
}

// A table by hand: the answer to subscribing names the place.
func TestTablePublished(t *testing.T) {
	r := newReader(t)
	answer := func(from, node, inner string) error {
		return r.Subscribed([]byte("<iq type='result' from='" + from + "'><pubsub xmlns='http://jabber.org/protocol/pubsub'><subscription node='" + node +
			"' jid='anna@example.org' subid='1' subscription='subscribed'>" + inner + "</subscription></pubsub></iq>"))
	}
	at := "<published xmlns='urn:xmpp:tmp:group-presence:0' service='" + posts + "' node='n'/>"
	for _, err := range []error{answer("eve@example.org", watch.NodeGroup, at), answer(group, watch.NodePresence, at), r.Subscribed([]byte("<iq")), r.Subscribed([]byte("<iq/>"))} {
		if service, _ := r.Published(); err == nil || service != "" {
			t.Errorf("%v: %s", err, service)
		}
	}
	for _, bad := range []string{"", strings.Replace(at, "'n'", "''", 1), strings.Replace(at, "'n'", "'"+strings.Repeat("n", 4000)+"'", 1), strings.Replace(at, "urn:", "urm:", 1)} {
		if err := answer(group, watch.NodeGroup, bad); err != nil {
			t.Error(err)
		}
		if service, node := r.Published(); service != "" || node != "" {
			t.Errorf("%s: %s %s", bad, service, node)
		}
	}
	r.asks("")
	if err := answer(group, watch.NodeGroup, at); err != nil {
		t.Fatal(err)
	}
	r.asksAll()
	post := func(event string) watch.Update {
		t.Helper()
		c, err := r.Take([]byte("<message from='"+posts+"'><event xmlns='http://jabber.org/protocol/pubsub#event'>"+event+"</event></message>"), r.now)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	post("<items node='n'>" + row("anna", "early") + "</items>")
	r.answer(row("anna", "late")+row("bo", ""), state("to='1'"))
	r.shows("anna late, bo")
	post("<items node='n'><item id='bo@example.org'><gone xmlns='urn:xmpp:tmp:group-presence:0'/></item></items>")
	r.shows("anna late")
	r.asks("")
	if c := post("<items node='n'><retract id='anna@example.org'/></items>"); !c.Gap {
		t.Error("a group takes nothing back in a node")
	}
	r.asks(since("1"))
	r.answer("", state("from='1' to='1'"))
	for _, event := range []string{"<delete node='n'/>", "<purge node='n'/>"} {
		if c := post(event); !c.Gap || r.Synced() {
			t.Errorf("%s is %+v", event, c)
		}
		question := "<pubsub xmlns='http://jabber.org/protocol/pubsub'><subscriptions node='" + watch.NodeGroup + "'/></pubsub>"
		if got := r.Request(); got != question {
			t.Errorf("asks %s", got)
		}
		post("<items node='n'>" + row("eve", "") + "</items>")
		list := "<iq type='result'><pubsub xmlns='http://jabber.org/protocol/pubsub'><subscriptions><subscription node='" + watch.NodeGroup + "' subid='2'/>" +
			"<subscription node='" + watch.NodeGroup + "' subid='1'>" + at + "</subscription></subscriptions></pubsub></iq>"
		if _, err := r.Answer([]byte(list), r.now); err != nil {
			t.Fatal(err)
		}
		r.asks(since("1"))
		r.answer("", state("from='1' to='1'"))
		r.shows("anna late")
		if service, _ := r.Published(); service != posts || !r.Synced() {
			t.Errorf("told by %s", service)
		}
	}
	r.event(row("cy", ""), "to='7' full='true'") // it speaks for itself
	if got := r.Request(); !strings.Contains(got, "<subscriptions") {
		t.Errorf("asks %s", got)
	}
	no := "<iq type='error'><error type='cancel'><feature-not-implemented xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
	if _, err := r.Answer([]byte(no), r.now); err != nil {
		t.Error(err)
	}
	if service, _ := r.Published(); service != "" {
		t.Errorf("told by %s", service)
	}
	r.asks(since("7"))
	r.answer("", state("from='7' to='7'"))
	if c := post("<items node='n'>" + row("eve", "") + "</items>"); c.Ours {
		t.Error("believed afterwards")
	}
	r.shows("cy")
}

// Who asks for JSON is told by the group, whatever others are told by.
func TestPublishedNotJSON(t *testing.T) {
	h, o := newPostHouse(t, member("anna"), member("bo"))
	b := newBot(t, watch.Watch(h.ctx, h.session("anna@example.org/bot"), team, watch.Options{Node: watch.NodePresence, JSON: true}))
	b.until("synced")
	h.is("bo", roster.XA, "")
	b.expect("bo:offline>xa")
	h.settled()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.nodes) > 0 {
		t.Errorf("nodes: %v", o.nodes)
	}
}
