package watch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"mellium.im/xmpp"
	"mellium.im/xmpp/component"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/mux"
	"mellium.im/xmpp/stanza"

	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/watch"
)

var team = jid.MustParse(group)

// bot pulls changes, one line each.
type bot struct {
	t    *testing.T
	next func() (watch.Change, error, bool)
	stop func()
}

func newBot(t *testing.T, changes iter.Seq2[watch.Change, error]) *bot {
	b := &bot{t: t}
	b.next, b.stop = iter.Pull2(changes)
	t.Cleanup(b.stop)
	return b
}

func say(c watch.Change) string {
	switch c.Kind {
	case watch.Joined:
		return "+" + c.After.Name() + ":" + string(c.After.Show) + c.After.Status
	case watch.Changed:
		return c.After.Name() + ":" + string(c.Before.Show) + c.Before.Status + ">" + string(c.After.Show) + c.After.Status
	case watch.Left:
		return "-" + c.Before.Name()
	case watch.SummarySet:
		return fmt.Sprintf("%d/%d", c.Summary.Available, c.Summary.Members)
	case watch.InfoSet:
		return "info " + c.Info.Name
	}
	return c.Kind.String()
}

// until reads changes up to the one that is said so, and returns them all.
func (b *bot) until(last string) string {
	b.t.Helper()
	var got []string
	for {
		c, err, ok := b.next()
		if !ok || err != nil {
			b.t.Fatalf("after %v: %v, want %s", got, err, last)
		}
		if got = append(got, say(c)); got[len(got)-1] == last {
			return strings.Join(got, " ")
		}
	}
}

func (b *bot) expect(want string) {
	b.t.Helper()
	last := want[strings.LastIndexByte(want, ' ')+1:]
	if got := b.until(last); got != want {
		b.t.Errorf("got  %s\nwant %s", got, want)
	}
}

// end is the error behind the last change.
func (b *bot) end() error {
	for {
		if _, err, ok := b.next(); err != nil || !ok {
			return err
		}
	}
}

func TestWatch(t *testing.T) {
	h := newHouse(t, member("anna", "lead"), member("bo"))
	h.is("bo", roster.DND, "")
	ctx, cancel := context.WithCancelCause(h.ctx)
	b := newBot(t, watch.Watch(ctx, h.session("anna@example.org/bot"), team, watch.Options{}))
	b.expect("info Team 1/2 +anna:offline +bo:dnd synced")
	h.is("bo", roster.Online, "back")
	b.expect("1/2 bo:dnd>availableback")
	if err := h.r.AddMembers(h.ctx, "team", member("cy")); err != nil {
		t.Fatal(err)
	}
	b.expect("1/3 +cy:offline")
	if err := h.r.RemoveMember(h.ctx, "team", "cy@example.org"); err != nil {
		t.Fatal(err)
	}
	b.expect("1/2 -cy")
	done := errors.New("enough")
	cancel(done)
	if err := b.end(); !errors.Is(err, done) {
		t.Errorf("ended by %v", err)
	}
	if left := h.g.Subscriptions("anna@example.org"); len(left) > 0 {
		t.Errorf("left behind: %+v", left)
	}
	if got := h.questions(); got != "subscribe unsubscribe" {
		t.Errorf("asked %s", got)
	}
}

// Who leaves the loop leaves nothing behind either.
func TestBreak(t *testing.T) {
	h := newHouse(t, member("anna"))
	for c, err := range watch.Watch(h.ctx, h.session("anna@example.org/bot"), team, watch.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		if c.Kind == watch.Synced {
			break
		}
	}
	if left := h.g.Subscriptions("anna@example.org"); len(left) > 0 {
		t.Errorf("left behind: %+v", left)
	}
}

func TestRefused(t *testing.T) {
	h := newHouse(t, member("anna"))
	err := newBot(t, watch.Watch(h.ctx, h.session("eve@example.org/bot"), team, watch.Options{})).end()
	if !errors.Is(err, watch.ErrRefused) || !strings.Contains(err.Error(), "item-not-found") {
		t.Error(err)
	}
	err = newBot(t, watch.Watch(h.ctx, h.session("anna@example.org/bot"), team,
		watch.Options{Node: watch.NodePresence, Local: true, Want: watch.Want{SameRole: true}})).end()
	if err == nil || !strings.Contains(err.Error(), "roles") {
		t.Error(err)
	}
}

func TestEnded(t *testing.T) {
	h := newHouse(t, member("anna"), member("bo"))
	b := newBot(t, watch.Watch(h.ctx, h.session("anna@example.org/bot"), team, watch.Options{}))
	b.until("synced")
	if err := h.r.RemoveMember(h.ctx, "team", "anna@example.org"); err != nil {
		t.Fatal(err)
	}
	if err := b.end(); !errors.Is(err, watch.ErrEnded) {
		t.Error(err)
	}
}

// An event that was lost is noticed with the next one, and made good for by
// one question.
func TestLostEvent(t *testing.T) {
	h := newHouse(t, member("anna"), member("bo"), member("cy"))
	b := newBot(t, watch.Watch(h.ctx, h.session("anna@example.org/bot"), team, watch.Options{Node: watch.NodePresence}))
	b.until("synced")
	lost := make(chan struct{})
	h.lose(func(raw []byte) bool {
		if bytes.Contains(raw, []byte("id='bo@")) {
			close(lost)
			return true
		}
		return false
	})
	h.is("bo", roster.XA, "")
	<-lost
	h.lose(nil)
	h.is("cy", roster.Away, "")
	got := b.until("synced")
	if !strings.Contains(got, "cy:offline>away") || !strings.Contains(got, "bo:offline>xa") {
		t.Errorf("got %s", got)
	}
	if got := h.questions(); got != "subscribe items since" {
		t.Errorf("asked %s", got)
	}
}

// An event that was lost, and that no other follows, is found by and by.
func TestCheck(t *testing.T) {
	h := newHouse(t, member("anna"), member("bo"))
	b := newBot(t, watch.Watch(h.ctx, h.session("anna@example.org/bot"), team, watch.Options{Node: watch.NodePresence, Check: 20 * time.Millisecond}))
	b.until("synced")
	h.lose(func([]byte) bool { return true })
	h.is("bo", roster.XA, "")
	b.expect("bo:offline>xa")
	if got := h.questions(); !strings.HasPrefix(got, "subscribe items since") {
		t.Errorf("asked %s", got)
	}
}

// follow dials sessions of one address.
func (h *house) follow(full string, o watch.Options) (*watch.Watcher, iter.Seq2[watch.Change, error]) {
	w := watch.New(team, o)
	return w, w.Follow(h.ctx, func(context.Context) (*xmpp.Session, error) { return h.session(full), nil })
}

// After a new login only what was missed is told, whatever happened meanwhile.
func TestFollow(t *testing.T) {
	t.Parallel()
	h := newHouse(t, member("anna"), member("bo"), member("cy"))
	w, changes := h.follow("anna@example.org/bot", watch.Options{})
	b := newBot(t, changes)
	b.until("synced")
	h.lose(func([]byte) bool { return true })
	h.cut("anna@example.org/bot")
	b.expect("lost")
	if w.Synced() {
		t.Error("synced without a session")
	}
	h.is("bo", roster.Online, "")
	h.lose(nil)
	b.expect("1/3 bo:offline>available synced")
	if got := h.questions(); got != "subscribe subscriptions items since" {
		t.Errorf("asked %s", got)
	}
	if m := w.Members(); len(m) != 3 || w.Summary().Available != 1 || w.Info().Name != "Team" || !w.Synced() {
		t.Errorf("shows %v %+v", m, w.Summary())
	}
}

// One stanza of a stranger can end mellium's Serve: the watcher comes back.
func TestHostile(t *testing.T) {
	t.Parallel()
	h := newHouse(t, member("anna"), member("bo"))
	_, changes := h.follow("anna@example.org/bot", watch.Options{})
	b := newBot(t, changes)
	b.until("synced")
	h.mu.Lock()
	p := h.peers["anna@example.org/bot"]
	h.mu.Unlock()
	for _, harmless := range []string{
		"<message from='eve@example.org/x'><body>hi</body></message>",
		"<message type='headline' from='" + group + "'><event xmlns='http://jabber.org/protocol/pubsub#event'/></message>",
		"<iq type='get' id='1' from='eve@a@b'>text<query xmlns='jabber:iq:version'/></iq>",
		"<iq type='get' id='2'/>", "<iq type='error' id='3'/>", "<presence from='\u2665@example.org/\u1100'/>",
		"<iq type='get' id='4' from='bo@example.org/x'><ping xmlns='urn:xmpp:ping'/></iq>",
	} {
		p.send(harmless)
	}
	h.is("bo", roster.DND, "")
	b.expect("1/2 bo:offline>dnd")
	p.send("<message from='eve@example.org/x'><x xmlns='urn:x'><y xmlns='http://etherx.jabber.org/streams'/></x></message>")
	b.expect("lost")
	b.expect("synced")
	h.is("bo", roster.Online, "")
	b.expect("1/2 bo:dnd>available")
}

// Two watchers share one session that somebody else serves.
func TestHandler(t *testing.T) {
	h := newHouse(t, member("anna"), member("bo"))
	s := h.session("anna@example.org/bot")
	handler := &watch.Handler{}
	served := make(chan error, 1)
	go func() { served <- s.Serve(mux.New(stanza.NSClient, watch.Handle(handler))) }()
	ctx, cancel := context.WithCancel(h.ctx)
	all, some := watch.New(team, watch.Options{}), watch.New(team, watch.Options{Node: watch.NodePresence, As: "anna@example.org"})
	a, b := newBot(t, handler.Watch(ctx, s, all)), newBot(t, handler.Watch(ctx, s, some))
	a.until("synced")
	b.expect("+anna:offline +bo:offline synced")
	twice := newBot(t, handler.Watch(ctx, s, all))
	if twice.end() == nil {
		t.Error("one watcher watches twice")
	}
	h.is("bo", roster.Chat, "")
	a.expect("1/2 bo:offline>chat")
	b.expect("bo:offline>chat")
	cancel()
	if err := errors.Join(a.end(), b.end()); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	_ = s.Conn().Close()
	<-served
}

// A component watches as any address of its domain, for many at once.
func TestComponent(t *testing.T) {
	bot := func(name string) roster.MemberRecord {
		return roster.MemberRecord{JID: name + "@bots.example.org", Nick: name, Affiliation: roster.Plain}
	}
	h := newHouse(t, bot("one"), bot("two"), member("bo"))
	s := h.attach("bots.example.org", component.NSAccept)
	handler := &watch.Handler{}
	served := make(chan error, 1)
	go func() { served <- s.Serve(mux.New(component.NSAccept, watch.Handle(handler))) }()
	ctx, cancel := context.WithCancel(h.ctx)
	one := newBot(t, handler.Watch(ctx, s, watch.New(team, watch.Options{As: "one@bots.example.org"})))
	one.until("synced")
	two := newBot(t, handler.Watch(ctx, s, watch.New(team, watch.Options{As: "two@bots.example.org/x", Node: watch.NodeMembers})))
	two.until("synced")
	h.is("bo", roster.Away, "")
	one.expect("1/3 bo:offline>away")
	cancel()
	if err := errors.Join(one.end(), two.end()); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if left := append(h.g.Subscriptions("one@bots.example.org"), h.g.Subscriptions("two@bots.example.org")...); len(left) > 0 {
		t.Errorf("left behind: %+v", left)
	}
	_ = s.Conn().Close()
	<-served
}

// A loop that does not look hears of each member once.
func TestSlowLoop(t *testing.T) {
	h := newHouse(t, member("anna"), member("bo"), member("cy"))
	s := h.session("anna@example.org/bot")
	handler := &watch.Handler{}
	served := make(chan error, 1)
	go func() { served <- s.Serve(mux.New(stanza.NSClient, watch.Handle(handler))) }()
	slow := newBot(t, handler.Watch(h.ctx, s, watch.New(team, watch.Options{Node: watch.NodePresence})))
	slow.until("synced")
	quick := newBot(t, handler.Watch(h.ctx, s, watch.New(team, watch.Options{Node: watch.NodePresence, Keep: true})))
	quick.until("synced")
	for i := range 20 {
		h.is("bo", roster.Online, fmt.Sprint(i))
		quick.until(fmt.Sprintf("bo:%s>available%d", map[bool]string{true: "offline", false: fmt.Sprintf("available%d", i-1)}[i == 0], i))
	}
	h.is("cy", roster.Online, "")
	quick.until("cy:offline>available")
	h.is("cy", roster.Offline, "")
	quick.until("cy:available>offline")
	slow.stop = func() {}
	slow.expect("bo:offline>available19")
	h.is("bo", roster.DND, "")
	slow.expect("bo:available19>dnd") // and of cy nothing at all
	slow.next, slow.stop = quick.next, quick.stop
	_ = s.Conn().Close()
	<-served
}

func TestLocalOption(t *testing.T) {
	h := newHouse(t, member("anna", "lead"), member("bo", "lead"), member("cy"))
	h.is("bo", roster.DND, "On a call")
	want := watch.Want{SameRole: true, Attributes: []string{"show"}}
	b := newBot(t, watch.Watch(h.ctx, h.session("anna@example.org/bot"), team, watch.Options{Want: want, Local: true}))
	b.expect("info Team 1/2 +anna:offline +bo:dnd synced")
	far := newBot(t, watch.Watch(h.ctx, h.session("anna@example.org/far"), team, watch.Options{Want: want}))
	far.expect("info Team 1/2 +anna:offline +bo:dnd synced")
}
