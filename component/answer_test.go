package component

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// Servers end the stream of a component whose stanza they find too large, and
// with it everybody's presence. Nobody makes us say one: not by what he asks,
// what he types, nor by the id of his request.
func TestAnswersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, p, stop := serve(t, "ann")
		long := strings.Repeat("x", 1500)
		for i := range 200 {
			jid := fmt.Sprintf("%s%d@example.org", long[:1000], i)
			if err := svc.Roster.Loaded([]byte("team")).Ban(context.Background(), "", jid); err != nil {
				t.Fatal(err)
			}
		}
		if err := svc.Roster.UpdateMember(context.Background(), "team", "ann@example.org", func(m *roster.MemberRecord) error { m.Affiliation = roster.Owner; return nil }); err != nil {
			t.Fatal(err)
		}
		ask := func(typ, id, payload string) {
			p.send("<iq type='" + typ + "' id='" + id + "' from='ann@example.org/desk' to='team@" + testDomain + "'>" + payload + "</iq>")
		}
		many := ""
		for i := range 200 {
			many += fmt.Sprintf("<affiliation jid='%s%d@example.org' affiliation='king'/>", long[:1000], i)
		}
		ask("get", "list", "<pubsub xmlns='"+pubsub.NSOwner+"'><affiliations node='"+pubsub.NS+"#group'/></pubsub>")
		ask("set", "many", "<pubsub xmlns='"+pubsub.NSOwner+"'><affiliations node='"+pubsub.NS+"#group'>"+many+"</affiliations></pubsub>")
		ask("set", "form", "<command xmlns='http://jabber.org/protocol/commands' node='"+pubsub.NS+"#configure'><x xmlns='jabber:x:data' type='submit'><field var='description'><value>"+
			strings.Repeat("\"", 120<<10)+"</value></field></x></command>")
		ask("get", strings.Repeat("i", 300<<10), "<query xmlns='"+pubsub.NSInfo+"'/>")
		time.Sleep(time.Second) // of the bubble's clock
		synctest.Wait()
		heard := map[string]int{}
		for len(p.in) > 0 {
			s := <-p.in
			if strings.HasPrefix(s, "<iq ") {
				heard[value(s, " id='")] = len(s)
			}
			if len(s) > maxAnswer {
				t.Errorf("%d bytes: %.100s", len(s), s)
			}
		}
		for _, id := range []string{"list", "many", "form"} {
			if heard[id] == 0 {
				t.Errorf("%s has no answer: %v", id, heard)
			}
		}
		p.leave(stop)
	})
}

// Who tells others something leaves room for the answers to everybody.
func TestTellingLeavesRoom(t *testing.T) {
	svc := NewService(ServiceConfig{Store: store.Memory(), Link: Config{Domain: testDomain}})
	o := svc.Link.Out
	o.attach() // and nobody writes
	say := func(n int) bool {
		return svc.send(func(b []byte) []byte { return append(b, make([]byte, n)...) })
	}
	if !say(maxTold) || !say(1) {
		t.Error("there is room, and it is not said")
	}
	if say(1) {
		t.Error("there is no room, and it is said")
	}
	if !o.Control(func(b []byte) []byte { return append(b, ' ') }) {
		t.Error("there is no room for an answer")
	}
}
