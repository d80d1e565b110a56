package component

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// serve runs a service with one group and its members, who have granted their
// presence or, with a ! before the name, refused it, on a server that is played by the test.
func serve(t *testing.T, members ...string) (svc *Service, p *peer, stop func() error) {
	t.Helper()
	rec := &roster.GroupRecord{Name: "team"}
	for _, m := range members {
		name, denied := strings.CutPrefix(m, "!")
		rec.Members = append(rec.Members, roster.MemberRecord{JID: name + "@example.org", Affiliation: roster.Plain, Ask: roster.Granted})
		if denied {
			rec.Members[len(rec.Members)-1].Ask = roster.Refused
		}
	}
	kept, s := store.Memory(), newServer()
	if err := kept.CreateGroup(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	svc = NewService(ServiceConfig{Link: s.config(), Store: kept})
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- svc.Run(ctx) }()
	p = s.accept(t, "")
	if err := svc.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	return svc, p, func() error {
		cancel()
		return <-over
	}
}

// The answer comes from the address that was asked (RFC 6120 §8.1.2.1): whoever
// asks the resource that he sees online waits for an answer from there.
func TestAnswersComeFromWhereTheQuestionWent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p, stop := serve(t, "ann")
		for _, to := range []string{"team@" + testDomain, "team@" + testDomain + "/group", "unused@" + testDomain + "/group", testDomain, testDomain + "/x"} {
			for _, payload := range []string{
				"<query xmlns='http://jabber.org/protocol/disco#info'/>",
				"<query xmlns='http://jabber.org/protocol/disco#items'/>",
				"<ping xmlns='urn:xmpp:ping'/>",
				"<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:tmp:group-presence:0#group'/></pubsub>",
				"<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:tmp:group-presence:0#none'/></pubsub>",
			} {
				p.send("<iq type='get' id='q' from='ann@example.org/desk' to='" + to + "'>" + payload + "</iq>")
				for {
					got := p.next()
					if !strings.HasPrefix(got, "<iq") || !strings.Contains(got, "id='q'") {
						continue
					}
					if !strings.Contains(got[:strings.Index(got, ">")], "from='"+to+"'") {
						t.Errorf("%s asked %s: %.150s", to, payload, got)
					}
					break
				}
			}
		}
		p.leave(stop)
	})
}

// A withdrawn approval is in force at once, however much waits for the store.
func TestWithdrawalDoesNotQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, p, stop := serve(t, "ann", "bob")
		p.send("<presence from='ann@example.org/desk' to='team@" + testDomain + "'/>")
		p.send("<iq type='set' id='s' from='bob@example.org/desk' to='team@" + testDomain + "'><pubsub xmlns='http://jabber.org/protocol/pubsub'>" +
			"<subscribe node='urn:xmpp:tmp:group-presence:0#presence' jid='bob@example.org'/></pubsub></iq>")
		if err := svc.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		free := make(chan struct{})
		svc.workers.put("team", func(context.Context) { <-free })
		p.send("<presence type='unsubscribed' from='ann@example.org' to='team@" + testDomain + "'/>")
		p.send("<presence from='ann@example.org/desk' to='team@" + testDomain + "'><status>not shared any more</status></presence>")
		const offline = "jid='ann@example.org'><presence xmlns='jabber:client' type='unavailable'/>"
		for seen := false; ; {
			got := p.next()
			seen = seen || strings.Contains(got, "jid='ann@example.org'><presence xmlns='jabber:client'></presence>")
			if strings.Contains(got, "any more") {
				t.Fatal(got)
			}
			if strings.Contains(got, offline) && seen {
				break
			}
		}
		close(free)
		p.leave(stop)
	})
}

// Who is removed while the group asks its members is not asked afterwards.
func TestRemovedMemberIsNotAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, p, stop := serve(t)
		var recs []roster.MemberRecord
		for i := range 2 * batch {
			recs = append(recs, roster.MemberRecord{JID: fmt.Sprintf("m%03d@example.org", i), Affiliation: roster.Plain})
		}
		if err := svc.Roster.AddMembers(t.Context(), "team", recs...); err != nil {
			t.Fatal(err)
		}
		last := recs[len(recs)-1].JID
		synctest.Wait() // between the batches
		if err := svc.Roster.RemoveMember(t.Context(), "team", last); err != nil {
			t.Fatal(err)
		}
		if err := svc.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.send(pingFrom("over")) // who is no member is answered, as by an unused name
		for got := p.next(); !strings.Contains(got, "id='over'"); got = p.next() {
			if strings.Contains(got, "to='"+last+"' type='subscribe'") {
				t.Errorf("asked behind the end: %s", got)
			}
		}
		p.leave(stop)
	})
}

// A member whose server does not answer keeps nobody else from being heard:
// what is found out about him is asked once at a time.
func TestDoubtsDoNotPileUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, p, stop := serve(t, "!ann", "bob")
		for range 100 {
			p.send("<presence from='ann@example.org/desk' to='team@" + testDomain + "'/>")
			synctest.Wait()
			time.Sleep(10 * time.Millisecond) // of the test's own clock: nobody waits
		}
		if err := svc.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.send(pingFrom("over"))
		asked, id := 0, ""
		for got := p.next(); !strings.Contains(got, "id='over'"); got = p.next() {
			if _, rest, ok := strings.Cut(got, "<iq type='get' id='"); ok && strings.Contains(got, "disco#info") {
				id, _, _ = strings.Cut(rest, "'")
				asked++
			}
		}
		if asked != 1 {
			t.Errorf("asked %d times", asked)
		}
		// When there was an answer another doubt is another question.
		p.send("<iq type='error' id='" + id + "' from='ann@example.org' to='team@" + testDomain + "'/>")
		p.send("<presence from='ann@example.org/desk' to='team@" + testDomain + "'/>")
		for got := p.next(); !strings.Contains(got, "disco#info"); got = p.next() {
		}
		p.leave(stop)
	})
}

// What anybody may ask for leaves room in the queue for subscriptions, and is
// not kept in any size.
func TestWorkersKeepRoom(t *testing.T) {
	w := newWorkers(slog.New(slog.DiscardHandler))
	job := func(context.Context) {}
	n := 0
	for w.request("team", 100, job) {
		n++
	}
	if n == 0 || n > workerQueue/2 {
		t.Errorf("%d requests wait", n)
	}
	if !w.put("team", job) {
		t.Error("no room for a subscription")
	}
	w = newWorkers(slog.New(slog.DiscardHandler))
	for n = 0; w.request("team", 1<<20, job); n++ {
	}
	if n == 0 || n > 64 {
		t.Errorf("%d large requests wait", n)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := w.run(ctx)
	if err := w.fence(ctx); err != nil {
		t.Fatal(err)
	}
	if !w.request("team", 1<<20, job) {
		t.Error("what was done still counts")
	}
	stop()
	<-done
}
